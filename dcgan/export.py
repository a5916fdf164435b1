"""`python -m dcgan.export`: the generator for other runtimes."""

import shlex

from dcgan.cli import Parser, quiet_tensorflow, run_command
from dcgan.errors import check_choice
from dcgan.exporting.formats import FORMATS, check_out, check_packages


def main(argv=None):
    """Parses the flags and writes the file or folder."""
    parser = Parser(
        "export",
        "Writes the generator of a run for other runtimes, or as a web page.",
        "python -m dcgan.export runs/default --format onnx --out default.onnx\n"
        "  python -m dcgan.export runs/default --format web --out site",
    )
    add = parser.add_argument
    add("run", help="folder of the run, such as runs/default")
    add("--format", required=True, help=", ".join(FORMATS))
    add("--out", required=True, help="file (.tflite, .onnx) or folder to write")
    parser.add_best()
    export(**vars(parser.parse_args(argv)))


def export(run, format, out, best=False):
    """Writes the generator of a run in another format.

    It computes in float32 there, whatever the precision of the training was.

    Args:
        run: Folder of the run.
        format: `saved_model`, `litert`, `onnx` or `web`.
        out: File or folder to write; a folder is new, empty, or an earlier export.
        best: Whether to take the run's generator with the best KID, not the newest.

    Raises:
        InputError: If a package is missing, `out` cannot be used, or the run has no
            such generator.

    Example:
        >>> export("runs/default", "onnx", "default.onnx")
    """
    check_choice("--format", format, FORMATS)
    check_out(format, out)
    check_packages(format)
    from dcgan.origin import check_apart
    from dcgan.run import Run

    run = Run.open(run)
    if format == "web":  # its icon is a picture
        check_apart("--out", out, run)
    quiet_tensorflow()
    generator = run.load_generator(best=best)
    _write(format, generator, out, run.config)
    print(f"The {'best' if best else 'newest'} generator of {run.folder} in {out}")


def _write(format, generator, out, config):
    if format == "web":
        from dcgan.credit import page_credit
        from dcgan.exporting.web import save_page

        save_page(generator, out, config.name, page_credit(config))
        print(f"To see it: python -m http.server --directory {shlex.quote(str(out))}")
        return
    from dcgan.exporting.writers import WRITERS

    WRITERS[format](generator, out)


if __name__ == "__main__":
    run_command(main)

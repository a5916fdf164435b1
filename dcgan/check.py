"""`python -m dcgan.check`: looks at a folder before training."""

from pathlib import Path

from dcgan.cli import Parser, run_command
from dcgan.config import load_config
from dcgan.data.folder import CONTACT_SHEET
from dcgan.errors import InputError, invalid
from dcgan.figures.gifs import thin_out
from dcgan.figures.grids import image_grid, save_picture

ON_SHEET = 400  # pictures on the contact sheet at most, spread over the folder


def main(argv=None):
    """Parses the flags, prints what was found and writes the contact sheet."""
    parser = Parser(
        "check",
        "Looks at a folder of pictures before training: sizes, modes, bad files, "
        "near-duplicates, odd alpha, and a contact sheet of what training would see.",
        "python -m dcgan.check pictures --size 64 --channels 4",
    )
    parser.add_argument("folder", help="folder of pictures (searched recursively)")
    parser.add_argument("--out", default=CONTACT_SHEET, help="PNG file to write")
    parser.add_argument("--size", type=int, default=64, help="as for training (64)")
    parser.add_argument("--channels", type=int, default=3, help="as for training (3)")
    parser.add_argument("--fit", default="pad", help="as for training (pad)")
    parser.add_argument("--background", default="white", help="as for training (white)")
    parser.add_argument("--batch_size", type=int, default=32, help="as for training")
    options = vars(parser.parse_args(argv))
    folder, out = options.pop("folder"), options.pop("out")
    if Path(out).suffix.lower() != ".png":
        raise invalid("--out", out, "a file that ends in .png")
    inside = Path(out).resolve().is_relative_to(Path(folder).resolve())
    if inside and Path(out).name != CONTACT_SHEET:  # it would be taken for a picture
        raise invalid("--out", out, f"a file outside of {folder}, or {CONTACT_SHEET}")
    check(folder, out, load_config(data=folder, **options))


def check(folder, out, config):
    """Prints a report on `folder` and writes the contact sheet to the file `out`."""
    from dcgan.data.inspect import describe, inspect_folder

    settings = (config.size, config.channels, config.fit, config.background)
    report = inspect_folder(folder, *settings)
    for line in describe(report, config):
        print(line)
    if not report.entries:
        raise InputError(f"data: no picture can be read. Received: {folder}")
    shown = thin_out(report.entries, ON_SHEET)
    save_picture(out, image_grid([entry.pixels for entry in shown]))
    print(f"contact sheet of {len(shown)} pictures as training sees them: {out}")


if __name__ == "__main__":
    run_command(main)

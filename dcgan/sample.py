"""`python -m dcgan.sample`: pictures from a trained generator."""

from pathlib import Path

from dcgan.cli import Parser, quiet_tensorflow, run_command
from dcgan.data.folder import CONTACT_SHEET
from dcgan.errors import InputError, invalid
from dcgan.figures.grids import image_grid, save_picture
from dcgan.files import epoch_file
from dcgan.latent import draw_latents

MOST = 100_000
ON_SHEET = 1024  # pictures on the contact sheet at most


def main(argv=None):
    """Parses the flags and writes the pictures."""
    parser = Parser(
        "sample",
        "Writes pictures of a trained generator and a contact sheet of them.",
        "python -m dcgan.sample runs/default -n 100 --out samples --seed 0",
    )
    parser.add_argument("run", help="folder of the run, such as runs/default")
    parser.add_argument("-n", "--count", type=int, default=64, help="how many (64)")
    parser.add_argument("--out", required=True, help="folder for the pictures")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes (0)")
    parser.add_argument(
        "--truncation",
        type=float,
        default=0.0,
        help="draw latents within this many standard deviations: more alike, often "
        "cleaner; 0 is off (0)",
    )
    parser.add_argument(
        "--epoch",
        type=_epoch,
        metavar="N|all",
        help="a generator kept in snapshots/, or all of them",
    )
    options = parser.parse_args(argv)
    _check(options)
    sample(**vars(options))


def sample(run, out, count=64, seed=0, truncation=0.0, epoch=None):
    """Writes `count` PNG files and a contact sheet to the folder `out`.

    Args:
        run: Folder of the run.
        out: Folder for the pictures.
        count: How many.
        seed: Seed of the latents.
        truncation: See `dcgan.latent.draw_latents`.
        epoch: An epoch kept in `snapshots/`, or `"all"` of them, each in a folder of
            its own with the same latents; the newest generator if left out.
    """
    quiet_tensorflow()
    from dcgan.run import Run

    run = Run.open(run)
    folders = {Path(out): epoch}
    if epoch == "all":
        kept = run.snapshot_epochs()
        folders = {epoch_file(out, number, ""): number for number in kept}
        if not kept:
            raise invalid("--epoch", epoch, "a run trained with --snapshot_every")
    for folder, number in folders.items():
        generator = run.load_generator(number)
        latents = draw_latents(count, generator.input_shape[-1], seed, truncation)
        _write(folder, generator, latents)
    print(f"{count} pictures and {CONTACT_SHEET} in {', '.join(map(str, folders))}")


def _write(folder, generator, latents):
    from dcgan.training.gan import generate

    digits = max(4, len(str(len(latents) - 1)))
    names = [f"{index:0{digits}d}.png" for index in range(len(latents))]
    _check_leftovers(folder, names)
    pictures = generate(generator, latents)
    for name, picture in zip(names, pictures):
        save_picture(folder / name, picture)
    save_picture(folder / CONTACT_SHEET, image_grid(pictures[:ON_SHEET]))


def _check_leftovers(folder, names):
    """Refuses to mix the pictures with those of a larger sampling before."""
    old = {path.name for path in folder.glob("*.png") if path.stem.isdigit()}
    if left := sorted(old - set(names)):
        raise InputError(
            f"--out holds pictures of an earlier sampling. Received: {folder} with "
            f"{left[0]}. Allowed: another folder, or an empty one"
        )


def _epoch(text):
    return text if text == "all" else int(text)


def _check(options):
    if not 1 <= options.count <= MOST:
        raise invalid("-n", options.count, f"1 to {MOST}")
    if options.seed < 0:
        raise invalid("--seed", options.seed, "0 or more")
    if (
        not options.out.strip()
        or Path(options.out).exists()
        and not Path(options.out).is_dir()
    ):
        raise invalid("--out", options.out, "a folder, not a file")


if __name__ == "__main__":
    run_command(main)

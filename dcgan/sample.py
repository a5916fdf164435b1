"""`python -m dcgan.sample`: pictures from a trained generator."""

from pathlib import Path

from dcgan.cli import Parser, quiet_tensorflow, run_command
from dcgan.errors import invalid
from dcgan.figures.grids import image_grid, save_picture
from dcgan.latent import draw_latents

ON_SHEET = 1024  # pictures on the contact sheet at most
SHEET = "contact_sheet.png"


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
    parser.add_argument("--epoch", type=int, help="a generator kept in snapshots/")
    options = parser.parse_args(argv)
    _check(options)
    sample(**vars(options))


def sample(run, out, count=64, seed=0, truncation=0.0, epoch=None):
    """Writes `count` PNG files and a contact sheet to the folder `out`."""
    quiet_tensorflow()
    from dcgan.run import Run
    from dcgan.training.gan import generate

    generator = Run.open(run).load_generator(epoch)
    latents = draw_latents(count, generator.input_shape[-1], seed, truncation)
    pictures = generate(generator, latents)
    digits = max(4, len(str(count - 1)))
    for index, picture in enumerate(pictures):
        save_picture(Path(out) / f"{index:0{digits}d}.png", picture)
    save_picture(Path(out) / SHEET, image_grid(pictures[:ON_SHEET]))
    print(f"{count} pictures and {SHEET} in {out}")


def _check(options):
    if options.count < 1:
        raise invalid("-n", options.count, "1 or more")
    if options.seed < 0:
        raise invalid("--seed", options.seed, "0 or more")
    if options.truncation and not options.truncation >= 0.1:
        raise invalid("--truncation", options.truncation, "0, or 0.1 or more")
    if Path(options.out).exists() and not Path(options.out).is_dir():
        raise invalid("--out", options.out, "a folder, not a file")


if __name__ == "__main__":
    run_command(main)

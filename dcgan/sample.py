"""`python -m dcgan.sample`: pictures from a trained generator."""

from pathlib import Path

from dcgan.cli import Parser, quiet_tensorflow, run_command
from dcgan.data.folder import CONTACT_SHEET
from dcgan.epochs import epoch_file
from dcgan.errors import InputError, invalid
from dcgan.figures.grids import image_grid, save_picture
from dcgan.latent import draw_latents

MOST = 100_000
SEVERAL = ("all", "ensemble")
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
        metavar="N|all|ensemble",
        help="a generator kept in snapshots/; all of them, each on its own; or all of "
        "them as an ensemble that takes turns",
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
            its own with the same latents; `"ensemble"` of those with the newest's
            size, picture by picture the next one; the newest generator if left out.
    """
    quiet_tensorflow()
    from dcgan.run import Run

    run = Run.open(run)
    kept = run.snapshot_epochs()
    if epoch in SEVERAL and not kept:
        raise invalid("--epoch", epoch, "a run trained with --snapshot_every")
    folders = {Path(out): kept if epoch == "ensemble" else [epoch]}
    if epoch == "all":
        folders = {epoch_file(out, number, ""): [number] for number in kept}
    for folder, numbers in folders.items():
        generators = [run.load_generator(number) for number in numbers]
        shape = generators[-1].output_shape  # earlier stages made smaller pictures
        generators = [g for g in generators if g.output_shape == shape]
        latent_dim = generators[0].input_shape[-1]
        _write(folder, generators, draw_latents(count, latent_dim, seed, truncation))
    print(f"{count} pictures and {CONTACT_SHEET} in {', '.join(map(str, folders))}")


def _write(folder, generators, latents):
    from dcgan.models.generator import generate_in_turn

    digits = max(4, len(str(len(latents) - 1)))
    names = [f"{index:0{digits}d}.png" for index in range(len(latents))]
    _check_leftovers(folder, names)
    pictures = generate_in_turn(generators, latents)
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
    if not (text in SEVERAL or text.isdecimal()):
        raise invalid("--epoch", text, "a number, all or ensemble")
    return text if text in SEVERAL else int(text)


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

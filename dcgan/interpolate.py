"""`python -m dcgan.interpolate`: a looping walk through latent space."""

from pathlib import Path

from dcgan.cli import Parser, check_one_generator, quiet_tensorflow, run_command
from dcgan.errors import invalid
from dcgan.figures.gifs import check_animation, save_animation
from dcgan.figures.grids import repeat_to
from dcgan.latent import MOST_FRAMES, draw_latents, latent_walk
from dcgan.origin import check_apart

SIDE = 256  # within which small pictures are enlarged, pixels
FASTEST = 100  # frames a second
FASTEST_GIF = 50  # browsers play a GIF of 100 at 10


def main(argv=None):
    """Parses the flags and writes the animation."""
    parser = Parser(
        "interpolate",
        "Writes a looping walk on great circles through latent space.",
        "python -m dcgan.interpolate runs/default --out walk.gif --seed 3",
    )
    parser.add_argument("run", help="folder of the run, such as runs/default")
    parser.add_argument(
        "--out",
        default="walk.gif",
        help=".gif, .webp or animated .png; the last two keep half-transparency "
        "(walk.gif)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the pictures met (0)")
    parser.add_argument("--stops", type=int, default=8, help="pictures met (8)")
    parser.add_argument(
        "--frames", type=int, default=12, help="frames from one to the next (12)"
    )
    parser.add_argument("--fps", type=float, default=12, help="frames a second (12)")
    parser.add_argument("--epoch", type=int, help="a generator kept in snapshots/")
    parser.add_best()
    options = parser.parse_args(argv)
    _check(options)
    interpolate(**vars(options))


def interpolate(
    run, out="walk.gif", seed=0, stops=8, frames=12, fps=12, epoch=None, best=False
):
    """Writes an animated walk through latent space, which loops.

    Args:
        run: Folder of the run.
        out: The file, `.gif`, `.webp` or `.png`.
        seed: Of the latents that are met.
        stops: How many of them, 2 or more.
        frames: From one to the next; in all at most 2000.
        fps: Frames a second, 0.1 to 100, in a GIF to 50.
        epoch: A generator kept in `snapshots/`; the newest one if left out.
        best: Whether to take the run's generator with the best KID instead.

    Raises:
        InputError: If the run has no such generator, or `out` is among its pictures.

    Example:
        >>> interpolate("runs/default", "walk.gif", seed=3)
    """
    quiet_tensorflow()
    from dcgan.models.generator import generate
    from dcgan.run import Run

    run = Run.open(run)
    check_apart("--out", out, run, Path(out).parent)
    generator = run.load_generator(epoch, best)
    latents = draw_latents(stops, generator.input_shape[-1], seed)
    pictures = generate(generator, latent_walk(latents, frames))
    save_animation(out, repeat_to(pictures, SIDE), fps)
    print(f"{len(pictures)} frames in {out}")


def _check(options):
    for name, lowest in (("seed", 0), ("stops", 2), ("frames", 1)):
        value = getattr(options, name)
        if value < lowest:
            raise invalid(f"--{name}", value, f"{lowest} or more")
    if options.stops * options.frames > MOST_FRAMES:
        product = f"{options.stops} x {options.frames}"
        raise invalid("--stops x --frames", product, f"up to {MOST_FRAMES}")
    check_one_generator(options)
    check_animation("--out", options.out)
    is_gif = Path(options.out).suffix.lower() == ".gif"
    highest = FASTEST_GIF if is_gif else FASTEST
    if not 0.1 <= options.fps <= highest:
        instead = " (more in a .webp or .png)" if is_gif else ""
        raise invalid("--fps", options.fps, f"0.1 to {highest}{instead}")


if __name__ == "__main__":
    run_command(main)

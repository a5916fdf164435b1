"""`python -m dcgan.project`: the latent whose picture is closest to a given one."""

from pathlib import Path

import numpy as np

from dcgan.cli import Parser, quiet_tensorflow, run_command
from dcgan.data.pictures import UnreadablePicture, read_picture, to_square
from dcgan.data.shrink import shrink
from dcgan.errors import InputError, invalid
from dcgan.figures.gifs import MOST_FRAMES, check_animation, save_animation
from dcgan.figures.grids import image_grid, repeat_to
from dcgan.files import whole_file
from dcgan.origin import check_apart
from dcgan.places import check_file
from dcgan.projection.limits import RESTARTS, STEPS, check_search
from dcgan.validation import check_colour

SIDE = 256  # within which the pictures of the animation are enlarged


def main(argv=None):
    """Parses the flags and writes the files."""
    parser = Parser(
        "project",
        "Finds the latent whose picture is closest to a given one. Writes the search "
        "as an animation, the latent as .npy, and a sheet: given, start, closest.",
        "python -m dcgan.project runs/default --image cat.png --out found.gif",
    )
    add = parser.add_argument
    add("run", help="folder of the run, such as runs/default")
    add("--image", required=True, help="the picture, made square and small as training")
    add("--out", required=True, help=".gif, .webp or .png; beside it NAME.npy and more")
    add("--restarts", type=int, default=RESTARTS, help=f"searches ({RESTARTS})")
    add("--steps", type=int, default=STEPS, help=f"at most ({STEPS})")
    add("--seed", type=int, default=0, help="of the latents to start from (0)")
    add(
        "--background",
        metavar="COLOUR",
        help="behind transparent parts, for a run of opaque pictures",
    )
    parser.add_best()
    options = parser.parse_args(argv)
    _check(options)
    project(**vars(options))


def project(
    run, image, out, restarts=RESTARTS, steps=STEPS, seed=0, background=None, best=False
):
    """Writes the latent whose picture is closest to a file, and how it was found.

    Args:
        run: Folder of the run.
        image: File of the picture; it is made square as the run's pictures were.
        out: The animation of the search, `.gif`, `.webp` or `.png`. Beside it are
            written the latent, (1, latent_dim), with the ending `.npy`, and
            `NAME_sheet.png`: the picture, the one that the search started from, which
            is the closest of some random ones, and the closest of all.
        restarts: See `dcgan.projection.search.find_latent`, as for `steps`, `seed`.
        background: Colour behind transparent parts.
        best: Whether to take the run's generator with the best KID, not the newest.

    Returns:
        The `dcgan.projection.search.Projection`.

    Raises:
        InputError: If the run has no such generator, the picture cannot be read or is
            transparent where the run's are not, or `out` is among the run's pictures.

    Example:
        >>> project("runs/default", "cat.png", "found.gif").latent.shape
        (100,)
    """
    from dcgan.run import Run

    run = Run.open(run)
    check_apart("--out", out, run, Path(out).parent)
    picture = read_target(image, run.config, background)
    files = files_beside(out, image)
    quiet_tensorflow()
    from dcgan.figures.comparison import comparison_figure
    from dcgan.figures.plots import save_figure
    from dcgan.models.generator import generate
    from dcgan.projection.search import find_latent

    generator = run.load_generator(best=best)
    # Of a run that grows and is not finished, the pictures may be smaller.
    picture = shrink(picture[None], generator.output_shape[1])[0]
    found = find_latent(generator, picture, restarts, steps, seed)
    way = generate(generator, _ever_fewer(found.path))
    frames = [image_grid([picture, each], columns=2, side=SIDE) for each in way]
    sheet = _sheet({"given": picture, "start": way[0], "closest": way[-1]})
    save_animation(out, frames, hold_last=True)
    save_figure(files["sheet"], comparison_figure(sheet))
    with whole_file(files["latent"]) as temporary:
        np.save(temporary, found.latent[None])
    print(
        f"The closest picture is {found.pixels:.1%} in pixels and {found.features:.1%} "
        "in features as far away as two random ones are from each other"
    )
    print(f"{out}, {files['sheet']} and {files['latent']}")
    return found


def read_target(image, config, background=None):
    """Reads a picture as training would.

    Args:
        image: File.
        config: The `Config` of the run.
        background: Colour behind transparent parts; None refuses them, unless the
            run's pictures have them too.

    Returns:
        uint8 (size, size, channels).

    Raises:
        InputError: If it cannot be read, or is transparent for an opaque run.
    """
    try:
        picture = read_picture(image)
    except UnreadablePicture as error:
        raise InputError(
            f"--image cannot be read. Received: {image}: {error}. "
            "Allowed: PNG, JPEG, WebP, GIF, BMP, TIFF and more"
        ) from error
    clearest, _ = picture.getchannel("A").getextrema()
    if config.channels == 4 and background is not None:
        raise invalid("--background", background, "a run of opaque pictures")
    if config.channels != 4 and background is None and clearest < 255:
        raise InputError(
            f"--image is transparent in parts, but the run makes opaque pictures. "
            f"Received: {image}. Allowed: an opaque picture, or --background white"
        )
    background = background or config.background
    return to_square(picture, config.size, config.channels, config.fit, background)


def files_beside(out, image):
    """Returns the paths of what is written beside the animation.

    Raises:
        InputError: If one of the files is the picture itself.
    """
    out = Path(out)
    files = {
        "sheet": out.with_name(f"{out.stem}_sheet.png"),
        "latent": out.with_suffix(".npy"),
    }
    if Path(image).resolve() in {path.resolve() for path in (out, *files.values())}:
        raise invalid("--out", str(out), "a name that leaves --image as it is")
    return files


def _ever_fewer(path):
    """Returns places along a search, most of them early, where most of it happens."""
    steps = np.geomspace(1, len(path), MOST_FRAMES).round().astype(int)
    return path[np.unique(steps) - 1]


def _sheet(pictures):
    """Cells of a figure; enlarged first, so that checkerboards stay fine."""
    return {
        ("", title): repeat_to(picture[None], SIDE)
        for title, picture in pictures.items()
    }


def _check(options):
    check_search(options.restarts, options.steps, options.seed, "--")
    check_animation("--out", options.out)
    for file in files_beside(options.out, options.image).values():
        check_file("--out", file)
    if options.background is not None:
        check_colour(options.background)


if __name__ == "__main__":
    run_command(main)

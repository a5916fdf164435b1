"""`python -m dcgan.evaluate`: is it good, is it varied, is it copying?"""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from PIL import Image

from dcgan.bias import SECOND, helped_to_train
from dcgan.cli import Parser, quiet_tensorflow, run_command
from dcgan.data.folder import find_pictures, is_read_with, load_images
from dcgan.data.holdout import load_split
from dcgan.data.pictures import FORMATS, MODES
from dcgan.errors import InputError, check_choice, invalid
from dcgan.evaluation.limits import check_count
from dcgan.figures.scores import score_lines
from dcgan.files import write_json
from dcgan.latent import draw_latents
from dcgan.origin import check_apart
from dcgan.run import Run
from dcgan.validation import EXTRACTORS

SMALLEST, LARGEST = 8, 1024  # side, pixels
COUNT = 1000  # pictures to make from a run
TRIES = 3  # to load a generator that is not replaced meanwhile
CHANNELS = 3  # of pictures from a folder, unless asked for others


class Sets(NamedTuple):
    """What is compared: uint8 (N, H, W, C) each.

    Attributes:
        fake: Generated pictures.
        train: The pictures that the generator was trained on.
        held_out: Real pictures that it was not trained on, maybe none.
    """

    fake: np.ndarray
    train: np.ndarray
    held_out: np.ndarray


def main(argv=None):
    """Parses the flags, prints the scores and writes the files."""
    parser = Parser(
        "evaluate",
        "Compares generated pictures with real ones: how close, how varied, and "
        "whether they are copies. Writes evaluation.json and nearest.png.",
        "python -m dcgan.evaluate runs/default\n"
        "  python -m dcgan.evaluate --fake samples --data pictures --out scores",
    )
    add = parser.add_argument
    add("run", nargs="?", help="folder of a run, such as runs/default")
    add("--fake", metavar="DIR", help="folder of generated pictures, instead of a run")
    add("--data", metavar="DIR", help="the real pictures: a folder, or openmoji")
    add("--size", type=int, help="compare at this side, pixels (that of --fake)")
    add("--channels", type=int, help=f"of --fake: 1, 3 or 4 ({CHANNELS})")
    add("--out", metavar="DIR", help="folder for both files (that of the run)")
    add("-n", "--count", type=int, help=f"pictures to make from a run ({COUNT})")
    add("--seed", type=int, help="of their latents (0)")
    parser.add_best()
    add(
        "--extractor",
        default="lite0",
        help="lite0, lite1, or inception, a download (lite0)",
    )
    add("--fid", action="store_true", help="FID too: not comparable across counts")
    options = parser.parse_args(argv)
    scores = evaluate(**vars(options))
    for line in score_lines(scores):
        print(line)
    print(f"evaluation.json and nearest.png in {options.out or options.run}")


def evaluate(
    run=None,
    fake=None,
    data=None,
    size=None,
    channels=None,
    out=None,
    count=None,
    seed=None,
    best=False,
    extractor="lite0",
    fid=False,
):
    """Scores a run, or a folder of generated pictures, and writes what it finds.

    Args:
        run: Folder of a run.
        fake: Folder of generated pictures, all of one size; instead of `run`.
        data: Folder of the real pictures, or `openmoji`; that of the run if left out.
            Of others than the run's none count as held out, and `out` is needed.
        size: Side in pixels at which `fake` is compared; its own if left out.
        channels: 1, 3 or 4, of `fake`; 3 if left out.
        out: Folder for `evaluation.json` and `nearest.png`; that of the run if left
            out.
        count: Pictures to make from a run, 10 to 5000; 1000 if left out.
        seed: Seed of their latents; 0 if left out.
        best: Whether to take the run's generator with the best KID, not the newest.
        extractor: `lite0`, `lite1` or `inception`.
        fid: Whether to take the Frechet distance too.

    Returns:
        Dict of the scores; see `dcgan.evaluation.reference.Reference.compare`. Where
        the extractor helped to train the generator, `second` has those of another.

    Raises:
        InputError: If what is given does not go together, there are too few pictures,
            they cannot be compared, or `out` is among them.

    Example:
        >>> evaluate("runs/default")["coverage"]
    """
    _check(SimpleNamespace(**locals()))
    quiet_tensorflow()
    from dcgan.evaluation.features import Extractor
    from dcgan.evaluation.reference import Reference
    from dcgan.figures.card import write_card
    from dcgan.figures.nearest import nearest_figure
    from dcgan.figures.plots import save_figure
    from dcgan.figures.report import write_report

    if run and out:
        check_apart("--out", out, Run.open(run))
    for folder in {fake, data} - {None, "openmoji"}:
        if out and is_read_with(out, folder):
            raise invalid("--out", str(out), f"a folder outside of {folder}")
    extractor = Extractor(extractor)
    if run is None:
        sets = _from_folders(fake, data, size, channels or CHANNELS)
    else:
        generator, epoch = _load_generator(Run.open(run), best)
        sets = _from_run(run, generator, data, count or COUNT, seed or 0, out)
    reference = Reference(sets.train, sets.held_out, extractor)
    scores, suspects = reference.compare(sets.fake, fid)
    if run is not None:
        scores |= {"generator": "best" if best else "newest", "epoch": epoch}
        scores["flattered"] = helped_to_train(Run(run).config, extractor.name)
        if scores["flattered"]:
            second = Reference(sets.train, sets.held_out, Extractor(SECOND))
            scores["second"] = {"extractor": SECOND} | second.quick(sets.fake)
    place = Run(out or run)
    write_json(place.evaluation, scores, indent=2)
    save_figure(place.nearest, nearest_figure(*suspects))
    if place.is_run():  # its report and card show them
        write_report(place)
        write_card(place)
    return scores


def _load_generator(run, best):
    """Returns a generator and its epoch, also where a training saves a newer one."""
    kind = "best" if best else "newest"
    for _ in range(TRIES):
        epoch, generator = run.epoch_of(kind), run.load_generator(best=best)
        if run.epoch_of(kind) == epoch:
            break
    return generator, epoch


def _from_run(run, generator, data, count, seed, out=None):
    from dcgan.models.generator import generate

    real = load_split(Run(run), generator.output_shape[1], data)
    if not real.is_of_run and Run(out or run).config_file.is_file():
        place = "a folder that is no run, as --data has others than the run's pictures"
        raise invalid("--out", out, place)
    fake = generate(generator, draw_latents(count, generator.input_shape[-1], seed))
    return Sets(fake, real.train, real.held_out)


def _from_folders(fake, data, size, channels):
    side = _common_side(fake)
    try:
        pictures = load_images(fake, size or side, channels)
    except InputError as error:
        raise InputError(f"--fake: {error}") from error
    images = load_images(data, size or side, channels)
    return Sets(pictures, images, images[:0])


def _common_side(folder):
    """Returns the longer side of the pictures in a folder; all must have one size."""
    try:
        files = find_pictures(folder)
    except InputError as error:
        raise InputError(f"--fake: {error}") from error
    sizes = {}
    for file in files:
        try:
            with Image.open(file, formats=FORMATS) as picture:
                sizes.setdefault(picture.size, file)
        except Exception:  # whatever Pillow raises: `load_images` will name it
            continue
    if len(sizes) > 1:
        (one, first), (two, second) = list(sizes.items())[:2]
        raise InputError(
            f"--fake: the pictures differ in size. Received: {first.name} of "
            f"{one[0]}x{one[1]} and {second.name} of {two[0]}x{two[1]}. "
            "Allowed: pictures of one size"
        )
    return min(max(next(iter(sizes), (64, 64))), LARGEST)


def _check(options):
    """Refuses what can be refused before the wait for TensorFlow."""
    if (options.run is None) == (options.fake is None):
        raise InputError(
            "either a run or --fake says what to score. Received: "
            f"{'neither' if options.run is None else 'both'}. Allowed: one of them"
        )
    check_choice("extractor", options.extractor, EXTRACTORS)
    for flag in ("data", "out"):
        if options.fake and not getattr(options, flag):
            raise invalid(f"--{flag}", None, "a folder, which --fake needs")
    for flag in ("size", "channels"):
        if options.run and getattr(options, flag) is not None:
            raise invalid(f"--{flag}", getattr(options, flag), "that of the run")
    for flag in ("count", "seed", "best"):
        value = getattr(options, flag)
        if options.fake and value is not None and value is not False:
            raise invalid(f"--{flag}", getattr(options, flag), "with a run, not --fake")
    if options.channels is not None:
        check_choice("--channels", options.channels, MODES)
    if options.size is not None and not SMALLEST <= options.size <= LARGEST:
        raise invalid("--size", options.size, f"{SMALLEST} to {LARGEST}")
    if options.count is not None:
        check_count(options.count)
    if options.seed is not None and options.seed < 0:
        raise invalid("--seed", options.seed, "0 or more")
    if options.out and Path(options.out).exists() and not Path(options.out).is_dir():
        raise invalid("--out", options.out, "a folder, not a file")


if __name__ == "__main__":
    run_command(main)

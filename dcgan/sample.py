"""`python -m dcgan.sample`: pictures from a trained generator, chosen if asked for."""

from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dcgan.choosing import POOL, check_choosing, choose_pictures, pool_size
from dcgan.cli import Parser, check_one_generator, quiet_tensorflow, run_command
from dcgan.data.folder import CONTACT_SHEET
from dcgan.epochs import epoch_file
from dcgan.errors import InputError, invalid
from dcgan.evaluation.limits import MOST as MOST_CANDIDATES
from dcgan.figures.grids import check_factor, image_grid, repeat_pixels, save_picture
from dcgan.figures.sheets import read_sheet
from dcgan.files import filled_folder
from dcgan.latent import check_truncation, draw_latents
from dcgan.origin import check_apart
from dcgan.places import check_folder
from dcgan.run import Run
from dcgan.stages import plan_stages

MOST = 100_000
SEVERAL = ("all", "ensemble")
ON_SHEET = 1024  # pictures on the contact sheet at most
KEPT = ("run", "out", "enlarge", "cut")  # flags that go with --cut


def main(argv=None):
    """Parses the flags and writes the pictures."""
    parser = Parser(
        "sample",
        "Writes pictures of a trained generator and a contact sheet of them.",
        "python -m dcgan.sample runs/default -n 100 --out samples --seed 0\n"
        "  python -m dcgan.sample runs/default -n 16 --out best --rank discriminator "
        "--drop_alike --drop_copies --enlarge 8",
    )
    add = parser.add_argument
    add("run", help="folder of the run, such as runs/default")
    add("-n", "--count", type=int, default=64, help="how many (64)")
    add("--out", required=True, help="folder for the pictures")
    add("--seed", type=int, default=0, help="same seed, same bytes (0)")
    add(
        "--truncation",
        type=float,
        default=0.0,
        help="draw latents within this many standard deviations: more alike, often "
        "cleaner; 0 is off (0)",
    )
    add(
        "--epoch",
        metavar="N|all|ensemble",
        help="a generator kept in snapshots/; all of them, each on its own; or all of "
        "them as an ensemble that takes turns",
    )
    parser.add_best()
    add(
        "--rank",
        help="the best first: discriminator (the most real to it), near or far (the "
        "closest to a training picture, or the furthest from all)",
    )
    add("--drop_alike", action="store_true", help="no near copies of each other")
    add(
        "--drop_copies", action="store_true", help="no near copies of training pictures"
    )
    add(
        "--candidates",
        type=int,
        help=f"pictures to choose from with these three ({POOL} for each of -n, "
        f"{MOST_CANDIDATES} at most)",
    )
    add("--data", help="the training pictures, if their folder has moved")
    add("--enlarge", type=int, default=1, help="whole factor for the files (1)")
    add(
        "--cut",
        metavar="SHEET",
        help="cut a sheet of the run into files instead, such as "
        "runs/default/samples/epoch_0500.png",
    )
    options = parser.parse_args(argv)
    options.epoch = _epoch(options.epoch)
    _check(options, parser)
    options = vars(options)
    sheet = options.pop("cut")
    if sheet is not None:
        return cut(options["run"], sheet, options["out"], options["enlarge"])
    sample(**options)


def sample(
    run,
    out,
    count=64,
    seed=0,
    truncation=0.0,
    epoch=None,
    best=False,
    rank=None,
    drop_alike=False,
    drop_copies=False,
    candidates=None,
    data=None,
    enlarge=1,
):
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
        best: Whether to take the run's generator with the best KID instead.
        rank: What comes first: the most real one to the discriminator
            (`discriminator`), the closest to a training picture (`near`), or the
            furthest from all of them (`far`).
        drop_alike: Whether to leave out near copies of better pictures.
        drop_copies: Whether to leave out near copies of training pictures.
        candidates: Pictures to choose from with one of these three, up to 5000.
        data: Folder of the training pictures; the run's if left out.
        enlarge: Whole factor by which the files are enlarged, without smoothing.

    Raises:
        InputError: If the run lacks what is asked for, or nothing is left.
    """
    quiet_tensorflow()
    from dcgan.models.generator import generate_in_turn

    run = Run.open(run)
    check_apart("--out", out, run, data=data)
    kept = run.snapshot_epochs()
    if epoch in SEVERAL and not kept:
        raise invalid("--epoch", epoch, "a run trained with --snapshot_every")
    choosing = rank or drop_alike or drop_copies
    pool = pool_size(count, candidates) if choosing else count
    folders = {Path(out): kept if epoch == "ensemble" else [epoch]}
    if epoch == "all":
        folders = {epoch_file(out, number, ""): [number] for number in kept}
    for folder in folders:
        _check_leftovers(folder, _names(count))
    for folder, numbers in folders.items():
        generators = [run.load_generator(number, best) for number in numbers]
        shape = generators[-1].output_shape  # earlier stages made smaller pictures
        generators = [g for g in generators if g.output_shape == shape]
        latents = draw_latents(pool, generators[0].input_shape[-1], seed, truncation)
        batches, written = generate_in_turn(generators, latents), count
        if choosing:
            pictures = np.concatenate(list(batches))
            pictures = choose_pictures(
                run, pictures, count, rank, drop_alike, drop_copies, data
            )
            batches, written = [pictures], len(pictures)
        _write(folder, batches, written, enlarge)
    places = ", ".join(map(str, folders))
    print(f"{written} pictures and {CONTACT_SHEET} in {places}")


def cut(run, sheet, out, enlarge=1):
    """Cuts a sample sheet of a run into PNG files in the folder `out`.

    Transparency is lost: sheets show it as a checkerboard.

    Args:
        run: Folder of the run, which knows the sizes of its pictures.
        sheet: File, as training or `sample` wrote it.
        out: Folder for the pictures.
        enlarge: Whole factor by which they are enlarged, without smoothing.

    Raises:
        InputError: If it is no such sheet.
    """
    run = Run.open(run)
    check_apart("--out", out, run)
    # The last stage comes first: training enlarges its sheets of earlier ones to it.
    sides = [stage.size for stage in reversed(plan_stages(run.config))]
    pictures = read_sheet(sheet, *sides)
    _write(Path(out), [pictures], len(pictures), enlarge, sheet=False)
    print(f"{len(pictures)} pictures in {out}")


def _write(folder, batches, count, enlarge, sheet=True):
    """Writes all of `count` pictures, which come in batches, or nothing."""
    names = _names(count)
    _check_leftovers(folder, names)  # fewer may be left than were asked for
    pictures, first = chain.from_iterable(batches), []
    with filled_folder(folder) as temporary:
        bar = tqdm(names, desc="Writing", leave=False, delay=0.5)
        for name, picture in zip(bar, pictures, strict=True):
            save_picture(temporary / name, repeat_pixels(picture[None], enlarge)[0])
            if len(first) < ON_SHEET:
                first.append(picture)
        if sheet:
            save_picture(temporary / CONTACT_SHEET, image_grid(np.stack(first)))


def _names(count):
    digits = max(4, len(str(count - 1)))
    return [f"{index:0{digits}d}.png" for index in range(count)]


def _check_leftovers(folder, names):
    """Refuses to mix the pictures with those of a larger sampling before."""
    old = {path.name for path in folder.glob("*.png") if path.stem.isdigit()}
    if left := sorted(old - set(names)):
        raise InputError(
            f"--out holds pictures of an earlier sampling. Received: {folder} with "
            f"{left[0]}. Allowed: another folder, or an empty one"
        )


def _epoch(text):
    if text is None:
        return None
    if not (text in SEVERAL or text.isdecimal()):
        raise invalid("--epoch", text, "a number, all or ensemble")
    return text if text in SEVERAL else int(text)


def _check(options, parser):
    """Refuses what can be refused before the wait for TensorFlow."""
    if not 1 <= options.count <= MOST:
        raise invalid("-n", options.count, f"1 to {MOST}")
    if options.seed < 0:
        raise invalid("--seed", options.seed, "0 or more")
    check_truncation("--truncation", options.truncation)
    check_factor("--enlarge", options.enlarge)
    check_folder("--out", options.out)
    check_one_generator(options)
    check_choosing(options)
    if options.cut is not None:
        _check_cutting(options, parser)


def _check_cutting(options, parser):
    """Refuses the flags that do nothing when a sheet is cut."""
    for flag, value in vars(options).items():
        if flag not in KEPT and value != parser.get_default(flag):
            raise invalid(f"--{flag}", value, "without --cut, which draws no pictures")


if __name__ == "__main__":
    run_command(main)

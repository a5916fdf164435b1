"""A look at a folder before training: what is in it, and what is odd about it."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from dcgan.data.decode import decode_all
from dcgan.data.folder import find_pictures, printable
from dcgan.data.pictures import FITS, FORMATS, read_picture, to_square

HASH = 16  # side of the map that near-duplicates are compared by
ALIKE = 0.05  # share of differing bits that resizing and JPEG bring about
CLOSE = 6  # mean difference of colours that JPEG and slight edits bring about
REACH = CLOSE + 1e-6  # of mean colours, with room for rounding
FIT_IN_WORDS = {"pad": "padded", "crop": "cropped", "stretch": "stretched"}
FLAT = 4  # levels between neighbours that count as no difference at all


@dataclass(frozen=True)
class Entry:
    """What is known of one readable file."""

    path: str
    side: tuple[int, int]  # width and height in pixels, after EXIF rotation
    mode: str  # Pillow's mode of the file, before conversion
    alpha: str  # "opaque", "transparent parts", "half-transparent parts" or "empty"
    bits: np.ndarray = field(repr=False)  # bool, differences of neighbouring pixels
    colours: np.ndarray = field(repr=False)  # of the 8x8 thumbnail, 0 to 255
    pixels: np.ndarray = field(repr=False)  # what training would see, uint8


@dataclass(frozen=True)
class Inspection:
    """What `inspect_folder` found.

    Attributes:
        entries: List of `Entry`, sorted by path.
        skipped: List of [path, reason].
        duplicates: List of lists of paths that look alike.
    """

    entries: list
    skipped: list
    duplicates: list


def inspect_folder(folder, size=64, channels=3, fit="pad", background="white"):
    """Reads every picture of a folder and compares them.

    Args:
        folder: The folder, searched recursively.
        size: Side in pixels, as for training.
        channels: 1, 3 or 4, as for training.
        fit: `pad`, `crop` or `stretch`, as for training.
        background: Colour behind alpha, as for training.

    Returns:
        An `Inspection`.

    Raises:
        InputError: If there is no such folder, or no picture file in it.
    """
    settings = (size, channels, fit, background)
    entries, skipped = decode_all(
        find_pictures(folder), lambda file: _inspect(file, settings)
    )
    return Inspection(entries, skipped, near_duplicates(entries))


def near_duplicates(entries):
    """Groups entries with almost the same outlines (hashes) and the same colours.

    Returns:
        List of lists of paths, each of two or more; a picture is in one group at most.
    """
    if not entries:
        return []
    groups = []
    unseen = np.ones(len(entries), bool)
    hashes = np.array([entry.bits for entry in entries], bool)
    colours = np.array([entry.colours for entry in entries], np.int16)
    # Close colours have a close mean, so only a part has to be compared with each.
    mean = colours.mean(axis=1)
    order = np.argsort(mean, kind="stable")
    ends = np.searchsorted(mean[order], [mean - REACH, mean + REACH])
    for index, (first, last) in enumerate(ends.T):
        if not unseen[index]:
            continue
        near = order[first:last]
        near = np.sort(near[unseen[near] & (near >= index)])
        near = near[np.abs(colours[near] - colours[index]).mean(axis=1) <= CLOSE]
        outlines = (hashes[near] != hashes[index]).mean(axis=1)
        alike = near[outlines <= ALIKE]
        unseen[alike] = False
        if len(alike) > 1:
            groups.append([entries[k].path for k in alike])
    return groups


def describe(inspection, config):
    """Puts an inspection into lines for people.

    Args:
        inspection: An `Inspection`.
        config: The `Config` of the training.

    Returns:
        List of str.
    """
    entries = inspection.entries
    lines = [f"{len(entries)} pictures can be read"]
    if entries:
        lines.append(f"sizes: {_most_common(f'{w}x{h}' for w, h in _sides(entries))}")
        lines.append(f"modes: {_most_common(entry.mode for entry in entries)}")
        lines.append(f"alpha: {_most_common(entry.alpha for entry in entries)}")
    lines += _skipped_lines(inspection.skipped)
    lines += _duplicate_lines(inspection.duplicates)
    return lines + _advice(entries, config)


def _inspect(path, settings):
    picture = read_picture(path)
    with Image.open(path, formats=FORMATS) as file:
        mode, side = file.mode, file.size  # also of one that was read smaller
    if (side[0] - side[1]) * (picture.width - picture.height) < 0:  # it was turned
        side = side[::-1]
    alpha = np.asarray(picture)[..., 3]
    white = Image.new("RGBA", picture.size, "white")
    visible = Image.alpha_composite(white, picture).convert("RGB")
    thumbnail = visible.resize((8, 8), Image.Resampling.BOX)
    colours = np.asarray(thumbnail, np.int16).ravel()
    grey = visible.convert("L")
    small = grey.resize((HASH + 1, HASH), Image.Resampling.BOX)
    levels = np.asarray(small, np.int16)
    # A difference hash: is each pixel clearly darker than its right neighbour?
    bits = levels[:, :-1] + FLAT < levels[:, 1:]
    falls = levels[:, :-1] > levels[:, 1:] + FLAT
    bits = np.concatenate([bits.ravel(), falls.ravel()])
    pixels = to_square(picture, *settings)
    alpha = _alpha_in_words(alpha)
    return Entry(str(path), side, mode, alpha, bits, colours, pixels)


def _alpha_in_words(alpha):
    if alpha.min() == 255:
        return "opaque"
    if alpha.max() == 0:
        return "empty"
    half = ((alpha > 16) & (alpha < 240)).mean()
    return "half-transparent parts" if half > 0.1 else "transparent parts"


def _advice(entries, config):
    """Returns what training would make of the pictures, and what to change."""
    count, size, batch_size = len(entries), config.size, config.batch_size
    if count < batch_size:
        return [f"training: too few pictures for a batch of {batch_size}"]
    lines = [
        f"training: {count // batch_size} steps an epoch at batch_size={batch_size}"
    ]
    shown = max if config.fit == "pad" else min  # the side that must fill the square
    small = sum(shown(side) < size for side in _sides(entries))
    if small:
        lines.append(
            f"training: {small} pictures are smaller than {size} and get blurred"
        )
    oblong = sum(w != h for w, h in _sides(entries))
    if oblong:
        others = " or ".join(f"--fit {fit}" for fit in FITS if fit != config.fit)
        lines.append(
            f"training: {oblong} pictures are not square and get "
            f"{FIT_IN_WORDS[config.fit]} (or {others})"
        )
    empty = [entry.path for entry in entries if entry.alpha == "empty"]
    if empty:
        lines.append(f"odd alpha: {len(empty)} wholly transparent: {_first(empty)}")
    opaque = sum(entry.alpha == "opaque" for entry in entries)
    if config.channels == 4 and 0 < opaque < count:
        lines.append(
            f"odd alpha: {opaque} opaque pictures among {count - opaque} with "
            "transparency: the generator will learn both kinds of background"
        )
    if config.channels != 4 and opaque < count:
        lines.append(
            f"training: {count - opaque} pictures lose their transparency to the "
            "background (or --channels 4)"
        )
    return lines


def _skipped_lines(skipped):
    return [f"skipped: {printable(path)} ({reason})" for path, reason in skipped]


def _duplicate_lines(groups):
    return [f"near-duplicates: {_first(group, 6)}" for group in groups]


def _sides(entries):
    return [entry.side for entry in entries]


def _most_common(values, most=5):
    counts = Counter(values)
    named = [f"{value} ({count})" for value, count in counts.most_common(most)]
    more = f" and {len(counts) - most} more kinds" if len(counts) > most else ""
    return ", ".join(named) + more


def _first(paths, most=3):
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(map(printable, paths[:most])) + more

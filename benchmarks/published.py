"""Scores as of a published sheet: `python benchmarks/published.py runs/default`.

What other projects publish is a JPEG of 64 samples. So 64 samples of the run are laid
out as such a sheet, saved as a JPEG and cut up again, and the real pictures are treated
alike, before they are compared. 64 pictures say little, so it is done several times
with other latents; the table has the median, and the lowest and the highest in
brackets.

Below stands what 64 pictures can reach: as many of the real ones, drawn at random as
often, against all others.

It takes two to three minutes, most of it for the features of the real pictures.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import in_words, parser_of, positive, table
from dcgan.bias import helped_to_train
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.data.folder import load_images
from dcgan.errors import check_choice
from dcgan.evaluation.limits import FEWEST
from dcgan.latent import draw_latents
from dcgan.pixels import over_white
from dcgan.run import Run

GRID = 8  # pictures along a side of a sheet
SHEET = GRID**2
QUALITY = 75  # of the JPEG: what most software saves by default
SCORES = {"kid": ".0f", "precision": ".2f", "recall": ".2f", "coverage": ".2f"}
SCORES |= {"authpct": ".2f", "authpct_real": ".2f"}


def main(argv=None):
    """Parses the flags, makes the sheets and prints the table."""
    parser = parser_of(__doc__)
    parser.add_argument("run", help="folder of a run, such as runs/default")
    parser.add_argument("--draws", type=positive, default=10, help="sheets (10)")
    parser.add_argument(
        "--extractors", default="lite0,lite1", help="a comma list (lite0,lite1)"
    )
    options = parser.parse_args(argv)
    quiet_tensorflow()
    from dcgan.evaluation.features import EXTRACTORS, Extractor

    names = options.extractors.split(",")
    for name in names:
        check_choice("--extractors", name, EXTRACTORS)
    run = Run.open(options.run)
    config, generator = run.config, run.load_generator()
    side = generator.output_shape[1]  # less than the config's in an early stage
    settings = side, config.channels, config.fit, config.background
    real = through_jpeg(over_white(load_images(config.data, *settings)))
    sheets = sheets_of(generator, options.draws)
    rows = []
    for name in names:
        extractor = Remembering(Extractor(name))
        marked = f"{name}, which flatters" if helped_to_train(config, name) else name
        found = score_samples(real, sheets, extractor)
        rows.append([marked, "samples", *row_of(found)])
        if len(real) >= SHEET + FEWEST:
            found = score_real(real, options.draws, extractor)
            rows.append([name, "real pictures", *row_of(found)])
    print(f"{options.draws} sheets of {SHEET} samples, JPEG quality {QUALITY}")
    print(table(["extractor", "sheets of", "KID x 1000", *list(SCORES)[1:]], rows))
    if len(real) < SHEET + FEWEST:
        print(f"No sheets of real pictures: they take {SHEET + FEWEST} or more")


def sheets_of(generator, draws):
    """Returns a list of uint8 (64, H, W, 3), samples as they are on saved sheets."""
    from dcgan.models.generator import generate

    length = generator.input_shape[-1]
    drawn = (generate(generator, draw_latents(SHEET, length, s)) for s in range(draws))
    return [through_jpeg(over_white(pictures)) for pictures in drawn]


def score_samples(real, sheets, extractor):
    """Returns a list of dicts of scores, one a sheet."""
    from dcgan.evaluation.reference import Reference

    reference = Reference(real, extractor=extractor)
    return [reference.quick(sheet) for sheet in sheets]


def score_real(real, draws, extractor):
    """Scores some of the real pictures, drawn at random, against all others.

    Args:
        real: uint8 (N, H, W, 3), enough for a sheet and a reference.
        draws: How often.
        extractor: An `Extractor`, or one that remembers.

    Returns:
        List of dicts of scores.
    """
    from dcgan.evaluation.reference import Reference

    found = []
    for seed in range(draws):
        order = np.random.default_rng(seed).permutation(len(real))
        drawn, others = real[order[:SHEET]], real[order[SHEET:]]
        found.append(Reference(others, extractor=extractor).quick(drawn))
    return found


def row_of(found):
    """Returns the medians and extremes of scores in words, in the order of `SCORES`."""
    columns = [[scores[name] for scores in found] for name in SCORES]
    return list(map(in_words, columns, SCORES.values()))


class Remembering:
    """An extractor that looks at each picture once, however often it is asked.

    Args:
        extractor: An `Extractor`.
    """

    def __init__(self, extractor):
        self.name, self.input_size = extractor.name, extractor.input_size
        self._extractor = extractor
        self._found = {}

    def __call__(self, images):
        keys = [image.tobytes() for image in images]
        new = {k: image for k, image in zip(keys, images) if k not in self._found}
        if new:
            features = self._extractor(np.stack(list(new.values())))
            self._found |= dict(zip(new, features))
        return np.stack([self._found[key] for key in keys])


def through_jpeg(images):
    """Returns pictures as they are after sheets of 64 were saved as JPEGs.

    Args:
        images: uint8 (N, H, W, 1 or 3). The last sheet is filled up with the first
            pictures.

    Returns:
        uint8 (N, H, W, 3).
    """
    count, (height, width) = len(images), images.shape[1:3]
    images = np.broadcast_to(images, (count, height, width, 3))
    filled = np.resize(images, (-(-count // SHEET) * SHEET, height, width, 3))
    sheets = filled.reshape(-1, GRID, GRID, height, width, 3).swapaxes(2, 3)
    saved = [_saved(sheet.reshape(GRID * height, -1, 3)) for sheet in sheets]
    apart = np.reshape(saved, sheets.shape).swapaxes(2, 3)
    return apart.reshape(filled.shape)[:count]


def _saved(sheet):
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(file))


if __name__ == "__main__":
    run_command(main)

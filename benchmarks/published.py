"""Scores as of a published sheet: `python benchmarks/published.py runs/default`.

What other projects publish is a JPEG of 64 samples. So 64 samples of the run are laid
out as such a sheet, saved as a JPEG and cut up again, and the real pictures are treated
alike, before they are compared. 64 pictures say little, so it is done several times
with other latents; the table has the median, and the lowest and the highest in
brackets.

It takes one to two minutes, most of it for the real pictures.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import in_words, parser_of, positive, table
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.data.folder import load_images
from dcgan.errors import check_choice
from dcgan.latent import draw_latents
from dcgan.pixels import over_white
from dcgan.run import Run

GRID = 8  # pictures along a side of a sheet
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
    from dcgan.evaluation.reference import Reference
    from dcgan.models.generator import generate

    names = options.extractors.split(",")
    for name in names:
        check_choice("--extractors", name, EXTRACTORS)
    run = Run.open(options.run)
    config, generator = run.config, run.load_generator()
    size, channels = config.size, config.channels
    images = load_images(config.data, size, channels, config.fit, config.background)
    real, latent_dim = through_jpeg(over_white(images)), generator.input_shape[-1]
    sheets = [
        through_jpeg(
            over_white(generate(generator, draw_latents(GRID**2, latent_dim, seed)))
        )
        for seed in range(options.draws)
    ]
    rows = []
    for name in names:
        reference = Reference(real, extractor=Extractor(name))
        found = [reference.quick(sheet) for sheet in sheets]
        columns = [[scores[score] for scores in found] for score in SCORES]
        rows.append([name, *map(in_words, columns, SCORES.values())])
    print(f"{options.draws} sheets of {GRID**2} samples, JPEG quality {QUALITY}")
    print(table(["extractor", "KID x 1000", *list(SCORES)[1:]], rows))


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
    filled = np.resize(images, (-(-count // GRID**2) * GRID**2, height, width, 3))
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

"""Does it help to recompute BatchNorm's statistics? `python benchmarks/recomputed.py
runs/default runs/other`.

The averaged generator has averaged weights and averaged statistics, which fit only
roughly. Here the statistics are taken anew from 1024 latents through the averaged
weights, and the run is scored with the same samples before and after.

It takes a quarter of a minute for each run.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import parser_of, table
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.data.folder import load_images
from dcgan.errors import check_choice, invalid
from dcgan.latent import draw_latents
from dcgan.run import Run

SAMPLES, BATCH = 1000, 1024
SCORES = {"kid": ".0f", "precision": ".2f", "recall": ".2f", "coverage": ".2f"}


def main(argv=None):
    """Parses the flags, scores each run twice and prints the table."""
    parser = parser_of(__doc__)
    parser.add_argument("runs", nargs="+", help="folders of runs")
    parser.add_argument("--extractor", default="lite1", help="lite0 or lite1 (lite1)")
    options = parser.parse_args(argv)
    quiet_tensorflow()
    from dcgan.evaluation.features import EXTRACTORS, Extractor

    check_choice("--extractor", options.extractor, EXTRACTORS)
    extractor, rows = Extractor(options.extractor), []
    runs = list(map(Run.open, options.runs))
    for run in runs:
        check_norms(run)
    for run in runs:
        rows += [[run.folder.name, *row] for row in score(run, extractor)]
    print(f"{SAMPLES} samples by {options.extractor}")
    print(table(["run", "statistics", "KID x 1000", *list(SCORES)[1:]], rows))


def score(run, extractor):
    """Returns two lists of texts: scores with averaged and recomputed statistics."""
    from dcgan.evaluation.reference import Reference
    from dcgan.models.generator import generate

    config, generator = run.config, run.load_generator()
    side, length = generator.output_shape[1], config.latent_dim
    settings = side, config.channels, config.fit, config.background
    reference = Reference(load_images(config.data, *settings), extractor=extractor)

    def row(name):
        scores = reference.quick(generate(generator, draw_latents(SAMPLES, length)))
        return [name, *(f"{scores[key]:{form}}" for key, form in SCORES.items())]

    averaged = row("averaged")
    recompute_statistics(generator, draw_latents(BATCH, length, seed=1))
    return averaged, row("recomputed")


def check_norms(run):
    """Refuses a run whose generator has no BatchNorm."""
    if not norms_of(run.load_generator()):
        raise invalid("run", str(run.folder), "one whose generator has BatchNorm")


def norms_of(generator):
    """Returns the BatchNorm layers of a Keras model."""
    import keras

    kind = keras.layers.BatchNormalization
    return [layer for layer in generator.layers if isinstance(layer, kind)]


def recompute_statistics(generator, latents):
    """Takes BatchNorm's means and variances from one large batch, layer by layer.

    Args:
        generator: Keras model; its statistics are replaced.
        latents: float32 (N, latent_dim).
    """
    for norm in norms_of(generator):
        norm.momentum = 0.0  # nothing of the old ones is kept
    generator(latents, training=True)


if __name__ == "__main__":
    run_command(main)

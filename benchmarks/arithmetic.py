"""Counts multiply-adds: `python benchmarks/arithmetic.py --recipe diffaugment`.

It prints those of each layer with a kernel for one picture, and the useful floating
point operations of one alternating step: what the mathematics needs, however it is
computed; but a convolution behind an upsampling counts at the large side. Norms,
activations, augmentation and optimizers are left out; they are small. It takes a few
seconds.
"""

import sys
from math import prod
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import parser_of, table
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.combinations import PENALTY_KNOBS
from dcgan.config import load_config
from dcgan.errors import invalid

# What a count of a step takes for granted, by knob.
PLAIN = {"update": "alternating", "critic_steps": 1, "fresh_latents": False}
PLAIN |= {"discriminators": 1, "progressive": None, "dynamic_frequency": False}
PLAIN |= {"projected": False}
PLAIN |= {"feature_matching": 0, **dict.fromkeys(PENALTY_KNOBS, 0)}


def layer_multiply_adds(layer):
    """Returns the multiply-adds of a layer for one picture, 0 without a kernel.

    A convolution is counted as it is defined: each number of its output takes the whole
    kernel, also at the edges, and also behind an upsampling. A transposed one is the
    same backwards: each number of its input meets the whole kernel.

    Raises:
        InputError: If it has a matrix of weights and is of a kind that is not known.
    """
    from keras import layers

    kernel = getattr(layer, "kernel", None)
    if isinstance(layer, layers.Conv2D):
        return prod(layer.output.shape[1:3]) * prod(kernel.shape)
    if isinstance(layer, layers.Conv2DTranspose):
        return prod(layer.input.shape[1:3]) * prod(kernel.shape)
    if isinstance(layer, layers.Dense):
        return prod(kernel.shape) * prod(layer.output.shape[1:-1])
    if any(len(weight.shape) > 1 for weight in layer.trainable_weights):
        kind = type(layer).__name__
        raise invalid("layer", kind, "convolutions and dense layers, to be counted")
    return 0


def multiply_adds(network):
    """Returns those of a forward pass for one picture: dict from layers' names.

    Args:
        network: Keras model whose layers are one chain.
    """
    counts = {layer.name: layer_multiply_adds(layer) for layer in network.layers}
    return {name: count for name, count in counts.items() if count}


def step_multiply_adds(generator, discriminator):
    """Returns those of one alternating step, for each picture of the batch.

    Forward, a layer takes its multiply-adds once; its weights' gradient takes as many,
    and its input's as many again. G goes forward once and backward once. D's update
    takes both gradients of two passes, on real and generated pictures, but for the
    gradient at the pictures. G's update takes another pass of D, and of D's gradients
    only those at the inputs. No gradient is needed at the latents.

    Args:
        generator: Dict from `multiply_adds`, its layers in order.
        discriminator: The same of D.
    """
    (g, stem), (d, first) = (
        (sum(counts.values()), next(iter(counts.values())))
        for counts in (generator, discriminator)
    )
    whole_g = 3 * g - stem
    update_d = 2 * (3 * d - first)
    through_d = 2 * d
    return whole_g + update_d + through_d


def step_operations(config):
    """Returns the useful floating point operations of one step: two a multiply-add.

    Args:
        config: A `Config` of the plain alternating update.

    Raises:
        InputError: If the step has more to it, such as a penalty.
    """
    _check_plain(config)
    counts = [multiply_adds(network) for network in _networks(config)]
    return 2 * config.batch_size * step_multiply_adds(*counts)


def _check_plain(config):
    for knob, value in PLAIN.items():
        if getattr(config, knob) != value:
            raise invalid(knob, getattr(config, knob), f"{value}, for a step's count")
    quiet_tensorflow()
    from dcgan.training.losses import RELATIVISTIC

    if config.loss in RELATIVISTIC:  # G's update looks at real pictures, too
        raise invalid("loss", config.loss, "one that does not compare, for a count")


def _networks(config):
    quiet_tensorflow()
    from dcgan.models.discriminator import build_discriminator
    from dcgan.models.generator import build_generator

    return build_generator(config), build_discriminator(config)


def main(argv=None):
    """Prints the counts of a recipe."""
    parser = parser_of(__doc__)
    parser.add_argument("--recipe", default="diffaugment")
    parser.add_argument("--size", type=int, help="side of the pictures; the recipe's")
    options = parser.parse_args(argv)
    size = {} if options.size is None else {"size": options.size}
    config = load_config(options.recipe, **size)
    operations = step_operations(config)
    rows = []
    for network in _networks(config):
        counts = multiply_adds(network)
        rows += [[network.name, name, f"{n:,}"] for name, n in counts.items()]
        rows.append([network.name, "all", f"{sum(counts.values()):,}"])
    print(table(["network", "layer", "multiply-adds a picture"], rows))
    print(
        f"\nOne step of {config.batch_size} pictures: {operations / 1e9:.2f} GFLOP "
        "(two for each multiply-add)"
    )


if __name__ == "__main__":
    run_command(main)

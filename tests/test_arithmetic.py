"""The counted multiply-adds, against counts by hand."""

import pytest
from keras import Input, Model, Sequential, layers

from benchmarks import arithmetic
from dcgan.config import load_config
from dcgan.errors import InputError


def chain(shape, *found):
    return Sequential([Input(shape), *found])


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        # 4x4 places of the output, each 3x3 numbers of 3 channels, for 5 channels.
        (layers.Conv2D(5, 3, 2, "same"), (8, 8, 3), 4 * 4 * 3 * 3 * 3 * 5),
        (layers.Conv2D(1, 4, padding="valid"), (4, 4, 8), 4 * 4 * 8),
        # 4x4 places of the input, each met by the kernel, whatever the stride.
        (layers.Conv2DTranspose(5, 4, 2, "same"), (4, 4, 3), 4 * 4 * 4 * 4 * 3 * 5),
        (layers.Conv2DTranspose(6, 4), (1, 1, 10), 4 * 4 * 10 * 6),
        (layers.Dense(7), (6,), 6 * 7),
        (layers.BatchNormalization(), (4, 4, 3), 0),
    ],
)
def test_a_layer(layer, shape, expected):
    network = chain(shape, layer)
    assert sum(arithmetic.multiply_adds(network).values()) == expected


def test_a_convolution_behind_an_upsampling_is_counted_at_the_larger_side():
    conv = layers.Conv2D(5, 3, padding="same", name="conv")
    network = chain((4, 4, 3), layers.UpSampling2D(), conv)
    assert arithmetic.multiply_adds(network) == {"conv": 8 * 8 * 3 * 3 * 3 * 5}


def test_what_is_not_known_is_refused():
    pictures = Input((4, 4, 3))
    network = Model(pictures, layers.DepthwiseConv2D(3)(pictures))
    with pytest.raises(InputError, match="layer is not valid. Received: 'Depthwise"):
        arithmetic.multiply_adds(network)


def test_a_step_pass_by_pass():
    g, d = {"stem": 2, "output": 30}, {"first": 500, "head": 7000}
    generator = (2 + 30) + (2 + 30) + 30  # forward, weights, inputs but the latents
    # real and generated; no gradient at pictures
    update_of_d = 2 * (7500 + 7500 + 7000)
    update_of_g = 7500 + 7500  # forward, inputs with the pictures
    total = generator + update_of_d + update_of_g
    assert arithmetic.step_multiply_adds(g, d) == total


def test_the_diffaugment_recipe_by_hand():
    inner = 3 * (4 * 4) * (4 * 4) * 512 * 256  # three layers, alike in count, in both
    ends = 32 * 32 * 4 * 4 * 3 * 64  # the layer at the picture, likewise
    stem, head = 100 * 4 * 4 * 512, 4 * 4 * 512
    g, d = stem + inner + ends, ends + inner + head
    a_picture = 3 * g - stem + 2 * (3 * d - ends) + 2 * d
    operations = arithmetic.step_operations(load_config("diffaugment"))
    assert operations == 2 * 32 * a_picture
    assert round(operations / 1e9) == 73


@pytest.mark.parametrize(
    "recipe, knobs, named",
    [
        ("r3gan", {}, "fresh_latents"),
        ("narrow", {"gp": 10.0, "d_norm": "none"}, "gp"),
        ("narrow", {"loss": "rgan"}, "loss"),
        ("default", {}, "projected"),
        ("keras-dcgan", {}, "update"),
    ],
)
def test_a_step_with_more_to_it_is_refused(recipe, knobs, named):
    with pytest.raises(InputError, match=f"^{named} is not valid"):
        arithmetic.step_operations(load_config(recipe, **knobs))


def test_the_command_prints_every_layer(capsys):
    arithmetic.main(["--recipe", "narrow", "--size", "16"])
    lines = capsys.readouterr().out.splitlines()
    # 16x16, 16 features: the only inner block is an upsampled 3x3 convolution.
    inner = f"{8 * 8 * 3 * 3 * 32 * 16:,}"
    assert f"| generator | block1_conv | {inner} |" in lines
    assert lines[-1].startswith("One step of 32 pictures: ")

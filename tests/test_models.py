"""Networks of the recipes against layer lists and counts worked out by hand."""

import keras
import numpy as np
import pytest

from dcgan import build_discriminator, build_generator, load_config
from dcgan.config import Config
from dcgan.errors import InputError


def layers(model):
    """Returns (class, shape of the output without the batch) of each layer."""
    return [
        (type(layer).__name__, tuple(layer.output.shape[1:]))
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def test_keras_dcgan_generator_by_hand():
    model = build_generator(load_config("keras-dcgan"))
    assert layers(model) == [
        ("Dense", (16384,)),
        ("Reshape", (8, 8, 256)),
        ("BatchNormalization", (8, 8, 256)),
        ("LeakyReLU", (8, 8, 256)),
        ("Conv2DTranspose", (16, 16, 128)),
        ("BatchNormalization", (16, 16, 128)),
        ("LeakyReLU", (16, 16, 128)),
        ("Conv2DTranspose", (32, 32, 64)),
        ("BatchNormalization", (32, 32, 64)),
        ("LeakyReLU", (32, 32, 64)),
        ("Conv2DTranspose", (64, 64, 3)),
        ("Activation", (64, 64, 3)),
    ]
    dense, norms = 100 * 8 * 8 * 256, 4 * (256 + 128 + 64)
    deconvolutions = 25 * (256 * 128 + 128 * 64 + 64 * 3)
    assert model.count_params() == dense + norms + deconvolutions == 2_668_992


def test_keras_dcgan_discriminator_by_hand():
    model = build_discriminator(load_config("keras-dcgan"))
    assert layers(model) == [
        ("Conv2D", (64, 64, 64)),  # stride 1
        ("LeakyReLU", (64, 64, 64)),
        ("Dropout", (64, 64, 64)),
        ("Conv2D", (32, 32, 128)),  # stride 2, nothing after it
        ("Flatten", (131072,)),
        ("Dense", (1,)),
    ]
    convolutions = (25 * 3 * 64 + 64) + (25 * 64 * 128 + 128)
    assert model.count_params() == convolutions + 32 * 32 * 128 + 1 == 340_865


def test_keras_dcgan_settings():
    config = load_config("keras-dcgan")
    generator, discriminator = build_generator(config), build_discriminator(config)
    norm = generator.get_layer("block1_norm")
    assert (norm.momentum, norm.epsilon) == (0.99, 1e-3)
    for model in (generator, discriminator):
        slopes = [
            layer.negative_slope
            for layer in model.layers
            if isinstance(layer, keras.layers.LeakyReLU)
        ]
        assert set(slopes) == {0.3}
    assert discriminator.get_layer("block1_dropout").rate == 0.3
    assert discriminator.layers[-1].activation is keras.activations.linear
    kernel = discriminator.get_layer("block1_conv").kernel.numpy()
    bound = np.sqrt(6 / (25 * 3 + 25 * 64))  # Glorot and Bengio 2010, equation 16
    assert 0.98 * bound < np.abs(kernel).max() <= bound
    assert (config.batch_size, config.update, config.loss) == (
        16,
        "simultaneous",
        "bce",
    )
    assert (config.g_lr, config.d_lr, config.beta1) == (2e-4, 2e-4, 0.5)
    assert (config.epochs, config.sample_every, config.sample_grid) == (10000, 100, 4)
    assert (config.aug_prob, config.ema_half_life) == (0, 0)


def test_diffaugment_generator_by_hand():
    model = build_generator(load_config("diffaugment"))
    expected = [("Reshape", (1, 1, 100))]
    for side, width in ((4, 512), (8, 256), (16, 128), (32, 64)):
        expected += [
            (name, (side, side, width))
            for name in ("Conv2DTranspose", "BatchNormalization", "ReLU")
        ]
    expected += [("Conv2DTranspose", (64, 64, 3)), ("Activation", (64, 64, 3))]
    assert layers(model) == expected
    widths = [100, 512, 256, 128, 64, 3]
    kernels = sum(16 * a * b for a, b in zip(widths, widths[1:]))
    norms = 4 * (512 + 256 + 128 + 64)
    assert model.count_params() == kernels + norms == 3_578_624


def test_diffaugment_discriminator_by_hand():
    model = build_discriminator(load_config("diffaugment"))
    assert layers(model) == [
        ("Conv2D", (32, 32, 64)),
        ("LeakyReLU", (32, 32, 64)),
        ("Conv2D", (16, 16, 128)),
        ("BatchNormalization", (16, 16, 128)),
        ("LeakyReLU", (16, 16, 128)),
        ("Conv2D", (8, 8, 256)),
        ("BatchNormalization", (8, 8, 256)),
        ("LeakyReLU", (8, 8, 256)),
        ("Conv2D", (4, 4, 512)),
        ("BatchNormalization", (4, 4, 512)),
        ("LeakyReLU", (4, 4, 512)),
        ("Conv2D", (1, 1, 1)),
        ("Flatten", (1,)),
    ]
    widths = [3, 64, 128, 256, 512, 1]
    kernels = sum(16 * a * b for a, b in zip(widths, widths[1:]))
    assert model.count_params() == kernels + 4 * (128 + 256 + 512) == 2_767_360


def test_diffaugment_settings():
    config = load_config("diffaugment")
    generator, discriminator = build_generator(config), build_discriminator(config)
    for model, name in ((generator, "stem_norm"), (discriminator, "block2_norm")):
        norm = model.get_layer(name)
        assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)
    gammas = discriminator.get_layer("block4_norm").gamma.numpy()
    assert abs(gammas.mean() - 1) < 0.005 and 0.015 < gammas.std() < 0.025
    kernel = discriminator.get_layer("block4_conv").kernel.numpy()
    assert abs(kernel.mean()) < 1e-4 and abs(kernel.std() - 0.02) < 1e-4
    assert discriminator.get_layer("block1_activation").negative_slope == 0.2
    for model in (generator, discriminator):
        assert not any(getattr(layer, "use_bias", False) for layer in model.layers)
    assert (config.batch_size, config.update, config.loss) == (32, "alternating", "bce")
    assert (config.g_lr, config.d_lr) == (2e-4, 2e-4)
    assert (config.beta1, config.beta2, config.epsilon) == (0.5, 0.999, 1e-8)
    assert (config.aug_prob, config.aug_per_sample) == (1, False)
    assert config.policy == "color,translation,cutout"
    assert (config.epochs, config.fit, config.flip) == (1000, "crop", False)
    assert (config.sample_every, config.snapshot_every) == (5, 5)
    assert (config.sample_grid, config.ema_half_life) == (8, 0)


def test_narrow_generator_upsamples_inside_and_deconvolves_at_the_end():
    model = build_generator(load_config("narrow"))
    names = [name for name, _ in layers(model)]
    assert names.count("UpSampling2D") == 3
    assert names.count("Conv2DTranspose") == 1
    kernel = model.get_layer("block1_conv").kernel
    assert tuple(kernel.shape) == (3, 3, 128, 64)


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_size_and_number_of_channels(size, channels):
    config = Config(size=size, channels=channels, g_features=2, d_features=2)
    generator, discriminator = build_generator(config), build_discriminator(config)
    pictures = generator(np.zeros((2, 100), np.float32))
    assert pictures.shape == (2, size, size, channels)
    assert discriminator(pictures).shape == (2, 1)


@pytest.mark.parametrize("stem", ["dense", "deconv"])
@pytest.mark.parametrize("head", ["dense", "conv"])
@pytest.mark.parametrize("upsample", [True, False])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_knobs_combine(stem, head, upsample, norm):
    knobs = {"stem": stem, "head": head, "upsample": upsample}
    knobs |= {"g_norm": norm, "d_norm": norm, "min_map": 2, "dropout": 0.5}
    config = Config(size=16, g_features=2, d_features=2, **knobs)
    pictures = build_generator(config)(np.ones((2, 100), np.float32))
    discriminator = build_discriminator(config)
    assert discriminator(pictures).shape == (2, 1)
    # The head reads the layer called `features` and nothing else.
    features = discriminator.get_layer("features").output
    trunk = keras.Model(discriminator.inputs, features)
    rest = keras.Model(features, discriminator.outputs)
    logits = rest(trunk(pictures))
    np.testing.assert_array_equal(np.reshape(logits, (2, 1)), discriminator(pictures))
    norms = [x for x in discriminator.layers if "Batch" in type(x).__name__]
    assert len(norms) == (2 if norm == "batch" else 0)


def test_a_bias_stands_where_no_norm_follows():
    config = Config(size=16, g_bias="free", d_bias="free")
    generator, discriminator = build_generator(config), build_discriminator(config)
    biased = [
        layer.name
        for model in (generator, discriminator)
        for layer in model.layers
        if getattr(layer, "use_bias", False)
    ]
    assert biased == ["output_deconv", "block1_conv", "head_dense"]


def test_widths_and_strides_one_by_one():
    config = Config(
        size=16,
        g_widths=[12, 6],
        d_widths=[5, 7, 9],
        d_strides=[1, 2, 2],
        g_features=99,
    )
    maps = [shape for name, shape in layers(build_generator(config)) if name == "ReLU"]
    assert maps == [(4, 4, 12), (8, 8, 6)]
    discriminator = build_discriminator(config)
    maps = [shape for name, shape in layers(discriminator) if name == "Conv2D"]
    assert maps == [(16, 16, 5), (8, 8, 7), (4, 4, 9)]


def test_the_seed_decides_the_first_weights_layer_by_layer():
    same, again, other = (
        build_generator(Config(size=16, seed=seed)).get_weights() for seed in (1, 1, 2)
    )
    for first, second in zip(same, again):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(same[0], other[0])
    # Layers of equal shape must not start equal.
    config = Config(size=16, d_widths=[8, 8, 8])
    discriminator = build_discriminator(config)
    second, third = (discriminator.get_layer(f"block{k}_conv") for k in (2, 3))
    assert not np.array_equal(second.kernel.numpy(), third.kernel.numpy())


@pytest.mark.parametrize("recipe", ["default", "keras-dcgan", "diffaugment"])
def test_networks_survive_a_keras_file(recipe, tmp_path):
    config = load_config(recipe, size=16, g_features=2, d_features=2)
    latents = np.random.default_rng(0).normal(size=(2, 100)).astype(np.float32)
    generator, discriminator = build_generator(config), build_discriminator(config)
    pictures = generator(latents)
    for model, inputs in ((generator, latents), (discriminator, pictures)):
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
        np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_impossible_networks_are_refused():
    with pytest.raises(InputError, match="d_strides.*at most 4 strides of 2"):
        Config(size=16, d_widths=[2] * 5)

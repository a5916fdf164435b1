"""Recipes of the five systems: layers, counts and settings worked out by hand."""

import keras
import numpy as np
import pytest

from dcgan import build_discriminator, build_generator, load_config


def maps(model):
    """Returns (class, output shape) of the layers that are no activation or reshape."""
    skipped = ("InputLayer", "Reshape", "Flatten", "ReLU", "LeakyReLU", "Activation")
    return [
        (type(layer).__name__, tuple(layer.output.shape[1:]))
        for layer in model.layers
        if type(layer).__name__ not in skipped
    ]


def kernels(widths, side):
    return sum(side**2 * a * b for a, b in zip(widths, widths[1:]))


def biased(model):
    return [x.name for x in model.layers if getattr(x, "use_bias", False)]


def slopes(model):
    kind = keras.layers.LeakyReLU
    return {x.negative_slope for x in model.layers if isinstance(x, kind)}


@pytest.mark.parametrize("loss", ["bce", "lsgan", "wgan", "rgan", "ragan"])
def test_pokegan(loss):
    config = load_config("pokegan", loss=loss)
    g, d = build_generator(config), build_discriminator(config)
    expected = [("Dense", (4096,)), ("Dropout", (4, 4, 256))]
    for side, width in ((8, 128), (16, 64), (32, 32)):
        names = ("Conv2DTranspose", "BatchNormalization", "Dropout")
        expected += [(name, (side, side, width)) for name in names]
    assert maps(g) == [*expected, ("Conv2DTranspose", (64, 64, 3))]
    dense = 96 * 4096 + 4096
    norms = 4 * (128 + 64 + 32)
    assert g.count_params() == dense + kernels([256, 128, 64, 32, 3], 5) + norms
    expected = [
        (name, (side, side, width))
        for side, width in ((32, 32), (16, 64), (8, 128), (4, 256))
        for name in ("Conv2D", "BatchNormalization", "Dropout")
    ]
    assert maps(d) == [*expected, ("Dense", (1,))]
    norms = 4 * (32 + 64 + 128 + 256)
    assert d.count_params() == kernels([3, 32, 64, 128, 256], 3) + norms + 4096 + 1
    assert biased(g) == ["stem_dense"] and biased(d) == ["head_dense"]
    assert slopes(g) == slopes(d) == {0.2}
    assert {x.rate for x in g.layers if "dropout" in x.name} == {0.3}
    assert (config.g_lr, config.d_lr, config.beta1, config.epsilon) == (
        *(1e-3, 1e-3),
        *(0.5, 1e-6),
    )
    assert (config.batch_size, config.epochs, config.latent_dim) == (32, 400, 96)
    assert (config.jitter, config.rotate, config.flip) == ([0.3, 0.2, 0.1], 15, True)
    assert config.fresh_latents and config.d_loss_weight == 0.5
    soft = loss != "wgan"
    labels = (config.label_smoothing, config.label_noise, config.label_swap)
    assert labels == ((0.1, 0.1, 0.03) if soft else (0, 0, 0))
    assert config.two_sided == config.g_soft_labels == soft
    assert (config.aug_prob, config.ema_half_life) == (0, 0)


def test_pokegan_first_weights():
    config = load_config("pokegan")
    g, d = build_generator(config), build_discriminator(config)
    # PyTorch's fan_out: 25 x 256 channels read by a transposed convolution, 9 x 256
    # channels written by a convolution.
    for layer, fan_out in ((g.get_layer("block1_deconv"), 25 * 256),
                           (d.get_layer("block4_conv"), 9 * 256)):  # fmt: skip
        kernel = layer.kernel.numpy()
        assert kernel.std() == pytest.approx(np.sqrt(2 / fan_out), rel=0.02)
        assert np.abs(kernel).max() > 3 * kernel.std()  # not truncated
    dense = g.get_layer("stem_dense").kernel.numpy()
    assert 0.99 / np.sqrt(96) < np.abs(dense).max() <= 1.0001 / np.sqrt(96)
    assert (d.get_layer("block1_norm").gamma.numpy() == 1).all()


@pytest.mark.parametrize("kind", ["bce", "wgan-gp", "sn"])
@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_simpsons(kind, upsample, norm):
    knobs = {"upsample": upsample, "g_norm": norm, "d_norm": norm}
    config = load_config(f"simpsons-{kind}", **knobs)
    g, d = build_generator(config), build_discriminator(config)
    widths = [1024, 512, 256, 128]
    sides = [4, 8, 16, 32]
    inner = kernels(widths, 3 if upsample else 4)
    norms = 4 * sum(widths) if norm == "batch" else 0
    ends = 16 * 100 * 1024 + 16 * 128 * 3
    assert g.count_params() == ends + inner + norms
    convolutions = [x for x in maps(g) if x[0] in ("Conv2D", "Conv2DTranspose")]
    inner_name = "Conv2D" if upsample else "Conv2DTranspose"
    assert convolutions == [
        ("Conv2DTranspose", (4, 4, 1024)),
        *[(inner_name, (s, s, w)) for s, w in zip(sides[1:], widths[1:])],
        ("Conv2DTranspose", (64, 64, 3)),
    ]
    d_norms = 4 * (128 + 256 + 512) if norm == "batch" else 0
    vectors = 0
    if kind == "sn":  # left and right of each kernel
        counts = [3, 64, 128, 256, 512, 1]
        vectors = sum(16 * a + b for a, b in zip(counts, counts[1:]))
    expected = kernels([3, 64, 128, 256, 512, 1], 4) + 64 + 1 + d_norms + vectors
    assert d.count_params() == expected
    assert biased(g) == [] and biased(d) == ["block1_conv", "head_conv"]
    assert slopes(d) == {0.2} and slopes(g) == set()  # ReLU in G
    spectral = ["Spectral" in name for name, _ in maps(d) if "Conv" in name]
    assert spectral == [kind == "sn"] * 5


@pytest.mark.parametrize(
    "kind, own",
    [
        ("bce", {"loss": "bce", "d_loss_weight": 0.5}),
        ("wgan-gp", {"loss": "wgan", "gp": 10, "critic_steps": 5}),
        ("sn", {"loss": "wgan", "spectral_norm": True, "critic_steps": 1}),
    ],
)
def test_simpsons_settings(kind, own):
    config = load_config(f"simpsons-{kind}")
    plain = {"gp": 0, "critic_steps": 1, "d_loss_weight": 1, "spectral_norm": False}
    assert {k: getattr(config, k) for k in plain | own} == plain | own
    assert (config.g_lr, config.d_lr, config.beta1, config.beta2) == (
        *(2e-4, 2e-4),
        *(0.5, 0.999),
    )
    assert (config.batch_size, config.epochs, config.aug_prob) == (64, 50, 0)
    assert not config.fresh_latents
    gammas = build_generator(config).get_layer("stem_norm").gamma.numpy()
    assert abs(gammas.mean()) < 0.003 and gammas.std() == pytest.approx(0.02, rel=0.1)


def test_sprites_rgba():
    config = load_config("sprites-rgba")
    g, d = build_generator(config), build_discriminator(config)
    assert g.output_shape == (None, 64, 64, 4) and d.input_shape == (None, 64, 64, 4)
    # The networks of `diffaugment` with four channels, a linear layer in front and
    # minibatch discrimination of 100 kernels with 5 dimensions before the head.
    generator = kernels([100, 512, 256, 128, 64, 4], 4) + 4 * (512 + 256 + 128 + 64)
    assert g.count_params() == generator + 100 * 100
    trunk = kernels([4, 64, 128, 256, 512], 4) + 4 * (128 + 256 + 512)
    assert d.count_params() == trunk + 8192 * 500 + 8192 + 100
    assert d.get_layer("features").output.shape == (None, 8292)
    assert config.dynamic_frequency and config.loss == "bce"
    assert (config.schedule, config.clip_norm) == ("cosine", 1.0)
    assert config.precision == "bfloat16"
    assert (config.label_smoothing, config.two_sided) == (0.1, False)
    assert (config.batch_size, config.epochs) == (128, 300)


def test_r3gan():
    config = load_config("r3gan")
    assert (config.loss, config.d_norm, config.label_smoothing) == ("rgan", "none", 0)
    assert config.r1 == config.r2 > 0 and config.ema_half_life > 0
    kinds = {type(x).__name__ for x in build_discriminator(config).layers}
    assert not any("Norm" in kind for kind in kinds)


def test_pokegan_progressive():
    config, plain = load_config("pokegan-progressive"), load_config("pokegan")
    shared = set(vars(config)) - {"name", "recipe", "progressive", "cycle", "grow"}
    shared -= {"freeze", "epochs", "g_lr", "d_lr"}
    assert {k: vars(config)[k] for k in shared} == {k: vars(plain)[k] for k in shared}
    assert (config.progressive, config.grow, config.freeze) == (
        *([16, 32, 64], "latent"),
        True,
    )
    # Stage by stage: dense layers, kernels of 5x5 and 3x3, and four numbers a norm.
    for size, widths in ((16, [64, 32]), (32, [128, 64, 32]), (64, [256, 128, 64, 32])):
        g, d = build_generator(config, size), build_discriminator(config, size)
        units = 16 * widths[0]
        norms = 4 * sum(widths[1:])
        assert g.count_params() == 97 * units + kernels([*widths, 3], 5) + norms
        inner = kernels([3, *widths[::-1]], 3) + 4 * sum(widths)
        assert d.count_params() == inner + units + 1
        assert d.input_shape == (None, size, size, 3) == g.output_shape


def test_progan():
    config = load_config("progan")
    assert (config.progressive, config.grow, config.fade_in) == (
        *([16, 32, 64], "image"),
        0.5,
    )
    assert (config.loss, config.gp, config.drift) == ("wgan", 10, 1e-3)
    assert config.minibatch_std
    assert (config.g_norm, config.d_norm, config.equalized_lr) == (
        "pixel",
        "none",
        True,
    )
    assert (config.beta1, config.beta2, config.ema_half_life > 0) == (0, 0.99, True)
    assert (config.g_lr, config.d_lr, config.epochs) == (1e-3, 1e-3, 300)
    widths = [128, 64, 32, 16, 8]  # of the maps of side 4, 8, 16, 32, 64
    for size, count in ((16, 3), (32, 4), (64, 5)):
        g, d = build_generator(config, size), build_discriminator(config, size)
        old = size > 16  # the layer to or from the smaller picture, and alpha
        maps_, last = widths[:count], widths[count - 1]
        blocks = sum(9 * (a + b) * b + 2 * b for a, b in zip(maps_, maps_[1:]))
        stem = 100 * 2048 + 2048 + 9 * 128 * 128 + 128
        ends = 3 * last + 3 + old * (3 * maps_[-2] + 3 + 1)
        assert g.count_params() == stem + blocks + ends
        blocks = sum((16 * a + 9 * b) * b + 2 * b for b, a in zip(maps_, maps_[1:]))
        ends = 4 * last + old * (4 * maps_[-2] + 1)
        assert d.count_params() == blocks + ends + 16 * (128 + 1) + 1
        assert len([x for x in g.layers if "Pixel" in type(x).__name__]) == 2 * count
        assert g.output_shape == (None, size, size, 3)

"""Recipes against PyTorch: forward passes, and all weights after one update.

The programs in fixtures/make_*.py computed the files; each says what it holds.
"""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan import GAN, build_discriminator, build_generator, load_config
from dcgan.models.spectral import power_iterations
from dcgan.pixels import to_float

FIXTURES = Path(__file__).parent / "fixtures"
NARROW = {
    "diffaugment": {"g_features": 4, "d_features": 4, "latent_dim": 8},
    "pokegan": {"g_features": 2, "d_features": 2, "latent_dim": 4},
    "simpsons": {"g_features": 4, "d_features": 4, "latent_dim": 8},
}
# Random masks differ between frameworks, so what draws them is off.
STILL = {"aug_prob": 0.0, "dropout": 0.0, "g_dropout": 0.0}
CASES = [
    ("diffaugment", "bce"),
    *[("pokegan", loss) for loss in ("bce", "lsgan", "wgan", "rgan", "ragan")],
    ("simpsons-bce", "bce"),
    ("simpsons-wgan-gp", "wgan"),
    ("simpsons-sn", "wgan"),
]


def stored(recipe):
    with np.load(FIXTURES / f"{recipe}.npz") as file:
        return dict(file)


@pytest.fixture
def make_gan(monkeypatch):
    """Function of a recipe and its fixture: the GAN before the update.

    It draws the latents, the targets and the places of the penalty from the fixture.
    """

    def make(recipe, loss, data):
        narrow = NARROW[recipe.partition("-")[0]]
        config = load_config(recipe, loss=loss, **narrow, **STILL)
        gan = GAN(build_generator(config), build_discriminator(config), config)
        gan.generator.set_weights(numbered(data, "g"))
        gan.discriminator.set_weights(numbered(data, "d"))
        gan.compile()
        latents = iter(numbered(data, "latents"))
        monkeypatch.setattr(
            "dcgan.training.objectives.normal", lambda *_: next(latents)
        )
        if "real_targets" in data:
            targets = data["real_targets"], data["fake_targets"]
            monkeypatch.setattr(gan, "targets", lambda count, turn=0: targets)
        if "share0" in data:
            shares = iter(numbered(data, "share"))
            name = "dcgan.training.penalties.uniform"
            monkeypatch.setattr(name, lambda *_: next(shares))
        return gan

    return make


@pytest.mark.filterwarnings("ignore:.*(mixes those of a batch|nothing limits)")
@pytest.mark.parametrize("recipe, loss", CASES)
def test_forward_passes_equal_pytorch(recipe, loss, make_gan):
    data = stored(recipe)
    gan = make_gan(recipe, loss, data)
    power_iterations(gan.discriminator)
    real, latents = to_float(data["real_levels"]), numbered(data, "latents")[0]
    fake = gan.generator(latents, training=True).numpy()
    assert_close(fake[:2], data["first_fakes"])
    for pictures, expected in ((real, "real_logits"), (fake, "fake_logits")):
        logits = gan.discriminator(pictures, training=True).numpy()[:, 0]
        assert_close(logits, data[expected])


@pytest.mark.filterwarnings("ignore:.*(mixes those of a batch|nothing limits)")
@pytest.mark.parametrize("recipe, loss", CASES)
def test_all_weights_equal_pytorch_after_one_update(recipe, loss, make_gan):
    data = stored(recipe)
    gan = make_gan(recipe, loss, data)
    logs = gan.train_step(tf.constant(to_float(data["real_levels"])))
    suffix = f"_{loss}" if recipe == "pokegan" else ""
    for name in ("g_loss", "d_loss"):
        if name + suffix in data:
            assert_close(float(logs[name]), data[name + suffix])
    for network, prefix in ((gan.generator, "g"), (gan.discriminator, "d")):
        before = numbered(data, prefix)
        after = numbered(data, prefix, f"_after{suffix}")
        assert len(network.weights) == len(after) == len(before)
        for weight, old, expected in zip(network.weights, before, after):
            layer = network.get_layer(weight.path.split("/")[0])
            check_weight(weight, old, expected, gan.config, layer)


def check_weight(weight, old, expected, config, layer):
    mine, rate, tolerance = weight.numpy(), config.g_lr, 1e-4
    if weight.path.endswith("moving_variance"):
        # PyTorch's is the unbiased variance, n / (n - 1) times as large as Keras'.
        count = 32 * layer.output.shape[1] * layer.output.shape[2]
        tolerance += expected.max() / (count - 1)
    np.testing.assert_allclose(mine, expected, atol=tolerance, err_msg=weight.path)
    if stands_still(weight.path, config):
        return  # its gradient is 0 but for rounding, which Adam enlarges
    assert np.abs(expected - old).max() > rate / 10, weight.path
    # Adam's first step is as long as the learning rate wherever a gradient is, so 1e-4
    # would let half a step pass: ask for far less of most weights.
    if not weight.path.endswith("moving_variance"):
        typical = np.median(np.abs(mine - expected))
        assert typical < rate / 1000, weight.path


def stands_still(path, config):
    """Losses of differences do not move the last bias, nor a vector of length 1."""
    shiftless = config.loss in ("wgan", "rgan", "ragan")
    return shiftless and path in (
        "head_dense/bias",
        "head_conv/bias",
        "head_conv/left",
        "head_conv/right",
    )


def assert_close(actual, expected):
    """Within 1e-5, and within 1e-4 of the size of what are very small numbers."""
    size = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, atol=min(1e-5, 1e-4 * size))


def numbered(data, prefix, suffix=""):
    """Returns `prefix0suffix`, `prefix1suffix`, ... as far as there are."""
    found = []
    while f"{prefix}{len(found)}{suffix}" in data:
        found.append(data[f"{prefix}{len(found)}{suffix}"])
    return found or [data[prefix + suffix]]

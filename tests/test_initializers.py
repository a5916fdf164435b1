"""The first weights of whole networks, by their spread."""

import keras
import numpy as np
import pytest
from helpers import of_kind
from small_networks import networks


def test_biases_start_at_0():
    for model in networks(g_bias="dense", d_bias="dense", init="kaiming"):
        for layer in of_kind(model, keras.layers.Dense):
            np.testing.assert_array_equal(layer.bias, 0)


def kernels(**knobs):
    """Kernels of both networks by their layers' names, G's and D's."""
    wide = {"g_features": 64, "d_features": 128, "latent_dim": 100, "init": "kaiming"}
    models = networks(**wide | knobs)
    return [
        {x.name: x.kernel.numpy() for x in model.layers if hasattr(x, "kernel")}
        for model in models
    ]


def test_kaiming_is_that_of_pytorch():
    ours = {"upsample": False, "stem": "deconv", "head": "conv", "spectral_norm": True}
    generator, discriminator = kernels(**ours)
    # PyTorch's fan_out is size(0) of the weight times the area: the channels read by a
    # transposed convolution, the channels made by a convolution.
    fans = {
        "stem_deconv": 16 * 100,
        "block1_deconv": 16 * 128,
        "output_deconv": 16 * 64,
    }
    assert set(generator) == set(fans)
    for name, fan in fans.items():
        deviation = generator[name].std()
        assert deviation == pytest.approx(np.sqrt(2 / fan), rel=0.05), name
    fans = {"block1_conv": 16 * 128, "block2_conv": 16 * 256, "head_conv": 16}
    assert set(discriminator) == set(fans)
    for name, fan in fans.items():
        deviation = discriminator[name].std()
        assert deviation == pytest.approx(np.sqrt(2 / fan), rel=0.05), name
    # Normal, not cut at two standard deviations.
    kernel = discriminator["block2_conv"]
    beyond = (np.abs(kernel) > 2 * kernel.std()).mean()
    assert beyond == pytest.approx(0.0455, rel=0.1)


def test_kaiming_of_dense_layers_is_pytorchs_default():
    generator, discriminator = kernels(linear_layer=True, heads=2)
    fans = {"linear": 100, "stem_dense": 100}
    for name, fan in fans.items():
        check_uniform(generator[name], 1 / np.sqrt(fan))
    # Two blocks make 256 maps of 4 x 4; a hidden layer has the last block's width.
    fans = {"head1_hidden": 4096, "head2_hidden": 4096, "head1_dense": 256}
    for name, fan in fans.items():
        check_uniform(discriminator[name], 1 / np.sqrt(fan))
    # Upsampling blocks are convolutions: the channels made.
    deviation = generator["block1_conv"].std()
    assert deviation == pytest.approx(np.sqrt(2 / (9 * 64)), rel=0.05)


def check_uniform(kernel, limit):
    # The largest of 256 draws lies above 0.9 of the limit almost surely.
    assert 0.9 * limit < np.abs(kernel).max() <= limit * 1.000001
    if kernel.size > 1000:
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)


def test_other_first_weights():
    for name, kernel in kernels(init="normal")[1].items():
        assert kernel.std() == pytest.approx(0.02, rel=0.05), name
    # Glorot and Bengio 2010, equation 16: fans of 16 x 128 and 16 x 256.
    kernel = kernels(init="glorot")[1]["block2_conv"]
    check_uniform(kernel, np.sqrt(6 / (16 * 128 + 16 * 256)))


@pytest.mark.parametrize("norm", ["batch", "instance", "layer"])
def test_first_gammas(norm):
    knobs = {"g_norm": norm, "d_norm": norm, "g_features": 256, "d_features": 256}
    for model in networks(**knobs, gamma_mean=0.5, gamma_std=0.1):
        gammas = [x.gamma.numpy() for x in model.layers if hasattr(x, "gamma")]
        assert [len(g) for g in gammas] in ([512, 256], [512])
        for gamma in gammas:
            assert gamma.mean() == pytest.approx(0.5, abs=0.03)
            assert gamma.std() == pytest.approx(0.1, rel=0.15)
    for model in networks(g_norm=norm, d_norm=norm, gamma_mean=0.7, gamma_std=0.0):
        for layer in model.layers:
            if hasattr(layer, "gamma"):
                np.testing.assert_array_equal(layer.gamma, np.float32(0.7))
                np.testing.assert_array_equal(layer.beta, 0)

"""Knobs of the layers on whole networks, against lists and sums worked out by hand."""

import keras
import numpy as np
import pytest
from helpers import of_kind
from small_networks import networks

from dcgan.models.discriminator import feature_layers
from dcgan.models.norms import TwiceBatchNormalization

RNG = np.random.default_rng(0)


def draws(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def biased(**knobs):
    """Names of the layers with biases, both networks together."""
    return [
        layer.name
        for model in networks(**knobs)
        for layer in model.layers
        if getattr(layer, "use_bias", False)
    ]


BIASED = {
    "none": [],
    "free": ["linear", "output_deconv", "block1_conv"]
    + ["head1_hidden", "head2_hidden", "head1_dense", "head2_dense"],
    "ends": ["linear", "output_deconv", "block1_conv", "head1_dense"] + ["head2_dense"],
    "dense": ["linear", "stem_dense", "head1_hidden", "head2_hidden", "head1_dense"]
    + ["head2_dense"],
}


@pytest.mark.parametrize("kind", BIASED)
def test_biases_of_networks_with_norms(kind):
    knobs = {"g_bias": kind, "d_bias": kind, "linear_layer": True, "heads": 2}
    assert sorted(biased(**knobs)) == sorted(BIASED[kind])


@pytest.mark.parametrize(
    "knobs, names",
    [
        (
            {"g_bias": "free", "d_bias": "free", "g_norm": "none", "d_norm": "none"},
            ["stem_dense", "block1_conv", "output_deconv"]
            + ["block1_conv", "block2_conv", "head_dense"],
        ),
        ({"g_bias": "free", "g_norm_first": False}, ["stem_dense", "output_deconv"]),
        ({"d_bias": "free", "d_norm_first": True}, ["head_dense"]),
        (
            {"g_bias": "ends", "d_bias": "ends", "stem": "deconv", "head": "conv"},
            ["stem_deconv", "output_deconv", "block1_conv", "head_conv"],
        ),
        ({"g_bias": "dense", "stem": "deconv", "head": "conv"}, []),
        ({"d_bias": "dense", "head": "dense"}, ["head_dense"]),
        (
            {"g_bias": "free", "upsample": False, "g_norm": "none"},
            ["stem_dense", "block1_deconv", "output_deconv"],
        ),
    ],
)
def test_biases_of_other_networks(knobs, names):
    assert biased(**knobs) == names


# float32 where the precision decides: the ends, and sums over the batch.
EXACT = ["latents", "pictures", "output_tanh", "logits", "minibatch_std", "features"]
EXACT += ["output_deconv", "head1_dense", "head2_dense"]


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_precision_is_what_inner_layers_compute_in(precision):
    knobs = {"spectral_norm": True, "self_attention": True, "linear_layer": True}
    knobs |= {"minibatch_std": True, "minibatch_discrimination": True, "heads": 2}
    models = networks(precision=precision, dropout=0.1, g_dropout=0.1, **knobs)
    inputs = draws(2, 6), draws(2, 16, 16, 3)
    for model, batch in zip(models, inputs):
        for layer in model.layers:
            expected = "float32" if layer.name in EXACT else precision
            assert layer.compute_dtype == expected, layer.name
        assert {weight.dtype for weight in model.weights} == {"float32"}
        outputs = model(batch)
        assert outputs.dtype == "float32"
        assert np.isfinite(outputs).all()


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    "knobs",
    [{}, {"head": "conv", "stem": "deconv"}, {"discriminators": 2}],
    ids=str,
)
def test_outputs_are_float32_and_close_to_those_of_float32(precision, knobs):
    exact = networks(**knobs, init="kaiming")
    rounded = networks(**knobs, init="kaiming", precision=precision)
    for a, b, batch in zip(exact, rounded, (draws(2, 6), draws(2, 16, 16, 3))):
        b.set_weights(a.get_weights())
        outputs = b(batch)
        assert outputs.dtype == "float32"
        np.testing.assert_allclose(outputs, a(batch), atol=0.03)


def test_linear_layer_mixes_the_latent_before_the_stem():
    generator, _ = networks(linear_layer=True, g_bias="free")
    plain, _ = networks(g_bias="free")
    linear = generator.get_layer("linear")
    linear.bias.assign(draws(6))
    kernel, bias = linear.kernel.numpy(), linear.bias.numpy()
    assert kernel.shape == (6, 6)
    # All but the first two weights are the plain generator's.
    plain.set_weights(generator.get_weights()[2:])
    latents = draws(3, 6)
    expected = plain(latents @ kernel + bias)
    np.testing.assert_allclose(generator(latents), expected, atol=1e-5)


@pytest.mark.parametrize("discriminators, heads", [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_several_discriminators_and_heads(discriminators, heads):
    knobs = {"discriminators": discriminators, "heads": heads, "init": "glorot"}
    _, discriminator = networks(**knobs)
    pictures = draws(4, 16, 16, 3)
    logits = discriminator(pictures).numpy()
    assert logits.shape == (4, discriminators * heads)
    # Neither two columns alike nor one a multiple of another.
    assert np.linalg.matrix_rank(logits, tol=1e-6) == min(4, discriminators * heads)
    names = [layer.name for layer in feature_layers(discriminator)]
    assert names == ["features", "d2_features"][:discriminators]
    # The heads of each discriminator read its features layer and nothing else.
    features = [layer.output for layer in feature_layers(discriminator)]
    trunk = keras.Model(discriminator.input, features)
    rest = keras.Model(features, discriminator.outputs)
    np.testing.assert_allclose(rest(trunk(pictures)), logits, atol=1e-6)
    # Logits stand discriminator by discriminator.
    if discriminators == 2:
        first, second = trunk(pictures)
        alone = rest([first, second * 0]).numpy()
        np.testing.assert_allclose(alone[:, :heads], logits[:, :heads], atol=1e-6)
        np.testing.assert_allclose(alone[:, heads:], 0, atol=1e-6)


def test_further_discriminators_leave_the_first_one_as_it_is():
    _, one = networks()
    _, two = networks(discriminators=2)
    for layer in one.layers:
        for a, b in zip(layer.get_weights(), two.get_layer(layer.name).get_weights()):
            np.testing.assert_array_equal(a, b)


def test_a_model_without_features_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="no layer named 'features'"):
        feature_layers(model)


@pytest.mark.parametrize("first", [True, False])
def test_norms_of_the_first_layers(first):
    generator, discriminator = networks(g_norm_first=first, d_norm_first=first)
    norms = [
        [x.name for x in of_kind(model, keras.layers.BatchNormalization)]
        for model in (generator, discriminator)
    ]
    assert norms[0] == (["stem_norm"] if first else []) + ["block1_norm"]
    assert norms[1] == (["block1_norm"] if first else []) + ["block2_norm"]


@pytest.mark.parametrize("penalty", ["gp", "r1", "r2", "ct"])
def test_batch_norm_can_be_differentiated_twice_where_a_penalty_does(penalty):
    generator, discriminator = networks(**{penalty: 1.0}, dropout=0.1)
    (norm,) = of_kind(discriminator, keras.layers.BatchNormalization)
    twice = penalty != "ct"
    assert isinstance(norm, TwiceBatchNormalization) == twice
    assert not of_kind(generator, TwiceBatchNormalization)
    assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)


CLASSES = {
    "batch": "BatchNormalization",
    "instance": "SampleNormalization",
    "layer": "SampleNormalization",
    "local_response": "LocalResponseNormalization",
    "pixel": "PixelNormalization",
    "none": None,
}


@pytest.mark.parametrize("norm", CLASSES)
def test_every_norm_builds_and_survives_a_keras_file(norm, tmp_path):
    knobs = {"g_norm": norm, "d_norm": norm, "d_norm_first": True, "bn_epsilon": 0.01}
    for model, shape in zip(networks(**knobs), ((6,), (16, 16, 3))):
        found = [x for x in model.layers if type(x).__name__ == CLASSES[norm]]
        assert len(found) == (0 if norm == "none" else 2)
        for layer in found:
            assert norm in ("local_response", "pixel") or layer.epsilon == 0.01
            if type(layer).__name__ == "SampleNormalization":
                assert layer.per_channel == (norm == "instance")
        for weight in model.weights:
            weight.assign(RNG.uniform(0.1, 0.5, weight.shape))
        inputs = draws(3, *shape)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
        np.testing.assert_array_equal(loaded(inputs), model(inputs))

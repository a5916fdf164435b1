"""The faster networks against the plain ones: outputs, gradients and trainings."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dcgan
from dcgan.config import Config
from dcgan.training import gan as gan_module
from dcgan.training import judge as judge_module
from dcgan.training.fused import (
    FusedBatchNormalization,
    UpsampledConv2D,
    accelerate,
)
from dcgan.training.gan import GAN

RNG = np.random.default_rng(0)
SMALL = {
    "size": 16,
    "g_features": 4,
    "d_features": 4,
    "latent_dim": 8,
    "batch_size": 4,
    "g_lr": 1e-2,
    "d_lr": 1e-2,
    "epsilon": 1e-3,  # else Adam's first steps blow up the rounding of tiny gradients
}
BATCHES = RNG.uniform(-1, 1, (3, 4, 16, 16, 3)).astype(np.float32)
LATENTS = RNG.normal(size=(4, 8)).astype(np.float32)


def of_kind(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def three_steps(config, fast, monkeypatch):
    """Returns the weights of both networks before and after, by name."""
    if not fast:
        for module in (gan_module, judge_module):
            monkeypatch.setattr(module, "accelerate", lambda network: network)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    gan = GAN(*networks, config)
    assert fast or gan.paint.func is gan.generator
    if config.fade_in:
        gan.fade = (0, 4)
    gan.compile(total_steps=3)
    before = [network.get_weights() for network in networks]
    for batch in BATCHES:
        gan.train_step(tf.constant(batch))
    monkeypatch.undo()
    after = [network.get_weights() for network in networks]
    return dict(zip(("generator", "discriminator"), zip(before, after)))


def furthest(some, others):
    return max(np.abs(a - b).max() for a, b in zip(some, others))


GROWING = {"progressive": [8, 16], "grow": "image", "fade_in": 0.5, "block_convs": 2}


@pytest.mark.filterwarnings("ignore:.*mixes those of a batch")
@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"upsample": False},
        {"d_norm": "none", "loss": "rgan", "r1": 1.0, "r2": 1.0},
        {"gp": 10.0, "loss": "wgan"},
        {"spectral_norm": True, "loss": "hinge"},
        {"self_attention": True},
        {"minibatch_std": True},
        {"minibatch_discrimination": True, "minibatch_kernels": 3},
        GROWING,
        GROWING | {"equalized_lr": True, "g_norm": "pixel", "g_bias": "all"},
        {"feature_matching": 1.0, "update": "simultaneous"},
        {"dropout": 0.3, "g_dropout": 0.3, "ct": 2.0},
        {"dynamic_frequency": True, "block_convs": 2, "g_bias": "all"},
        {"discriminators": 2, "heads": 2, "weight_decay": 0.1, "clip_norm": 1.0},
    ],
    ids=str,
)
def test_three_steps_lead_to_the_same_weights(knobs, monkeypatch):
    config = Config(**SMALL | knobs)
    plain = three_steps(config, False, monkeypatch)
    fast = three_steps(config, True, monkeypatch)
    for name in plain:
        before, after = plain[name]
        moved, apart = furthest(before, after), furthest(after, fast[name][1])
        assert apart < 1e-5, (name, apart, moved)
        assert moved > 1000 * max(apart, 1e-6), (name, apart, moved)


def test_the_narrow_networks_use_both_and_share_every_variable():
    generator = dcgan.build_generator(Config(**SMALL))
    fast = accelerate(generator)
    norms = of_kind(generator, keras.layers.BatchNormalization)
    assert len(of_kind(fast, FusedBatchNormalization)) == len(norms) > 1
    doublings = of_kind(generator, keras.layers.UpSampling2D)
    assert len(of_kind(fast, UpsampledConv2D)) == len(doublings) > 0
    assert not of_kind(fast, (keras.layers.UpSampling2D, keras.layers.Conv2D))
    assert {id(v) for v in fast.variables} == {id(v) for v in generator.variables}
    fast(LATENTS, training=True)
    for training in (True, False):
        expected = generator(LATENTS, training=training)
        np.testing.assert_allclose(
            fast(LATENTS, training=training), expected, atol=1e-6
        )


def test_the_plain_generator_can_still_be_saved_and_cloned(tmp_path):
    gan = GAN(*networks_of(Config(**SMALL)), Config(**SMALL))
    gan.generator.save(tmp_path / "g.keras")
    again = keras.models.load_model(tmp_path / "g.keras")
    clone = keras.models.clone_model(gan.generator)
    clone.set_weights(gan.generator.get_weights())
    for network in (again, clone):
        assert [x.name for x in network.layers] == [
            x.name for x in gan.generator.layers
        ]
        np.testing.assert_array_equal(network(LATENTS), gan.generator(LATENTS))


def networks_of(config):
    return dcgan.build_generator(config), dcgan.build_discriminator(config)


def test_second_derivatives_never_go_through_the_fused_discriminator():
    plain = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    for knobs in ({"gp": 1.0}, {"r1": 1.0}, {"r2": 1.0}):
        config = Config(**SMALL, **knobs)
        with pytest.warns(UserWarning, match="mixes those of a batch"):
            gan = GAN(dcgan.build_generator(config), plain, config)
        assert gan.of_pixels.network is plain
    assert len(of_kind(gan.judge.network, FusedBatchNormalization)) == 1
    assert of_kind(gan.paint.func, FusedBatchNormalization)


def test_half_precision_trains_on_the_plain_networks():
    for precision in ("bfloat16", "float16"):
        for network in networks_of(Config(**SMALL, precision=precision)):
            assert accelerate(network) is network


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()

    def call(self, inputs, training=None):
        return self.norm(inputs, training=training)


def small_model(*layers):
    return keras.Sequential([keras.Input((5, 5, 2)), *layers])


def test_models_that_it_does_not_know_come_back_as_they_are():
    subclassed = Subclassed()
    subclassed(np.zeros((1, 5, 5, 2)))
    compiled = small_model(keras.layers.BatchNormalization())
    compiled.compile("sgd", "mse")
    inputs, norm = keras.Input((5, 5, 2)), keras.layers.BatchNormalization()
    twice = keras.Model(inputs, norm(norm(inputs)))
    unbuilt = keras.Sequential([keras.layers.BatchNormalization()])
    nothing = small_model(keras.layers.Conv2D(2, 3))
    for network in (subclassed, compiled, twice, unbuilt, nothing):
        assert accelerate(network) is network


class WithoutShape(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

    def compute_output_spec(self, *args, **kwargs):
        raise NotImplementedError


def test_a_sequential_model_without_a_graph_comes_back_as_it_is():
    network = small_model(WithoutShape(), keras.layers.BatchNormalization())
    network(np.zeros((1, 5, 5, 2)))
    assert network.built and accelerate(network) is network


def test_the_global_precision_does_not_reach_float32_layers():
    network = small_model(
        keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 3, padding="same")
    )
    keras.config.set_dtype_policy("mixed_float16")
    try:
        fast = accelerate(network)
    finally:
        keras.config.set_dtype_policy("float32")
    assert of_kind(fast, UpsampledConv2D)
    images = RNG.normal(size=(2, 5, 5, 2)).astype(np.float32)
    np.testing.assert_allclose(fast(images), network(images), atol=1e-6)


def test_a_layer_that_is_also_in_another_model_is_not_used_twice():
    norm = keras.layers.BatchNormalization()
    small_model(norm)
    assert of_kind(accelerate(small_model(norm)), FusedBatchNormalization)


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.UpSampling2D(interpolation="bilinear"), "conv"],
        [keras.layers.UpSampling2D(3), "conv"],
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 5, padding="same")],
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 3)],
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(2, 3, 2, "same")],
        [
            keras.layers.UpSampling2D(),
            keras.layers.Conv2D(2, 3, padding="same", dilation_rate=2),
        ],
        [
            keras.layers.UpSampling2D(),
            keras.layers.Conv2D(2, 3, padding="same", groups=2),
        ],
        [keras.layers.BatchNormalization(axis=1)],
        [keras.layers.BatchNormalization(dtype="float64")],
        [keras.layers.Flatten(), keras.layers.BatchNormalization()],
    ],
)
def test_other_layers_of_these_kinds_are_left_alone(layers):
    conv = keras.layers.Conv2D(2, 3, padding="same")
    network = small_model(*[conv if layer == "conv" else layer for layer in layers])
    assert accelerate(network) is network


def test_an_upsampled_map_that_is_read_elsewhere_stays():
    inputs = keras.Input((5, 5, 2))
    large = keras.layers.UpSampling2D()(inputs)
    conv = keras.layers.Conv2D(2, 3, padding="same")(large)
    for outputs in (keras.layers.Add()([large, conv]), [large, conv]):
        network = keras.Model(inputs, outputs)
        assert accelerate(network) is network


@pytest.mark.parametrize("shape", [(2, 5, 3, 4), (1, 1, 1, 2), (3, 1, 6, 1)])
@pytest.mark.parametrize("bias, activation", [(False, None), (True, "relu")])
def test_one_transposed_convolution_does_what_two_layers_do(shape, bias, activation):
    conv = keras.layers.Conv2D(
        3,
        3,
        padding="same",
        use_bias=bias,
        activation=activation,
        bias_initializer=keras.initializers.RandomNormal(seed=1),
        kernel_initializer=keras.initializers.RandomNormal(0, 0.3, seed=2),
    )
    plain = keras.Sequential(
        [keras.Input(shape[1:]), keras.layers.UpSampling2D(), conv]
    )
    fast = accelerate(plain)
    assert of_kind(fast, UpsampledConv2D)
    assert fast.output_shape == plain.output_shape
    images = tf.constant(RNG.normal(size=shape), tf.float32)
    factors = RNG.normal(size=(shape[0], 2 * shape[1], 2 * shape[2], 3))

    def values(network):
        sources = [images, *[w.value for w in network.trainable_variables]]
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = network(images)
            total = tf.reduce_sum(outputs * factors.astype(np.float32))
        return [outputs, *tape.gradient(total, sources)]

    for actual, expected in zip(values(fast), values(plain), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}])
def test_batch_norm_in_one_operation_is_batch_norm(options):
    """Outputs, gradients, and moving averages, which are of the biased variance."""
    norms = [keras.layers.BatchNormalization(momentum=0.7, **options) for _ in "ab"]
    plain, other = (small_model(norm) for norm in norms)
    for weight in plain.weights:
        weight.assign(RNG.uniform(0.5, 2, weight.shape))
    other.set_weights(plain.get_weights())
    before = plain.get_weights()
    fast = accelerate(other)
    images = tf.constant(RNG.normal(1, 2, size=(3, 5, 5, 2)), tf.float32)

    def values(network):
        sources = [images, *[w.value for w in network.trainable_variables]]
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = network(images, training=True)
            total = tf.reduce_sum(outputs**3)
        return [outputs, *tape.gradient(total, sources)]

    for actual, expected in zip(values(fast), values(plain), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
    for actual, expected in zip(other.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(actual, expected, rtol=1e-6)
    variance = images.numpy().var(axis=(0, 1, 2))
    expected = 0.7 * before[-1] + 0.3 * variance
    np.testing.assert_allclose(other.get_weights()[-1], expected, rtol=1e-5)
    np.testing.assert_allclose(fast(images), plain(images), atol=1e-5)
    norms[1].trainable = False  # then Keras uses the moving averages in training too
    kept = other.get_weights()
    np.testing.assert_allclose(fast(images, training=True), plain(images), atol=1e-5)
    np.testing.assert_array_equal(other.get_weights()[-1], kept[-1])


@pytest.mark.filterwarnings("error")
def test_a_mask_is_handed_on_without_a_warning():
    pictures = keras.Input((4, 4, 2))
    masked = keras.layers.Masking()(pictures)
    plain = keras.Model(pictures, keras.layers.BatchNormalization()(masked))
    fast = accelerate(plain)
    assert of_kind(fast, FusedBatchNormalization)
    images = RNG.normal(size=(3, 4, 4, 2)).astype(np.float32)
    images[:, :2] = 0  # these pixels do not count
    outputs = [network(images, training=True) for network in (fast, plain)]
    np.testing.assert_allclose(*outputs, atol=1e-6)


def test_xla_agrees():
    fast = accelerate(dcgan.build_generator(Config(**SMALL)))
    results = [
        tf.function(lambda z: fast(z, training=True), jit_compile=jit)(LATENTS)
        for jit in (False, True)
    ]
    np.testing.assert_allclose(*results, atol=1e-5)


@pytest.mark.parametrize("jit, kept", [(None, False), (True, True), (False, False)])
def test_the_knob_decides_on_xla(jit, kept):
    config = Config(**SMALL, jit_compile=jit)
    gan = GAN(*networks_of(config), config)
    gan.compile()
    on_a_gpu = bool(tf.config.list_physical_devices("GPU"))
    assert gan.jit_compile == (on_a_gpu if jit is None else kept)
    gan.compile(jit_compile=False)  # the call wins
    assert gan.jit_compile is False

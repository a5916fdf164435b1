"""Growing: what a stage takes over from the one before, and how it trains."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

import dcgan
from dcgan.config import Config, load_config
from dcgan.data.shrink import shrink
from dcgan.models.fade import FadeIn
from dcgan.pixels import to_float
from dcgan.training import fitting
from dcgan.training.fitting import fit_stage
from dcgan.training.optimizers import LearningRates
from dcgan.training.progressive import grow
from dcgan.training.updates import UPDATES, Judged

TINY = {"g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}
TINY |= {"size": 16, "progressive": [8, 16], "epochs": 2, "seed": 3, "aug_prob": 0.0}
TINY |= {"init": "glorot", "g_lr": 0.01, "d_lr": 0.01}  # so that one step is seen
FADING = TINY | {"fade_in": 0.5}
LATENT = TINY | {"grow": "latent"}


def noise(count, side):
    shape = (count, side, side, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def values(network):
    return {v.path: v.numpy().copy() for v in network.variables}


def by_layer(network):
    return {x.name: x.get_weights() for x in network.layers if x.weights}


def train_eagerly(gan, stage, images, **kwargs):
    """Without a graph, whose tracing takes longer than a few steps."""
    gan.run_eagerly = True
    return fit_stage(gan, stage, images, **kwargs)


def two_stages(config):
    """Returns the first stage's GAN after a step, and the second's right after growing.

    Nothing of the first changes any more.
    """
    images = noise(4, config.size)
    stages = grow(config, 1)
    stage, before = next(stages)
    train_eagerly(before, stage, images)
    assert int(before.step) == 1
    stage, after = next(stages)
    return SimpleNamespace(before=before, after=after, stage=stage)


def means_of_squares(pictures):
    n, h, w, c = pictures.shape
    return pictures.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


# ------------------------------------------------- growth at the picture's end


@pytest.fixture(
    scope="module",
    params=[
        {"discriminators": 2, "upsample": False, "d_norm_first": True},
        {"d_norm": "instance", "block_convs": 2, "g_norm": "pixel"},
        {"spectral_norm": True, "d_norm": "none", "progressive": [16, 32], "size": 32},
        {"equalized_lr": True, "init": "normal", "minibatch_std": True, "dropout": 0.3},
    ],
    ids=["two-deconv", "instance-convs", "spectral", "equalized"],
)
def faded(request):
    return two_stages(Config(**FADING | request.param))


@pytest.mark.parametrize("name", ["generator", "ema_generator"])
def test_a_grown_generator_shows_the_enlarged_pictures_of_before(faded, name):
    latents = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    small, large = (
        getattr(gan, name)(latents, training=False).numpy()
        for gan in (faded.before, faded.after)
    )
    assert large.shape[1] == 2 * small.shape[1] and small.std() > 1e-3
    enlarged = small.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(large, enlarged, atol=1e-6)


def test_a_grown_discriminator_judges_the_shrunk_pictures_as_before(faded):
    side = faded.stage.size
    rng = np.random.default_rng(1)
    pictures = rng.uniform(-1, 1, (4, side, side, 3)).astype(np.float32)
    before = faded.before.discriminator(means_of_squares(pictures), training=False)
    after = faded.after.discriminator(pictures, training=False)
    np.testing.assert_allclose(after, before, atol=1e-6, rtol=1e-5)
    assert np.ptp(after) > 1e-6  # not the same of any picture


def test_the_average_of_before_is_taken_over_apart_from_the_generator():
    stages = grow(Config(**FADING), 2)
    _, before = next(stages)
    for weight in before.ema_generator.weights:
        weight.assign_add(np.float32(np.ones(weight.shape)))
    _, after = next(stages)
    old, new = (by_layer(gan.ema_generator) for gan in (before, after))
    assert set(old) <= set(new)
    for name, weights in old.items():
        generator_s = after.generator.get_layer(name).get_weights()
        for a, b, c in zip(new[name], weights, generator_s, strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_allclose(a, c + 1, atol=1e-6)


@pytest.fixture(scope="module")
def hard():
    """Growth at the picture's end without fading."""
    return two_stages(Config(**TINY))


def test_without_fading_the_newest_layers_replace_the_old_output(hard):
    for network in (hard.after.generator, hard.after.discriminator):
        names = {layer.name for layer in network.layers}
        assert not any(isinstance(layer, FadeIn) for layer in network.layers)
        assert not names & {"rgb8", "from8_conv", "from8_activation"}
    assert hard.after.generator.output_shape == (None, 16, 16, 3)
    assert hard.after.discriminator.input_shape == (None, 16, 16, 3)
    assert hard.after.fade == (0, 0)


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_without_fading_all_blocks_of_before_are_taken_over(hard, network):
    old, new = (by_layer(getattr(g, network)) for g in (hard.before, hard.after))
    gone = {"generator": {"rgb8"}, "discriminator": {"from8_conv"}}[network]
    fresh = {
        "generator": {"block2_conv", "block2_norm", "rgb16"},
        "discriminator": {"from16_conv", "block1_conv", "block1_norm"},
    }[network]
    assert set(old) - set(new) == gone
    assert set(new) - set(old) == fresh
    assert hard.after.carried[network] == [name for name in new if name not in fresh]
    for name in set(old) - gone:
        for a, b in zip(new[name], old[name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_without_fading_the_maps_below_the_newest_block_are_those_of_before(hard):
    latents = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    maps = []
    for gan in (hard.before, hard.after):
        inner = gan.generator.get_layer("block1_activation").output
        maps.append(keras.Model(gan.generator.input, inner)(latents, training=False))
    np.testing.assert_array_equal(*maps)


def test_new_layers_start_as_they_would_without_a_stage_before(hard):
    config = hard.after.config
    for build, network in (
        (dcgan.build_generator, hard.after.generator),
        (dcgan.build_discriminator, hard.after.discriminator),
    ):
        fresh, grown = by_layer(build(config, 16)), by_layer(network)
        new = set(grown) - set(hard.after.carried[network.name])
        assert new
        for name in new:
            for a, b in zip(grown[name], fresh[name], strict=True):
                np.testing.assert_array_equal(a, b)


# -------------------------------------------------------------- fading in


def alphas(gan):
    networks = gan.generator, gan.discriminator, gan.ema_generator
    return [
        float(layer.alpha)
        for network in networks
        for layer in network.layers
        if isinstance(layer, FadeIn)
    ]


class Watch(keras.callbacks.Callback):
    """Keeps the shares after each step, and the learning rates of each epoch."""

    def __init__(self):
        super().__init__()
        self.alphas, self.rates = [], []

    def on_epoch_begin(self, epoch, logs=None):
        rates = [float(o.learning_rate) for o in self.model.optimizers]
        self.rates.append((epoch, *rates))

    def on_train_batch_end(self, batch, logs=None):
        self.alphas.append(alphas(self.model))


@pytest.mark.parametrize("fade_in, ramp", [(0.5, 4), (0.3, 3), (1.0, 8), (0.01, 1)])
def test_alpha_rises_over_its_share_of_the_stage(fade_in, ramp):
    """Eight steps: four epochs of two batches."""
    config = Config(**FADING | {"fade_in": fade_in, "epochs": 8})
    stages = grow(config, 2)
    _, first = next(stages)
    assert alphas(first) == []
    first.step.assign(8)  # as after the first stage's four epochs
    stage, gan = next(stages)
    assert alphas(gan) == [0, 0, 0]
    seen = []
    for _ in range(8):
        gan.fade_in(tf.zeros((1, 16, 16, 3)))
        gan.step.assign_add(1)
        seen.append(alphas(gan))
    expected = [min(1, k / ramp) for k in range(1, 9)]
    np.testing.assert_allclose(seen, np.tile(np.array(expected)[:, None], 3), rtol=1e-6)
    assert seen[ramp - 1] == [1, 1, 1]


@pytest.fixture(scope="module")
def ramp():
    """Five steps of a stage that fades in, in a graph as users train."""
    config = Config(**FADING | {"epochs": 10})
    stages, watch = grow(config, 1), Watch()
    _, first = next(stages)
    first.step.assign(5)
    stage, gan = next(stages)
    start = {n.name: values(n) for n in (gan.generator, gan.discriminator)}
    fit_stage(gan, stage, noise(4, 16), [watch])
    end = {n.name: values(n) for n in (gan.generator, gan.discriminator)}
    return SimpleNamespace(gan=gan, watch=watch, start=start, end=end)


def test_alpha_is_the_same_in_all_networks_while_they_train(ramp):
    expected = np.repeat(np.array([[1 / 3, 2 / 3, 1, 1, 1]]).T, 3, axis=1)
    np.testing.assert_allclose(ramp.watch.alphas, expected, rtol=1e-6)
    assert all(len(set(row)) == 1 for row in ramp.watch.alphas)


def test_while_a_block_fades_in_all_weights_go_on_training(ramp):
    for name, start in ramp.start.items():
        still = [k for k, v in ramp.end[name].items() if np.array_equal(v, start[k])]
        assert still == []
        assert ramp.gan.carried[name]


def test_real_pictures_fade_in_as_the_networks_do(monkeypatch):
    seen = []

    def spy(gan, real):
        seen.append((real.numpy(), set(alphas(gan))))
        return tf.constant(0.0), Judged(*[tf.constant(0.0)] * 5)

    monkeypatch.setitem(UPDATES, "alternating", spy)
    config = Config(**FADING | {"epochs": 8})  # alpha 1/4 in the first of eight steps
    stages = grow(config, 2)
    next(stages)[1].step.assign(8)
    _, gan = next(stages)
    batch = to_float(noise(4, 16))
    for _ in range(5):
        gan.train_step(tf.constant(batch))
    half = means_of_squares(batch).repeat(2, axis=1).repeat(2, axis=2)
    for (real, shown), alpha in zip(seen, [0.25, 0.5, 0.75, 1, 1], strict=True):
        assert shown == {alpha}
        np.testing.assert_allclose(real, (1 - alpha) * half + alpha * batch, atol=1e-6)


def test_real_pictures_stay_as_they_are_without_fading(hard):
    batch = tf.constant(to_float(noise(4, 16)))
    assert hard.after.fade_in(batch) is batch


# -------------------------------------------- growth at the latent's end, frozen


@pytest.fixture(scope="module")
def pokegan():
    """The recipe, narrow and short: a dict for each stage, and the config."""
    config = load_config(
        "pokegan-progressive",
        progressive=[8, 16, 32],
        size=32,
        g_features=2,
        d_features=2,
        batch_size=4,
        latent_dim=8,
        epochs=6,
        jitter=0.0,
        rotate=0.0,
    )
    images, looks = noise(4, 32), []
    for stage, gan in grow(config, 1):
        networks = {n.name: n for n in (gan.generator, gan.discriminator)}
        look = SimpleNamespace(stage=stage, gan=gan, networks=networks, watch=Watch())
        look.start = {name: by_layer(n) for name, n in networks.items()}
        look.slots = [optimizer_slots(o) for o in gan.optimizers]
        look.iterations = [int(o.iterations) for o in gan.optimizers]
        train_eagerly(gan, stage, images, callbacks=[look.watch])
        look.end = {name: by_layer(n) for name, n in networks.items()}
        looks.append(look)
    return SimpleNamespace(config=config, looks=looks)


def optimizer_slots(optimizer):
    """Values of all the optimizer's variables beside its count and its rate."""
    return [
        v.numpy().copy()
        for v in optimizer.variables
        if v.path.split("/")[-1] not in ("iteration", "learning_rate")
    ]


each_network = pytest.mark.parametrize("network", ["generator", "discriminator"])
later_stages = pytest.mark.parametrize("number", [1, 2])


@each_network
@later_stages
def test_every_block_of_the_stage_before_is_taken_over(pokegan, network, number):
    old, new = pokegan.looks[number - 1].end[network], pokegan.looks[number].start
    carried = [name for name in old if name in new[network]]
    assert sorted(pokegan.looks[number].gan.carried[network]) == sorted(carried)
    for name in carried:
        for a, b in zip(new[network][name], old[name], strict=True):
            np.testing.assert_array_equal(a, b)
    blocks = [name for name in old if name.startswith(("block", "output"))]
    assert blocks and set(blocks) <= set(carried)
    assert ("output_deconv" in carried) == (network == "generator")


@each_network
@later_stages
def test_stem_head_and_one_block_are_new(pokegan, network, number):
    look = pokegan.looks[number]
    new = [x for x in look.start[network] if x not in look.gan.carried[network]]
    side = look.stage.size
    # G's blocks count from the latent of the full size, D's from the picture.
    block = {"generator": 3 - number, "discriminator": number + 1}[network]
    block = f"block{block}"
    ends = {"generator": f"stem_{side}_", "discriminator": f"head_{side}_"}[network]
    assert any(name.startswith(ends) for name in new)
    assert any(name.startswith(block) for name in new)
    assert all(name.startswith((ends, f"{block}_")) for name in new)


@each_network
@later_stages
def test_frozen_weights_stay_bit_for_bit_and_new_ones_all_move(
    pokegan, network, number
):
    look = pokegan.looks[number]
    carried, model = look.gan.carried[network], look.networks[network]
    for name, start in look.start[network].items():
        weights = model.get_layer(name).weights
        for w, a, b in zip(weights, start, look.end[network][name], strict=True):
            if name in carried and "moving_" not in w.path:
                np.testing.assert_array_equal(b, a, err_msg=w.path)
            else:
                assert not np.array_equal(a, b), w.path


@pytest.mark.parametrize(
    "network, number", [("discriminator", 1), ("discriminator", 2), ("generator", 2)]
)
def test_frozen_batchnorm_goes_on_following_the_batches(pokegan, network, number):
    look = pokegan.looks[number]
    norms = [x for x in look.gan.carried[network] if x.endswith("_norm")]
    assert norms
    for name in norms:
        assert look.networks[network].get_layer(name).trainable_variables == []
        for k in (2, 3):  # moving mean and variance
            start, end = look.start[network][name][k], look.end[network][name][k]
            assert not np.array_equal(start, end)


@pytest.fixture(scope="module")
def frozen():
    """A frozen second stage without dropout, so that its passes can be repeated."""
    knobs = {"freeze": True, "progressive": [16, 32], "size": 32}
    return two_stages(Config(**LATENT | knobs))


@each_network
def test_frozen_batchnorm_takes_its_statistics_from_the_batch(frozen, network):
    gan = frozen.after
    model = getattr(gan, network)
    names = [x for x in gan.carried[network] if x.endswith("_norm")]
    norms = [model.get_layer(name) for name in names]
    old = [[w.numpy() for w in norm.weights] for norm in norms]
    shape = (8, *model.input_shape[1:])
    inputs = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    ends = [norm.input for norm in norms] + [norm.output for norm in norms]
    maps = keras.Model(model.input, ends)(inputs, training=True)
    before, after = maps[: len(norms)], maps[len(norms) :]
    assert norms
    for norm, x, y, (gamma, beta, *moving) in zip(norms, before, after, old):
        batch = [f(np.float64(x), axis=(0, 1, 2)) for f in (np.mean, np.var)]
        expected = (x - batch[0]) / np.sqrt(batch[1] + 1e-5) * gamma + beta
        np.testing.assert_allclose(y, expected, atol=1e-4)
        new = [norm.moving_mean, norm.moving_variance]
        for now, was, of_batch in zip(new, moving, batch):
            np.testing.assert_allclose(now, 0.9 * was + 0.1 * of_batch, atol=1e-5)
        assert not np.allclose(norm(x, training=False), y, atol=1e-3)


def test_only_new_layers_are_trainable(pokegan):
    for look in pokegan.looks:
        for network, model in look.networks.items():
            carried = look.gan.carried[network]
            trained = {x.name for x in model.layers if x.trainable_variables}
            with_kernel = {x.name for x in model.layers if hasattr(x, "kernel")}
            assert trained & set(carried) == set()
            assert with_kernel - set(carried) <= trained
            assert trained <= set(look.start[network]) - set(carried)


def test_each_stage_has_fresh_optimizers_for_what_trains(pokegan):
    for look in pokegan.looks:
        assert look.iterations == [0, 0]
        for slots, network in zip(look.slots, look.networks.values()):
            shapes = [tuple(v.shape) for v in network.trainable_variables]
            assert sorted(s.shape for s in slots) == sorted(shapes * 2)  # two moments
            assert not any(slot.any() for slot in slots)
        trained = [optimizer_slots(o) for o in look.gan.optimizers]
        assert all(slot.any() for slots in trained for slot in slots)


def test_each_epoch_has_the_learning_rate_of_its_phase(pokegan):
    rates = [row for look in pokegan.looks for row in look.watch.rates]
    assert [epoch for epoch, _, _ in rates] == list(range(6))
    for column in (1, 2):
        seen = [row[column] for row in rates]
        np.testing.assert_allclose(seen, [5e-4, 2e-4] * 3, rtol=1e-6)


def test_the_last_stage_has_the_shapes_of_the_direct_networks(pokegan):
    direct = load_config(
        "pokegan-progressive",
        progressive=None,
        freeze=False,
        grow="image",
        cycle=None,
        **{k: getattr(pokegan.config, k) for k in ("size", "g_features", "d_features")},
        latent_dim=8,
    )
    for build, network in (
        (dcgan.build_generator, pokegan.looks[-1].gan.generator),
        (dcgan.build_discriminator, pokegan.looks[-1].gan.discriminator),
    ):
        shapes = [weight.shape for weight in build(direct).weights]
        assert [weight.shape for weight in network.weights] == shapes
        kinds = [type(x) for x in build(direct).layers if x.weights]
        assert [type(x) for x in network.layers if x.weights] == kinds


# --------------------------------------------------- data, phases and counts


def test_without_freezing_nothing_is_frozen_at_the_latent_s_end_either():
    stages = grow(Config(**LATENT), 2)
    next(stages)
    _, gan = next(stages)
    assert gan.carried["generator"] and gan.carried["discriminator"]
    for network in (gan.generator, gan.discriminator):
        still = [w.path for w in network.weights if not w.trainable]
        assert all("moving_" in path for path in still)


class Data(Exception):
    """Ends a stage before its first step, with what `make_dataset` was asked for."""


def test_a_stage_trains_on_shrunk_pictures_from_where_the_data_stood(monkeypatch):
    def spy(images, batch_size, seed=0, **options):
        raise Data(images, batch_size, seed, options)

    monkeypatch.setattr(fitting, "make_dataset", spy)
    config = Config(**TINY | {"flip": False, "jitter": 0.1, "rotate": 5.0})
    images, options = noise(9, 16), {"flip": False, "jitter": 0.1, "rotate": 5.0}
    for (stage, gan), done in zip(grow(config, 2), (0, 7)):
        gan.step.assign(done)
        with pytest.raises(Data) as asked:
            fit_stage(gan, stage, images)
        seen, *others = asked.value.args
        np.testing.assert_array_equal(seen, shrink(images, stage.size))
        assert seen.shape[1] == stage.size
        assert others == [4, 3, options | {"start_step": done}]


def test_the_second_stage_s_data_goes_on_where_the_first_s_stopped(monkeypatch):
    starts, real = [], fitting.make_dataset

    def spy(*args, start_step=0, **kwargs):
        starts.append(start_step)
        return real(*args, start_step=start_step, **kwargs)

    monkeypatch.setattr(fitting, "make_dataset", spy)
    for stage, gan in grow(Config(**TINY), 2):
        train_eagerly(gan, stage, noise(9, 16))
    assert starts == [0, 2]  # two batches in the first stage's only epoch
    assert int(gan.step) == 4


def test_epochs_that_another_start_has_done_are_left_out():
    stage, gan = next(grow(Config(**TINY | {"epochs": 6}), 1))
    seen = Watch()
    gan.step.assign(2)
    train_eagerly(gan, stage, noise(4, 16), callbacks=[seen])
    assert [epoch for epoch, _, _ in seen.rates] == [2]
    assert fit_stage(gan, stage, noise(4, 16)) == {}
    assert int(gan.step) == 3


def test_stages_may_have_phases_of_their_own():
    first, second = {"lr": 1e-3, "epochs": 1}, {"lr": 3e-3, "epochs": 1}
    knobs = {"cycle": [[first, second], [{"lr": 5e-3, "epochs": 2}]], "epochs": 4}
    config, rates = Config(**TINY | knobs | {"g_lr": 1e-3, "d_lr": 1e-3}), []
    for stage, gan in grow(config, 1):
        callback = LearningRates([stage])
        callback.set_model(gan)
        for epoch in range(stage.first, stage.last):
            callback.on_epoch_begin(epoch)
            rates.append([float(o.learning_rate) for o in gan.optimizers])
    expected = [[1e-3] * 2, [3e-3] * 2, [5e-3] * 2, [5e-3] * 2]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_without_a_cycle_each_network_keeps_its_own_rate():
    stage, gan = list(grow(Config(**TINY | {"g_lr": 1e-3, "d_lr": 2e-3}), 1))[-1]
    callback = LearningRates([stage])
    callback.set_model(gan)
    callback.on_epoch_begin(1)
    rates = [float(o.learning_rate) for o in gan.optimizers]
    np.testing.assert_allclose(rates, [1e-3, 2e-3], rtol=1e-6)


def test_counts_and_the_probability_of_augmenting_go_on():
    knobs = {"ada_target": 0.6, "critic_steps": 2, "aug_prob": 0.5, "policy": "color"}
    stages, images = grow(Config(**TINY | knobs), 1), noise(4, 16)
    stage, before = next(stages)
    train_eagerly(before, stage, images)
    before.aug_p.assign(0.375)
    before.signs.assign(-0.25)
    stage, after = next(stages)
    assert int(after.step) == 1 and after.updates.numpy().tolist() == [1, 2]
    assert (float(after.aug_p), float(after.signs)) == (0.375, -0.25)
    train_eagerly(after, stage, images)
    assert int(after.step) == 2 and after.updates.numpy().tolist() == [2, 4]
    assert int(before.step) == 1  # nothing is shared


def test_the_losses_that_set_the_frequency_go_on():
    stages = grow(Config(**TINY | {"dynamic_frequency": True}), 2)
    _, before = next(stages)
    before.last_losses.assign([[0.25, 3.0], [0.5, 2.0]])
    _, after = next(stages)
    np.testing.assert_array_equal(after.last_losses, [[0.25, 3.0], [0.5, 2.0]])


def test_a_training_may_begin_at_a_later_stage():
    config = Config(**TINY | {"size": 32, "progressive": [8, 16, 32], "epochs": 3})
    grown = list(grow(config, 2, first=2))
    assert [stage.size for stage, _ in grown] == [32]
    _, gan = grown[0]
    assert gan.generator.output_shape == (None, 32, 32, 3)
    assert "block1_conv" in gan.carried["generator"]
    assert [stage.size for stage in gan.plan] == [8, 16, 32]


def test_a_plain_training_is_one_stage_that_took_nothing_over():
    config = Config(**TINY | {"progressive": None})
    ((stage, gan),) = grow(config, 2)
    assert (stage.size, stage.first, stage.last) == (16, 0, 2)
    assert gan.carried == {"generator": (), "discriminator": ()}
    fresh = dcgan.build_generator(config).get_weights()
    for a, b in zip(gan.generator.get_weights(), fresh, strict=True):
        np.testing.assert_array_equal(a, b)

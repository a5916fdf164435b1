"""Growing at the latent's end, as PokeGAN does: what is frozen and what is new."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from growing import LATENT, Watch, by_layer, noise, train_eagerly, two_stages

import dcgan
from dcgan.config import Config, load_config
from dcgan.training.progressive import grow


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

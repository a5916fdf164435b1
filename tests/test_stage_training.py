"""A stage's data, phases and counts."""

import numpy as np
import pytest
from growing import LATENT, TINY, Watch, noise, train_eagerly

import dcgan
from dcgan.config import Config
from dcgan.data.shrink import shrink
from dcgan.training import fitting
from dcgan.training.fitting import fit_stage
from dcgan.training.optimizers import LearningRates
from dcgan.training.progressive import grow


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

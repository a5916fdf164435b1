"""Looks at the gradients while training: they change nothing, and are kept."""

import numpy as np
import pytest
import tensorflow as tf
from flowing import GROWING, RANDOM, TINY, make_gan, noise, second_stage
from PIL import Image

import dcgan
from dcgan.config import Config
from dcgan.models.fade import FadeIn
from dcgan.pixels import to_float
from dcgan.training.fitting import fit_stage
from dcgan.training.gradients import GradientFlow, gradient_flow
from dcgan.training.progressive import grow


@pytest.fixture
def batch():
    return tf.constant(to_float(noise()))


# ------------------------------------------------------ a look changes nothing


def everything(gan):
    networks = gan.generator, gan.discriminator, gan.ema_generator
    owners = (*networks, *gan.optimizers, *gan.metrics)
    variables = [v for owner in owners for v in owner.variables]
    return [v.numpy().copy() for v in [*variables, *gan.state.values()]]


def assert_same_bits(first, second):
    assert len(first) == len(second) > 0
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "make, knobs",
    [
        (make_gan, RANDOM | {"ada_target": 0.6, "aug_prob": 0.5, "policy": "color"}),
        (make_gan, {"spectral_norm": True, "dynamic_frequency": True}),
        (second_stage, RANDOM | {"fade_in": 0.5}),
    ],
)
def test_a_look_leaves_every_variable_as_it_was(make, knobs, batch):
    gan = make(**knobs)
    gan.train_step(batch)
    before = everything(gan)
    gradient_flow(gan, batch)
    assert_same_bits(everything(gan), before)
    gan.train_step(batch)  # the check is not blind: this changes most of them
    changed = [not np.array_equal(a, b) for a, b in zip(everything(gan), before)]
    assert np.mean(changed) > 0.5


def test_a_look_that_fails_leaves_everything_as_it_was_too(batch, monkeypatch):
    gan = make_gan(**RANDOM)
    before = everything(gan)
    monkeypatch.setattr(gan, "discriminator_loss", lambda *views: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gradient_flow(gan, batch)
    assert_same_bits(everything(gan), before)


def test_a_look_in_a_fading_stage_is_at_the_share_of_the_next_step(batch, monkeypatch):
    gan, seen = second_stage(fade_in=1.0), []
    fakes = gan.fakes

    def spy(real, purpose):
        seen.extend(float(x.alpha) for x in gan.generator.layers if type(x) is FadeIn)
        return fakes(real, purpose)

    monkeypatch.setattr(gan, "fakes", spy)
    gan.step.assign(2)  # the first of the second stage's two
    gradient_flow(gan, batch)
    assert seen == [0.5]


def test_training_with_looks_gives_the_same_weights_to_the_bit():
    knobs = TINY | GROWING | RANDOM | {"fade_in": 1.0, "epochs": 4}
    images, results = noise(4), []
    for callbacks in ([], [GradientFlow(images, every=1)]):
        *_, (stage, gan) = grow(Config(**knobs), 1)
        gan.step.assign(stage.first)
        gan.run_eagerly = True
        fit_stage(gan, stage, images, callbacks)
        results.append(everything(gan))
    assert int(gan.step) == 4 and list(callbacks[0].history) == [3, 4]
    assert_same_bits(*results)


# ----------------------------------------------------------------- the callback


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Seven epochs of a step, looked at after every third."""
    path = tmp_path_factory.mktemp("flow") / "gradients.png"
    gan, images = make_gan(), noise(6)
    callback = GradientFlow(images, path, every=3)
    gan.run_eagerly = True  # tracing a graph takes longer than seven steps
    gan.fit(dcgan.make_dataset(images, 4), epochs=7, verbose=0, callbacks=[callback])
    return gan, callback, path


def test_the_history_has_the_first_every_third_and_the_last_epoch(watched):
    _, callback, _ = watched
    assert list(callback.history) == [1, 3, 6, 7]
    assert callback.latest[0] == 7
    assert callback.history[1] != callback.history[7]


def test_the_last_look_is_that_of_the_trained_gan_on_the_first_pictures(watched):
    gan, callback, _ = watched
    now = gradient_flow(gan, tf.constant(to_float(noise(6)[:4])))
    for network, layers in callback.history[7].items():
        assert list(layers) == list(now[network])
        for name, (mean, largest, _) in layers.items():
            # The callback's look is compiled.
            assert mean == pytest.approx(now[network][name].mean, rel=1e-2)
            assert largest == pytest.approx(now[network][name].max, rel=1e-2)


def test_the_latest_gradients_are_those_behind_the_history(watched):
    _, callback, _ = watched
    for network, layers in callback.latest[1].items():
        for name, gradient in layers.items():
            mean, largest, _ = callback.history[7][network][name]
            assert mean == pytest.approx(np.abs(gradient).mean(), rel=1e-5)
            assert largest == pytest.approx(np.abs(gradient).max(), rel=1e-5)


def test_the_figure_is_written(watched):
    with Image.open(watched[2]) as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture.convert("L")).std() > 10

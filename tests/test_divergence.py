"""Losses and weights that become NaN: training stops, or goes back and slows down."""

import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import read_rows, write_pictures

import dcgan
from dcgan.errors import Stopped
from dcgan.run import Run
from dcgan.training import fitting, trainer
from dcgan.training.divergence import Diverged, StopOnNaN
from dcgan.training.duration import IN_MEMORY
from dcgan.training.timing import Length, StopInTime

KNOBS = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "epochs": 4}
KNOBS |= {"batch_size": 4, "sample_grid": 2, "checkpoint_every": 1, "sample_every": 1}
KNOBS |= {"eval_every": 0, "gradients_every": 0, "aug_prob": 0.0, "name": "a"}
pytestmark = pytest.mark.usefixtures("quickly")
POISONED = 7  # number of the step whose pictures are none: the second of epoch 3


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 12, side=16)


@pytest.fixture
def train(pictures, tmp_path, monkeypatch):
    """Function that trains on data of which some starts are poisoned."""
    real, left = fitting.make_dataset, []

    def train(starts, poisoned=POISONED, **knobs):
        def make_dataset(images, *args, start_step=0, **kwargs):
            dataset = real(images, *args, start_step=start_step, **kwargs)
            left.append(start_step)
            if len(left) > starts:
                return dataset
            broken = dataset.enumerate(start_step).map(
                lambda step, batch: tf.where(step == poisoned, np.nan, batch)
            )
            broken.steps_per_epoch = dataset.steps_per_epoch
            return broken

        left.clear()
        monkeypatch.setattr(fitting, "make_dataset", make_dataset)
        knobs = KNOBS | {"data": pictures, "runs": tmp_path} | knobs
        dcgan.train(dcgan.load_config("narrow", **knobs))
        return left

    train.starts = left
    return train


def test_training_stops_and_keeps_the_last_good_networks(train, tmp_path):
    with pytest.raises(Diverged, match=r"became nan in step 8 \(epoch 3\).*--on_nan"):
        train(starts=1)
    run = Run.open(tmp_path / "a")
    assert all(np.isfinite(w).all() for w in run.load_generator().get_weights())
    assert [row["epoch"] for row in read_rows(run.log)] == ["1", "2"]
    assert [row["name"] for row in read_rows(run.health)] == ["diverged"]
    assert "diverges" in run.report.read_text()


def test_training_goes_back_and_on_at_half_the_rates(train, tmp_path, capsys):
    assert train(starts=2, on_nan="rollback") == [0, 6, 6]
    run = Run.open(tmp_path / "a")
    rows = read_rows(run.log)
    assert [row["epoch"] for row in rows] == list("1234")
    assert [float(row["g_lr"]) for row in rows] == [4e-4, 4e-4, 1e-4, 1e-4]
    assert [float(row["d_lr"]) for row in rows] == [4e-4, 4e-4, 1e-4, 1e-4]
    (told,) = read_rows(run.health)
    assert (told["epoch"], told["name"]) == ("2", "rolled back")
    assert told["sentence"].endswith(
        "became nan in step 8 (epoch 3): training went back to epoch 2 and goes on "
        "with learning rates halved."
    )
    assert capsys.readouterr().out.count(told["sentence"]) == 2
    assert told["sentence"] in run.report.read_text()


def test_before_the_first_checkpoint_it_goes_back_to_the_beginning(train, tmp_path):
    assert train(starts=1, poisoned=1, on_nan="rollback") == [0, 0]
    run = Run.open(tmp_path / "a")
    assert {float(row["g_lr"]) for row in read_rows(run.log)} == {2e-4}
    (told,) = read_rows(run.health)
    assert told["name"] == "rolled back" and "went back to epoch 0" in told["sentence"]


@pytest.mark.parametrize(
    "knobs",
    [
        {"schedule": "cosine"},
        {"cycle": [{"lr": 4e-4, "epochs": 4}]},
        {"progressive": [8, 16], "grow": "latent", "upsample": False},
    ],
    ids=lambda knobs: next(iter(knobs)),
)
def test_planned_rates_are_halved_too(knobs, train, tmp_path):
    train(starts=0, name="whole", **knobs)
    train(starts=1 + ("progressive" in knobs), on_nan="rollback", **knobs)
    rates = [
        [float(row["g_lr"]) for row in read_rows(tmp_path / name / "log.csv")]
        for name in ("whole", "a")
    ]
    np.testing.assert_allclose(rates[1][:2], rates[0][:2])
    np.testing.assert_allclose(rates[1][2:], np.array(rates[0][2:]) / 2, rtol=1e-5)


def test_a_loss_that_stays_nan_ends_it_all_the_same(train, tmp_path, monkeypatch):
    assert trainer.ROLLBACKS == 5
    monkeypatch.setattr(trainer, "ROLLBACKS", 2)
    with pytest.raises(Diverged) as diverged:
        train(starts=99, on_nan="rollback")
    assert train.starts == [0, 6, 6] and "--on_nan" not in str(diverged.value)
    run = Run.open(tmp_path / "a")
    assert len(read_rows(run.health)) == 2  # told once, and what ended it
    assert [row["epoch"] for row in read_rows(run.log)] == ["1", "2"]
    assert len(run.checkpoint_folders()) == 2


def test_a_signal_in_that_step_ends_it(train, tmp_path, monkeypatch):
    class Signal(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if int(self.model.step) == POISONED:
                signal.raise_signal(signal.SIGINT)

    chosen = trainer.run_callbacks
    with_signal = lambda *args: [*chosen(*args), Signal()]  # noqa: E731
    monkeypatch.setattr(trainer, "run_callbacks", with_signal)
    with pytest.raises(Stopped):
        train(starts=1, on_nan="rollback")
    assert train.starts == [0]


def test_a_stop_saves_no_weights_that_are_no_numbers(train, tmp_path, monkeypatch):
    """The losses of that step are numbers, its gradients were not."""

    class Signal(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.step) == POISONED:
                weight = self.model.ema_generator.weights[0]
                for network in (self.model.generator, self.model.ema_generator):
                    network.weights[0].assign(np.full(weight.shape, np.nan))
                signal.raise_signal(signal.SIGINT)

    chosen = trainer.run_callbacks
    with_signal = lambda *args: [*chosen(*args), Signal()]  # noqa: E731
    monkeypatch.setattr(trainer, "run_callbacks", with_signal)
    with pytest.raises(Stopped):
        train(starts=0)
    run = Run.open(tmp_path / "a")
    assert np.isfinite(run.load_generator().get_weights()[0]).all()
    assert len(run.checkpoint_folders()) == 2


def test_it_looks_before_anything_else_is_told_or_saved(tmp_path):
    config = dcgan.load_config("narrow", **KNOBS)
    images = np.zeros((12, 16, 16, 3), np.uint8)
    length = Length(IN_MEMORY, StopInTime())
    first, second, *_ = trainer.run_callbacks(
        config, Run(tmp_path), images, images[:0], length
    )
    assert isinstance(first, StopOnNaN) and second is length.stop


def test_a_weight_that_is_no_number_is_named_at_the_end_of_the_epoch():
    config = dcgan.load_config("narrow", **KNOBS)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    callback = StopOnNaN()
    callback.set_model(dcgan.GAN(*networks, config))
    callback.on_epoch_begin(4)
    callback.on_epoch_end(4, {})
    weight = networks[1].weights[-1]
    weight.assign(np.full(weight.shape, np.inf))
    with pytest.raises(Diverged, match=rf"{weight.path} became .* in step 0 \(epoch 5"):
        callback.on_epoch_end(4, {})

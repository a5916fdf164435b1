"""Scores while training: where they go, and when there are none."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from helpers import command, read_rows, write_pictures
from scored import KNOBS
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import dcgan
from dcgan.errors import InputError
from dcgan.run import Run
from dcgan.tables import read_rows as read_numbers
from dcgan.training import fitting, scoring
from dcgan.training.scoring import scores_in_words

pytestmark = pytest.mark.usefixtures("no_curves")

TINY = "--recipe narrow --size 16 --g_features 2 --d_features 2 --latent_dim 4"
TINY = f"{TINY} --batch_size 4 --sample_every 9 --sample_grid 2 --gradients_every 0"
TINY = f"{TINY} --name a".split()
LOGGED = ("kid", "kid_error", "recall", "coverage", "authpct")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 24, side=16)


@pytest.fixture(scope="module")
def scored(pictures, tmp_path_factory):
    """A run that was scored in epochs 2, 4 and 5, with pictures set aside."""
    runs = tmp_path_factory.mktemp("runs")
    flags = ["--data", pictures, "--runs", runs, "--epochs", 5, "--eval_every", 2]
    done = command("train", *flags, *TINY, "--snapshot_every", 1, "--holdout", 0.45)
    assert done.returncode == 0, done.stderr
    return Run(runs / "a"), done


def test_the_words_of_the_progress_line():
    scores = {"kid": 612.4, "kid_error": 14.2, "recall": 0.214, "coverage": 0.1}
    scores["authpct"] = 0.9
    words = "kid 612 +- 14, coverage 0.10, recall 0.21, authpct 0.90"
    assert scores_in_words(scores) == words and scores_in_words({}) == ""


def test_scores_are_in_their_table_and_in_the_log(scored):
    rows = read_rows(scored[0].scores)
    assert [row["epoch"] for row in rows] == ["2", "4", "5"]
    log = {row["epoch"]: row for row in read_rows(scored[0].log)}
    assert list(log) == list("12345")
    for measured in rows:
        for name in LOGGED:
            assert log[measured["epoch"]][name] == measured[name] != ""
    assert all(log[epoch][name] == "" for epoch in "13" for name in LOGGED)


def test_scores_are_in_tensorboard(scored):
    events = EventAccumulator(str(scored[0].tensorboard), {"tensors": 0}).Reload()
    tensors = events.Tensors("scores/kid")
    assert [event.step for event in tensors] == [2, 4, 5]
    found = [tf.make_ndarray(event.tensor_proto) for event in tensors]
    expected = [row["kid"] for row in read_numbers(scored[0].scores)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert {"scores/recall", "scores/gap"} <= set(events.Tags()["tensors"])


def test_scores_are_in_the_progress_line_and_announced(scored):
    run, done = scored
    lines = [line.strip() for line in done.stderr.splitlines() if "kid " in line]
    expected = [scores_in_words(row) for row in read_numbers(run.scores)]
    shown = [line[line.index("kid ") :] for line in lines]
    assert list(dict.fromkeys(shown)) == list(dict.fromkeys(expected))
    assert "24 pictures of 16x16 RGB" in done.stdout
    assert "11 of them set aside" in done.stdout
    assert (
        "Scores every 2 epochs: 400 generated pictures and 24 real ones, as lite0 "
        "sees them at 128x128" in done.stdout.splitlines()
    )


def test_the_best_generator_is_kept(scored):
    run, _ = scored
    best = run.read_best()
    assert best["kid"] == pytest.approx(min(r["kid"] for r in read_numbers(run.scores)))
    kept = run.load_generator(best=True).get_weights()
    then = run.load_generator(int(best["epoch"])).get_weights()
    for one, other in zip(kept, then, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_gap_needs_pictures_set_aside(scored, pictures):
    assert all(np.isfinite(row["gap"]) for row in read_numbers(scored[0].scores))
    images = dcgan.load_images(pictures, 16)
    scores = dcgan.Evaluation(images, every=1, count=12)
    dcgan.fit(dcgan.load_config("narrow", **KNOBS, epochs=1), images, [scores])
    assert len(scores.history) == 1 and "gap" not in scores.latest
    assert scores.latest["epoch"] == 1 and np.isfinite(scores.latest["kid"])


def test_what_is_set_aside_is_not_trained_on(pictures, monkeypatch):
    images = dcgan.load_images(pictures, 16)
    train, held_out = dcgan.set_aside(images, 0.25, 5)
    seen = []
    real = fitting.make_dataset

    def spy(images, *args, **kwargs):
        seen.append(images)
        return real(images, *args, **kwargs)

    monkeypatch.setattr(fitting, "make_dataset", spy)
    dcgan.fit(
        dcgan.load_config("narrow", **KNOBS, epochs=1, holdout=0.25, seed=5), images
    )
    np.testing.assert_array_equal(seen[0], train)
    assert len(held_out) == 6


def test_too_few_pictures_are_told_before_training():
    with pytest.raises(InputError, match="too few real pictures"):
        dcgan.Evaluation(np.zeros((9, 16, 16, 3), np.uint8))


def test_the_gap_is_taken_from_pictures_of_all_kinds(monkeypatch):
    """Pictures come sorted by name, so the first ones are of one kind."""
    sorted_ones = np.full(
        (60, 8, 8, 3), np.arange(60, dtype=np.uint8)[:, None, None, None]
    )
    scores = dcgan.Evaluation(sorted_ones, held_out=sorted_ones[:3])
    seen = []
    config = SimpleNamespace(batch_size=5)
    scores.set_model(SimpleNamespace(discriminator=None, config=config))

    def judge(discriminator, images, batch):
        assert batch == 5  # as in the training
        seen.append(images)
        return [0.0]

    monkeypatch.setattr(scoring, "mean_logits", judge)
    scores._gap(sorted_ones)
    assert [list(images[:, 0, 0, 0]) for images in seen[:2]] == [[0, 30, 59], [0, 1, 2]]


def test_a_discriminator_that_compares_pictures_sees_none_twice_in_a_batch():
    assert scoring.fewest_for_gap(dcgan.load_config("narrow")) == 10
    assert scoring.fewest_for_gap(dcgan.load_config("sprites-rgba")) == 128


def test_a_generator_of_nan_is_not_scored_and_not_kept(pictures, tmp_path):
    knobs = {**KNOBS, "data": pictures, "runs": tmp_path / "runs", "epochs": 3}
    knobs |= {"loss": "wgan", "r1": 1e9, "g_lr": 1.0, "d_lr": 1.0, "d_norm": "none"}
    knobs |= {"g_norm": "none", "beta1": 0.0, "g_slope": 1.0, "d_slope": 1.0}
    with pytest.raises(InputError, match="nan|inf"):
        dcgan.train(dcgan.load_config("narrow", **knobs, beta2=0.0))
    run = Run(tmp_path / "runs" / "a")
    assert run.health.is_file()
    if run.best_file.is_file():  # of an epoch before
        weights = run.load_generator(best=True).get_weights()
        assert all(np.isfinite(weight).all() for weight in weights)


def test_an_epoch_of_nan_is_not_scored(pictures):
    """Without a model: it does not even ask for pictures."""
    scores = dcgan.Evaluation(dcgan.load_images(pictures, 16))
    scores.act(1, {"g_loss": float("nan")})
    assert scores.history == [] and scores.best is None


def test_too_few_pictures_set_aside_give_no_gap(pictures, capsys, tmp_path):
    knobs = {**KNOBS, "data": pictures, "runs": tmp_path, "epochs": 1, "holdout": 0.2}
    run = dcgan.train(dcgan.load_config("narrow", **knobs))
    assert "the gap takes 10 pictures set aside" in capsys.readouterr().out
    assert read_rows(run.scores)[0]["gap"] == ""


def test_too_few_pictures_train_without_scores(tmp_path, capsys):
    few = write_pictures(tmp_path / "few", 9)
    knobs = {**KNOBS, "data": few, "runs": tmp_path, "epochs": 1}
    run = dcgan.train(dcgan.load_config("narrow", **knobs))
    assert "No scores: they take 10 pictures or more" in capsys.readouterr().out
    assert not run.scores.exists() and run.generator_file.is_file()

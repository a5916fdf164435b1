"""Scores while training: where they go, the best generator, and the early stop."""

import numpy as np
import pytest
import tensorflow as tf
from helpers import command, read_rows, write_pictures
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import dcgan
from dcgan.errors import InputError
from dcgan.run import Run
from dcgan.tables import read_rows as read_numbers
from dcgan.training import scoring, trainer
from dcgan.training.scoring import best_of, improves, in_words, out_of_patience

TINY = "--size 16 --g_features 2 --d_features 2 --latent_dim 4 --batch_size 4"
TINY = f"{TINY} --sample_every 9 --sample_grid 2 --gradients_every 0 --name a".split()
KNOBS = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "name": "a"}
KNOBS |= {"batch_size": 4, "sample_every": 9, "sample_grid": 2, "gradients_every": 0}
KNOBS |= {"eval_every": 1, "snapshot_every": 1, "checkpoint_every": 1}
LOGGED = ("kid", "kid_error", "recall", "coverage", "authpct")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 16, side=16)


@pytest.fixture(scope="module")
def scored(pictures, tmp_path_factory):
    """A run that was scored in epochs 2, 4 and 5, with pictures set aside."""
    runs = tmp_path_factory.mktemp("runs")
    flags = ["--data", pictures, "--runs", runs, "--epochs", 5, "--eval_every", 2]
    done = command("train", *flags, *TINY, "--snapshot_every", 1, "--holdout", 0.2)
    assert done.returncode == 0, done.stderr
    return Run(runs / "a"), done


def row(kid, variety=0.9, authpct=0.9):
    return {"kid": kid, "variety": variety, "authpct": authpct}


def test_a_lower_kid_is_better():
    assert improves(row(500), None) and improves(row(499), row(500))
    assert not improves(row(500), row(500)) and not improves(row(501), row(500))


@pytest.mark.parametrize("name", ["variety", "authpct"])
def test_what_has_collapsed_or_copies_replaces_nothing_sound(name):
    assert not improves(row(1) | {name: 0.4}, row(500))
    assert improves(row(1) | {name: 0.5}, row(500))
    assert improves(row(1) | {name: 0.4}, row(500) | {name: 0.4})  # early pictures
    assert improves(row(1) | {name: 0.4}, None)


def test_the_best_of_several():
    rows = [row(900, 0.2), row(700, 0.6), row(10, 0.0), row(650), row(5, 0.9, 0.1)]
    assert best_of(rows) == row(650) and best_of([]) is None


@pytest.mark.parametrize(
    "kids, patience, stops",
    [
        ([9, 8, 7], 2, False),
        ([7, 8, 9], 2, True),
        ([7, 8], 2, False),
        ([8, 9, 7, 8], 2, False),
        ([7, 9, 7], 2, True),  # as low is no new minimum
        ([7, 8, 9], 0, False),
        ([], 1, False),
    ],
)
def test_patience_counts_scores_without_a_new_minimum(kids, patience, stops):
    assert out_of_patience([row(kid) for kid in kids], patience) == stops


def test_the_words_of_the_progress_line():
    scores = row(612.4) | {"kid_error": 14.2, "recall": 0.214, "coverage": 0.1}
    words = "kid 612 +- 14, recall 0.21, coverage 0.10, authpct 0.90"
    assert in_words(scores) == words and in_words({}) == ""


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
    expected = [in_words(row) for row in read_numbers(run.scores)]
    assert list(dict.fromkeys(line[line.index("kid ") :] for line in lines)) == expected
    assert "16 pictures of 16x16 RGB" in done.stdout
    assert "3 of them set aside" in done.stdout
    assert (
        "Scores every 2 epochs: 400 generated pictures and 13 real ones, as lite0 "
        "sees them at 128x128" in done.stdout.splitlines()
    )


def test_the_best_generator_is_kept(scored):
    run, _ = scored
    best = best_of(read_numbers(run.scores))
    kept = run.load_best_generator().get_weights()
    then = run.load_generator(int(best["epoch"])).get_weights()
    for one, other in zip(kept, then, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_gap_needs_pictures_set_aside(scored, pictures):
    assert all(np.isfinite(row["gap"]) for row in read_numbers(scored[0].scores))
    images = dcgan.load_images(pictures, 16)
    scores = dcgan.Evaluation(images, every=1, count=12)
    dcgan.fit(dcgan.load_config(**KNOBS, epochs=1), images, [scores])
    assert len(scores.history) == 1 and "gap" not in scores.latest
    assert scores.latest["epoch"] == 1 and np.isfinite(scores.latest["kid"])


def test_what_is_set_aside_is_not_trained_on(pictures, monkeypatch):
    images = dcgan.load_images(pictures, 16)
    train, held_out = dcgan.set_aside(images, 0.25, 5)
    seen = []
    real = trainer.make_dataset

    def spy(images, *args, **kwargs):
        seen.append(images)
        return real(images, *args, **kwargs)

    monkeypatch.setattr(trainer, "make_dataset", spy)
    dcgan.fit(dcgan.load_config(**KNOBS, epochs=1, holdout=0.25, seed=5), images)
    np.testing.assert_array_equal(seen[0], train)
    assert len(held_out) == 4


class FakeReference:
    """Scores that are given beforehand, one after the other."""

    def __init__(self, *kids):
        self.kids = list(kids)

    def __call__(self, images, held_out):
        return self

    def quick(self, pictures):
        shares = dict.fromkeys(("precision", "recall", "density", "coverage"), 0.5)
        return row(self.kids.pop(0)) | shares | {"kid_error": 1.0}


@pytest.fixture
def start(pictures, tmp_path):
    def start(kids, **knobs):
        knobs = {**KNOBS, "data": pictures, "runs": tmp_path / "runs", **knobs}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scoring, "Reference", FakeReference(*kids))
            return dcgan.train(dcgan.load_config(**knobs))

    return start


def test_an_early_stop_leaves_a_whole_run_and_more_patience_goes_on(start, capsys):
    run = start([9, 7, 8, 8], epochs=6, patience=2, checkpoint_every=9, sample_every=9)
    assert [r["epoch"] for r in read_rows(run.log)] == list("1234")
    for file in (run.gif, run.report, run.generator_file, run.checkpoint_file):
        assert file.is_file()
    assert (run.samples / "epoch_0004.png").is_file()
    capsys.readouterr()
    start([], epochs=6, patience=2, checkpoint_every=9, sample_every=9)  # no scores
    said = capsys.readouterr().out
    assert "Stopped early after 4 of 6 epochs" in said
    start([6, 5], epochs=6, patience=5, checkpoint_every=9, sample_every=9)
    assert "Goes on after epoch 4" in capsys.readouterr().out
    assert [r["kid"] for r in read_rows(run.scores)] == list("978865")


def test_going_on_remembers_the_best(start):
    run = start([9, 5], epochs=2)
    best = run.best_file.read_bytes()
    start([7], epochs=3)
    assert run.best_file.read_bytes() == best
    start([4], epochs=4)
    assert run.best_file.read_bytes() != best


def test_too_few_pictures_train_without_scores(tmp_path, capsys):
    few = write_pictures(tmp_path / "few", 9)
    knobs = {**KNOBS, "data": few, "runs": tmp_path, "epochs": 1}
    run = dcgan.train(dcgan.load_config(**knobs))
    assert "No scores: they take 10 pictures or more" in capsys.readouterr().out
    assert not run.scores.exists() and run.generator_file.is_file()


def test_without_eval_every_nothing_is_extracted(start):
    run = start([], epochs=1, eval_every=0)
    assert not run.scores.exists() and not run.best.exists()


def test_patience_without_scores_is_refused():
    with pytest.raises(InputError, match="patience does not go with this eval_every"):
        dcgan.load_config(patience=3, eval_every=0)

"""Scores while training: where they go, the best generator, and the early stop."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from helpers import command, read_rows, replace_package, write_pictures
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
KNOBS = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "name": "a"}
KNOBS |= {"batch_size": 4, "sample_every": 9, "sample_grid": 2, "gradients_every": 0}
KNOBS |= {"aug_prob": 0.0}
KNOBS |= {"eval_every": 1, "snapshot_every": 1, "checkpoint_every": 1}
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


def row(kid, variety=0.9, authpct=0.9):
    return {"kid": kid, "variety": variety, "authpct": authpct}


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


class FakeReference:
    """Scores that are given beforehand, one after the other."""

    def __init__(self, *kids):
        self.kids = list(kids)

    def __call__(self, images, held_out, extractor):
        return self

    def quick(self, pictures):
        shares = dict.fromkeys(("precision", "recall", "density", "coverage"), 0.5)
        sound = {"variety": 0.9, "authpct": 0.9, "authpct_real": 0.8}
        return {"kid": self.kids.pop(0), "kid_error": 1.0} | shares | sound


@pytest.fixture
def start(pictures, tmp_path):
    def start(kids, **knobs):
        knobs = {**KNOBS, "data": pictures, "runs": tmp_path / "runs", **knobs}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scoring, "Reference", FakeReference(*kids))
            return dcgan.train(dcgan.load_config("narrow", **knobs))

    return start


def test_an_early_stop_leaves_a_whole_run_and_more_patience_goes_on(start, capsys):
    run = start([9, 7, 8, 8], epochs=6, patience=2, checkpoint_every=9, sample_every=9)
    assert [r["epoch"] for r in read_rows(run.log)] == list("1234")
    for file in (run.gif, run.report, run.generator_file):
        assert file.is_file()
    assert run.has_checkpoint()
    assert (run.samples / "epoch_0004.png").is_file()
    capsys.readouterr()
    start([], epochs=6, patience=2, checkpoint_every=9, sample_every=9)  # no scores
    said = capsys.readouterr().out
    assert "Stopped early after 4 of 6 epochs" in said
    start([6, 5], epochs=6, patience=5, checkpoint_every=9, sample_every=9)
    assert "Goes on after epoch 4" in capsys.readouterr().out
    assert [r["kid"] for r in read_rows(run.scores)] == list("978865")


def test_an_early_stop_stays_one_if_the_process_is_killed_at_its_end(start):
    knobs = {"epochs": 6, "patience": 2, "checkpoint_every": 9, "sample_every": 9}
    run = start([9, 7, 8, 8], **knobs)
    before = run.log.read_bytes()
    run.gif.unlink()
    start([], **knobs)  # no further score
    assert run.log.read_bytes() == before and run.gif.is_file()


def test_the_best_of_epochs_that_are_done_again_is_forgotten(start):
    run = start([9, 8], epochs=2, checkpoint_every=1)
    best = run.best_file.read_bytes()
    start([5], epochs=3, checkpoint_every=1)
    assert run.read_best()["epoch"] == 3 and run.best_file.read_bytes() != best
    shutil.rmtree(run.checkpoint_folders()[-1])  # as if killed before it
    start([9], epochs=3, checkpoint_every=1)
    assert (run.read_best()["epoch"], run.read_best()["kid"]) == (2, 8)
    assert run.best_file.read_bytes() == best


def test_going_on_remembers_the_best(start):
    run = start([9, 5], epochs=2)
    best = run.best_file.read_bytes()
    start([7], epochs=3)
    assert run.best_file.read_bytes() == best
    start([4], epochs=4)
    assert run.best_file.read_bytes() != best


def test_missing_weights_are_told_before_training_and_leave_no_run(start, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        replace_package(patch, "no_such_package")
        with pytest.raises(InputError, match="weights of lite0 are missing"):
            start([], epochs=1)
    assert not (tmp_path / "runs").exists()


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


def test_patience_does_not_count_what_came_before_the_last_stage(start):
    knobs = {"progressive": [8, 16], "epochs": 6, "patience": 2, "checkpoint_every": 9}
    run = start([5, 6, 7, 8, 4, 3], **knobs)
    assert [r["kid"] for r in read_rows(run.scores)] == list("567843")
    assert run.read_best()["epoch"] == 6


def test_the_best_is_of_the_stage_that_is_trained(start):
    run = start([5, 6, 7, 9, 8, 10], progressive=[8, 16], epochs=6)
    assert run.read_best()["epoch"] == 5
    assert run.load_generator(best=True).output_shape[1] == 16


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


def test_without_eval_every_nothing_is_extracted(start):
    run = start([], epochs=1, eval_every=0)
    assert not run.scores.exists() and not run.best.exists()


def test_patience_without_scores_is_refused():
    with pytest.raises(InputError, match="patience does not go with this eval_every"):
        dcgan.load_config(patience=3, eval_every=0)

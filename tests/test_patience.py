"""The best generator and the early stop, by scores that are given beforehand."""

import shutil

import pytest
from helpers import read_rows, replace_package, write_pictures
from scored import KNOBS, FakeReference

import dcgan
from dcgan.errors import InputError
from dcgan.training import scoring

pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 24, side=16)


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


def test_patience_does_not_count_what_came_before_the_last_stage(start):
    knobs = {"progressive": [8, 16], "epochs": 6, "patience": 2, "checkpoint_every": 9}
    run = start([5, 6, 7, 8, 4, 3], **knobs)
    assert [r["kid"] for r in read_rows(run.scores)] == list("567843")
    assert run.read_best()["epoch"] == 6


def test_the_best_is_of_the_stage_that_is_trained(start):
    run = start([5, 6, 7, 9, 8, 10], progressive=[8, 16], epochs=6)
    assert run.read_best()["epoch"] == 5
    assert run.load_generator(best=True).output_shape[1] == 16


def test_without_eval_every_nothing_is_extracted(start):
    run = start([], epochs=1, eval_every=0)
    assert not run.scores.exists() and not run.best.exists()


def test_patience_without_scores_is_refused():
    with pytest.raises(InputError, match="patience does not go with this eval_every"):
        dcgan.load_config(patience=3, eval_every=0)

"""Scores of a network that helped to train say so."""

import json
from types import SimpleNamespace

import pytest
from helpers import TINY, command

import dcgan
from dcgan import load_config
from dcgan.bias import (
    FLATTERS,
    helped_to_train,
    on_equal_terms,
    training_scores_by,
)
from dcgan.errors import InputError
from dcgan.figures.scores import source_of
from dcgan.run import Run
from dcgan.start import check_start

pytestmark = pytest.mark.usefixtures("no_curves")

QUICK = [*TINY, "--epochs", "1", "--eval_every", "1", "--gradients_every", "0"]
QUICK += ["--projected", "--projected_size", "64"]
SCORES = {"n_fake": 20, "n_real": 10, "extractor": "lite0", "input_size": 128}


def test_only_the_training_extractor_flatters_and_only_projected_runs():
    projected = load_config("narrow", projected=True)
    assert helped_to_train(projected, "lite0")
    assert not helped_to_train(projected, "lite1")
    assert not helped_to_train(load_config("narrow"), "lite0")


def test_no_run_that_lite0_may_score_can_start_from_one_that_it_trained(tmp_path):
    run = Run.create(load_config("narrow", projected=True, name="a", runs=tmp_path))
    for file in (run.generator_file, run.discriminator_file):
        file.touch()
    config = load_config("narrow", name="b", runs=tmp_path, init_from=run.folder)
    with pytest.raises(InputError, match="^init_from: projected differs"):
        check_start(config)


def test_the_source_of_scores_tells():
    assert FLATTERS in source_of(SCORES | {"flattered": True})
    for other in (SCORES, SCORES | {"flattered": False}, SCORES | {"flattered": "no"}):
        assert FLATTERS not in source_of(other)


def test_a_run_an_evaluation_and_a_report_tell(tmp_path, picture_folder):
    place = ["--data", picture_folder, "--runs", tmp_path, "--name", "flattered"]
    trained = command("train", *place, *QUICK)
    assert trained.returncode == 0, trained.stderr
    assert FLATTERS not in trained.stdout
    run = tmp_path / "flattered"
    assert FLATTERS not in (run / "report.html").read_text()
    assert "as lite1 sees them" in trained.stdout  # so that best/ is not flattered
    for extractor, tells in (("lite0", True), ("lite1", False)):
        done = command("evaluate", run, "-n", 12, "--extractor", extractor)
        assert done.returncode == 0, done.stderr
        assert (FLATTERS in done.stdout) == tells
        scores = json.loads((run / "evaluation.json").read_text())
        assert (scores["extractor"], scores["flattered"]) == (extractor, tells)
        assert (FLATTERS in (run / "report.html").read_text()) == tells
        if tells:
            beside = scores["second"]
        else:
            assert "second" not in scores
            assert beside.items() <= scores.items()  # the same pictures, by lite1


def test_lite0_may_be_asked_for_while_training_and_tells(tmp_path, picture_folder):
    place = ["--data", picture_folder, "--runs", tmp_path, "--name", "flattered"]
    trained = command("train", *place, *QUICK, "--extractor", "lite0")
    assert trained.returncode == 0, trained.stderr
    assert f"as lite0 sees them at 128x128; {FLATTERS}" in trained.stdout
    assert FLATTERS in (tmp_path / "flattered" / "report.html").read_text()


def test_a_comparison_is_scored_by_one_network_that_takes_no_part():
    plain, projected = (load_config("narrow", projected=on) for on in (False, True))
    chosen = load_config("narrow", extractor="lite0")
    assert on_equal_terms([plain, chosen]) == [plain, chosen]
    found = on_equal_terms([plain, projected, chosen])
    assert [config.extractor for config in found] == ["lite1", "lite1", "lite0"]


def test_callbacks_in_a_notebook_take_it_too(picture_folder):
    scores = dcgan.Evaluation(dcgan.load_images(picture_folder, 16))
    config = load_config("narrow", projected=True)
    scores.set_model(SimpleNamespace(config=config, plan=None))
    scores.set_params({"epochs": 1})
    scores.on_train_begin()
    assert scores.extractor == "lite1"


def test_scores_while_training_are_of_a_network_that_takes_no_part():
    assert training_scores_by(load_config("narrow")) == "lite0"
    assert training_scores_by(load_config("narrow", projected=True)) == "lite1"
    chosen = load_config("narrow", projected=True, extractor="lite0")
    assert training_scores_by(chosen) == "lite0"

"""The model card: true, equal for equal runs, and nothing in it that is private."""

import json
import re
import shlex
import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml

from dcgan.config import load_config, load_flags, save_config
from dcgan.data.openmoji import ATTRIBUTION
from dcgan.figures.card import write_card
from dcgan.figures.grids import save_picture
from dcgan.run import CARD_MARK, Run

SCORES = {"kid": 612.4, "kid_error": 14.2, "recall": 0.21, "near_copies": 3}
SCORES |= {"authpct": 0.97, "authpct_real": 0.99, "extractor": "lite0", "epoch": 3}
SCORES |= {"input_size": 128, "n_fake": 20, "n_real": 12, "generator": "newest"}


@pytest.fixture
def run(trained, tmp_path):
    """A finished run that can be changed, without its card."""
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "somebody" / "a"))
    run.card.unlink()
    return run


def card_of(run, **knobs):
    save_config(replace(run.config, **knobs), run.config_file)
    write_card(run)
    return run.card.read_text(encoding="utf-8")


def front_of(card):
    return yaml.safe_load(card.split("---\n")[1])


def test_training_leaves_a_card_and_equal_runs_have_equal_ones(trained, run):
    card = trained[0].card.read_text(encoding="utf-8")
    assert card_of(run, runs="/elsewhere", overwrite=True) == card
    assert front_of(card) == {
        "license": "other",
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "dcgan", "image-generation", "16x16"],
    }
    assert card.startswith("---\n") and f"\n# a\n\n{CARD_MARK}\n" in card
    headings = re.findall("^## (.*)$", card, re.MULTILINE)
    assert headings == [
        *("Data and licence", "Use", "Quality", "Copies", "Limits"),
        "Training it again",
    ]
    assert "RGB pictures of 16x16 pixels from 4 random numbers" in card
    assert "for 3 of 3 epochs" in card and "recipe `narrow`" in card
    assert "12 pictures of a folder called `pictures`. **To be filled in:**" in card
    assert card.count("Not measured. `python -m dcgan.evaluate`") == 2


def test_its_pictures_are_in_the_folder(run):
    save_picture(run.nearest, np.zeros((4, 4, 3), np.uint8))
    run.evaluation.write_text(json.dumps(SCORES))
    shown = re.findall(r"!\[.*?\]\((.*?)\)", card_of(run))
    assert shown == ["samples/epoch_0003.png", "nearest.png"]
    assert all((run.folder / name).is_file() for name in shown)


def test_scores_stand_with_their_errors_and_copies_apart(run):
    run.evaluation.write_text(json.dumps(SCORES))
    card = card_of(run)
    quality, copies = (
        card.split("## Quality")[1].split("## Limits")[0].split("## Copies")
    )
    source = "20 generated pictures of the newest generator, epoch 3, and 12 real ones"
    assert source in quality and source in copies
    assert "| KID x 1000 | 612.4 +- 14.2 | distance from" in quality
    assert "| recall | 0.210 |" in quality and "AuthPct" not in quality
    assert "| AuthPct | 0.970 | share that is no copy |" in copies
    assert "| near copies | 3 |" in copies and "KID" not in copies


def test_scores_of_a_generator_of_before_do_not_count(run):
    run.evaluation.write_text(json.dumps(SCORES | {"epoch": 2}))
    run.scores.write_text("epoch,kid,kid_error,authpct\n3,900,20,0.5\n")
    card = card_of(run)
    assert "612.4" not in card and "| KID x 1000 | 900.0 +- 20.0 |" in card
    source = "Taken while training, after epoch 3, as lite0 sees them; python -m dcgan."
    assert source in card


def test_the_three_lines_load_it(run, monkeypatch):
    (code,) = re.findall("```python\n(.*?)```", card_of(run), re.DOTALL)
    assert code.count("\n") == 3
    monkeypatch.chdir(run.folder)
    names = {}
    exec(code, names)
    assert names["pictures"].shape == (16, 16, 16, 3)
    assert names["pictures"].dtype == np.uint8


def test_it_says_where_the_best_generator_is(run):
    assert "best/" not in card_of(run)
    run.best.mkdir()
    run.best_file.touch()
    assert "lowest KID while training is `best/generator.keras`." in card_of(run)


def test_the_command_trains_the_same_again(run):
    card = card_of(run, minutes=0.0)
    command = re.search("^    (python -m dcgan.train .*)$", card, re.MULTILINE)[1]
    config = load_flags(shlex.split(command)[3:])
    same = replace(run.config, data="pictures", runs="runs", overwrite=False)
    assert config == same
    assert re.search(r"with Python 3\.\S+, TensorFlow 2\.\S+, Keras 3\.\S+\. ", card)


def test_of_a_run_that_was_stopped_it_says_when_the_weights_are_the_same(run):
    done = run.epoch_of("newest")
    assert "give the same weights." in card_of(run, epochs=done)
    stopped = card_of(run, epochs=done + 4)
    assert "give the same weights after as many steps." in stopped


@pytest.mark.parametrize("device", ["GPU: a card", "2 x the CPU (2 cores)"])
def test_only_one_cpu_promises_the_same_weights(device, run):
    assert "give the same weights" in card_of(run)
    origin = json.loads(run.origin.read_text())
    origin["starts"][-1]["machine"]["device"] = device
    run.origin.write_text(json.dumps(origin))
    assert "give the same weights" not in card_of(run)


def test_a_run_stopped_in_an_early_stage_has_its_size(run):
    """Its generator makes pictures of 16x16."""
    card = card_of(run, size=32, progressive=[16, 32])
    assert "pictures of 16x16 pixels" in card and "(16, 16, 16, 3)" in card
    assert "16x16 pixels large" in card and "16x16" in front_of(card)["tags"]
    assert "32x32" not in card


def test_a_run_cut_by_minutes_is_told_by_its_epochs(tmp_path):
    run = Run(tmp_path / "a")
    run.samples.mkdir(parents=True)
    config = load_config(minutes=5.0)
    save_config(replace(config, epochs=37), run.config_file)
    run.generator_file.touch()
    write_card(run)
    assert "--epochs 37" in run.card.read_text()
    assert "for 0 of 37 epochs" in run.card.read_text()
    assert "--minutes" not in run.card.read_text()


def test_no_path_of_the_machine_is_in_it(run, trained):
    home = "/home/somebody/secret"
    card = card_of(run, data=f"{home}/cats", runs=home, init_from=f"{home}/runs/first")
    assert "/home" not in card and "somebody" not in card and "secret" not in card
    assert "a folder called `cats`" in card and "weights of `first`" in card
    first = trained[0].card.read_text()
    assert (
        str(trained[0].folder.parent) not in first
        and "processor" not in first.split("## Training")[0]
    )


def test_openmoji_is_credited_with_its_licence(run):
    card = card_of(run, data="openmoji")
    assert front_of(card)["license"] == "cc-by-sa-4.0"
    assert f"12 {ATTRIBUTION.replace('Pictures: ', 'pictures of ')}." in card
    assert "To be filled in" not in card
    second = card_of(run, data="openmoji", init_from="runs/first")
    assert front_of(second)["license"] == "other" and "To be filled in" in second


@pytest.mark.parametrize("data", ["/my/openmoji", "."])
def test_a_folder_is_not_taken_for_openmoji(data, run, monkeypatch):
    (run.folder / "openmoji").mkdir()
    monkeypatch.chdir(run.folder / "openmoji")
    card = card_of(run, data=data)
    assert "a folder called `pictures`" in card and "OpenMoji" not in card


def test_features_that_helped_and_what_went_wrong_are_limits(run):
    run.health.write_text('epoch,name,sentence\n2,collapse,"It <collapsed>, & more."\n')
    limits = card_of(run, projected=True, loss="hinge").split("## Limits")[1]
    assert "- Noticed in epoch 2: It &lt;collapsed&gt;, &amp; more.\n" in limits
    assert "EfficientNet-Lite0" in limits


def test_odd_names_break_nothing(run):
    card = card_of(run, data="a`b\n# <script>\n```")
    assert "\n# <script>" not in card and "folder called `a b # <script>`" in card
    assert len(re.findall("^# ", card, re.MULTILINE)) == 1


def test_a_text_of_the_users_own_stays(run):
    run.card.write_text("mine")
    write_card(run)
    assert run.card.read_text() == "mine"


def test_without_a_generator_there_is_no_card(run):
    run.generator_file.unlink()
    write_card(run)
    assert not run.card.exists()


def test_pictures_that_were_set_aside_are_no_training_pictures(run):
    aside = "`--holdout 0.25` set 3 of them aside, on which the networks were not"
    for data in ("openmoji", "/my/cats"):
        card = card_of(run, data=data, holdout=0.25)
        assert re.search(
            r"^12 pictures of .*\. " + re.escape(aside), card, re.MULTILINE
        )
    assert "To be filled in" in card and "--holdout" not in card_of(run, holdout=0.0)
    run.origin.unlink()
    card = card_of(run, holdout=0.25)
    assert "An unknown number of pictures" in card and "set some of them aside" in card


def test_it_says_what_the_lines_to_load_need(run):
    use = card_of(run).split("## Use")[1].split("## Quality")[0]
    assert "needs the Python package `dcgan`, installed from its repository." in use

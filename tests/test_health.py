"""Trainings that are made to fail, each in its way, are told so; healthy ones not."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers import command, read_rows, write_pictures

import dcgan
from dcgan.combinations import mean_targets
from dcgan.config import load_config
from dcgan.sources import recipe_names
from dcgan.stages import Stage
from dcgan.training import symptoms
from dcgan.training.health import RULES, Health, _remedy, diagnose
from dcgan.training.symptoms import swings

SMALL = {"size": 16, "g_features": 8, "d_features": 8, "latent_dim": 16}
SMALL |= {"batch_size": 16, "aug_prob": 0.0}
# R3GAN's losses at a high rate learn twelve pictures by heart in some thousand steps.
COPIER = {"loss": "rgan", "r1": 1.0, "r2": 1.0, "beta1": 0.0, "latent_dim": 3}
COPIER |= {"g_norm": "none", "d_norm": "none", "g_features": 32, "d_features": 32}
COPIER |= {"g_lr": 0.003, "d_lr": 0.003, "batch_size": 12, "flip": False}

# what goes wrong: (pictures, epochs between scores, epochs, knobs)
FAILURES = {
    "collapse": (
        *(100, 5, 60),
        {"beta1": 0.9, "g_lr": 0.02, "d_lr": 0.005, "d_norm": "none"}
        | {"g_norm": "none"},
    ),
    "discriminator won": (200, 20, 20, {"g_lr": 1e-5, "d_lr": 0.002}),
    "discriminator memorises": (
        *(60, 20, 120),
        {"holdout": 0.4, "d_lr": 0.001, "d_features": 32, "d_norm": "layer"}
        | {"batch_size": 8, "flip": False},
    ),
    "generator copies": (12, 250, 2000, COPIER),
    "diverged": (
        *(100, 20, 20),
        {"loss": "wgan", "d_norm": "none", "g_lr": 0.1, "d_lr": 0.1},
    ),
    "oscillation": (
        *(100, 4, 80),
        {"beta1": 0.9, "g_lr": 0.02, "d_lr": 0.02, "upsample": False, "batch_size": 8},
    ),
}
HEALTHY = {
    "narrow": {"aug_prob": 1.0},
    "W-loss": {"loss": "wgan", "gp": 10.0, "d_norm": "none", "aug_prob": 1.0},
    "relativistic": {"loss": "rgan", "r1": 0.1, "d_norm": "none", "aug_prob": 1.0},
}


class StopWhenFound(keras.callbacks.Callback):
    def __init__(self, health, name):
        super().__init__()
        self.health = health
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = self.name in self.health.found


@pytest.fixture(scope="module")
def emoji():
    images = dcgan.load_images("openmoji", 16)
    return images[np.random.default_rng(0).permutation(len(images))]


def health_of(images, every, name=None, **knobs):
    config = load_config("narrow", **SMALL | knobs)
    train, held_out = dcgan.set_aside(images, config.holdout, config.seed)
    scores = dcgan.Evaluation(train, every, held_out, count=50)
    health = dcgan.Health(scores)
    dcgan.fit(config, images, [scores, health, StopWhenFound(health, name)])
    return health, config


@pytest.mark.parametrize("name", FAILURES)
def test_a_training_made_to_fail_is_told_why_and_what_to_try(name, emoji, capsys):
    count, every, epochs, knobs = FAILURES[name]
    health, config = health_of(emoji[:count], every, name, epochs=epochs, **knobs)
    assert name in health.found
    epoch, sentence = health.found[name]
    said = [line for line in capsys.readouterr().out.splitlines() if sentence in line]
    assert said == [f"Epoch {epoch}: {sentence}"]  # once
    assert sentence.startswith(RULES[name].sentence)
    flags = sentence.rpartition(" Try ")[2].rstrip(".").split()
    assert flags[0].startswith("--") and hasattr(config, flags[0][2:])


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_is_left_in_peace(name, emoji, capsys):
    health, _ = health_of(emoji[:200], 10, epochs=30, **HEALTHY[name])
    assert health.found == {} and "Epoch" not in capsys.readouterr().out


def test_every_failure_is_tried():
    assert set(FAILURES) == set(RULES)


def test_a_remedy_that_is_on_already_is_not_offered():
    epochs = [dict(g_loss=9.0, d_loss=0.0, real_score=1.0, fake_score=0.0)] * 10
    for knobs, remedy in (
        ({"aug_prob": 0.5}, "--aug_prob 1"),
        ({}, "--label_smoothing 0.1"),
    ):
        found = diagnose(epochs, [], load_config("narrow", **knobs))
        assert found["discriminator won"].endswith(f" Try {remedy}.")


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("recipe", recipe_names())
def test_no_remedy_is_refused(recipe, name):
    """The knobs of a remedy are on then, and the next one is asked for."""
    config = load_config(recipe)
    for _ in range(4):
        flags = _remedy(RULES[name], config)
        if not flags.startswith("--"):
            break  # in words: the last one
        words = [word.partition(" ") for word in flags.removeprefix("--").split(" --")]
        knobs = {knob: float(value) if value else True for knob, _, value in words}
        assert all(getattr(config, knob) != knobs[knob] for knob in knobs)
        config = replace(config, **knobs)


def test_frozen_features_have_won_when_kid_has_stopped_falling():
    epochs = [dict(g_loss=9.0, d_loss=0.0, real_score=1.0, fake_score=0.0)] * 10
    config = load_config("narrow", projected=True)
    for kids in ([], [900], [900, 800]):
        assert not symptoms.won(epochs, scores_of(kids), config)
    assert symptoms.won(epochs, scores_of([900, 901]), config)


def test_a_loss_without_targets_gets_no_smoothing():
    found = _remedy(RULES["discriminator won"], load_config(loss="hinge"))
    assert found.startswith("--d_lr ")


def test_a_loss_without_zero_has_no_winner():
    epochs = [dict(g_loss=9.0, d_loss=0.0, real_score=1.0, fake_score=0.0)] * 10
    assert diagnose(epochs, [], load_config(loss="wgan", gp=10.0)) == {}


def test_a_critic_that_settles_again_did_not_diverge():
    # 819 pictures, W-loss with gp=10 and BatchNorm in both networks, epochs 13 to 18
    losses = [
        (102, -193),
        (121, -234),
        (108, -246),
        (22, -183),
        (-76, -60),
        (-122, -22),
    ]
    scores = dict(real_score=0.5, fake_score=0.5)
    epochs = [dict(g_loss=g, d_loss=d, **scores) for g, d in losses]
    assert diagnose(epochs, [], load_config(loss="wgan", gp=10.0)) == {}
    assert "diverged" in diagnose(epochs[:3], [], load_config())  # beyond any logit


def scores_of(kids, error=6.0):
    return [{"epoch": i, "kid": kid, "kid_error": error} for i, kid in enumerate(kids)]


def test_kid_within_its_error_of_0_does_not_oscillate():
    for kids in ([-4, 2, -3, 1], [1, 3, 1, 3, 1], [0] * 5):
        assert not symptoms.oscillates([], scores_of(kids), None)
    assert symptoms.oscillates([], scores_of([100, 160, 110, 170]), None)
    assert not symptoms.oscillates([], scores_of([100, 160, 110, 170], 40.0), None)


def test_pictures_as_close_as_real_ones_are_no_copies():
    row = {"authpct": 0.4, "authpct_real": 0.45}
    assert not symptoms.copied([], [row] * 2, None)
    assert symptoms.copied([], [row | {"authpct_real": 0.9}] * 2, None)


def test_a_winner_is_known_behind_labels_that_are_swapped():
    """A D that knows all gives the mean of its targets: 0.95 and 0.05."""
    epochs = [dict(g_loss=3.0, d_loss=0.4, real_score=0.94, fake_score=0.06)] * 10
    assert symptoms.won(epochs, [], load_config("narrow", label_swap=0.05))
    assert not symptoms.won(epochs, [], load_config("narrow"))
    unsure = [epoch | dict(real_score=0.5, fake_score=0.5) for epoch in epochs]
    for swap in (0.48, 0.5, 1.0):
        assert not symptoms.won(unsure, [], load_config("narrow", label_swap=swap))
    both = load_config("narrow", label_swap=0.1, label_smoothing=0.2, two_sided=True)
    assert mean_targets(both) == pytest.approx((0.74, 0.26))


def test_scores_of_other_stages_do_not_count():
    """Each stage falls, and leaps where a block is new: that is no oscillation."""
    kids = [500, 380, 300, 620, 480, 390, 640, 500, 400]
    history = [
        row | {"variety": 1.0, "authpct": 1.0, "authpct_real": 0.9}
        for row in scores_of(kids)
    ]
    for row in history:
        row["epoch"] += 1
    assert symptoms.oscillates([], history, None)
    health = Health(SimpleNamespace(history=history))
    stages = [Stage(16, 0, 3), Stage(32, 3, 6), Stage(64, 6, 9)]
    health.set_model(SimpleNamespace(plan=stages, config=load_config("narrow")))
    health.set_params({"epochs": 9})
    health.look(8, dict(g_loss=1.0, d_loss=1.0, real_score=0.6, fake_score=0.4))
    assert health.found == {}


def test_swings_are_counted_from_extreme_to_extreme():
    assert swings([1, 5, 2, 4, 3], least=2) == 3
    assert swings([1, 2, 3, 9], least=2) == 1  # one long rise
    assert swings([5, 6, 5, 6, 5], least=2) == 0


def test_nan_is_told_and_in_the_health_log(tmp_path):
    pictures = write_pictures(tmp_path / "pictures", 12, side=16)
    flags = "--size 16 --g_features 2 --d_features 2 --batch_size 4 --epochs 40"
    flags += " --loss wgan --g_lr 1 --d_lr 1 --d_norm none --g_norm none --eval_every 0"
    flags += " --gradients_every 0 --sample_every 40 --r1 1e9 --beta1 0 --beta2 0"
    flags += " --g_slope 1 --d_slope 1"
    done = command(
        "train", "--data", pictures, "--runs", tmp_path, "--name", "a", *flags.split()
    )
    rows = read_rows(tmp_path / "a" / "health.csv")
    assert [row["name"] for row in rows] == ["diverged"]
    assert (
        f"Epoch {rows[0]['epoch']}: {rows[0]['sentence']}" in done.stdout.splitlines()
    )
    assert done.returncode == 2 and "diverged" in done.stderr.splitlines()[-1]

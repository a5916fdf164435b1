"""Impossible combinations: refused in one line that names both knobs, at once."""

import pytest
from helpers import command

from dcgan.combinations import LABEL_KNOBS
from dcgan.config import Config, load_config, load_flags
from dcgan.errors import InputError

REFUSED = [
    ("label_smoothing", "loss", "--label_smoothing 0.1 --loss hinge"),
    ("label_noise", "loss", "--label_noise 0.1 --loss wgan"),
    ("label_swap", "loss", "--label_swap 0.1 --loss wgan"),
    ("two_sided", "loss", "--two_sided --loss wgan"),
    ("two_sided", "label_smoothing", "--two_sided"),
    ("two_sided", "loss", "--two_sided --label_smoothing 0.1 --loss rgan"),
    ("g_soft_labels", "label_smoothing", "--g_soft_labels"),
    ("critic_steps", "update", "--critic_steps 5 --update simultaneous"),
    ("fresh_latents", "update", "--fresh_latents --update simultaneous"),
    ("dynamic_frequency", "update", "--dynamic_frequency --update simultaneous"),
    ("dynamic_frequency", "loss", "--dynamic_frequency --loss lsgan"),
    ("dynamic_frequency", "critic_steps", "--dynamic_frequency --critic_steps 2"),
    ("dynamic_frequency", "d_loss_weight", "--dynamic_frequency --d_loss_weight 2"),
    ("dynamic_frequency", "fresh_latents", "--dynamic_frequency --fresh_latents"),
    ("ct", "dropout", "--ct 2"),
    ("penalty_every", "gp", "--penalty_every 16"),
    ("gp", "precision", "--gp 10 --precision float16"),
    ("r1", "precision", "--r1 1 --precision float16"),
    ("r2", "precision", "--r2 1 --precision float16"),
    ("self_attention", "min_map", "--self_attention --min_map 32"),
    ("self_attention", "d_strides", "--self_attention --d_strides [2,1,1,1]"),
    ("self_attention", "d_strides", "--self_attention --d_widths [64]"),
    ("d_norm", "d_strides", "--size 16 --d_norm instance --d_widths [2,2,2,2]"),
    ("label_smoothing", "two_sided", "--two_sided --label_smoothing 0.5"),
    ("heads", "head", "--heads 3 --head conv"),
    (
        "minibatch_discrimination",
        "head",
        "--minibatch_discrimination --head conv",
    ),
    ("ada_target", "loss", "--ada_target 0.6 --loss wgan"),
    ("ada_target", "loss", "--ada_target 0.6 --loss rgan"),
    ("ada_target", "aug_prob", "--ada_target 0.6 --aug_prob 0"),
    ("equalized_lr", "init", "--equalized_lr --init kaiming"),
    ("equalized_lr", "spectral_norm", "--equalized_lr --spectral_norm"),
    ("freeze", "progressive", "--freeze"),
    ("freeze", "progressive", "--freeze --progressive [64]"),
    ("fade_in", "progressive", "--fade_in 0.5"),
    ("fade_in", "progressive", "--fade_in 0.5 --progressive [64]"),
    ("fade_in", "grow", "--fade_in 0.5 --progressive [32,64] --grow latent"),
    ("freeze", "fade_in", "--freeze --fade_in 0.5 --progressive [32,64]"),
    ("freeze", "fade_in", "--recipe progan --freeze"),
    ("freeze", "projected", "--recipe pokegan-progressive --projected"),
    ("progressive", "self_attention", "--progressive [32,64] --self_attention"),
    ("progressive", "d_strides", "--progressive [32,64] --d_strides [2,2,2,2]"),
    ("progressive", "init_from", "--progressive [32,64] --init_from runs/a"),
    ("cycle", "schedule", "--recipe progan --schedule cosine"),
    ("cycle", "warmup", "--recipe progan --warmup 10"),
]


@pytest.mark.parametrize("knob, other, flags", REFUSED)
def test_both_knobs_are_named_in_one_line(knob, other, flags):
    with pytest.raises(InputError) as refused:
        load_flags(flags.split())
    message = str(refused.value)
    assert message.startswith(f"{knob} does not go with this {other}: ")
    assert f"Received: {knob}=" in message and f", {other}=" in message
    assert ". Allowed: " in message and "\n" not in message


def test_the_command_refuses_before_it_looks_for_pictures():
    done = command(
        "train", "--data", "nowhere", "--dynamic_frequency", "--loss", "wgan"
    )
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: dynamic_frequency does not go with this loss")


@pytest.mark.parametrize("loss", ["lsgan", "rgan", "ragan"])
def test_label_knobs_stay_with_losses_that_have_targets(loss, capsys):
    config = load_config("pokegan", loss=loss)
    assert config.label_smoothing == 0.1 and config.label_swap == 0.03
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("loss", ["wgan", "hinge"])
def test_a_recipes_label_knobs_are_cleared_and_a_line_says_so(loss, capsys):
    config = load_config("pokegan", loss=loss)
    assert all(getattr(config, knob) == off for knob, off in LABEL_KNOBS.items())
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"Off, because loss={loss} has no targets: label_smoothing,")
    assert "g_soft_labels" in line


def test_the_users_own_label_knob_is_not_cleared_but_refused():
    with pytest.raises(InputError, match="label_noise does not go with this loss"):
        load_config("pokegan", loss="wgan", label_noise=0.2)


@pytest.mark.parametrize(
    "knobs, message",
    [
        ({"jitter": [0.1, 0.2]}, "jitter is not valid.*three such numbers"),
        ({"jitter": 1.5}, "jitter is not valid"),
        ({"rotate": 200.0}, "rotate is not valid. Received: 200.0. Allowed: 0 to 180"),
        ({"gp": -1.0}, "gp is not valid. Received: -1.0. Allowed: 0 or more"),
        ({"critic_steps": 0}, "critic_steps is not valid"),
        ({"label_smoothing": 1.5}, "label_smoothing is not valid"),
        ({"d_norm": "group"}, "d_norm is not valid.*batch, instance, layer"),
        ({"init_from": ""}, "init_from is not valid"),
        ({"precision": "float64"}, "precision is not valid.*float32, float16"),
    ],
)
def test_ranges_of_the_techniques(knobs, message):
    with pytest.raises(InputError, match=message):
        Config(**knobs)

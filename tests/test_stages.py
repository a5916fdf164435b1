"""The plan of a training: its stages, their phases, and what contradicts them."""

from types import SimpleNamespace

import pytest
from helpers import command

from dcgan.config import Config, load_config
from dcgan.errors import InputError
from dcgan.stages import Stage, plan_stages, stage_of
from dcgan.training.callbacks import Clock

pytestmark = pytest.mark.usefixtures("no_curves")

PHASES = [{"lr": 5e-4, "epochs": 2}, {"lr": 2e-4, "epochs": 3}]
SHORT = [{"lr": 1e-3, "epochs": 1}]


def plan(**knobs):
    return plan_stages(load_config("narrow", **knobs))


def test_a_plain_training_is_one_stage():
    assert plan(epochs=7) == [Stage(64, 0, 7)]


def test_one_cycle_is_repeated_in_every_stage():
    first, second = plan(progressive=[32, 64], cycle=PHASES)
    assert first == Stage(32, 0, 5, ((2, 5e-4), (5, 2e-4)))
    assert second == Stage(64, 5, 10, ((7, 5e-4), (10, 2e-4)))


def test_each_stage_may_have_a_cycle_of_its_own():
    stages = plan(progressive=[16, 32, 64], cycle=[SHORT, PHASES, SHORT])
    assert stages == [
        Stage(16, 0, 1, ((1, 1e-3),)),
        Stage(32, 1, 6, ((3, 5e-4), (6, 2e-4))),
        Stage(64, 6, 7, ((7, 1e-3),)),
    ]


def test_without_a_cycle_the_stages_share_the_epochs():
    stages = plan(progressive=[16, 32, 64], epochs=8)
    assert stages == [Stage(16, 0, 2), Stage(32, 2, 5), Stage(64, 5, 8)]


def test_a_cycle_does_without_stages():
    assert plan(cycle=PHASES) == [Stage(64, 0, 5, ((2, 5e-4), (5, 2e-4)))]


def test_the_rate_of_each_epoch():
    first, second = plan(progressive=[32, 64], cycle=PHASES)
    assert [first.learning_rate(epoch) for epoch in range(5)] == [5e-4] * 2 + [2e-4] * 3
    assert [second.learning_rate(epoch) for epoch in (5, 6, 7, 9)] == [
        *(5e-4, 5e-4),
        *(2e-4, 2e-4),
    ]
    assert second.learning_rate(10) is None
    assert Stage(64, 0, 5).learning_rate(0) is None


def test_at_a_boundary_a_run_is_in_the_stage_that_has_ended():
    stages = [Stage(16, 0, 2), Stage(32, 2, 5), Stage(64, 5, 6)]
    assert [stage_of(stages, epoch) for epoch in range(7)] == [0, 0, 0, 1, 1, 1, 2]


@pytest.fixture
def clock(monkeypatch):
    """Makes a `Clock` of two stages, the second of which takes four times as long,
    and time that stands until it is set."""
    now = SimpleNamespace(time=100.0, monotonic=lambda: now.time)
    monkeypatch.setattr("dcgan.training.callbacks.time", now)
    monkeypatch.setattr("dcgan.training.callbacks.step_cost", lambda _, size: size**2)
    gan = SimpleNamespace(plan=[Stage(16, 0, 2), Stage(32, 2, 4)], config=None)
    return Clock(SimpleNamespace(params={"epochs": 2}, model=gan)), now


def test_the_clock_expects_later_stages_to_take_longer(clock):
    clock, now = clock
    clock.start(0)
    now.time += 10
    assert clock.epochs == 4  # of the run, not of the stage
    assert clock.left(2) == "40 s"


def test_the_clock_counts_from_where_a_training_goes_on(clock):
    clock, now = clock
    clock.start(3)
    clock.start(4)  # each epoch says so, and only the first one counts
    now.time += 8
    assert clock.left(3.5) == "8 s"
    assert clock.left(4) == "0 s"


def test_the_clock_of_a_gan_without_a_plan_counts_epochs(monkeypatch):
    now = SimpleNamespace(time=0.0, monotonic=lambda: now.time)
    monkeypatch.setattr("dcgan.training.callbacks.time", now)
    clock = Clock(SimpleNamespace(params={"epochs": 10}, model=SimpleNamespace()))
    clock.start(0)
    now.time = 6.0
    assert (clock.epochs, clock.left(4)) == (10, "9 s")


@pytest.mark.parametrize(
    "cycle",
    [
        [],
        [[]],
        [{}],
        [PHASES, []],
        [{"lr": 1e-3}],
        [{"epochs": 3}],
        [{"lr": 1e-3, "epochs": 3, "name": 1}],
        [{"lr": 1e-3, "epochs": -3}],
        [{"lr": 1e-3, "epochs": 0}],
        [{"lr": 1e-3, "epochs": 2.5}],
        [{"lr": 1e-3, "epochs": True}],
        [{"lr": True, "epochs": 3}],
        [{"lr": -1e-3, "epochs": 3}],
        [{"lr": 1.5, "epochs": 3}],
        [{"lr": float("nan"), "epochs": 3}],
        [{"lr": "fast", "epochs": 3}],
        [{"lr": None, "epochs": 3}],
        [PHASES, SHORT[0]],
        [SHORT[0], PHASES],
        [[PHASES]],
        {"lr": 1e-3, "epochs": 3},
        "fast",
        3,
    ],
)
def test_malformed_phases_are_refused_in_one_line(cycle):
    allowed = r"^cycle is not valid\. Received: .*\. Allowed: phases,? such as \["
    for make in (load_config, Config):
        with pytest.raises(InputError, match=allowed) as refused:
            make(cycle=cycle, progressive=[32, 64])
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "knobs, message",
    [
        ({"progressive": []}, "progressive is not valid.*sizes that double"),
        ({"progressive": [16, 64]}, "progressive is not valid.*sizes that double"),
        ({"progressive": [64, 32]}, "progressive is not valid.*sizes that double"),
        ({"progressive": [32, 64, 64]}, "progressive.*sizes that double"),
        ({"progressive": [16, 32]}, "last stage is the target, size=64"),
        ({"progressive": [64, 128]}, "last stage is the target, size=64"),
        ({"progressive": [0]}, "last stage is the target"),
        ({"progressive": [4, 8, 16, 32, 64]}, "a first stage of at least 8"),
        (
            {"progressive": [8, 16, 32, 64], "min_map": 8},
            "a first stage of at least 16",
        ),
        ({"progressive": [True]}, "progressive is not valid"),
        ({"progressive": [16.5, 33]}, "progressive is not valid"),
        ({"progressive": "abc"}, "progressive is not valid"),
        ({"progressive": 64}, "progressive is not valid"),
        (
            {"progressive": [16, 32, 64], "epochs": 2},
            "epochs.*one for each of 3 stages",
        ),
        ({"fade_in": 1.5, "progressive": [32, 64]}, "fade_in.*Allowed: 0 to 1"),
        ({"grow": "middle"}, "grow is not valid.*latent, image"),
    ],
)
def test_wrong_stages_are_refused_in_one_line(knobs, message):
    with pytest.raises(InputError, match=message) as refused:
        load_config("narrow", **knobs)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_as_many_cycles_as_neither_one_nor_the_stages_are_refused(count):
    with pytest.raises(InputError, match="cycle is not valid.*one for each of 3"):
        load_config(progressive=[16, 32, 64], cycle=[PHASES] * count)


@pytest.mark.parametrize(
    "knobs, message",
    [
        ({"epochs": 7}, "epochs is not valid. Received: 7. Allowed: 5, the sum"),
        ({"epochs": 1}, "epochs is not valid. Received: 1. Allowed: 5, the sum"),
        ({"g_lr": 1e-3}, "g_lr is not valid. Received: 0.001. Allowed: 0.0005"),
        ({"d_lr": 1e-3}, "d_lr is not valid. Received: 0.001. Allowed: 0.0005"),
    ],
)
def test_what_contradicts_the_cycle_is_refused(knobs, message):
    with pytest.raises(InputError, match=message):
        load_config(cycle=PHASES, **knobs)


def test_a_recipes_cycle_is_not_contradicted_either():
    with pytest.raises(InputError, match="g_lr.*0.001, the cycle's first rate"):
        load_config("progan", g_lr=2e-3)
    # Nothing settles the knobs of a `Config` made by hand.
    with pytest.raises(InputError, match="epochs is not valid.*the sum of the cycle"):
        Config(cycle=PHASES)


@pytest.mark.parametrize(
    "grow, network, right",
    [
        ("image", "g_widths", [8, 8, 4, 4, 2]),
        ("image", "d_widths", [2, 4, 4, 8, 8]),
        ("latent", "g_widths", [8, 8, 4, 4]),
        ("latent", "d_widths", [4, 4, 8, 8]),
    ],
)
def test_widths_are_as_many_as_the_maps_that_grow(grow, network, right):
    growing = {"progressive": [16, 32, 64], "grow": grow}
    assert (
        getattr(load_config("narrow", **growing, **{network: right}), network) == right
    )
    for wrong in (right[1:], [*right, 8], [0, *right[1:]]):
        with pytest.raises(InputError, match=f"{network} is not valid"):
            load_config("narrow", **growing, **{network: wrong})


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--progressive", "[16,64]"], "progressive is not valid"),
        (["--recipe", "progan", "--freeze"], "freeze does not go with this fade_in"),
        (["--cycle", "[{lr: 5e-4}]"], "cycle is not valid. Received: [{'lr': 0.0005}]"),
        (["--recipe", "progan", "--epochs", "2"], "epochs: each phase of the cycle"),
    ],
)
def test_the_command_refuses_in_one_line(flags, message, tmp_path):
    done = command("train", "--data", "nowhere", "--runs", tmp_path, *flags)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {message}") and "Allowed: " in line
    assert not any(tmp_path.iterdir())

"""How long a run takes and how many epochs fit, by hand."""

import pytest

from dcgan.config import Config, load_config
from dcgan.training.duration import (
    A_STAGE,
    BUILDING,
    COSTS,
    ONCE,
    Work,
    epochs_that_fit,
    seconds_left,
    step_cost,
    work_of,
)

NOTHING = Work({}, 0.0)


def test_a_plain_training_by_hand():
    config = Config(epochs=10, sample_every=5, eval_every=4, checkpoint_every=10)
    work = Work({"sample_every": (1.0, 2.0), "eval_every": (3.0, 0.0)}, 7.0, 0.5)
    # 10 x 25 x 0.1 s; sheets 10/5 + 1 times 1.2 s, scores 10/4 + 1 times 3 s, 10 x 0.5
    training, beside = seconds_left(config, 25, [0.1], work)
    assert (training, beside) == (pytest.approx(25), pytest.approx(3.6 + 10.5 + 5))
    training, beside = seconds_left(config, 25, [0.1], work, done=7.5)
    assert (training, beside) == (pytest.approx(6.25), pytest.approx(6.675 + 1.25))
    assert seconds_left(config, 25, [0.1], work, done=10) == (0, 0)
    assert work.seconds(0.1) == pytest.approx(1.2 + 3 + 7)


def test_each_stage_counts_with_its_own_seconds():
    config = Config(epochs=9, progressive=[16, 32, 64])
    left = [seconds_left(config, 10, [1, 2, 4], NOTHING, d)[0] for d in (0, 4, 7.5)]
    assert left == [30 + 60 + 120, 40 + 120, 60]


def test_steps_cost_as_they_once_took():
    """`narrow` took 20, 56, 214 and 927 ms; docs/performance.md has the table."""
    costs = [step_cost(load_config("narrow"), side) for side in (32, 64, 128, 256)]
    assert costs[1] / costs[0] == pytest.approx(56 / 20, rel=0.05)
    assert costs[2] / costs[1] == pytest.approx(214 / 56, rel=0.1)
    assert costs[3] / costs[2] == pytest.approx(927 / 214, rel=0.15)
    frozen = [step_cost(Config(projected=True), side) for side in (32, 64)]
    assert frozen == [costs[0] + 64**2, costs[1] + 64**2]


def test_the_most_epochs_that_fit_by_hand():
    config = Config(epochs=800, sample_every=5)
    work = Work({"sample_every": (2.0, 0.0)}, 10.0)
    # n x 10 x 0.5 + (n / 5 + 1) x 2 + 10 <= 120, so n <= 108 / 5.4 = 20
    assert epochs_that_fit(config, 120.001, 10, [0.5], work) == 20
    assert epochs_that_fit(config, 119.9, 10, [0.5], work) == 19
    growing = Config(epochs=9, progressive=[16, 32, 64])
    # of 3 n epochs each stage has n: n x 10 x (1 + 2 + 4) = 140 for 6 of them
    assert epochs_that_fit(growing, 140, 10, [1, 2, 4], NOTHING) == 6
    assert epochs_that_fit(growing, 179, 10, [1, 2, 4], NOTHING) == 6
    assert epochs_that_fit(growing, 180, 10, [1, 2, 4], NOTHING) == 7  # 2, 2, 3


def test_phases_stretch_to_what_fits():
    cycle = [{"lr": 1e-3, "epochs": 1}, {"lr": 1e-4, "epochs": 2}]
    config = load_config("narrow", cycle=cycle, progressive=[32, 64])
    # of 2 n epochs each stage has n: n x 10 x (1 + 2) = 180
    assert epochs_that_fit(config, 180, 10, [1, 2], NOTHING) == 12
    assert epochs_that_fit(config, 0, 10, [1, 2], NOTHING) == 4  # one for each phase


@pytest.mark.parametrize("seconds", [-100, 0, 3])
def test_there_is_an_epoch_for_each_stage_at_least(seconds):
    assert epochs_that_fit(Config(), seconds, 10, [1], NOTHING) == 1
    config = Config(progressive=[32, 64])
    assert epochs_that_fit(config, seconds, 10, [1, 1], NOTHING) == 2


def test_on_a_slow_machine_all_beside_the_steps_takes_longer():
    work = Work({"sample_every": (1.0, 2.0)}, 7.0, 0.5)
    slower = Work({"sample_every": (2.5, 2.0)}, 17.5, 1.25)
    assert work.slowed(2.5 * BUILDING) == slower
    assert work.slowed(0.5 * BUILDING) == work
    assert work.slowed(9 * BUILDING) == Work({"sample_every": (3.0, 2.0)}, 21.0, 1.5)


def test_what_is_off_costs_nothing():
    knobs = {"snapshot_every": 0, "gradients_every": 0}
    plain = work_of(Config(**knobs), 900, scored=True)
    assert set(plain.costs) == {"sample_every", "checkpoint_every", "eval_every"}
    assert plain.once == ONCE + 3  # 900 real pictures for the first scores
    most = work_of(Config(**knobs), 90_000, scored=True)
    assert most.once == pytest.approx(ONCE + 5000 / 300)  # no more are scored
    few = work_of(Config(snapshot_every=4), 9, scored=False)
    assert set(few.costs) == set(COSTS) - {"eval_every"} and few.once == ONCE
    grown = work_of(Config(progressive=[16, 32, 64]), 9, scored=False)
    assert grown.once == ONCE + 2 * A_STAGE
    large = work_of(Config(size=256), 9, scored=False).costs["sample_every"]
    assert large == (16 * COSTS["sample_every"][0], COSTS["sample_every"][1])

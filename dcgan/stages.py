"""The plan of a training: stages of growing picture size, and phases of each."""

from dataclasses import replace
from itertools import accumulate
from numbers import Integral, Real
from typing import NamedTuple

from dcgan.errors import InputError

LONGEST = 10**9  # epochs of a phase
SMALLEST = 8  # side of the first stage's pictures; less shows nothing


class Stage(NamedTuple):
    """Training at one picture size.

    Attributes:
        size: Side of the pictures.
        first: Epochs of the run done before it.
        last: Epochs done after it.
        phases: Pairs of the epochs done after a phase and its learning rate; empty if
            `g_lr` and `d_lr` hold all the time.
    """

    size: int
    first: int
    last: int
    phases: tuple = ()

    def learning_rate(self, epoch):
        """Returns the rate after `epoch` epochs of the run, or None: the config's."""
        return next((lr for last, lr in self.phases if epoch < last), None)


def plan_stages(config):
    """Returns the `Stage`s of a training in their order; a plain one has one.

    Without a `cycle` the stages share the epochs equally.

    Example:
        >>> cycle = [{"lr": 5e-4, "epochs": 2}, {"lr": 2e-4, "epochs": 3}]
        >>> config = load_config(progressive=[32, 64], cycle=cycle)
        >>> [(stage.size, stage.first, stage.last) for stage in plan_stages(config)]
        [(32, 0, 5), (64, 5, 10)]
    """
    sizes = _sizes(vars(config))
    if config.cycle is None:
        ends = [config.epochs * k // len(sizes) for k in range(len(sizes) + 1)]
        return [Stage(*stage) for stage in zip(sizes, ends, ends[1:])]
    stages, first = [], 0
    for size, phases in zip(sizes, _cycles(config.cycle, len(sizes))):
        ends = list(accumulate((p["epochs"] for p in phases), initial=first))[1:]
        rates = tuple(zip(ends, (phase["lr"] for phase in phases)))
        stages.append(Stage(size, first, ends[-1], rates))
        first = ends[-1]
    return stages


def with_epochs(config, epochs):
    """Returns the config with other epochs; the phases of a `cycle` stretch to them.

    Args:
        config: A `Config`.
        epochs: At least `fewest_epochs`.
    """
    if config.cycle is None:
        return replace(config, epochs=epochs)
    cycle = _stretched(config.cycle, len(_sizes(vars(config))), epochs)
    return replace(config, epochs=epochs, cycle=cycle)


def fewest_epochs(config):
    """Returns the epochs of which each stage and each phase has one."""
    return sum(max(1, len(stage.phases)) for stage in plan_stages(config))


def stage_of(stages, epoch):
    """Returns the index of the stage that the run is in after `epoch` epochs; at the
    boundary of two it is the one that has ended."""
    return next(k for k, stage in enumerate(stages) if epoch <= stage.last)


def settle_cycle(layers):
    """Merges settings so that `epochs`, `g_lr` and `d_lr` agree with the `cycle`.

    Whoever chooses a cycle, or other stages for it, chooses the three with it. Whoever
    then chooses other `epochs` stretches or shortens its phases.

    Args:
        layers: Dicts of knobs, later ones over earlier ones.

    Returns:
        Dict of knobs. Where one layer contradicts itself it is left for `stage_rules`.

    Example:
        >>> cycle = [{"lr": 1e-3, "epochs": 10}, {"lr": 1e-4, "epochs": 20}]
        >>> settle_cycle([{"cycle": cycle}, {"epochs": 60}])["cycle"]
        [[{'lr': 0.001, 'epochs': 20}, {'lr': 0.0001, 'epochs': 40}]]
    """
    values = {knob: value for layer in layers for knob, value in layer.items()}
    cycle, count = values.get("cycle"), len(_sizes(values))
    if not _is_cycle(cycle) or len(_cycles(cycle, count)) != count:
        return values  # none, or one that `stage_rules` refuses
    cycle_at, epochs_at = _last(layers, "cycle"), _last(layers, "epochs")
    epochs = values.get("epochs", 0)
    if epochs_at > cycle_at and epochs > 0:
        values["cycle"] = _stretched(cycle, count, epochs)
    elif epochs_at < max(cycle_at, _last(layers, "progressive")):
        values["epochs"] = _total(cycle, count)
    for knob in ("g_lr", "d_lr"):
        if _last(layers, knob) < cycle_at:
            values[knob] = _cycles(cycle, count)[0][0]["lr"]
    return values


def _last(layers, knob):
    """Returns the number of the last layer that has a knob, -1 if none has."""
    return max((k for k, layer in enumerate(layers) if knob in layer), default=-1)


def stage_rules(config):
    """Yields (is right, knob, what is allowed) of the stages and phases."""
    sizes, last = config.progressive, config.size
    doubling = sizes is None or (
        len(sizes) > 0 and all(b == 2 * a for a, b in zip(sizes, sizes[1:]))
    )
    yield doubling, "progressive", "sizes that double, such as [16,32,64]"
    if sizes is not None:
        yield (
            sizes[-1] == last,
            "progressive",
            f"the last stage is the target, size={last}",
        )
        smallest = max(SMALLEST, 2 * config.min_map)
        allowed = f"a first stage of at least {smallest}"
        yield sizes[0] >= smallest, "progressive", allowed
    count = len(_sizes(vars(config)))
    yield config.epochs >= count, "epochs", f"at least one for each of {count} stages"
    if config.cycle is None:
        return
    allowed = "phases such as [{lr: 5e-4, epochs: 100}, {lr: 2e-4, epochs: 200}]"
    yield _is_cycle(config.cycle), "cycle", f"{allowed}, or a list of such lists"
    several = _is_several(config.cycle)
    number = f"one list of phases for all stages, or one for each of {count}"
    yield not several or len(config.cycle) == count, "cycle", number
    total = _total(config.cycle, count)
    yield config.epochs == total, "epochs", f"{total}, the sum of the cycle's"
    rate = _cycles(config.cycle, count)[0][0]["lr"]
    for knob in ("g_lr", "d_lr"):
        same = getattr(config, knob) == rate
        yield same, knob, f"{rate}, the cycle's first rate: with a cycle, change that"


def _sizes(values):
    return values.get("progressive") or [values.get("size")]


def _is_several(cycle):
    return isinstance(cycle[0], list | tuple)


def _is_cycle(cycle):
    if not isinstance(cycle, list | tuple) or not cycle:
        return False
    lists = cycle if _is_several(cycle) else [cycle]
    return all(
        isinstance(phases, list | tuple) and phases and all(map(_is_phase, phases))
        for phases in lists
    )


def _is_phase(phase):
    return (
        isinstance(phase, dict)
        and set(phase) == {"lr", "epochs"}
        and not any(isinstance(value, bool) for value in phase.values())
        and isinstance(phase["lr"], Real)
        and 0 <= phase["lr"] <= 1
        and isinstance(phase["epochs"], Integral)
        and 1 <= phase["epochs"] <= LONGEST
    )


def _cycles(cycle, count):
    return list(cycle) if _is_several(cycle) else [cycle] * count


def _total(cycle, count):
    return sum(p["epochs"] for phases in _cycles(cycle, count) for p in phases)


def _stretched(cycle, count, epochs):
    """Returns one list of phases a stage, `epochs` in all, in the old proportions."""
    cycles = _cycles(cycle, count)
    flat = [phase["epochs"] for phases in cycles for phase in phases]
    if epochs < len(flat):
        raise InputError(
            "epochs: each phase of the cycle has at least one. "
            f"Received: {epochs}. Allowed: {len(flat)} or more, or another --cycle"
        )
    sums = [0, *accumulate(flat)]
    ends = [round(epochs * total / sums[-1]) for total in sums]
    lengths = [b - a for a, b in zip(ends, ends[1:])]
    while 0 in lengths:  # the longest phase gives one
        lengths[lengths.index(max(lengths))] -= 1
        lengths[lengths.index(0)] += 1
    parts = iter(lengths)
    return [[p | {"epochs": next(parts)} for p in phases] for phases in cycles]

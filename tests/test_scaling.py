"""Scaling to more machines: what is measured, and exchanges worked out by hand."""

import numpy as np
import pytest

import dcgan
from benchmarks import ring, scaling
from dcgan.config import load_config


def test_scaling_measures_two_processes_and_counts_their_exchanges(capsys, monkeypatch):
    """The gradients of `narrow` are at least as many bytes as its weights."""
    real, seconds = scaling.run_processes, {1: 2.0, 2: 2.5, 3: 0}
    counted = real("narrow", 2, 1, small=True)
    assert counted["seconds"] > 0

    def run_processes(recipe, processes, steps, small):
        size = counted["bytes"] + 50_000 * (processes - 2)
        return counted | {"seconds": seconds[processes], "bytes": size}

    monkeypatch.setattr(scaling, "run_processes", run_processes)
    scaling.main("--recipes narrow --rounds 1 --steps 1 --small --faster 20".split())
    lines = [x for x in capsys.readouterr().out.splitlines() if "| narrow |" in x]
    measured, projected = ([c.strip() for c in x.split("|")[2:-1]] for x in lines)
    assert [cell.split()[0] for cell in measured] == ["2", "2.5", "0.80"]
    config = load_config("narrow", **scaling.SMALL)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    weights = sum(
        4 * int(np.prod(v.shape)) for n in networks for v in n.trainable_weights
    )
    exchanges, two, three, *shares = projected
    assert int(exchanges) > 10 and 1 <= counted["bytes"] / weights < 2
    assert float(three) - float(two) == pytest.approx(0.05, abs=0.011)
    found = [
        ring.efficiency(
            *(gpus, 0.1, int(exchanges)),
            counted["bytes"] + 50_000 * (gpus - 2),
            ring.Network(),
        )
        for gpus in (8, 64, 512)
    ]
    assert shares == [f"{share:.0%}" for share in found]


def test_the_ring_sends_each_byte_nearly_twice():
    """By hand: 4 members, 8 bytes at 2 a second; 6 messages of 2 bytes, each a second
    and its latency. In two exchanges of 4 bytes, the latencies come twice.
    """
    assert ring.ring_seconds(4, 1, 8, 2, 0.5) == 6 * (1 + 0.5)
    assert ring.ring_seconds(4, 2, 8, 2, 0.5) == 12 * (0.5 + 0.5)
    assert ring.ring_seconds(1, 1, 8, 2, 0.5) == 0


def test_machines_exchange_what_their_gpus_have_summed():
    network = ring.Network(inside=2, fast=4.0, slow=1.0, latency=0.0)
    assert ring.exchange_seconds(2, 1, 8, network) == 2
    assert ring.exchange_seconds(4, 2, 16, network) == 2 * (2 + 8)
    assert ring.efficiency(4, 20.0, 2, 16, network) == 0.5
    assert ring.efficiency(1, 1.0, 1, 8, network) == 1

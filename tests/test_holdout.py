"""Pictures that are set aside."""

import numpy as np
import pytest

from dcgan.data.holdout import set_aside

IMAGES = np.arange(50)


@pytest.mark.parametrize("share, count", [(0.1, 5), (0.5, 25), (0.001, 1), (0, 0)])
def test_both_parts_are_the_whole_in_its_order(share, count):
    train, held_out = set_aside(IMAGES, share, seed=3)
    assert len(held_out) == count
    assert sorted([*train, *held_out]) == list(IMAGES)
    assert list(train) == sorted(train) and list(held_out) == sorted(held_out)


def test_the_seed_decides_which():
    chosen = [tuple(set_aside(IMAGES, 0.2, seed)[1]) for seed in (0, 0, 1, 2)]
    assert chosen[0] == chosen[1] and len(set(chosen)) == 3

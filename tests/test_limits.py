"""How many pictures a score takes."""

import numpy as np
import pytest

from dcgan.errors import InputError
from dcgan.evaluation.limits import FEWEST, MOST, at_most


def test_too_few_are_refused():
    with pytest.raises(InputError, match="too few sprites.*Received: 9. Allowed: 10"):
        at_most(np.zeros(FEWEST - 1), "sprites")


def test_too_many_are_thinned_out_evenly():
    kept = at_most(np.arange(3 * MOST), "sprites")
    assert len(kept) == MOST and kept[0] == 0 and kept[-1] == 3 * MOST - 1
    assert set(np.diff(kept)) <= {2, 3, 4}


def test_any_other_number_stays_as_it_is():
    assert list(at_most(np.arange(12), "sprites")) == list(range(12))

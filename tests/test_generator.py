"""Pictures of several generators that take turns."""

import numpy as np
import pytest

from dcgan.models import generator


@pytest.mark.parametrize("count", [1, 3, 11])
def test_generators_take_turns_and_few_pictures_are_in_memory(count, monkeypatch):
    """Functions in place of networks: latent i is seen by generator i modulo 3."""
    monkeypatch.setattr(generator, "SAMPLE_BATCH", 2)

    def network(share):
        # 127.5 becomes a step of one in the pictures, which are uint8.
        return lambda latents, training: (latents + share)[:, None, None] / 127.5 - 1

    generators = [network(share) for share in (0, 50, 100)]
    latents = np.arange(count, dtype=np.float32)[:, None]
    batches = list(generator.generate_in_turn(generators, latents))
    assert [len(batch) for batch in batches] == [6] * (count // 6) + [count % 6]
    expected = [k + (0, 50, 100)[k % 3] for k in range(count)]
    assert np.concatenate(batches).ravel().tolist() == expected

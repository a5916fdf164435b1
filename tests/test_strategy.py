"""What cannot be done on several replicas is refused before anything is built."""

import keras
import pytest
import tensorflow as tf

from dcgan.errors import InputError
from dcgan.training.synchronised import synchronise


class Two:
    """All that `synchronise` asks of a strategy."""

    num_replicas_in_sync = 2


def test_batchnorm_over_another_axis_is_refused(monkeypatch):
    """Its statistics would be those of the wrong axis, without a word."""
    monkeypatch.setattr(tf.distribute, "get_strategy", Two)
    norm = keras.layers.BatchNormalization(axis=1, name="mine")
    network = keras.Sequential([keras.Input((4, 4, 4)), norm])
    with pytest.raises(InputError, match="mine normalises .* Received: axis=1"):
        synchronise(network)
    last = keras.layers.BatchNormalization(axis=3)
    network = keras.Sequential([keras.Input((4, 4, 4)), last])
    assert synchronise(network) is not network


@pytest.mark.parametrize("kind", [keras.Model, keras.layers.Layer])
def test_batchnorm_in_what_cannot_be_taken_apart_is_refused(kind, monkeypatch):
    class Own(kind):
        def __init__(self):
            super().__init__()
            self.norm = keras.layers.BatchNormalization(name="mine")

        def call(self, inputs):
            return self.norm(inputs)

    own = Own()
    inside = keras.Sequential([keras.Input((3,)), own])
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), inside])
    monkeypatch.setattr(tf.distribute, "get_strategy", Two)
    for whole in (own, network) if kind is keras.Model else (network,):
        with pytest.raises(InputError, match="mine is in a (layer|model) that"):
            synchronise(whole)

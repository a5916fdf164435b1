"""Networks on disk: Keras models as `.keras` files."""

import numpy as np

from dcgan.errors import InputError, in_a_line
from dcgan.files import whole_file


def load_network(file):
    """Loads a Keras model that `save_network` has written.

    Raises:
        InputError: If there is none, if the file is damaged, if it holds code, or
            weights that are no numbers, as a training that failed may leave.
    """
    import keras

    if not file.is_file():
        raise InputError(
            f"run: no {file.stem} has been saved yet. Received: {file.parent}. "
            f"Allowed: a run with {file.name}"
        )
    try:
        network = keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # zip, JSON, HDF5 and Keras each raise their own
        reason = in_a_line(error)
        raise InputError(
            f"run: cannot read the {file.stem}. Received: {file}: {reason}. Allowed: "
            "what this package wrote, unchanged"
        ) from error
    if not all(np.isfinite(weight).all() for weight in network.get_weights()):
        raise InputError(
            f"run: the {file.stem} has weights that are no numbers. Received: {file}. "
            "Allowed: another generator of the run, or training it again"
        )
    return network


def save_network(network, path):
    """Saves a Keras model as `.keras`; an old file stays until the new one is whole."""
    with whole_file(path) as temporary:
        network.save(temporary)

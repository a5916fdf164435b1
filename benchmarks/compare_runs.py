"""What differs between two run folders that should hold the same."""

from dataclasses import replace

import numpy as np


def differences(one, other):
    """Returns what differs between two runs that should be the same, a list."""
    found = []
    if replace(one.config, name="a") != replace(other.config, name="a"):
        found.append("config.yml differs")
    patterns = ("*.csv", "best/*.json", "*.gif", "samples/*", "stages/*/samples.png")
    for pattern in patterns:
        first, second = (_names(run, pattern) for run in (one, other))
        found += [f"{name} is missing" for name in first ^ second]
        for name in first & second:
            same = len({(run.folder / name).read_bytes() for run in (one, other)}) == 1
            found += [] if same or name.name == "timing.csv" else [f"{name} differs"]
    return found + _tensor_differences(one, other)


def _names(run, pattern):
    return {path.relative_to(run.folder) for path in run.folder.glob(pattern)}


def _tensor_differences(one, other):
    import keras
    import tensorflow as tf

    from dcgan.training.checkpoint import STATE

    found = []
    pairs = zip(one.checkpoint_folders(), other.checkpoint_folders(), strict=True)
    for a, b in pairs:
        readers = [tf.train.load_checkpoint(str(path / STATE)) for path in (a, b)]
        for name in readers[0].get_variable_to_shape_map():
            values = [np.asarray(reader.get_tensor(name)) for reader in readers]
            if not name.startswith("_") and values[0].tobytes() != values[1].tobytes():
                found.append(f"{a.name} {name} differs")
    for path in one.folder.rglob("*.keras"):
        files = path, other.folder / path.relative_to(one.folder)
        nets = [keras.models.load_model(f, compile=False).get_weights() for f in files]
        if not all(np.array_equal(*pair) for pair in zip(*nets, strict=True)):
            found.append(f"{path.relative_to(one.folder)} differs")
    return found

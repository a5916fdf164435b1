"""Reads the tensors of a legacy PyTorch file, without PyTorch."""

import pickle
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # what such files begin with


class _Tensor(NamedTuple):
    """Where a tensor lies in the storages that follow the pickles."""

    storage: tuple
    offset: int
    shape: tuple
    strides: tuple

    def array(self, storages):
        values = storages[self.storage[2]]
        strides = [stride * values.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided
        return np.ascontiguousarray(view(values[self.offset :], self.shape, strides))


def _tensor(storage, offset, shape, strides, *_):
    return _Tensor(storage, offset, shape, strides)


# All that a pickle may name: nothing in a file can run code.
KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return KNOWN[module, name]

    def persistent_load(self, pid):
        return pid  # ("storage", dtype, key, device, length, None)


def read_tensors(file):
    """Reads a dict of tensors that `torch.save` wrote before it used zip files.

    Args:
        file: Binary file object. Read only bytes whose checksum is known: the places
            of the tensors in their storages are believed.

    Returns:
        Dict from names to NumPy arrays.

    Raises:
        pickle.UnpicklingError: If it is no such file, or names another class than a
            tensor's.
    """
    if (_load(file), _load(file)) != (MAGIC, PROTOCOL):
        raise pickle.UnpicklingError("no legacy PyTorch file")
    _load(file)  # byte order and word lengths of the machine that wrote it
    tensors = _load(file)
    dtypes = {tensor.storage[2]: tensor.storage[1] for tensor in tensors.values()}
    storages = {}
    for key in _load(file):
        length = int.from_bytes(file.read(8), "little")
        values = file.read(length * dtypes[key].itemsize)
        storages[key] = np.frombuffer(values, dtypes[key])
    return {name: tensor.array(storages) for name, tensor in tensors.items()}


def _load(file):
    return _Unpickler(file).load()

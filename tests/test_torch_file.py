"""Tensors of a legacy PyTorch file are read, and nothing else in it runs."""

import io
import pickle
import struct

import numpy as np
import pytest

from dcgan.models.torch_file import MAGIC, PROTOCOL, read_tensors


def text(value):
    return pickle.BINUNICODE + struct.pack("<I", len(value)) + value.encode()


def number(value):
    return pickle.BININT + struct.pack("<i", value)


def numbers(*values):
    return pickle.MARK + b"".join(map(number, values)) + pickle.TUPLE


def storage(kind, key, count):
    """The opcodes of ("storage", torch.KIND, key, "cpu", count, None), kept outside."""
    parts = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
    return pickle.MARK + parts + number(count) + pickle.NONE + pickle.TUPLE + b"Q"


def tensor(kind, key, count, offset, shape, strides):
    """The opcodes of what `torch.save` writes for a tensor."""
    arguments = storage(kind, key, count) + number(offset) + numbers(*shape)
    arguments += numbers(*strides) + pickle.NEWFALSE + pickle.EMPTY_DICT
    call = pickle.MARK + arguments + pickle.TUPLE + pickle.REDUCE
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + call


def legacy_file(tensors, storages, magic=MAGIC):
    """Bytes of a legacy file: opcodes of tensors and arrays of storages, by name."""
    entries = b"".join(text(name) + code for name, code in tensors.items())
    named = pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + pickle.MARK + entries
    parts = [
        pickle.dumps(value, 2) for value in (magic, PROTOCOL, {"little_endian": 1})
    ]
    parts += [named + pickle.SETITEMS + pickle.STOP, pickle.dumps(list(storages), 2)]
    for values in storages.values():
        parts += [struct.pack("<q", values.size), values.tobytes()]
    return io.BytesIO(b"".join(parts))


def test_tensors_of_two_storages_with_offsets_and_strides():
    floats, longs = np.arange(10, dtype="<f4") / 4, np.array([7, -8], "<i8")
    tensors = {
        "whole": tensor("FloatStorage", "a", 10, 0, (2, 5), (5, 1)),
        "turned": tensor("FloatStorage", "a", 10, 1, (2, 3), (1, 2)),
        "count": tensor("LongStorage", "b", 2, 1, (), ()),
    }
    found = read_tensors(legacy_file(tensors, {"a": floats, "b": longs}))
    np.testing.assert_array_equal(found["whole"], floats.reshape(2, 5))
    np.testing.assert_array_equal(found["turned"], floats[1:7].reshape(3, 2).T)
    assert found["count"] == -8 and found["count"].dtype == np.int64


@pytest.mark.parametrize("name", ["os system", "builtins eval", "torch load"])
def test_any_other_name_is_refused_before_it_runs(name, tmp_path):
    module, function = name.split()
    trace = tmp_path / "trace"
    call = f"c{module}\n{function}\n".encode() + pickle.MARK
    call += text(f"touch {trace}") + pickle.TUPLE + pickle.REDUCE
    with pytest.raises(pickle.UnpicklingError, match=f"{module}.{function} is not"):
        read_tensors(legacy_file({"evil": call}, {}))
    assert not trace.exists()


def test_another_file_is_refused():
    with pytest.raises(pickle.UnpicklingError, match="no legacy PyTorch file"):
        read_tensors(legacy_file({}, {}, magic=1))
    with pytest.raises(pickle.UnpicklingError):
        read_tensors(io.BytesIO(b"PK no pickle at all"))

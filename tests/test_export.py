"""`export`: each format in its own runtime gives what Keras gives."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers import SMALL, command, lively_generator

import dcgan
from dcgan.config import load_config
from dcgan.data.openmoji import SOURCE
from dcgan.errors import InputError
from dcgan.export import _write, export, main
from dcgan.exporting.formats import FORMATS, ONNX_PACKAGES
from dcgan.exporting.writers import WRITERS
from dcgan.networks import load_network
from dcgan.run import Run

GENERATORS = {
    "plain": {},
    "rgba": {"channels": 4, "upsample": False, "stem": "deconv", "linear_layer": True},
    "grey": {"channels": 1, "g_norm": "layer", "g_slope": 0.2, "g_dropout": 0.3},
    "bfloat16": {"precision": "bfloat16", "self_attention": True, "g_norm": "instance"},
    "local_response": {"g_norm": "local_response", "g_bias": "all", "g_kernel": 5},
    "progan": {"source": "progan", "progressive": [8, 16]},
}


def run_saved_model(path, latents):
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    return model.serve(latents).numpy()


def run_litert(path, latents):
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner()
    (pictures,) = runner(latents=latents).values()
    return pictures


def run_onnx(path, latents):
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["pictures"], {"latents": latents})[0]


RUNTIMES = {"saved_model": run_saved_model, "litert": run_litert, "onnx": run_onnx}


@pytest.mark.parametrize("knobs", GENERATORS.values(), ids=GENERATORS)
def test_each_runtime_gives_the_pictures_of_keras(knobs, tmp_path):
    generator = lively_generator(**knobs)
    latents = np.random.default_rng(0).standard_normal((3, 8), dtype=np.float32)
    expected = np.asarray(generator(latents, training=False))
    assert expected.std() > 0.1
    if "precision" in knobs:  # other runtimes compute in float32
        exact = dcgan.build_generator(
            load_config(**SMALL | knobs | {"precision": "float32"})
        )
        exact.set_weights(generator.get_weights())
        rounded, expected = expected, np.asarray(exact(latents, training=False))
        assert 1e-4 < np.abs(rounded - expected).max() < 0.1
    for name, run in RUNTIMES.items():
        out = tmp_path / f"generator{FORMATS[name].ending}"
        WRITERS[name](generator, out)
        for count in (3, 1):
            pictures = run(out, latents[:count])
            assert pictures.dtype == np.float32
            np.testing.assert_allclose(pictures, expected[:count], rtol=0, atol=1e-5)


def test_the_command_writes_the_generator_of_a_run(trained, tmp_path):
    run, _ = trained
    out = tmp_path / "a" / "generator.onnx"
    done = command("export", run.folder, "--format", "onnx", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"The newest generator of {run.folder} in {out}\n"
    latents = np.random.default_rng(0).standard_normal((2, 4), dtype=np.float32)
    expected = np.asarray(run.load_generator()(latents, training=False))
    np.testing.assert_allclose(run_onnx(out, latents), expected, rtol=0, atol=1e-5)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_best_is_another_generator(trained, tmp_path):
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "run"))
    run.save_best(load_network(run.snapshot_file(2)), {"epoch": 2})
    flags = [str(run.folder), "--format", "onnx", "--out"]
    main([*flags, str(tmp_path / "newest.onnx")])
    main([*flags, str(tmp_path / "best.onnx"), "--best"])
    latents = np.random.default_rng(0).standard_normal((2, 4), dtype=np.float32)
    newest, best = (
        run_onnx(tmp_path / f"{n}.onnx", latents) for n in ("newest", "best")
    )
    expected = np.asarray(run.load_generator(best=True)(latents, training=False))
    np.testing.assert_allclose(best, expected, rtol=0, atol=1e-5)
    assert np.abs(newest - best).max() > 1e-4


def test_a_folder_takes_a_newer_export_and_keeps_what_is_not_of_it(trained, tmp_path):
    out = tmp_path / "model"
    for _ in range(2):
        export(trained[0].folder, "saved_model", out)
        (out / "notes.txt").write_text("mine")
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_of_somebody_is_not_touched(trained, tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match="--out holds other things"):
        export(trained[0].folder, "saved_model", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "name, out, message",
    [
        ("pdf", "a.pdf", "--format is not valid. Received: 'pdf'. Allowed: saved_mo"),
        ("onnx", "a.pb", "--out is not valid.*ends in .onnx"),
        ("litert", "a.onnx", "--out is not valid.*ends in .tflite"),
        ("saved_model", " ", "--out is not valid.*a folder"),
        ("saved_model", __file__, "--out is not valid.*a folder, not a file"),
    ],
)
def test_wrong_flags_are_refused(name, out, message, trained):
    with pytest.raises(InputError, match=message):
        main([str(trained[0].folder), "--format", name, "--out", out])


def test_a_missing_package_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("dcgan.exporting.formats.find_spec", lambda name: None)
    with pytest.raises(InputError) as refused:
        export("nowhere", "onnx", tmp_path / "a.onnx")
    assert "no tf2onnx, onnx, onnxruntime. " in str(refused.value)
    assert str(refused.value).endswith('pip install ".[export]"')


def test_the_extra_has_every_package_that_is_asked_for():
    """The names of packages and of what is imported are the same but for the dash."""
    path = dcgan.__path__[0] + "/../requirements/export.txt"
    with open(path, encoding="utf-8") as file:
        names = [line.partition("~=")[0] for line in file if "~=" in line]
    assert set(ONNX_PACKAGES) < set(names) and "ai-edge-litert" in names


def test_a_run_without_a_generator_is_refused(tiny_config, tmp_path):
    run = Run.create(tiny_config)
    for best in (False, True):
        with pytest.raises(InputError, match="no generator has been saved yet"):
            export(run.folder, "saved_model", tmp_path / "out", best)
    done = command("export", tmp_path, "--format", "onnx", "--out", tmp_path / "a.onnx")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "the folder holds no run" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_generator_that_cannot_be_converted_is_refused(tiny_config, tmp_path):
    import keras

    run = Run.create(tiny_config)
    inputs = keras.Input((8,))
    outputs = keras.layers.Reshape((2, 2, 2))(keras.ops.erfinv(inputs))
    keras.Model(inputs, outputs).save(run.generator_file)
    with pytest.raises(InputError, match="the generator cannot be converted"):
        export(run.folder, "litert", tmp_path / "a.tflite")
    assert not (tmp_path / "a.tflite").exists()


def test_the_page_credits_the_pictures_of_the_run_it_started_from(monkeypatch):
    said, start = [], "Training started from the weights of first, and so from its"
    save = lambda *arguments: said.append(arguments[-1])  # noqa: E731
    monkeypatch.setattr("dcgan.exporting.web.save_page", save)
    for data in ("openmoji", "/my/cats"):
        for first in (None, "/my/runs/first"):
            config = replace(load_config(), data=data, init_from=first)
            _write("web", None, "site", config)
    trained = f"Trained on {SOURCE}."
    pictures = f"{start} pictures."
    assert said == [trained, f"{trained} {pictures}", "", pictures]

"""`python -m dcgan.train`: the run folder, what it says, and what it refuses."""

import csv
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import dcgan
import dcgan.train as train_module
from dcgan.errors import InputError
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.run import Run
from dcgan.training import trainer
from dcgan.training.callbacks import Diverged, in_words
from dcgan.training.gan import generate
from dcgan.training.logs import LOG_HEADER

TINY = (
    "--size 16 --g_features 2 --d_features 2 --latent_dim 4 --batch_size 4 --epochs 3 "
    "--sample_every 2 --sample_grid 3 --snapshot_every 2"
).split()


def command(name, *arguments, **options):
    """Runs `python -m dcgan.NAME` as a user would, in another process."""
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    line = [sys.executable, "-m", f"dcgan.{name}", *map(str, arguments)]
    return subprocess.run(
        line, capture_output=True, text=True, env=environment, **options
    )


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run on twelve pictures, and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for index in range(12):
        pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{index}.png")
    arguments = ["--data", folder / "pictures", "--runs", folder / "runs"]
    done = command("train", *arguments, "--name", "a", *TINY)
    assert done.returncode == 0, done.stderr
    return Run(folder / "runs" / "a"), done


def test_the_whole_run_folder(trained):
    run, _ = trained
    files = {
        str(p.relative_to(run.folder)) for p in run.folder.rglob("*") if p.is_file()
    }
    events = {name for name in files if name.startswith("tensorboard/events")}
    assert len(events) == 1
    assert files - events == {
        "config.yml",
        "log.csv",
        "timing.csv",
        "losses.png",
        "progress.gif",
        "generator.keras",
        "discriminator.keras",
        "samples/epoch_0001.png",
        "samples/epoch_0002.png",
        "samples/epoch_0003.png",
        "snapshots/epoch_0002.keras",
    }


def test_it_says_what_it_found_and_where_to_look(trained):
    run, done = trained
    lines = done.stdout.splitlines()
    assert lines[0].startswith("12 pictures of 16x16 RGB from ")
    assert "3 epochs of 3 steps on the " in lines[1]
    assert str(run.folder) in lines[2]
    assert "tensorboard --logdir" in lines[3]
    assert lines[4].startswith("Saved after 9 steps: ")
    assert len(lines) == 5


def test_stderr_holds_one_bar_an_epoch_and_no_chatter(trained):
    _, done = trained
    bars = [line for line in done.stderr.replace("\r", "\n").split("\n") if line]
    assert all(line.startswith("Epoch ") for line in bars), done.stderr
    whole = [line for line in bars if "3/3," in line]
    assert len(whole) == 3
    assert "g_loss" in whole[0] and "d_loss" in whole[0] and "left" in whole[0]


def test_the_log_has_the_fixed_header_and_counts(trained):
    run, _ = trained
    rows = read_rows(run.log)
    assert list(rows[0]) == LOG_HEADER
    assert [row["step"] for row in rows] == ["3", "6", "9"]
    assert [row["pictures"] for row in rows] == ["12", "24", "36"]
    assert [row["g_updates"] for row in rows] == ["3", "6", "9"]
    assert all(float(row["g_loss"]) > 0 and row["kid"] == "" for row in rows)
    seconds = [float(row["seconds"]) for row in read_rows(run.timing)]
    assert len(seconds) == 3 and min(seconds) >= 0


def test_sample_sheets_are_aligned_and_show_the_same_latents(trained):
    run, _ = trained
    with Image.open(run.samples / "epoch_0003.png") as sheet:
        pixels = np.asarray(sheet)
    assert pixels.shape == (3 * 18 + 2, 3 * 18 + 2, 3)
    generator = run.load_generator()
    latents = dcgan.draw_latents(9, 4, seed=0)
    expected = dcgan.image_grid(generate(generator, latents))
    np.testing.assert_array_equal(pixels, expected)


def test_the_gif_has_a_frame_for_each_sheet(trained):
    run, _ = trained
    with Image.open(run.gif) as gif:
        assert gif.n_frames == 3 and gif.size == (56, 56)


def test_tensorboard_holds_losses_and_samples(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run, _ = trained
    events = EventAccumulator(str(run.tensorboard), size_guidance={"tensors": 0})
    events.Reload()
    tags = set(events.Tags()["tensors"])
    assert tags == {"g_loss", "d_loss", "real_score", "fake_score", "samples"}
    logged = float(read_rows(run.log)[-1]["g_loss"])
    value = events.Tensors("g_loss")[-1]
    assert value.step == 3
    assert tf.make_ndarray(value.tensor_proto) == pytest.approx(logged, rel=1e-4)


def test_the_networks_load_without_custom_code(trained):
    run, _ = trained
    generator = keras.models.load_model(run.generator_file)
    discriminator = keras.models.load_model(run.discriminator_file)
    pictures = generator(np.zeros((2, 4), np.float32))
    assert pictures.shape == (2, 16, 16, 3)
    assert discriminator(pictures).shape == (2, 1)


def test_the_saved_config_gives_the_same_config(trained):
    run, _ = trained
    again = dcgan.load_config(str(run.config_file))
    assert again == run.config
    assert (again.name, again.size, again.snapshot_every) == ("a", 16, 2)


def test_equal_runs_have_equal_logs_and_samples(trained, tmp_path):
    run, _ = trained
    again = dcgan.train(
        dcgan.load_config(str(run.config_file), runs=str(tmp_path), name="b")
    )
    assert again.log.read_bytes() == run.log.read_bytes()
    for epoch in (1, 2, 3):
        name = f"epoch_{epoch:04d}.png"
        first, second = run.samples / name, again.samples / name
        assert first.read_bytes() == second.read_bytes()


def test_an_existing_run_is_refused_until_overwrite(tiny_config, picture_folder):
    config = dcgan.load_config(
        str(_saved(tiny_config, picture_folder)), data=str(picture_folder)
    )
    run = dcgan.train(config)
    marker = run.folder / "marker"
    marker.touch()
    with pytest.raises(InputError, match="the run exists already.*--overwrite"):
        dcgan.train(config)
    assert marker.exists()
    settings = {"data": str(picture_folder), "overwrite": True}
    dcgan.train(dcgan.load_config(str(run.config_file), **settings))
    assert run.generator_file.exists()
    assert marker.exists()  # what is not the run's own is left alone
    assert len(read_rows(run.log)) == 2


def _saved(config, folder):
    from dcgan.config import save_config

    path = folder.parent / "saved.yml"
    save_config(config, path)
    return path


def test_overwrite_deletes_nothing_but_runs(tiny_config, picture_folder):
    path = _saved(tiny_config, picture_folder)
    settings = {"runs": str(picture_folder.parent), "name": picture_folder.name}
    config = dcgan.load_config(str(path), overwrite=True, **settings)
    with pytest.raises(InputError, match="the folder is no run, so it is not deleted"):
        dcgan.train(config)
    assert len(list(picture_folder.iterdir())) == 12
    (picture_folder / "config.yml").write_text("title: my site")
    with pytest.raises(InputError, match="the folder is no run, so it is not deleted"):
        dcgan.train(config)
    assert len(list(picture_folder.iterdir())) == 13


def test_overwrite_never_deletes_the_pictures_it_is_to_train_on(
    tiny_config, picture_folder
):
    path = _saved(tiny_config, picture_folder)
    run = dcgan.train(dcgan.load_config(path, data=picture_folder, epochs=1))
    config = dcgan.load_config(path, data=run.samples, overwrite=True)
    with pytest.raises(InputError, match="the run and the pictures share a folder"):
        dcgan.train(config)
    assert list(run.samples.iterdir())


def test_runs_that_cannot_be_made_are_refused_at_once(tiny_config, picture_folder):
    path = _saved(tiny_config, picture_folder)
    with pytest.raises(InputError, match="runs is not valid"):
        dcgan.train(dcgan.load_config(path, runs=path))
    link = picture_folder.parent / "link"
    link.symlink_to(picture_folder)
    knobs = {"runs": picture_folder.parent, "name": "link", "overwrite": True}
    with pytest.raises(InputError, match="a folder, not a link"):
        dcgan.train(dcgan.load_config(path, **knobs))


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_rgba_go_all_the_way(channels, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    for index in range(8):
        pixels = rng.integers(0, 256, (16, 16, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(data / f"{index}.png")
    out = tmp_path / "out"
    flags = ["--data", data, "--runs", tmp_path, "--channels", channels, *TINY]
    assert command("train", *flags).returncode == 0
    done = command("sample", tmp_path / "default", "-n", 5, "--out", out)
    assert done.returncode == 0, done.stderr
    with Image.open(out / "0004.png") as picture:
        assert picture.mode == {1: "L", 4: "RGBA"}[channels]
        if channels == 4:
            assert np.asarray(picture)[..., 3].max() < 255  # its own, not opaque
    with Image.open(tmp_path / "default" / "samples" / "epoch_0003.png") as sheet:
        assert sheet.mode == "RGB"


def test_ctrl_c_saves_the_run(tiny_config, picture_folder, monkeypatch):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    chosen = trainer._callbacks

    def with_interrupt(config, run):
        return [*chosen(config, run), Interrupt()]

    monkeypatch.setattr(trainer, "_callbacks", with_interrupt)
    path = _saved(tiny_config, picture_folder)
    config = dcgan.load_config(str(path), data=str(picture_folder), epochs=9)
    with pytest.raises(KeyboardInterrupt):
        dcgan.train(config)
    run = Run.open(f"{config.runs}/{config.name}")
    assert run.load_generator() is not None and run.gif.exists()
    assert len(read_rows(run.log)) == 2


def test_a_real_ctrl_c_ends_with_130_and_without_traceback(picture_folder, tmp_path):
    arguments = ["--data", picture_folder, "--runs", tmp_path / "runs", *TINY]
    line = [sys.executable, "-m", "dcgan.train", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(
        [*line, "--epochs", "100000"],
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    log = tmp_path / "runs" / "default" / "log.csv"
    deadline = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) > 1):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors and errors.splitlines()[-1] == "interrupted"
    assert Run.open(log.parent).load_generator() is not None


def test_one_epoch_is_enough_for_a_whole_run(tiny_config, picture_folder):
    path = _saved(tiny_config, picture_folder)
    run = dcgan.train(dcgan.load_config(path, data=picture_folder, epochs=1))
    for file in (run.gif, run.losses, run.generator_file):
        assert file.stat().st_size > 0


def test_the_plot_is_drawn_from_the_log(trained, tmp_path):
    run, _ = trained
    save_figure(tmp_path / "again.png", plot_losses(run.log))
    assert run.losses.read_bytes() == (tmp_path / "again.png").read_bytes()


def test_training_stops_at_nan_and_keeps_the_last_good_networks(
    tiny_config, picture_folder
):
    path = _saved(tiny_config, picture_folder)
    settings = {"data": picture_folder, "epochs": 50, "g_lr": 1.0, "d_lr": 1.0}
    settings |= {"loss": "lsgan", "g_norm": "none", "d_norm": "none", "beta1": 0.0}
    config = dcgan.load_config(path, name="nan", **settings)
    real = trainer.make_dataset

    def poisoned(images, *args, **kwargs):
        dataset = real(images, *args, **kwargs)
        broken = dataset.enumerate().map(
            lambda step, batch: tf.where(step < 5, batch, batch / 0.0)
        )
        broken.steps_per_epoch = dataset.steps_per_epoch
        return broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "make_dataset", poisoned)
        with pytest.raises(Diverged, match="is nan in epoch 2.*--g_lr"):
            dcgan.train(config)
    run = Run.open(f"{config.runs}/nan")
    assert all(np.isfinite(w).all() for w in run.load_generator().get_weights())
    assert len(read_rows(run.log)) == 2


def test_every_data_knob_reaches_the_data(tiny_config, picture_folder, monkeypatch):
    seen = {}
    load, make = train_module.load_images, trainer.make_dataset

    def load_images(*args):
        seen["load"] = args
        return load(*args)

    def make_dataset(images, *args, **kwargs):
        seen["make"] = (*args, kwargs)
        return make(images, *args, **kwargs)

    monkeypatch.setattr(train_module, "load_images", load_images)
    monkeypatch.setattr(trainer, "make_dataset", make_dataset)
    path = _saved(tiny_config, picture_folder)
    knobs = {"fit": "crop", "background": "black", "flip": True, "seed": 7, "epochs": 1}
    dcgan.train(dcgan.load_config(path, data=picture_folder, **knobs))
    assert seen["load"] == (str(picture_folder), 16, 3, "crop", "black")
    assert seen["make"] == (4, 7, {"flip": True})


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--data", "nowhere"], "folder does not exist. Received: nowhere"),
        (["--data", "empty"], "folder holds no pictures"),
        (["--data", "text"], "folder holds no pictures. Received: text with 1 other"),
        (["--data", "few"], "Received: 3 pictures and batch_size=32"),
        (["--data", "text/a.txt"], "folder is a file"),
        (["--data", "broken"], "no file in the folder is a readable picture"),
        (["--size", "48"], "size is not valid. Received: 48"),
        (
            ["--aug_prob", "1.5"],
            "aug_prob is not valid. Received: 1.5. Allowed: 0 to 1",
        ),
        (["--recipe", "nope"], "recipe does not exist. Received: nope"),
        (["--nope", "1"], "unknown knob. Received: nope"),
        (["--config", "bad.yml"], "not valid YAML. Received: bad.yml"),
        (["--upsample", "maybe"], "Received: maybe. Allowed: --KNOB VALUE"),
        (["--data", ""], "data is not valid"),
        (["--g_widths", "8,4"], "g_widths is not valid. Received: '8,4'"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(flags, message, tmp_path):
    for name in ("empty", "text", "few", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "text" / "a.txt").write_text("a")
    (tmp_path / "broken" / "a.png").write_text("a")
    for index in range(3):
        Image.new("RGB", (9, 9)).save(tmp_path / "few" / f"{index}.png")
    (tmp_path / "bad.yml").write_text("size: [64")
    before = sorted(tmp_path.rglob("*"))
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    line = [sys.executable, "-m", "dcgan.train", *flags]
    done = subprocess.run(
        line, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 2
    (error,) = done.stderr.splitlines()
    assert error.startswith("error: ") and message in error
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before  # nothing half-written


def test_durations_in_words():
    assert [in_words(s) for s in (5, 89, 600, 9000)] == [
        "5 s",
        "89 s",
        "10 min",
        "2.5 h",
    ]

"""A training leaves the whole run folder, and stops well."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import read_rows, saved_config
from PIL import Image

import dcgan
import dcgan.train as train_module
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.models.generator import generate
from dcgan.run import Run
from dcgan.training import fitting, logs, trainer
from dcgan.training.callbacks import in_words
from dcgan.training.logs import LOG_HEADER

QUICK = {"aug_prob": 0.0, "gradients_every": 0, "eval_every": 0}
CHECKPOINT = ("sha256.json", "state.index", "state.data-00000-of-00001")


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
        "gradient_flow.png",
        "progress.gif",
        "report.html",
        "README.md",
        "generator.keras",
        "discriminator.keras",
        "networks.json",
        "samples/epoch_0001.png",
        "samples/epoch_0002.png",
        "samples/epoch_0003.png",
        "snapshots/epoch_0002.keras",
        "origin.json",
        ".lock",
        *(f"checkpoints/step-3/{name}" for name in CHECKPOINT),
        *(f"checkpoints/step-9/{name}" for name in CHECKPOINT),
    }


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
    gradients = {
        f"gradients/{network.name}/{layer.name}"
        for network in (run.load_generator(), run.load_discriminator())
        for layer in network.layers
        if layer.trainable_weights
    }
    losses = {"g_loss", "d_loss", "real_score", "fake_score"}
    assert tags == {*losses, "samples", *gradients} and len(gradients) > 4
    for tag in gradients:  # after epoch 1 and the last
        assert [event.step for event in events.Tensors(tag)] == [1, 3]
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


def test_ctrl_c_saves_the_run(tiny_config, picture_folder, monkeypatch):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    chosen = trainer.run_callbacks

    def with_interrupt(*args):
        return [*chosen(*args), Interrupt()]

    monkeypatch.setattr(trainer, "run_callbacks", with_interrupt)
    path = saved_config(tiny_config, picture_folder)
    config = dcgan.load_config(path, data=picture_folder, **QUICK, epochs=9)
    with pytest.raises(KeyboardInterrupt):
        dcgan.train(config)
    run = Run.open(f"{config.runs}/{config.name}")
    assert run.load_generator() is not None and run.gif.exists()
    assert len(read_rows(run.log)) == 2


def test_one_epoch_is_enough_for_a_whole_run(tiny_config, picture_folder):
    path = saved_config(tiny_config, picture_folder)
    run = dcgan.train(dcgan.load_config(path, data=picture_folder, epochs=1))
    for file in (run.gif, run.losses, run.generator_file):
        assert file.stat().st_size > 0


def test_the_plot_is_drawn_from_the_log(trained, tmp_path):
    run, _ = trained
    save_figure(tmp_path / "again.png", plot_losses(run.log, "lite0"))
    assert run.losses.read_bytes() == (tmp_path / "again.png").read_bytes()


def test_the_curves_are_drawn_at_every_fourth_sheet_and_at_the_end(
    tiny_config, picture_folder, monkeypatch
):
    drawn = []

    def plot(log, extractor):
        drawn.append(len(read_rows(log)))
        return plot_losses(log, extractor)

    monkeypatch.setattr(logs, "plot_losses", plot)
    path = saved_config(tiny_config, picture_folder)
    knobs = QUICK | {"epochs": 18, "sample_every": 2, "checkpoint_every": 18}
    dcgan.train(dcgan.load_config(path, data=picture_folder, **knobs))
    assert drawn == [1, 8, 16, 18]


def test_every_data_knob_reaches_the_data(tiny_config, picture_folder, monkeypatch):
    seen = {}
    load, make = train_module.load_named, fitting.make_dataset

    def load_named(*args):
        seen["load"] = args
        return load(*args)

    def make_dataset(images, *args, **kwargs):
        seen["make"] = (*args, kwargs)
        return make(images, *args, **kwargs)

    monkeypatch.setattr(train_module, "load_named", load_named)
    monkeypatch.setattr(fitting, "make_dataset", make_dataset)
    path = saved_config(tiny_config, picture_folder)
    knobs = {"fit": "crop", "background": "black", "flip": True, "seed": 7, "epochs": 1}
    knobs |= QUICK | {"jitter": [0.1, 0.2, 0.3], "rotate": 5.0}
    dcgan.train(dcgan.load_config(path, data=picture_folder, **knobs))
    assert seen["load"] == (str(picture_folder), 16, 3, "crop", "black")
    transforms = {"flip": True, "jitter": [0.1, 0.2, 0.3], "rotate": 5.0}
    transforms["start_step"] = 0
    assert seen["make"] == (4, 7, transforms)


def test_durations_in_words():
    assert [in_words(s) for s in (5, 89, 600, 9000)] == [
        "5 s",
        "89 s",
        "10 min",
        "2.5 h",
    ]

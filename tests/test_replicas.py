"""Two replicas compute what one device does; one replica costs nothing."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf
from helpers import command, python, write_pictures

import dcgan
from dcgan import replicas
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.replicas import Share
from dcgan.training.strategy import make_strategy

CLOSE = 1e-5  # of weights, after as many steps as `replica_cases.py` does
ROUGH = {"half": 2e-3}  # rounding: 11 bits of float16 in every activation


@pytest.fixture(scope="module")
def differences():
    done = python("tests/replica_cases.py", timeout=900)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return {k: v for line in lines for k, v in json.loads(line).items()}


@pytest.mark.parametrize(
    "case",
    [
        "bce",
        "gp, EMA and DiffAugment",
        "batch statistics",
        "labels and penalties",
        "spectral",
        "frozen features",
        "dynamic",
        "half",
    ],
)
def test_two_devices_equal_one(case, differences):
    for what, value in differences[case].items():
        assert value <= ROUGH.get(case, CLOSE), what


def test_statistics_of_shares_differ_from_those_of_the_batch(differences):
    """Without `sync_batchnorm`; else the test above could not fail."""
    assert differences["not synchronised"]["generator"] > 100 * CLOSE


def test_a_share_is_its_rows_of_one_draw():
    rows = [Share(3, k).drawn(lambda n: tf.range(n) * 10, 2) for k in range(3)]
    assert np.concatenate(rows).tolist() == [0, 10, 20, 30, 40, 50]
    assert Share(2, tf.constant(1)).of(tf.range(6)).numpy().tolist() == [3, 4, 5]


def test_one_replica_adds_nothing():
    tensor = tf.range(3)
    assert replicas.gather(tensor) is tensor and replicas.everywhere(7) == 7
    assert replicas.total([tensor, None])[0] is tensor
    assert replicas.drawn(lambda count: ("draw", count), 5) == ("draw", 5)


def test_the_shares_of_a_data_set_make_up_its_batches():
    """Also the draws of flips, colours and angles, and from the middle of an epoch."""
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    options = {"flip": True, "jitter": 0.3, "rotate": 20.0, "start_step": 1}
    dataset = dcgan.make_dataset(images, 4, 3, **options)
    workers = [iter(dataset.shares(4, [2 * k, 2 * k + 1])) for k in (0, 1)]
    for batch in dataset.take(4):
        parts = [next(worker) for worker in workers for _ in (0, 1)]
        assert [len(part) for part in parts] == [1, 1, 1, 1]
        np.testing.assert_array_equal(np.concatenate(parts), batch)


def test_the_command_on_two_logical_devices(tmp_path):
    """Ends in the same run folder, and goes on without a strategy."""
    data, runs = write_pictures(tmp_path / "pictures"), tmp_path / "runs"
    small = "--size 16 --g_features 2 --d_features 2 --latent_dim 4 --batch_size 4"
    flags = [*f"--recipe narrow {small} --sample_grid 2 --eval_every 0".split()]
    flags += "--min_map 8 --aug_prob 0 --gradients_every 0".split()
    flags += ["--data", data, "--runs", runs, "--name", "two"]
    two = ["--distribute", "mirrored", "--logical_cpus", "2"]
    # In a process of its own, where TensorFlow has not started.
    done = python("-m", "dcgan.train", *flags, *two, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "1 epochs of 3 steps on 2 x the CPU" in done.stdout
    done = command("train", *flags, "--epochs", "2")
    assert done.returncode == 0 and "Goes on after epoch 1" in done.stdout
    assert "other software or cores" in done.stderr


@pytest.mark.parametrize(
    "knobs, named",
    [
        ({"logical_cpus": 2}, "logical_cpus does not go with this distribute"),
        (
            {"logical_cpus": 3, "distribute": "mirrored", "batch_size": 4},
            "batch_size does not go with this logical_cpus",
        ),
        ({"distribute": "mirrored", "jit_compile": True}, "jit_compile does not go"),
    ],
)
def test_what_does_not_go_together_is_refused(knobs, named):
    with pytest.raises(InputError, match=named):
        load_config("narrow", **knobs)


def test_a_cpu_cannot_be_split_after_tensorflow_has_started():
    tf.zeros(1)
    config = load_config("narrow", distribute="mirrored", logical_cpus=2)
    with pytest.raises(InputError, match="after TensorFlow has started"):
        make_strategy(config)


@pytest.mark.parametrize("workers", ["", "{"])
def test_one_machine_does_not_read_who_the_workers_are(workers, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", workers)
    strategy = make_strategy(load_config("narrow", distribute="mirrored"))
    assert strategy.num_replicas_in_sync == 1 and os.environ["TF_CONFIG"] == workers


def test_fit_is_for_one_process(noise_images):
    config = load_config("narrow", distribute="multiworker")
    with pytest.raises(InputError, match="fit is for one process"):
        dcgan.fit(config, noise_images)

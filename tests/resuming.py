"""Runs that are started again, and what is in their folders."""

import shutil

import dcgan
from dcgan.config import load_config
from dcgan.lock import LOCK
from dcgan.run import Run

NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 6, "epochs": 3, "sample_grid": 2, "name": "narrow"}
NARROW |= {"checkpoint_every": 1, "sample_every": 1, "snapshot_every": 1}
NARROW |= {"gradients_every": 0, "eval_every": 0}
DROPOUT = {"dropout": 0.3, "g_dropout": 0.3, "aug_prob": 0.0}


def finish(pictures, runs):
    """Returns a run with dropout that never stopped."""
    knobs = {"data": pictures, "runs": runs}
    return dcgan.train(load_config("narrow", **NARROW | DROPOUT | knobs))


def moved(finished, runs):
    """Returns a copy of a run, which has moved, and how to make its config."""
    run = Run(runs / finished.folder.name)
    shutil.copytree(finished.folder, run.folder)

    def config(**knobs):
        return load_config(finished.config_file, **{"runs": runs} | knobs)

    return run, config


def files_of(folder):
    """What is in a folder: bytes and times of all files."""
    files = (path for path in folder.rglob("*") if path.is_file())
    files = sorted(path for path in files if path.name != LOCK)
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

"""Trainings by `minutes` whose steps seem to take so long."""

from dcgan.training import timing
from dcgan.training.duration import Work

NOTHING = Work({}, 0.0)
NARROW = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
NARROW |= {"batch_size": 6, "sample_grid": 2, "eval_every": 0, "gradients_every": 0}


def a_step_takes(seconds, monkeypatch):
    """Lets the timing find so many seconds, a list with a number for each stage.
    Returns a list of its calls."""
    calls = []

    def time_stages(config, images, workers):
        calls.append(len(images))
        return 0.0, seconds

    monkeypatch.setattr(timing, "time_stages", time_stages)
    monkeypatch.setattr(timing, "work_of", lambda *args: NOTHING)
    return calls

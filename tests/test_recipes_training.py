"""Every recipe trains, and its warnings are read."""

import numpy as np
import pytest
from helpers import TINY, command, read_rows

import dcgan
from dcgan import load_config
from dcgan.sources import recipe_names

pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("recipe", recipe_names())
def test_every_recipe_trains_on_openmoji(recipe, tmp_path, recwarn):
    knobs = {"size": 16, "g_features": 2, "d_features": 2, "minibatch_kernels": 4}
    knobs |= {"batch_size": 239, "epochs": 1, "runs": str(tmp_path), "holdout": 0.5}
    # Looks take longer than the training, and are all alike.
    knobs |= {"eval_every": 0, "gradients_every": 0}
    if recipe == "keras-dcgan":
        knobs |= {"d_widths": [2, 4], "min_map": 4}
    stages = [8, 16] if load_config(recipe).progressive else [16]
    if len(stages) > 1:
        knobs |= {"progressive": stages, "epochs": 2}
        knobs |= {"cycle": [{"lr": 1e-3, "epochs": 1}]}
    config = load_config(recipe, **knobs)
    run = dcgan.train(config)
    rows = read_rows(run.log)
    row = rows[0]
    assert [int(row["step"]) for row in rows] == [2, 4][: len(stages)]
    if config.critic_steps > 1:
        assert int(row["d_updates"]) == 2 * config.critic_steps
    pictures = run.load_generator()(np.zeros((1, config.latent_dim), np.float32))
    assert pictures.shape == (1, 16, 16, config.channels)
    warned = [w for w in recwarn if "mixes those of a batch" in str(w.message)]
    assert len(warned) == (recipe == "simpsons-wgan-gp")


def test_a_warning_is_one_line_on_stderr(picture_folder, tmp_path):
    done = command("train", *TINY, "--data", picture_folder, "--runs", tmp_path,
                   "--gp", 10)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("warning")]
    assert line.startswith("warning: gp: the penalty takes each picture on its own")

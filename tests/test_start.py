"""`init_from`: a run starts from another one's networks, or says why it cannot."""

import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import dcgan
import dcgan.config as config_module
from dcgan.config import load_config
from dcgan.errors import InputError
from dcgan.run import Run
from dcgan.start import NETWORK_KNOBS, check_start
from dcgan.training.progressive import grow


def fine_tuning(run, folder, **knobs):
    own = {"name": "fine", "runs": str(folder), "init_from": str(run.folder)}
    return load_config(str(run.config_file), **own | knobs)


def test_training_starts_from_the_other_runs_networks(trained, tmp_path):
    run, _ = trained
    still = {"g_lr": 0.0, "d_lr": 0.0, "epochs": 1, "seed": 5}
    fine = dcgan.train(fine_tuning(run, tmp_path, **still, ema_half_life=0.0))
    pairs = (
        (fine.load_generator(), run.load_generator()),
        (fine.load_discriminator(), run.load_discriminator()),
    )
    for mine, its in pairs:
        for weight, old in zip(mine.weights, its.get_weights()):
            if "moving" not in weight.path:  # BatchNorm's statistics go on
                np.testing.assert_array_equal(weight.numpy(), old)
    other_seed = dcgan.build_generator(fine.config).get_weights()[0]
    assert not np.array_equal(other_seed, run.load_generator().get_weights()[0])


@pytest.mark.parametrize("knobs", [{"g_features": 3}, {"latent_dim": 5}])
def test_networks_of_another_shape_are_refused(knobs, trained, tmp_path):
    run, _ = trained
    (knob,) = knobs
    with pytest.raises(InputError, match=f"init_from: {knob} differs"):
        dcgan.train(fine_tuning(run, tmp_path, data="nowhere", **knobs))
    assert not any(tmp_path.iterdir())


def test_a_run_that_is_none_or_itself_or_empty_is_refused(trained, tmp_path):
    run, _ = trained
    with pytest.raises(InputError, match="^init_from: run: the folder holds no run"):
        check_start(fine_tuning(run, tmp_path, init_from=str(tmp_path)))
    own = {"name": run.folder.name, "runs": str(run.folder.parent), "overwrite": True}
    with pytest.raises(InputError, match="cannot start from itself"):
        dcgan.train(fine_tuning(run, tmp_path, **own))
    assert run.generator_file.is_file()
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.yml").write_text(run.config_file.read_text())
    with pytest.raises(InputError, match="no networks have been saved yet"):
        check_start(fine_tuning(run, tmp_path, init_from=str(empty)))


def test_weights_that_do_not_fit_their_own_config_are_refused(trained, tmp_path):
    run, _ = trained
    folder = tmp_path / "edited"
    shutil.copytree(run.folder, folder)
    text = run.config_file.read_text().replace("g_features: 2", "g_features: 3")
    (folder / "config.yml").write_text(text)
    config = fine_tuning(Run(folder), tmp_path / "runs")
    with pytest.raises(InputError, match="init_from: the saved weights do not fit"):
        dcgan.train(config)
    assert not (tmp_path / "runs").exists()


# Another value for every knob of the networks.
OTHER = {
    **{"latent_dim": 5, "linear_layer": True, "g_features": 3, "d_features": 3},
    **{"g_widths": [3, 5], "d_widths": [3, 5], "d_strides": [2, 1], "min_map": 2},
    **{"g_kernel": 2, "d_kernel": 3, "stem": "deconv", "head": "conv"},
    **{"upsample": False, "g_norm": "none", "d_norm": "none", "g_norm_first": False},
    **{"d_norm_first": True, "spectral_norm": True, "bn_momentum": 0.5},
    **{"bn_epsilon": 1e-3, "gamma_mean": 0.5, "gamma_std": 0.0, "init": "glorot"},
    **{"g_bias": "free", "d_bias": "free", "g_slope": 0.1, "d_slope": 0.1},
    **{"dropout": 0.3, "g_dropout": 0.3, "last_activation": False},
    **{"self_attention": True, "minibatch_std": True, "discriminators": 2, "heads": 2},
    **{"minibatch_discrimination": True, "minibatch_kernels": 3, "minibatch_dims": 3},
    **{"block_convs": 2, "equalized_lr": True},
    **{"projected": True, "projected_size": 128},
}
SAME_SHAPES = {"equalized_lr"}  # it is compared as well: the scales differ


def test_the_list_of_other_values_is_complete():
    text = Path(config_module.__file__).read_text(encoding="utf-8")
    networks = text.split("    # networks\n")[1].split("    # training\n")[0]
    assert set(OTHER) == set(re.findall(r"^    (\w+):", networks, re.MULTILINE))


@pytest.mark.parametrize("knob", OTHER)
def test_every_knob_that_shapes_weights_is_compared(knob):
    small = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4}
    if knob in ("minibatch_kernels", "minibatch_dims"):
        small["minibatch_discrimination"] = True
    small["projected"] = knob == "projected_size"
    plain, changed = (
        [
            weight.shape
            for build in (dcgan.build_generator, dcgan.build_discriminator)
            for weight in build(load_config("narrow", **small | more)).weights
        ]
        for more in ({}, {knob: OTHER[knob]})
    )
    assert (plain != changed) == (knob in {*NETWORK_KNOBS} - SAME_SHAPES)
    assert SAME_SHAPES <= {*NETWORK_KNOBS}


@pytest.mark.parametrize("grow", ["image", "latent"])
def test_a_run_that_grew_has_other_networks(grow, trained, tmp_path):
    run, _ = trained
    grown = load_config(
        str(run.config_file), runs=str(tmp_path), progressive=[8, 16], grow=grow
    )
    other = Run.create(grown)
    for file in (other.generator_file, other.discriminator_file):
        file.touch()
    with pytest.raises(InputError, match="init_from: progressive differs"):
        check_start(fine_tuning(run, tmp_path, init_from=str(other.folder)))


def test_a_run_goes_on_without_the_run_that_it_started_from(trained, tmp_path):
    run, _ = trained
    base = tmp_path / "base"
    shutil.copytree(run.folder, base)
    knobs = {
        "init_from": str(base),
        "gradients_every": 0,
        "eval_every": 0,
        "checkpoint_every": 1,
    }
    dcgan.train(fine_tuning(run, tmp_path, **knobs, epochs=1))
    shutil.rmtree(base)
    fine = dcgan.train(fine_tuning(run, tmp_path, **knobs, epochs=2))
    assert len(fine.log.read_text().splitlines()) == 3


def test_weights_are_loaded_outside_the_scope_of_a_strategy(trained, tmp_path):
    """Within it all processes make the same variables, and the chief alone loads."""
    run, _ = trained
    within, loaded = [], []

    @contextmanager
    def scope():
        within.append(True)
        yield
        within.clear()

    def load(self):
        loaded.append(bool(within))
        return real(self)

    real = Run.load_generator
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "load_generator", load)
        _, gan = next(grow(fine_tuning(run, tmp_path), 1, scope=scope))
    assert loaded == [False]
    for mine, its in zip(gan.generator.get_weights(), real(run).get_weights()):
        np.testing.assert_array_equal(mine, its)

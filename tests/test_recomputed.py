"""BatchNorm's statistics from one large batch, and scores before and after."""

import keras
import numpy as np
import pytest

from benchmarks import recomputed
from dcgan import build_generator, load_config
from dcgan.errors import InputError
from dcgan.latent import draw_latents
from dcgan.networks import save_network
from dcgan.run import Run

SMALL = {"size": 16, "g_features": 3, "latent_dim": 6}


def test_the_statistics_are_those_of_the_batch():
    """So that sampling is what training does with the same latents."""
    generator = build_generator(load_config("narrow", **SMALL))
    latents = draw_latents(64, 6)
    trained = generator(latents, training=True)
    recomputed.recompute_statistics(generator, latents)
    sampled = generator(latents, training=False)
    np.testing.assert_allclose(sampled, trained, atol=1e-5)
    norm, *_ = recomputed.norms_of(generator)
    maps = keras.Model(generator.input, norm.input)(latents).numpy()
    np.testing.assert_allclose(norm.moving_mean, maps.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, maps.var((0, 1, 2)), rtol=1e-4)


def test_a_run_without_batch_norm_is_refused(tmp_path):
    config = load_config("narrow", g_norm="none", runs=str(tmp_path), **SMALL)
    run = Run.create(config)
    save_network(build_generator(config), run.generator_file)
    with pytest.raises(InputError, match="Allowed: one whose generator has BatchNorm"):
        recomputed.main([str(run.folder)])


def test_a_run_is_scored_twice(trained, capsys, monkeypatch):
    monkeypatch.setattr(recomputed, "SAMPLES", 20)
    run, _ = trained
    recomputed.main([str(run.folder)])
    first, head, _, *rows = capsys.readouterr().out.strip().splitlines()
    assert first == "20 samples by lite1" and "KID x 1000" in head
    one, other = ([cell.strip() for cell in row.split("|")][1:-1] for row in rows)
    assert one[:2] == ["a", "averaged"] and other[:2] == ["a", "recomputed"]
    assert one[2:] != other[2:]

"""Every technique trains alike under `fit`, in a bare loop and in eager mode."""

import numpy as np
import pytest

import dcgan
from dcgan.config import Config
from dcgan.training.gan import GAN

SMALL = {
    "size": 16,
    "g_features": 2,
    "d_features": 2,
    "latent_dim": 4,
    "batch_size": 4,
    "epochs": 2,
    "aug_prob": 0.5,
    "min_map": 8,  # few layers: three trainings a case are compiled
    "d_norm_first": True,
    "ema_half_life": 0.0,
    "epsilon": 1e-3,  # else Adam's first steps blow up the rounding of tiny gradients
}
TECHNIQUES = [
    {"loss": "rgan", "ema_half_life": 100.0},
    {"loss": "lsgan", "g_norm": "instance", "d_norm": "layer", "minibatch_std": True},
    {"loss": "hinge", "spectral_norm": True, "critic_steps": 2},
    {"loss": "wgan", "gp": 10.0, "critic_steps": 2, "d_norm": "layer"},
    {"loss": "wgan", "weight_clip": 0.01, "d_norm": "local_response"},
    {"loss": "rgan", "r1": 1.0, "update": "simultaneous", "d_norm": "pixel"},
    {
        "loss": "ragan",
        "label_smoothing": 0.1,
        "two_sided": True,
        "label_noise": 0.1,
        "label_swap": 0.2,
        "g_soft_labels": True,
        "d_loss_weight": 0.5,
        "fresh_latents": True,
        "adam": "pytorch",
    },
    {"r1": 1.0, "r2": 1.0, "penalty_every": 2},
    {"ct": 2.0, "gp": 10.0, "dropout": 0.3, "d_norm": "instance"},
    {
        "upsample": False,
        "g_kernel": 5,
        "d_kernel": 3,
        "init": "kaiming",
        "g_dropout": 0.3,
        "dropout": 0.3,
        "g_slope": 0.1,
    },
    {"schedule": "cosine", "warmup": 2, "weight_decay": 0.1, "clip_norm": 0.5},
    {"precision": "bfloat16", "r1": 1.0, "spectral_norm": True, "d_norm": "layer"},
    {"precision": "float16", "clip_norm": 1.0},
    {"dynamic_frequency": True, "r1": 1.0, "d_norm": "none", "penalty_every": 2},
    {"minibatch_discrimination": True, "minibatch_kernels": 3, "linear_layer": True},
    {"feature_matching": 1.0, "self_attention": True, "min_map": 4},
    {
        "feature_matching": 1.0,
        "update": "simultaneous",
        "discriminators": 2,
        "heads": 2,
    },
    {"ada_target": 0.6, "ada_pictures": 100, "aug_per_sample": True},
]


def in_words(knobs):
    return "-".join(f"{name}={value}" for name, value in knobs.items())


def trained(way, config, images):
    """Four steps of a fresh GAN, by `fit` or one by one in eager mode."""
    dataset = dcgan.make_dataset(images, 4, seed=0)
    networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
    gan = GAN(*networks, config)
    gan.compile(total_steps=4)
    if way == "fit":
        gan.fit(dataset, epochs=2, verbose=0)
        return gan
    for batch in dataset.take(4):
        gan.train_step(batch)
    return gan


def largest_movement(network, fresh, limit):
    """How far training took a weight of `network`; D may start with clipped ones."""
    start = [w.numpy() for w in fresh.trainable_variables]
    if limit:
        start = [np.clip(weight, -limit, limit) for weight in start]
    trained_ones = [w.numpy() for w in network.trainable_variables]
    return max(np.abs(a - b).max() for a, b in zip(start, trained_ones))


@pytest.mark.filterwarnings("ignore:.*mixes those of a batch")
@pytest.mark.parametrize("knobs", TECHNIQUES, ids=in_words)
def test_fit_and_eager_steps_agree(knobs, noise_images):
    config = Config(**SMALL | knobs)
    first, other = [trained(way, config, noise_images) for way in ("fit", "eager")]
    for name, build, limit in [
        ("generator", dcgan.build_generator, 0),
        ("discriminator", dcgan.build_discriminator, config.weight_clip),
    ]:
        compiled, eager = getattr(first, name), getattr(other, name)
        moved = largest_movement(compiled, build(config), limit)
        assert moved > 1e-5
        # Compiled sums round differently, 16-bit ones by a lot; a step more or less
        # would be a quarter.
        share = 0.05 if config.precision == "float32" else 0.3
        for a, b in zip(compiled.get_weights(), eager.get_weights()):
            assert np.isfinite(a).all()
            np.testing.assert_allclose(b, a, atol=share * moved, rtol=1e-3)
    counts = [
        (int(g.g_optimizer.iterations), int(g.d_optimizer.iterations))
        for g in (first, other)
    ]
    assert len(set(counts)) == 1
    assert float(first.aug_p) == pytest.approx(float(other.aug_p))

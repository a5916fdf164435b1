"""Trains on one device and on two logical CPUs, and compares; see test_replicas.py.

In a process of its own: logical devices are made before TensorFlow starts.
"""

import json
import sys

import numpy as np
import tensorflow as tf

import dcgan
from dcgan.config import load_config

SMALL = {"size": 16, "g_features": 4, "d_features": 4, "latent_dim": 8}
SMALL |= {"batch_size": 8, "ema_half_life": 100.0}
STEPS = 3
CASES = {
    "bce": {"aug_prob": 0.0},
    "gp": {"gp": 10.0, "loss": "wgan", "d_norm": "layer", "aug_prob": 0.7},
    "gp through BatchNorm": {"gp": 10.0, "loss": "wgan", "aug_per_sample": True},
    "r1 r2 lazy": {"r1": 1.0, "r2": 1.0, "loss": "rgan", "penalty_every": 2},
    "ct drift": {"ct": 2.0, "drift": 0.001, "dropout": 0.3, "g_dropout": 0.3},
    "minibatch_std": {"minibatch_std": True, "r1": 1.0, "loss": "ragan"},
    "minibatch_discrimination": {"minibatch_discrimination": True},
    "feature_matching": {"feature_matching": 1.0, "update": "simultaneous"},
    "labels": {"label_noise": 0.2, "label_swap": 0.3, "g_soft_labels": True},
    "clip_norm": {"clip_norm": 0.1, "weight_decay": 0.01, "adam": "pytorch"},
    "spectral": {"spectral_norm": True, "loss": "hinge", "critic_steps": 2},
    "ada": {"ada_target": 0.6, "ada_pictures": 100},
    "dynamic": {"dynamic_frequency": True},
    "real ones": {"flip": True, "jitter": 0.3, "rotate": 15.0},
    "clipped": {"weight_clip": 0.05, "loss": "wgan", "warmup": 2, "schedule": "cosine"},
    "bfloat16": {"precision": "bfloat16"},
    "float16": {"precision": "float16"},
    "projected": {"projected": True, "size": 32},
    "heads": {"heads": 2, "discriminators": 2, "self_attention": True},
    "equalized": {"equalized_lr": True, "g_norm": "pixel", "d_norm": "none"},
}


def images(side):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (20, side, side, 3), dtype=np.uint8)


def trained(knobs, strategy):
    """Returns all numbers that some steps have left, by what they are of."""
    config = load_config("narrow", **SMALL | knobs)
    with strategy.scope():
        networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
        gan = dcgan.GAN(*networks, config)
        gan.compile(total_steps=10)
    options = {k: getattr(config, k) for k in ("flip", "jitter", "rotate")}
    pictures = images(config.size)
    dataset = dcgan.make_dataset(pictures, config.batch_size, config.seed, **options)
    history = gan.fit(dataset, steps_per_epoch=STEPS, verbose=0).history
    parts = {
        "generator": gan.generator.get_weights(),
        "discriminator": gan.discriminator.get_weights(),
        "average": gan.ema_generator.get_weights(),
        "state": [v.numpy() for v in gan.state.values()],
        "history": [np.array(values) for values in history.values()],
    }
    return {name: [np.asarray(v, np.float64) for v in p] for name, p in parts.items()}


def difference(one, two):
    return {
        name: max(float(np.max(np.abs(a - b))) for a, b in zip(one[name], two[name]))
        for name in one
    }


def main(names):
    cpu = tf.config.list_physical_devices("CPU")[0]
    device = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [device] * 2)
    for name in names or CASES:
        mirrored = tf.distribute.MirroredStrategy(
            ["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice()
        )
        one = trained(CASES[name], tf.distribute.get_strategy())
        two = trained(CASES[name], mirrored)
        print(json.dumps({name: difference(one, two)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

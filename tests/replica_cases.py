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
SMALL |= {"batch_size": 8, "ema_half_life": 100.0, "min_map": 8}
STEPS = 3
# A picture that differs in its last bits turns single units of a frozen network on or
# off, which is seen from the second step on.
FEWER = {"frozen features": 1}
# As training runs, with loops that have to be of a graph; the others go without, which
# saves most of the time, and compute the same.
IN_GRAPHS = ("bce", "dynamic")
DRAWS = {"flip": True, "jitter": 0.3, "rotate": 15.0}
PENALTIES = {"r1": 1.0, "r2": 1.0, "ct": 2.0, "drift": 0.001, "penalty_every": 2}
PLAN = {"warmup": 2, "schedule": "cosine", "clip_norm": 0.1, "weight_decay": 0.01}
CASES = {
    "bce": {"aug_prob": 0.0, "ema_half_life": 0.0} | DRAWS,
    "gp, EMA and DiffAugment": {"gp": 10.0, "loss": "wgan", "aug_prob": 0.7},
    "batch statistics": {
        **{"minibatch_std": True, "minibatch_discrimination": True, "loss": "ragan"},
        **{"feature_matching": 1.0, **PLAN},
        **{"update": "simultaneous", "aug_per_sample": True, "dropout": 0.3},
    },
    "labels and penalties": {
        **{"label_noise": 0.2, "label_swap": 0.3, "g_soft_labels": True, **PENALTIES},
        **{
            "g_dropout": 0.3,
            "dropout": 0.3,
            "adam": "pytorch",
            "ada_target": 0.6,
            "ada_pictures": 100,
        },
    },
    "spectral": {
        **{"spectral_norm": True, "loss": "wgan", "critic_steps": 2, "heads": 2},
        "weight_clip": 0.05,
    },
    "frozen features": {
        **{"projected": True, "projected_size": 64, "aug_prob": 0.0},
        "epsilon": 1e-3,  # else Adam blows up the rounding of tiny gradients
    },
    "dynamic": {"dynamic_frequency": True, "aug_prob": 0.0},
    "half": {"precision": "float16", "d_norm": "layer", "update": "simultaneous"},
    "not synchronised": {"sync_batchnorm": False, "update": "simultaneous"},
}


def images(side):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (20, side, side, 3), dtype=np.uint8)


def trained(name, strategy):
    """Returns all numbers that some steps have left, by what they are of."""
    config = load_config("narrow", **SMALL | CASES[name])
    with strategy.scope():
        networks = dcgan.build_generator(config), dcgan.build_discriminator(config)
        gan = dcgan.GAN(*networks, config)
        gan.compile(total_steps=10)
    options = {k: getattr(config, k) for k in ("flip", "jitter", "rotate")}
    pictures = images(config.size)
    dataset = dcgan.make_dataset(pictures, config.batch_size, config.seed, **options)
    steps = FEWER.get(name, STEPS)
    history = gan.fit(dataset, steps_per_epoch=steps, verbose=0).history
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
        tf.config.run_functions_eagerly(name not in IN_GRAPHS)
        one = trained(name, tf.distribute.get_strategy())
        two = trained(name, mirrored)
        print(json.dumps({name: difference(one, two)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

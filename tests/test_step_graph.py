"""Compiled by XLA, the train step leaves nothing to the host.

Each of its operations has a kernel that XLA compiles for GPUs, which can be asked
without one. Those of the host (printing, texts, Python) have none.
"""

import pytest
import tensorflow as tf
from helpers import SMALL, networks_of
from tensorflow.python.framework.kernels import get_registered_kernels_for_op

from dcgan.config import load_config
from dcgan.training.gan import GAN

STEPS = {
    "frozen features": {"projected": True, "projected_size": 64},
    "balance": {"dynamic_frequency": True, "minibatch_discrimination": True},
    "penalties and labels": {
        **{"r1": 1.0, "r2": 1.0, "drift": 0.001, "penalty_every": 2, "dropout": 0.3},
        **{"label_noise": 0.2, "label_swap": 0.3, "ada_target": 0.6, "d_norm": "layer"},
        **{"schedule": "cosine", "clip_norm": 1.0, "weight_decay": 0.01},
    },
}


def host_operations(function, *arguments):
    """Returns the kinds of operations in a function's graph that XLA does not know."""
    traced = tf.function(function, jit_compile=True).get_concrete_function(*arguments)
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    kinds = {node.op for node in nodes} - {"Placeholder"}  # the batch and the variables
    return {kind for kind in kinds if "XLA_GPU_JIT" not in devices_of(kind)}


def devices_of(kind):
    return {k.device_type for k in get_registered_kernels_for_op(kind).kernel}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_does_without_the_host(name):
    config = load_config("narrow", **SMALL | STEPS[name])
    gan = GAN(*networks_of(config), config)
    gan.compile(total_steps=10)
    batch = tf.TensorSpec((4, 16, 16, 3))
    assert host_operations(gan.train_step, batch) == set()


def test_an_operation_of_the_host_is_found():
    def told(x):
        tf.print(x)  # its graph is made, and not run
        return tf.numpy_function(abs, [x], tf.float32)

    found = host_operations(told, tf.TensorSpec(()))
    assert found >= {"PrintV2", "StringFormat", "PyFunc"}

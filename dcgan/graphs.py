"""Graphs that do not depend on how busy the machine is."""

import tensorflow as tf


def keep_graphs_steady():
    """Turns off one of TensorFlow's optimisers of graphs, for this process.

    On a busy machine the arithmetic one arranges the same sums in one way or another,
    so that equal trainings differed in their last bits. Steps take as long without it.
    Call it before a graph is first run.
    """
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})

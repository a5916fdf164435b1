"""Training steps on the replicas of `tf.distribute`."""

import tensorflow as tf


def on_replicas(gan):
    """Returns a function from a distributed iterator to what the first replica found.

    Args:
        gan: A `GAN` that was made under a strategy.
    """
    strategy = gan.distribute_strategy

    @tf.function
    def step(iterator):
        for _ in range(gan.steps_per_execution):
            found = strategy.run(gan.train_step, args=(next(iterator),))
        return {k: strategy.experimental_local_results(v)[0] for k, v in found.items()}

    return step

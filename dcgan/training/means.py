"""Means of what a step has found, which is the same on all replicas."""

import keras


class GlobalMean(keras.metrics.Mean):
    """`keras.metrics.Mean` of values that are those of the global batch already.

    Keras' own sums over the replicas whenever it is read, which takes all of them: the
    process that writes checkpoints would wait for the others.
    """

    def add_variable(self, *args, **options):
        options["aggregation"] = "only_first_replica"
        return super().add_variable(*args, **options)

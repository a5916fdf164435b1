"""Training on the replicas of `tf.distribute`."""

import os
from functools import cache

import tensorflow as tf

from dcgan.errors import InputError
from dcgan.replicas import number, total
from dcgan.validation import check_share


def make_strategy(config, cluster=None):
    """Returns the `tf.distribute.Strategy` that a config asks for.

    Args:
        config: The `Config`.
        cluster: The `Cluster`, for `multiworker`.

    Raises:
        InputError: If TensorFlow has started with other devices, or the batch cannot be
            divided.
    """
    strategy = STRATEGIES[config.distribute](config, cluster)
    check_share(config.batch_size, strategy.num_replicas_in_sync)
    return strategy


def count_cards():
    """Returns how many GPUs this process may use; TensorFlow does not start for it."""
    return len(tf.config.list_physical_devices("GPU"))


def _mirrored(config, cluster):
    options = {}
    if config.logical_cpus:
        _split_cpu(config.logical_cpus)
        options["devices"] = [f"CPU:{k}" for k in range(config.logical_cpus)]
        # On CPUs TensorFlow's own choice fails where BatchNorm is over the replicas.
        options["cross_device_ops"] = tf.distribute.ReductionToOneDevice()
    workers = os.environ.pop("TF_CONFIG", None)  # read all the same, also if it is bad
    try:
        return tf.distribute.MirroredStrategy(**options)
    finally:
        if workers is not None:
            os.environ["TF_CONFIG"] = workers


def _split_cpu(count):
    device = tf.config.LogicalDeviceConfiguration()
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [device] * count)
    except RuntimeError:  # TensorFlow has started
        found = len(tf.config.list_logical_devices("CPU"))
        if found < count:
            raise InputError(
                "logical_cpus: the CPU cannot be split after TensorFlow has started. "
                f"Received: {count}, and there are {found}. Allowed: the same command "
                "in a new process"
            ) from None


def _multiworker(config, cluster):
    return _of_cluster(*cluster)


@cache  # TensorFlow joins a cluster once in a process
def _of_cluster(addresses, own):
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(addresses)}),
        task_type="worker",
        task_id=own,
        rpc_layer="grpc",
    )
    return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)


STRATEGIES = {
    "none": lambda config, cluster: tf.distribute.get_strategy(),
    "mirrored": _mirrored,
    "multiworker": _multiworker,
}


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


def share_variables(strategy, variables):
    """Gives variables on all replicas the values of the first one's.

    Only the chief reads checkpoints, from a disk that the other workers may not see.

    Args:
        strategy: `tf.distribute.Strategy`.
        variables: List of `tf.Variable`s that were made under it.
    """
    whole = [v for v in variables if not v.dtype.is_floating]
    others = [v for v in variables if v.dtype.is_floating]

    def assign():
        # What is summed at once is of one type.
        for found, dtype in ((others, tf.float32), (whole, tf.int64)):
            own = [tf.cast(tf.convert_to_tensor(v), dtype) for v in found]
            # Not a product with 0, which keeps what is no number.
            firsts = [tf.where(number() == 0, x, tf.zeros_like(x)) for x in own]
            for variable, value in zip(found, total(firsts)):
                variable.assign(tf.cast(value, variable.dtype))

    tf.function(lambda: strategy.run(assign))()

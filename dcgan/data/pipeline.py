"""Batches for training, in an order that is a pure function of (seed, step)."""

from functools import partial
from numbers import Integral

import numpy as np
import tensorflow as tf

from dcgan.data import transforms as available
from dcgan.data.folder import check_enough
from dcgan.data.stored import StoredImages
from dcgan.errors import invalid
from dcgan.pixels import to_float
from dcgan.randomness import draw_key, permutation
from dcgan.replicas import Share
from dcgan.validation import check_share, jitter_strengths


def make_dataset(
    images, batch_size, seed=0, start_step=0, flip=False, jitter=0.0, rotate=0.0
):
    """Makes an endless stream of training batches.

    Each epoch is a new shuffle of all pictures; what is left over when the last batch
    would not be full is dropped, and falls on other pictures in each epoch.

    Args:
        images: uint8 array (N, H, W, C), or `StoredImages`.
        batch_size: Pictures a batch, at most N.
        seed: int that fixes the order.
        start_step: The step to start at: the stream goes on as if that many batches
            had been taken already. Each `fit` begins the stream anew, so one that goes
            on after another wants its number of steps here.
        flip: Whether to mirror each picture left to right with probability 1/2.
        jitter: Strengths from 0 to 1 of random brightness, contrast and saturation, as
            three numbers or one for all; see `dcgan.data.transforms`.
        rotate: Turn each picture by up to this many degrees.

    Returns:
        `tf.data.Dataset` of float32 (batch_size, H, W, C) in [-1, 1], without end; its
        attribute `steps_per_epoch` is the number of batches in one pass, and its method
        `shares` the same for several replicas; see `spread`.

    Raises:
        InputError: If there are fewer pictures than one batch, or they are not uint8.

    Example:
        >>> batch = next(iter(make_dataset(images, 32, seed=0)))
    """
    dtype, shape = getattr(images, "dtype", type(images).__name__), np.shape(images)
    if len(shape) != 4 or dtype != np.uint8:
        received = f"{dtype} {shape}"
        raise invalid("images", received, "uint8 (N, H, W, C)")
    if not isinstance(batch_size, Integral) or batch_size < 1:
        raise invalid("batch_size", batch_size, "a whole number above 0")
    check_enough(images, batch_size)
    count = len(images)
    steps_per_epoch = epoch_steps(images, batch_size)
    pick = _picker(images)
    transforms = _transforms(flip, jitter, rotate)

    def order_of(epoch):
        # Not `index_shuffle`: it heeds only the low byte of its seeds, so that orders
        # would repeat after 256 epochs.
        order = permutation(draw_key(seed, epoch, "order"), count)
        numbers = tf.reshape(order[: steps_per_epoch * batch_size], (-1, batch_size))
        steps = epoch * steps_per_epoch + tf.range(steps_per_epoch, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices((steps, numbers))

    def batch_of(step, numbers, number=0, count=1):
        share = Share(count, number)
        batch = to_float(pick(share.of(numbers)))
        for name, transform in transforms.items():
            batch = transform(batch, draw_key(seed, step, name), share=share)
        return batch

    first, done = divmod(start_step, steps_per_epoch)
    orders = tf.data.Dataset.range(first, tf.int64.max).flat_map(order_of).skip(done)

    def shares(count, numbers):
        check_share(batch_size, count)
        own = tf.data.Dataset.from_tensor_slices(list(numbers))
        parts = orders.flat_map(lambda *order: own.map(lambda number: (*order, number)))
        return _ahead(parts, partial(batch_of, count=count), len(numbers))

    dataset = _ahead(orders, batch_of)
    dataset.steps_per_epoch = steps_per_epoch
    dataset.shares = shares
    return dataset


def spread(dataset, strategy):
    """Returns what every replica of a strategy reads of a dataset.

    Each worker reads its own share of every global batch, and nothing of the others'.

    Args:
        dataset: From `make_dataset`; another one is left to Keras.
        strategy: `tf.distribute.Strategy`.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1 or not hasattr(dataset, "shares"):
        return dataset

    def of_worker(context):
        own = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * own
        return dataset.shares(replicas, range(first, first + own))

    return strategy.distribute_datasets_from_function(of_worker)


def _ahead(orders, batch_of, batches=1):
    """Makes batches while others are trained on; a step takes so many."""
    dataset = orders.map(batch_of, num_parallel_calls=2, deterministic=True)
    # Otherwise several workers would ask each other before each step whether there is
    # another batch.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return dataset.prefetch(2 * batches).apply(endless)


def epoch_steps(images, batch_size):
    """Returns the number of whole batches in one pass over the pictures."""
    return len(images) // batch_size


def _picker(images):
    """Returns a function from numbers of pictures to these pictures."""
    if not isinstance(images, StoredImages):
        pixels = tf.constant(images)
        return lambda numbers: tf.gather(pixels, numbers)

    def pick(numbers):
        batch = tf.numpy_function(images.read, [numbers], tf.uint8, stateful=False)
        return tf.ensure_shape(batch, [numbers.shape[0], *images.shape[1:]])

    return pick


def _transforms(flip, jitter, rotate):
    """Returns the transforms that are on, by the purpose of their draws."""
    strengths = jitter_strengths(jitter)
    chosen = {}
    if any(strengths):
        chosen["jitter"] = partial(available.jitter, strengths=strengths)
    if rotate:
        chosen["rotate"] = partial(available.rotate, degrees=rotate)
    if flip:
        chosen["flip"] = available.mirror
    return chosen

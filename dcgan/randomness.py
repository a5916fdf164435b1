"""Stateless randomness: every draw is a function of (seed, step, purpose).

Eager mode, graphs and XLA give the same numbers. TensorFlow's own stateless floats do
not: the CPU's kernels make them of the low bits of Philox, XLA of the high ones. Its
whole integers agree, so floats are made of those here.
"""

import math
import zlib

import tensorflow as tf

PHILOX = 1  # the algorithm's number in TensorFlow's operations
SCRAMBLER = 0x02461E293EC8F720  # TensorFlow's constant


def draw_key(seed, step, purpose):
    """Returns the key of one draw.

    Args:
        seed: The run's seed, int or scalar integer tensor.
        step: The training step, int or scalar integer tensor.
        purpose: What the draw is for, str: draws for other purposes are independent.

    Returns:
        int32 tensor of shape (2,).

    Example:
        >>> latents = normal(draw_key(0, 17, "latents"), (32, 100))

    Reference:
        Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3 (Philox).
    """
    pair = tf.cast(tf.stack([seed, purpose_id(purpose)]), tf.int32)
    return _fold_in(pair, tf.cast(step, tf.int32))


def purpose_id(purpose):
    """Returns a stable number from 0 to 2^31 - 1 for a purpose's name."""
    return zlib.crc32(purpose.encode()) & 0x7FFFFFFF


def split_key(key, part):
    """Returns an independent key derived from `key` for one part of a draw.

    Args:
        key: Key of shape (2,).
        part: Name of the part, str, or its number, int or scalar integer tensor.
    """
    return _fold_in(key, purpose_id(part) if isinstance(part, str) else part)


def uniform(key, shape, low=0.0, high=1.0):
    """Returns float32 draws of `shape`, uniform in [low, high)."""
    bits = _bits(key, shape, tf.uint32)
    mantissa = tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32))
    return tf.cast(mantissa, tf.float32) * (2.0**-23 * (high - low)) + low


def normal(key, shape):
    """Returns float32 draws of `shape` from the standard normal distribution.

    Reference:
        Box and Muller 1958, A Note on the Generation of Random Normal Deviates.
    """
    radius = uniform(split_key(key, "radius"), shape)
    angle = uniform(split_key(key, "angle"), shape, 0.0, 2 * math.pi)
    return tf.sqrt(-2 * tf.math.log(1 - radius)) * tf.cos(angle)


def integers(key, shape, low, high):
    """Returns int32 draws of `shape`, uniform from `low` to `high`, both included."""
    return tf.raw_ops.StatelessRandomUniformIntV2(
        shape=shape, minval=low, maxval=high + 1, alg=PHILOX, **_philox(key)
    )


def permutation(key, count):
    """Returns the numbers from 0 to `count` - 1 in random order, int32 (count,)."""
    draws = _bits(key, (count,), tf.int32)
    return tf.argsort(draws, stable=True)


def _fold_in(key, number):
    return tf.stack([_bits(key, (), tf.int32), number])


def _bits(key, shape, dtype):
    """Returns whole numbers of which every bit is drawn."""
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=shape, dtype=dtype, alg=PHILOX, **_philox(key)
    )


def _philox(key):
    """Returns what Philox starts from: the numbers that `tf.random` makes of a key.

    In a quarter of its operations: with those, half of the time in which a step was
    traced went to draws. Its one operation for this has other numbers under XLA.
    """
    mixed = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=(2,),
        key=tf.constant([SCRAMBLER], tf.uint64),
        counter=tf.cast(key, tf.uint64),
        dtype=tf.uint64,
        alg=PHILOX,
    )
    return {"key": mixed[:1], "counter": mixed * tf.constant([0, 1], tf.uint64)}

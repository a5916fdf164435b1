"""One global batch on several replicas, as `tf.distribute` runs them.

Every draw is made for the global batch, from the same key everywhere, and then cut;
what a loss needs of the whole batch is gathered. So N replicas compute what one device
does. With one replica, and outside a strategy, nothing here adds an operation.

A loss made of gathered numbers is the same on all replicas. Its gradient comes back
through `gather` once from each of them, so divide by `count()` what is differentiated,
and sum the gradients with `total`.
"""

from typing import NamedTuple

import tensorflow as tf


class Share(NamedTuple):
    """Which part of every global batch a replica has.

    Attributes:
        count: Replicas, 1 or more.
        number: This one's, from 0, an int or a scalar int32 tensor.

    Example:
        >>> Share(2, 1).of(tf.range(6))  # [3, 4, 5]
    """

    count: int = 1
    number: int | tf.Tensor = 0

    def of(self, everything):
        """Returns the rows of this replica, of a tensor for the global batch."""
        if self.count == 1:
            return everything
        rows = tf.shape(everything)[0] // self.count
        first = rows * self.number
        known = everything.shape[0]
        return tf.ensure_shape(
            everything[first : first + rows],
            [known and known // self.count, *everything.shape[1:]],
        )

    def drawn(self, draw, rows):
        """Draws for the global batch and returns the rows of this replica.

        Args:
            draw: Function from a number of rows to a tensor with as many.
            rows: Rows of this replica, an int or an integer tensor.
        """
        if self.count == 1:
            return draw(rows)
        return self.of(draw(rows * self.count))


def share():
    """Returns the `Share` of the replica that calls; outside a strategy it is all."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return Share()
    return Share(context.num_replicas_in_sync, context.replica_id_in_sync_group)


def count():
    """Returns how many replicas compute what is called here."""
    return share().count


def number():
    """Returns which of them this is, from 0."""
    return share().number


def everywhere(rows):
    """Returns the rows of all replicas, of which each has `rows`."""
    return rows if count() == 1 else rows * count()


def drawn(draw, rows):
    """`Share.drawn` of the replica that calls."""
    return share().drawn(draw, rows)


def gather(tensor):
    """Returns the rows of all replicas in their order, on each of them.

    It is a sum of tensors that are 0 where other replicas' rows are: other than
    TensorFlow's `all_gather` it takes one exchange, and any number of derivatives.

    Args:
        tensor: (N, ...), of the same shape on each replica.

    Returns:
        (N * count(), ...).
    """
    replicas, own = share()
    if replicas == 1:
        return tensor
    rows = tf.shape(tensor)[0]
    around = [[own * rows, (replicas - 1 - own) * rows]]
    padded = tf.pad(tensor, around + [[0, 0]] * (len(tensor.shape) - 1))
    (gathered,) = total([padded])
    known = tensor.shape[0]
    return tf.ensure_shape(gathered, [known and known * replicas, *tensor.shape[1:]])


def combine(mean, variance):
    """Puts mean and variance of the global batch together, in one exchange.

    Args:
        mean: (1, ...), of this replica's rows, of which all have as many.
        variance: The same.

    Returns:
        Both over the rows of all replicas, (...).

    Reference:
        Chan et al. 1983, Algorithms for Computing the Sample Variance, equation 2.1.
    """
    means, variances = tf.unstack(gather(tf.stack([mean, variance], 1)), 2, 1)
    whole = tf.reduce_mean(means, 0)
    return whole, tf.reduce_mean(variances + tf.square(means - whole), 0)


def total(tensors):
    """Returns the sums over all replicas of a list of tensors; None stays None."""
    found = [tensor for tensor in tensors if tensor is not None]
    if count() == 1 or not found:
        return tensors
    context = tf.distribute.get_replica_context()
    sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, found))
    return [tensor if tensor is None else next(sums) for tensor in tensors]

"""An update that is done a number of times which depends on numbers found before."""

import tensorflow as tf

from dcgan import replicas


def repeat(count, update, results, most, variables):
    """Calls `update(turn)` for turn = 0 .. `count` - 1; returns its last results.

    Several replicas exchange gradients in every update, which they cannot within a loop
    of unknown length. They do all `most` updates and take back those beyond `count`.

    Args:
        count: How often, scalar int32 tensor.
        update: Function from the turn, a scalar int32 tensor, to scalars.
        results: How many scalars; they are 0 if `count` is.
        most: The largest count, int.
        variables: All that `update` may change.
    """
    last = [tf.constant(0.0)] * results
    if replicas.count() > 1:
        for turn in range(most):
            on = turn < count
            found = undone_unless(on, lambda t=turn: update(tf.constant(t)), variables)
            last = [tf.where(on, new, old) for new, old in zip(found, last)]
        return last
    _, *last = tf.while_loop(
        lambda turn, *_: turn < count,
        lambda turn, *_: (turn + 1, *update(turn)),
        (tf.constant(0), *last),
        parallel_iterations=1,
    )
    return last


def undone_unless(on, function, variables):
    """Calls a function and gives variables their values from before, unless `on`.

    Args:
        on: Scalar bool tensor.
        function: What may change them.
        variables: Variables of Keras.

    Returns:
        What the function returns.
    """
    before = [tf.identity(variable.value) for variable in variables]
    found = function()
    for variable, value in zip(variables, before):
        variable.assign(tf.where(on, variable.value, value))
    return found


def either(on, function, other, variables):
    """`tf.cond` for functions that return scalars and change variables.

    Several replicas do both and take one of them back, as in `repeat`.
    """
    if replicas.count() == 1:
        return tf.cond(on, function, other)
    first = undone_unless(on, function, variables)
    second = undone_unless(~on, other, variables)
    return tf.nest.map_structure(lambda a, b: tf.where(on, a, b), first, second)

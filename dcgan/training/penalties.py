"""Penalties on the discriminator: pure functions, found by name in `PENALTIES`.

Each takes a `Critic` and two batches, and returns a scalar. Where the discriminator has
several logits, `gp`, `r1` and `r2` look at the mean of those that come of pixels (those
on frozen features have spectral norm); `ct` and `drift` take each.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from dcgan import replicas
from dcgan.randomness import uniform
from dcgan.training.repeat import either


class Critic(NamedTuple):
    """What a penalty may ask of the discriminator.

    Attributes:
        judge: Function from pictures as the discriminator sees them to its `View`, of
            the pictures of all replicas.
        of_pixels: The same without the logits on frozen features, of this replica's
            pictures. It can be differentiated twice.
        augment: The step's augmentation, function of pictures and `"real"` or `"fake"`.
        key: Key of shape (2,) of a penalty's own draws.
    """

    judge: Callable
    of_pixels: Callable
    augment: Callable
    key: tf.Tensor


def gp(critic, real, fake):
    """Two-sided gradient penalty: gradients of norm 1 between real and fake.

    The points between are drawn for each pair of pictures, of the pictures that the
    discriminator sees, after the augmentation.

    Reference:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, equation 3.
    """
    real, fake = critic.augment(real, "real"), critic.augment(fake, "fake")
    share = replicas.drawn(
        lambda count: uniform(critic.key, (count, 1, 1, 1)), tf.shape(real)[0]
    )
    between = real + share * (fake - real)
    norms = tf.sqrt(squared_gradient(critic.of_pixels, between) + 1e-12)
    return tf.reduce_mean(replicas.gather(tf.square(norms - 1)))


def r1(critic, real, fake):
    """Half the squared gradient at real pictures, through the augmentation.

    Reference:
        Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?,
        equation 9.
    """
    return _zero_centred(critic, real, "real")


def r2(critic, real, fake):
    """Half the squared gradient at generated pictures, through the augmentation.

    Reference:
        Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?,
        equation 10.
    """
    return _zero_centred(critic, fake, "fake")


def ct(critic, real, fake):
    """Consistency: two dropouts of one real picture should be judged alike.

    Reference:
        Wei et al. 2018, Improving the Improved Training of Wasserstein GANs, equation 4
        with M' = 0 as in section 4, and distances as in their released code.
    """
    seen = critic.augment(real, "real")
    first, second = critic.judge(seen), critic.judge(seen)
    logits, features = (
        tf.reduce_mean(tf.square(a - b), axis=1) for a, b in zip(first, second)
    )
    return tf.reduce_mean(logits + 0.1 * features)


def drift(critic, real, fake):
    """Mean squared logit of real pictures: keeps the W-loss' logits from wandering.

    Reference:
        Karras et al. 2018, Progressive Growing of GANs, appendix A.1.
    """
    return tf.reduce_mean(tf.square(critic.judge(critic.augment(real, "real")).logits))


def _zero_centred(critic, images, kind):
    def judge(pictures):
        return critic.of_pixels(critic.augment(pictures, kind))

    return tf.reduce_mean(replicas.gather(squared_gradient(judge, images))) / 2


def squared_gradient(judge, images):
    """Returns (N,), the squared norm of the gradient of the mean logit of each picture.

    Args:
        judge: Function from pictures to a `View` with logits (N, L).
        images: (N, H, W, C).
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(tf.reduce_mean(judge(images).logits, axis=1))
    return tf.reduce_sum(tf.square(tape.gradient(total, images)), axis=[1, 2, 3])


# Each is on when the knob of its name, its weight, is not 0.
PENALTIES = {"gp": gp, "r1": r1, "r2": r2, "ct": ct, "drift": drift}


def weighted_penalties(config, critic, real, fake, step, moving=()):
    """Returns the sum of the penalties times their weights, a scalar.

    With `penalty_every` n it is n times that sum in every n-th step, else 0. Several
    replicas compute it in every step all the same.

    Args:
        config: The `Config`.
        critic: The `Critic`.
        real: (N, H, W, C).
        fake: (N, H, W, C).
        step: Steps done, scalar integer tensor.
        moving: The discriminator's variables that its passes change.

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN,
        section 3.1 (lazy regularisation).
    """
    weights = {name: getattr(config, name) for name in PENALTIES}
    on = {name: weight for name, weight in weights.items() if weight}
    every = config.penalty_every

    def total():
        parts = [on[name] * PENALTIES[name](critic, real, fake) for name in on]
        return every * tf.add_n(parts)

    if not on:
        return tf.constant(0.0)
    if every == 1:
        return total()
    return either(step % every == 0, total, lambda: 0.0, moving)

"""Adversarial losses: pure functions, found by name in `LOSSES`."""

import tensorflow as tf


def bce(real_logits, fake_logits, real_targets, fake_targets):
    """Binary cross-entropy with the non-saturating generator loss.

    Args:
        real_logits: (N, heads), the discriminator's logits of real pictures.
        fake_logits: (N, heads), the discriminator's logits of generated pictures.
        real_targets: Broadcastable to `real_logits`, usually 1.
        fake_targets: Broadcastable to `fake_logits`, usually 0.

    Returns:
        `(g_loss, d_loss)`, two scalars. `d_loss` is the sum of both halves, which is
        2 log 2 where the discriminator cannot tell; `g_loss` is log 2 there.

    Reference:
        Goodfellow et al. 2014, Generative Adversarial Nets, equation 1 and section 3
        (maximise log D(G(z)) instead of minimising log(1 - D(G(z)))).
    """
    d_loss = _cross_entropy(real_targets, real_logits)
    d_loss += _cross_entropy(fake_targets, fake_logits)
    return _cross_entropy(tf.ones_like(fake_logits), fake_logits), d_loss


def lsgan(real_logits, fake_logits, real_targets, fake_targets):
    """Least squares: logits are pulled to the targets. Arguments as for `bce`.

    Reference:
        Mao et al. 2017, Least Squares Generative Adversarial Networks, equation 9.
    """
    d_loss = tf.reduce_mean(tf.square(real_logits - real_targets)) / 2
    d_loss += tf.reduce_mean(tf.square(fake_logits - fake_targets)) / 2
    return tf.reduce_mean(tf.square(fake_logits - 1)) / 2, d_loss


def hinge(real_logits, fake_logits, real_targets, fake_targets):
    """Hinge loss; it has no targets and ignores them. Arguments as for `bce`.

    Reference:
        Lim and Ye 2017, Geometric GAN; Miyato et al. 2018, Spectral Normalization for
        Generative Adversarial Networks, equations 16 and 17.
    """
    d_loss = tf.reduce_mean(tf.nn.relu(1 - real_logits))
    d_loss += tf.reduce_mean(tf.nn.relu(1 + fake_logits))
    return -tf.reduce_mean(fake_logits), d_loss


def _cross_entropy(targets, logits):
    targets = tf.broadcast_to(tf.cast(targets, logits.dtype), tf.shape(logits))
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_mean(losses)


LOSSES = {"bce": bce, "lsgan": lsgan, "hinge": hinge}

# How logits become the probability of being real, where that is not the sigmoid: least
# squares pulls the logits themselves to 0 and 1.
SCORES = {"lsgan": lambda logits: tf.clip_by_value(logits, 0.0, 1.0)}

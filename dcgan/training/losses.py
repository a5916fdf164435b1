"""Adversarial losses: pure functions, found by name in `LOSSES`."""

import tensorflow as tf


def bce(real_logits, fake_logits, real_targets, fake_targets):
    """Binary cross-entropy with the non-saturating generator loss.

    Args:
        real_logits: (N, L), the discriminator's logits of real pictures.
        fake_logits: (N, L), the discriminator's logits of generated pictures.
        real_targets: Broadcastable to the logits, usually 1. The generator aims at
            them, too.
        fake_targets: Broadcastable to the logits, usually 0.

    Returns:
        `(g_loss, d_loss)`, two scalars. `d_loss` is the sum of both halves, which is
        2 log 2 where the discriminator cannot tell; `g_loss` is log 2 there.

    Reference:
        Goodfellow et al. 2014, Generative Adversarial Nets, equation 1 and section 3
        (maximise log D(G(z)) instead of minimising log(1 - D(G(z)))).
    """
    d_loss = _cross_entropy(real_targets, real_logits)
    d_loss += _cross_entropy(fake_targets, fake_logits)
    return _cross_entropy(real_targets, fake_logits), d_loss


def lsgan(real_logits, fake_logits, real_targets, fake_targets):
    """Least squares: logits are pulled to the targets. Arguments as for `bce`.

    Reference:
        Mao et al. 2017, Least Squares Generative Adversarial Networks, equation 9.
    """
    d_loss = tf.reduce_mean(tf.square(real_logits - real_targets)) / 2
    d_loss += tf.reduce_mean(tf.square(fake_logits - fake_targets)) / 2
    return tf.reduce_mean(tf.square(fake_logits - real_targets)) / 2, d_loss


def hinge(real_logits, fake_logits, real_targets, fake_targets):
    """Hinge loss; it has no targets and ignores them. Arguments as for `bce`.

    Reference:
        Lim and Ye 2017, Geometric GAN; Miyato et al. 2018, Spectral Normalization for
        Generative Adversarial Networks, equations 16 and 17.
    """
    d_loss = tf.reduce_mean(tf.nn.relu(1 - real_logits))
    d_loss += tf.reduce_mean(tf.nn.relu(1 + fake_logits))
    return -tf.reduce_mean(fake_logits), d_loss


def wgan(real_logits, fake_logits, real_targets, fake_targets):
    """Wasserstein loss; it has no targets and ignores them. Arguments as for `bce`.

    It needs a critic that cannot be arbitrarily steep: `gp`, `spectral_norm` or
    `weight_clip`. Minus `d_loss` then estimates the distance of the distributions.

    Reference:
        Arjovsky et al. 2017, Wasserstein GAN, equations 2 and 3.
    """
    return (
        -tf.reduce_mean(fake_logits),
        tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits),
    )


def rgan(real_logits, fake_logits, real_targets, fake_targets):
    """Relativistic pairing: is this real picture more real than that fake one?

    Arguments as for `bce`; `fake_targets` are not used.

    Reference:
        Jolicoeur-Martineau 2019, The relativistic discriminator, equations 5 and 6;
        Huang et al. 2024, The GAN is dead; long live the GAN!, section 2.
    """
    margin = real_logits - fake_logits
    return _cross_entropy(real_targets, -margin), _cross_entropy(real_targets, margin)


def ragan(real_logits, fake_logits, real_targets, fake_targets):
    """Relativistic average: is a picture more real than the other kind on average?

    Arguments as for `bce`.

    Reference:
        Jolicoeur-Martineau 2019, The relativistic discriminator, section 4.2 with the
        standard cross-entropy (RaSGAN).
    """
    real_margin = real_logits - tf.reduce_mean(fake_logits, axis=0, keepdims=True)
    fake_margin = fake_logits - tf.reduce_mean(real_logits, axis=0, keepdims=True)
    d_loss = _cross_entropy(real_targets, real_margin)
    d_loss += _cross_entropy(fake_targets, fake_margin)
    g_loss = _cross_entropy(real_targets, fake_margin)
    g_loss += _cross_entropy(fake_targets, real_margin)
    return g_loss, d_loss


def _cross_entropy(targets, logits):
    targets = tf.broadcast_to(tf.cast(targets, logits.dtype), tf.shape(logits))
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_mean(losses)


# A new one also needs its name in `Loss` of dcgan/config.py. What its logits mean is
# said by `RELATIVISTIC` and `SCORES` here, and by `WITHOUT_TARGETS` and `WITHOUT_ZERO`
# in dcgan/combinations.py.
LOSSES = {
    "bce": bce,
    "lsgan": lsgan,
    "hinge": hinge,
    "wgan": wgan,
    "rgan": rgan,
    "ragan": ragan,
}

# Their generator's loss looks at the real logits, too.
RELATIVISTIC = ("rgan", "ragan")

# How logits become the probability of being real, where that is not the sigmoid: least
# squares pulls the logits themselves to 0 and 1.
SCORES = {"lsgan": lambda logits: tf.clip_by_value(logits, 0.0, 1.0)}


def scores(loss, real_logits, fake_logits):
    """Returns how real both kinds look: the scores that are logged.

    Args:
        loss: Name of the loss, which says what logits mean.
        real_logits: (N, L).
        fake_logits: (N, L).

    Returns:
        Three scalars: the mean probability of being real of both kinds, and the mean
        sign of real pictures, 1 where D takes all of them for real, -1 where none.
    """
    score = SCORES.get(loss, tf.sigmoid)
    real_scores, fake_scores = score(real_logits), score(fake_logits)
    sign = tf.reduce_mean(tf.sign(real_scores - 0.5))
    return tf.reduce_mean(real_scores), tf.reduce_mean(fake_scores), sign

"""What adapts itself while training: how often each network is updated, and ADA's p."""

import tensorflow as tf

from dcgan.combinations import D_TARGET

# Losses of D and G that the sprite GAN aims at. They are no equilibrium: where D cannot
# tell, bce gives D 2 log 2 and G log 2.
TARGETS = (D_TARGET, 0.0)
UNIT = 1.0  # so much loss above the target asks for one more update
MOST_UPDATES = 5

ADA_EVERY = 4  # steps between two changes of the probability


def update_counts(losses, previous):
    """Returns how often D and G are to be updated on the next batch.

    A network that is further above its target gets more updates, and one more if it
    has moved away from the target since the last batch; one below its target, a D that
    leads, waits:

        n = clip(1 + floor((loss - target) / UNIT) + away, 0, MOST_UPDATES)

    Args:
        losses: (2,) the last losses of D and G.
        previous: (2,) those before.

    Returns:
        int32 (2,), each from 0 to `MOST_UPDATES`.

    Example:
        >>> update_counts([0.2, 3.1], [0.2, 2.9])  # D leads, G has become worse: [0, 5]
    """
    distance = tf.convert_to_tensor(losses) - TARGETS
    before = tf.convert_to_tensor(previous) - TARGETS
    away = (distance > 0) & (tf.abs(distance) > tf.abs(before))
    counts = 1 + tf.floor(distance / UNIT) + tf.cast(away, tf.float32)
    counts = tf.where(tf.math.is_finite(counts), counts, 1.0)  # so that NaN shows
    return tf.cast(tf.clip_by_value(counts, 0, MOST_UPDATES), tf.int32)


def next_probability(probability, mean_sign, target, pictures, reach, highest):
    """Returns ADA's new probability of augmenting.

    It rises while D is surer of real pictures than `target`, a sign that it overfits,
    and falls otherwise.

    Args:
        probability: The old one, scalar.
        mean_sign: Mean sign of D's outputs on real pictures, -1 to 1.
        target: What that is held at; 0.6 in the paper.
        pictures: Pictures seen since the last change.
        reach: Pictures in which the probability can go from 0 to 1; 500,000 in the
            paper.
        highest: The probability stays from 0 to this.

    Reference:
        Karras et al. 2020, Training Generative Adversarial Networks with Limited Data,
        section 3.
    """
    change = tf.sign(mean_sign - target) * tf.cast(pictures, tf.float32) / float(reach)
    return tf.clip_by_value(probability + change, 0.0, float(highest))


def adapt_augmentation(gan, real_sign, batch_size):
    """Collects the sign of a step and, every `ADA_EVERY` steps, moves `gan.aug_p`.

    Args:
        gan: A `GAN` with `ada_target`.
        real_sign: Mean sign of D's outputs on the step's real pictures.
        batch_size: Pictures a step.
    """
    config, signs = gan.config, gan.signs + real_sign
    moved = next_probability(
        gan.aug_p,
        signs / ADA_EVERY,
        config.ada_target,
        batch_size * ADA_EVERY,
        config.ada_pictures,
        config.aug_prob,
    )
    due = gan.step % ADA_EVERY == 0
    gan.aug_p.assign(tf.where(due, moved, gan.aug_p))
    gan.signs.assign(tf.where(due, 0.0, signs))

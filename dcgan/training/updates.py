"""In which order and how often D and G are updated, found by name in `UPDATES`."""

from functools import partial
from typing import NamedTuple

import tensorflow as tf

from dcgan.training.balance import MOST_UPDATES, update_counts
from dcgan.training.optimizers import apply_gradients, clip_weights
from dcgan.training.repeat import either, repeat


class Judged(NamedTuple):
    """What an update of D found, scalars: the last one of a step is logged."""

    d_loss: tf.Tensor  # without the penalty
    penalty: tf.Tensor
    real_score: tf.Tensor
    fake_score: tf.Tensor
    real_sign: tf.Tensor  # of real pictures, for ADA


def alternating(gan, real):
    """Updates D, then G against the updated D on the same generated pictures.

    With `critic_steps` D is updated as often, on new generated pictures each time; with
    `fresh_latents` G is updated on pictures that D has not seen.
    """
    for turn in range(gan.config.critic_steps):
        with tf.GradientTape() as tape:
            fake = gan.fakes(real, "latents", turn)
        judged = update_discriminator(gan, real, fake, turn)
    if gan.config.fresh_latents:
        with tf.GradientTape() as tape:
            fake = gan.fakes(real, "latents generator")
    return update_generator(gan, tape, real, fake, turn), judged


def simultaneous(gan, real):
    """Updates D and G from one forward pass of each network."""
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = gan.fakes(real, "latents")
        views = gan.view(real, "real"), gan.view(fake, "fake")
        g_loss, d_loss = gan.generator_loss(*views), gan.discriminator_loss(*views)
        penalty = gan.penalty(real, fake)
        objective = d_loss + penalty
    _apply_to_discriminator(gan, d_tape, objective)
    apply_gradients(gan.g_optimizer, g_tape, g_loss, gan.generator)
    return g_loss, Judged(d_loss, penalty, *gan.scores(*views))


def dynamic(gan, real):
    """Updates each network as often as its losses ask, on new latents each time.

    A D that waits is asked for its loss all the same, to know when it goes on.
    """
    before, last = tf.unstack(gan.last_losses)
    d_count, g_count = tf.unstack(update_counts(last, before))

    def train_discriminator(turn):
        return update_discriminator(gan, real, gan.fakes(real, "latents", turn), turn)

    def train_generator(turn):
        with tf.GradientTape() as tape:
            fake = gan.fakes(real, "latents generator", turn)
        return (update_generator(gan, tape, real, fake, turn),)

    # Passes in training mode move statistics, also of the network that waits.
    parts = gan.generator, gan.discriminator, gan.g_optimizer, gan.d_optimizer
    changed = [variable for part in parts for variable in part.variables]
    times = partial(repeat, most=MOST_UPDATES, variables=changed)
    judged = either(
        d_count > 0,
        lambda: Judged(*times(d_count, train_discriminator, len(Judged._fields))),
        lambda: discriminator_objective(gan, real, gan.fakes(real, "latents")),
        changed,
    )
    (g_loss,) = times(g_count, train_generator, 1)
    gan.last_losses.assign([last, [judged.d_loss, g_loss]])
    return g_loss, judged


UPDATES = {
    "alternating": alternating,
    "simultaneous": simultaneous,
    "dynamic": dynamic,
}


def update_discriminator(gan, real, fake, turn):
    """Updates D once and returns what it found."""
    with tf.GradientTape() as tape:
        judged = discriminator_objective(gan, real, fake, turn)
        objective = judged.d_loss + judged.penalty
    _apply_to_discriminator(gan, tape, objective)
    return judged


def update_generator(gan, tape, real, fake, turn):
    """Updates G once and returns its loss.

    Args:
        gan: The `GAN`.
        tape: The tape that recorded how `fake` was made. It goes on recording where it
            stopped, so that one pass of G can serve both networks.
        real: (N, H, W, C), for losses that compare with real pictures.
        fake: (N, H, W, C).
        turn: The turn whose soft labels count.
    """
    with tape:
        g_loss = generator_objective(gan, real, fake, turn)
    apply_gradients(gan.g_optimizer, tape, g_loss, gan.generator)
    return g_loss


def generator_objective(gan, real, fake, turn=0):
    """Returns the whole loss of G on pictures that it made, a scalar."""
    fake_view = gan.view(fake, "generator", turn)
    # The other losses do not look at what is real here.
    real_view = gan.view(real, "real", turn) if gan.compares else fake_view
    return gan.generator_loss(real_view, fake_view, turn)


def discriminator_objective(gan, real, fake, turn=0):
    """Returns what D finds, as `Judged`; its loss is `d_loss` plus `penalty`."""
    views = gan.view(real, "real", turn), gan.view(fake, "fake", turn)
    d_loss = gan.discriminator_loss(*views, turn)
    return Judged(d_loss, gan.penalty(real, fake, turn), *gan.scores(*views))


def _apply_to_discriminator(gan, tape, objective):
    apply_gradients(gan.d_optimizer, tape, objective, gan.discriminator)
    if gan.config.weight_clip:
        clip_weights(gan.discriminator, gan.config.weight_clip)

"""What both networks are trained for, on the pictures of one batch."""

import keras
import tensorflow as tf

from dcgan.randomness import draw_key, normal, split_key
from dcgan.replicas import drawn, gather
from dcgan.training.augment import maybe_augment
from dcgan.training.judge import View, feature_distance
from dcgan.training.labels import draw_targets
from dcgan.training.losses import scores
from dcgan.training.penalties import Critic, weighted_penalties


class Objectives(keras.Model):
    """The losses of a `GAN`, with draws that depend on (seed, step, purpose) only.

    It reads what `GAN` sets: `config`, `generator`, `discriminator`, `paint`, `judge`,
    `of_pixels`, `step`, `aug_p` and `adversarial_loss`.
    """

    @property
    def latent_dim(self):
        return self.generator.input_shape[-1]

    def key(self, purpose, turn=0):
        """The key of a draw; `turn` counts updates of one network within a step."""
        key = draw_key(self.config.seed, self.step, purpose)
        first = isinstance(turn, int) and turn == 0
        return key if first else split_key(key, turn)

    def fakes(self, real, purpose, turn=0):
        """Generates as many pictures as there are in `real`, in training mode."""
        key = self.key(purpose, turn)
        count = tf.shape(real)[0]
        return self.paint(drawn(lambda n: normal(key, (n, self.latent_dim)), count))

    def augment(self, images, purpose, turn=0):
        return maybe_augment(
            images,
            self.key(f"augment {purpose}", turn),
            self.key("augment or not", turn),
            self.config.policy,
            self.aug_p,
            self.config.aug_per_sample,
        )

    def view(self, images, purpose, turn=0):
        """Returns the `View` of pictures after the augmentation."""
        return self.look(self.augment(images, purpose, turn))

    def look(self, seen):
        """Returns the `View` of the pictures of all replicas, each of which has its
        share of them.
        """
        logits, features = self.judge(seen)
        return View(gather(logits), features if features is None else gather(features))

    def targets(self, count, turn=0):
        """Returns (real_targets, fake_targets) of the discriminator in this turn."""
        config = self.config
        return draw_targets(
            self.key("labels", turn),
            count,
            config.label_smoothing,
            config.two_sided,
            config.label_noise,
            config.label_swap,
        )

    def discriminator_loss(self, real, fake, turn=0):
        """Returns the adversarial loss of D, a scalar, of two `View`s."""
        targets = self.targets(tf.shape(real.logits)[0], turn)
        _, d_loss = self.adversarial_loss(real.logits, fake.logits, *targets)
        return self.config.d_loss_weight * d_loss

    def generator_loss(self, real, fake, turn=0):
        """Returns the whole loss of G, a scalar, of two `View`s."""
        config, targets = self.config, (1.0, 0.0)
        if config.g_soft_labels:
            targets = self.targets(tf.shape(real.logits)[0], turn)
        g_loss, _ = self.adversarial_loss(real.logits, fake.logits, *targets)
        if config.feature_matching:
            distance = feature_distance(real.features, fake.features)
            g_loss += config.feature_matching * distance
        return g_loss

    def penalty(self, real, fake, turn=0):
        """Returns the weighted sum of D's penalties, a scalar."""

        def augment(images, kind):
            return self.augment(images, kind, turn)

        key = self.key("penalty", turn)
        critic = Critic(self.look, self.of_pixels, augment, key)
        moving = self.discriminator.non_trainable_variables
        return weighted_penalties(self.config, critic, real, fake, self.step, moving)

    def scores(self, real, fake):
        """Returns the mean scores of two `View`s, and the real ones' mean sign."""
        return scores(self.config.loss, real.logits, fake.logits)

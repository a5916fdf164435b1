"""The GAN: one train step, for `fit`, a bare `tf.function` loop and eager mode."""

import keras
import numpy as np
import tensorflow as tf

from dcgan.config import Config
from dcgan.latent import draw_latents
from dcgan.pixels import to_uint8
from dcgan.randomness import draw_key, normal
from dcgan.training.augment import maybe_augment
from dcgan.training.losses import LOSSES, SCORES

SAMPLE_BATCH = 64
EMA_RAMP_UP = 0.05  # early on, the half-life is this share of the pictures seen


class GAN(keras.Model):
    """Trains a generator against a discriminator.

    Args:
        generator: Keras model from latents (N, z) to pictures (N, H, W, C) in [-1, 1].
        discriminator: Keras model from pictures to logits (N, 1).
        config: The `Config`; the defaults if left out.

    Attributes:
        ema_generator: The average of the generator over the last steps, which makes
            the samples; the generator itself if `ema_half_life` is 0.
        step: Steps trained so far, a variable.

    Example:
        >>> gan = GAN(build_generator(config), build_discriminator(config), config)
        >>> gan.compile()
        >>> history = gan.fit(make_dataset(images, 32, seed=0), epochs=10)

    Reference:
        Goodfellow et al. 2014, Generative Adversarial Nets, algorithm 1.
    """

    def __init__(self, generator, discriminator, config=None):
        super().__init__(name="gan")
        self.config = config or Config()
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = generator
        if self.config.ema_half_life:
            self.ema_generator = keras.models.clone_model(generator)
            self.ema_generator.set_weights(generator.get_weights())
        self.step = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
        names = ("g_loss", "d_loss", "real_score", "fake_score")
        self._means = [keras.metrics.Mean(name=name) for name in names]
        self.built = True

    def compile(self, g_optimizer=None, d_optimizer=None, loss=None, **kwargs):
        """Sets the optimizers and the loss, from the config where left out.

        Args:
            g_optimizer: Keras optimizer of the generator.
            d_optimizer: Keras optimizer of the discriminator, another object.
            loss: Function as in `dcgan.training.losses`.
            **kwargs: Passed on to `keras.Model.compile`, such as `jit_compile`.
        """
        super().compile(optimizer=None, loss=None, **kwargs)
        config = self.config
        self.g_optimizer = g_optimizer or adam(config, config.g_lr)
        self.d_optimizer = d_optimizer or adam(config, config.d_lr)
        self.g_optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.adversarial_loss = loss or LOSSES[config.loss]

    @property
    def metrics(self):
        return self._means

    @property
    def latent_dim(self):
        return self.generator.input_shape[-1]

    def fit(self, x, steps_per_epoch=None, **kwargs):
        """`keras.Model.fit`; an epoch is one pass if `x` is from `make_dataset`."""
        steps_per_epoch = steps_per_epoch or getattr(x, "steps_per_epoch", None)
        kwargs.setdefault("shuffle", False)
        return super().fit(x, steps_per_epoch=steps_per_epoch, **kwargs)

    def train_step(self, real):
        """Updates both networks on one batch.

        Args:
            real: (N, H, W, C) float32 pictures in [-1, 1].

        Returns:
            Dict of the means since the metrics were reset, which `fit` does at the
            start of each epoch: `g_loss`, `d_loss`, and the mean probability of being
            real that the discriminator gives: `real_score`, `fake_score`.
        """
        latents = normal(self.key("latents"), (tf.shape(real)[0], self.latent_dim))
        update = UPDATES[self.config.update]
        g_loss, d_loss, real_logits, fake_logits = update(self, real, latents)
        self.step.assign_add(1)
        if self.ema_generator is not self.generator:
            self._update_average(tf.shape(real)[0])
        score = SCORES.get(self.config.loss, tf.sigmoid)
        scores = score(real_logits), score(fake_logits)
        for mean, value in zip(self._means, (g_loss, d_loss, *scores)):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self._means}

    def sample(self, count=16, seed=0, truncation=0.0, latents=None):
        """Makes pictures with the averaged generator.

        Args:
            count: How many pictures.
            seed: Seed of their latents; equal seeds give equal pictures.
            truncation: See `draw_latents`.
            latents: (N, latent_dim) array to use instead of drawing.

        Returns:
            uint8 array (N, H, W, C).
        """
        if latents is None:
            latents = draw_latents(count, self.latent_dim, seed, truncation)
        return generate(self.ema_generator, latents)

    def key(self, purpose):
        return draw_key(self.config.seed, self.step, purpose)

    def augment(self, images, purpose):
        config = self.config
        return maybe_augment(
            images,
            self.key(f"augment {purpose}"),
            self.key("augment or not"),
            config.policy,
            config.aug_prob,
            config.aug_per_sample,
        )

    def losses_of(self, real_logits, fake_logits):
        """Returns (g_loss, d_loss) for targets 1 (real) and 0 (fake)."""
        return self.adversarial_loss(real_logits, fake_logits, 1.0, 0.0)

    def _update_average(self, batch_size):
        pictures = tf.cast(self.step * tf.cast(batch_size, tf.int64), tf.float32)
        half_life = tf.minimum(float(self.config.ema_half_life), EMA_RAMP_UP * pictures)
        decay = 0.5 ** (tf.cast(batch_size, tf.float32) / half_life)
        pairs = zip(self.ema_generator.weights, self.generator.weights)
        for average, weight in pairs:
            average.assign(weight + decay * (average - weight))


def alternating(gan, real, latents):
    """Updates D, then G against the updated D on the same generated pictures."""
    with tf.GradientTape() as g_tape:
        fake = gan.generator(latents, training=True)
    with tf.GradientTape() as d_tape:
        real_logits = gan.discriminator(gan.augment(real, "real"), training=True)
        fake_logits = gan.discriminator(gan.augment(fake, "fake"), training=True)
        _, d_loss = gan.losses_of(real_logits, fake_logits)
    _apply(gan.d_optimizer, d_tape, d_loss, gan.discriminator)
    with g_tape:  # goes on recording where it stopped, so G's pass serves both updates
        judged = gan.discriminator(gan.augment(fake, "generator"), training=True)
        g_loss, _ = gan.losses_of(real_logits, judged)
    _apply(gan.g_optimizer, g_tape, g_loss, gan.generator)
    return g_loss, d_loss, real_logits, fake_logits


def simultaneous(gan, real, latents):
    """Updates D and G from one forward pass of each network."""
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = gan.generator(latents, training=True)
        real_logits = gan.discriminator(gan.augment(real, "real"), training=True)
        fake_logits = gan.discriminator(gan.augment(fake, "fake"), training=True)
        g_loss, d_loss = gan.losses_of(real_logits, fake_logits)
    _apply(gan.d_optimizer, d_tape, d_loss, gan.discriminator)
    _apply(gan.g_optimizer, g_tape, g_loss, gan.generator)
    return g_loss, d_loss, real_logits, fake_logits


UPDATES = {"alternating": alternating, "simultaneous": simultaneous}


def adam(config, learning_rate):
    """Returns Adam with the betas and epsilon of the config."""
    return keras.optimizers.Adam(
        learning_rate, config.beta1, config.beta2, config.epsilon
    )


def generate(generator, latents):
    """Makes pictures of `latents` in batches: uint8 (N, H, W, C)."""
    batches = [
        to_uint8(generator(latents[first : first + SAMPLE_BATCH], training=False))
        for first in range(0, len(latents), SAMPLE_BATCH)
    ]
    return np.concatenate(batches)


def _apply(optimizer, tape, loss, network):
    variables = network.trainable_variables
    optimizer.apply(tape.gradient(loss, variables), variables)

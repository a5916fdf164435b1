"""The GAN: one train step, for `fit`, a bare `tf.function` loop and eager mode."""

from functools import partial

import keras
import numpy as np
import tensorflow as tf

from dcgan import replicas
from dcgan.combinations import PENALTY_KNOBS
from dcgan.config import Config
from dcgan.latent import draw_latents
from dcgan.models.fade import fade_pictures, fade_share, set_alpha
from dcgan.models.generator import generate
from dcgan.models.projected import without_frozen_features
from dcgan.models.spectral import power_iterations
from dcgan.training.adversarial import AdversarialModel
from dcgan.training.average import update_average
from dcgan.training.balance import TARGETS, adapt_augmentation
from dcgan.training.checks import check_networks
from dcgan.training.fused import accelerate
from dcgan.training.judge import Judge
from dcgan.training.means import GlobalMean
from dcgan.training.optimizers import set_learning_rates
from dcgan.training.synchronised import synchronise
from dcgan.training.updates import UPDATES

UPDATES_A_STEP = ("g_updates_a_step", "d_updates_a_step")


class GAN(AdversarialModel):
    """Trains a generator against a discriminator.

    Args:
        generator: Keras model from latents (N, z) to pictures (N, H, W, C) in [-1, 1].
        discriminator: Keras model from pictures to logits (N, L).
        config: The `Config`; the defaults if left out.

    Attributes:
        paint: The generator in training mode, in fewer operations.
        judge: The `Judge` of all logits.
        of_pixels: The `Judge` of those that `gp`, `r1` and `r2` look at: without frozen
            features, in plain operations.
        ema_generator: The average of the generator over the last steps, which makes
            the samples; the generator itself if `ema_half_life` is 0.
        step: Steps trained so far, a variable.
        updates: Updates of G and D so far, a variable of shape (2,).
        slowness: What all learning rates are multiplied by, a variable; see
            `slow_down`.
        aug_p: The probability of augmenting: `aug_prob`, or ADA's variable.
        state: Dict of all variables that are no network's and no optimizer's.
        fade: Pair of the step at which the newest blocks begin to fade in, and the
            steps that this takes; 0 steps is no fading.
        plan: List of the `Stage`s of the whole training, if this is one of them.
        carried: Dict from `"generator"` and `"discriminator"` to the names of layers
            that were trained in a stage before.

    Example:
        >>> gan = GAN(build_generator(config), build_discriminator(config), config)
        >>> gan.compile()
        >>> history = gan.fit(make_dataset(images, 32, seed=0), epochs=10)

    Reference:
        Goodfellow et al. 2014, Generative Adversarial Nets, algorithm 1.
    """

    def __init__(self, generator, discriminator, config=None):
        super().__init__(name="gan")
        self.config = config = config or Config()
        self.generator = generator
        self.discriminator = discriminator
        check_networks(config, discriminator)
        self.ema_generator = generator
        if config.ema_half_life:
            self.ema_generator = keras.models.clone_model(generator)
            self.ema_generator.set_weights(generator.get_weights())
        with_features = bool(config.feature_matching or config.ct)
        sync = config.sync_batchnorm
        self.judge = Judge(
            discriminator, with_features, fused=True, sync_batchnorm=sync
        )
        # Penalties differentiate twice, which the fused operations do not allow for.
        pixels = without_frozen_features(discriminator)
        self.of_pixels = Judge(pixels, sync_batchnorm=sync)
        # In a function, else Keras would list it as one more network.
        self.paint = partial(accelerate(synchronise(generator, sync)), training=True)
        self.state = {}
        self.step = self._state("step", 0, "int64")
        self.updates = self._state("updates", [0, 0], "int64")
        self.slowness = self._state("slowness", 1.0)
        self.fade = (0, 0)
        self.carried = {"generator": (), "discriminator": ()}
        self.plan = []
        self.aug_p = config.aug_prob
        if config.ada_target:
            self.aug_p = self._state("aug_p", 0.0)
            self.signs = self._state("signs", 0.0)
        if config.dynamic_frequency:
            self.last_losses = self._state("last_losses", [TARGETS, TARGETS])
        names = ["g_loss", "d_loss", "real_score", "fake_score"]
        names += ["penalty"] * any(getattr(config, knob) for knob in PENALTY_KNOBS)
        names += list(UPDATES_A_STEP) if config.dynamic_frequency else []
        self._means = {name: GlobalMean(name=name) for name in names}
        self.built = True

    def _state(self, name, value, dtype="float32"):
        """A variable that training changes and that no optimizer touches."""
        self.state[name] = self.add_weight(
            name=name,
            shape=np.shape(value),
            dtype=dtype,
            initializer=lambda shape, dtype: tf.constant(value, dtype, shape),
            trainable=False,
        )
        return self.state[name]

    @property
    def steps_done(self):
        """The value of `step`, an int."""
        return int(self.step.numpy())

    @property
    def probability(self):
        """The value of `aug_p`, a float."""
        return float(tf.convert_to_tensor(self.aug_p))

    @property
    def metrics(self):
        return list(self._means.values())

    def train_step(self, real):
        """Updates both networks on one batch.

        Args:
            real: (N, H, W, C) float32 pictures in [-1, 1]; on several replicas the
                share of each, equally many.

        Returns:
            Dict of the means since the metrics were reset, which `fit` does at the
            start of each epoch: `g_loss`, `d_loss`, and the mean probability of being
            real that the discriminator gives: `real_score`, `fake_score`; `penalty`,
            the weighted sum, if there is one; with `dynamic_frequency` also
            `g_updates_a_step` and `d_updates_a_step`.
        """
        config = self.config
        set_learning_rates(self)
        power_iterations(self.discriminator)
        real = self.fade_in(real)
        pictures = replicas.everywhere(tf.shape(real)[0])
        update = "dynamic" if config.dynamic_frequency else config.update
        before = self._iterations()
        g_loss, judged = UPDATES[update](self, real)
        self.step.assign_add(1)
        if config.ema_half_life:
            networks = self.ema_generator, self.generator
            update_average(*networks, self.step, pictures, config.ema_half_life)
        if config.ada_target:
            adapt_augmentation(self, judged.real_sign, pictures)
        done = [new - old for new, old in zip(self._iterations(), before)]
        self.updates.assign_add(done)
        values = judged._asdict() | {"g_loss": g_loss} | dict(zip(UPDATES_A_STEP, done))
        for name, mean in self._means.items():
            mean.update_state(values[name])
        return {name: mean.result() for name, mean in self._means.items()}

    def fade_in(self, real):
        """Sets the share of the newest blocks in this step; blends `real` likewise."""
        first, steps = self.fade
        if steps == 0:
            return real
        alpha = fade_share(self.step, first, steps)
        for network in (self.generator, self.discriminator, self.ema_generator):
            set_alpha(network, alpha)
        return fade_pictures(real, alpha)

    def _iterations(self):
        return [tf.cast(o.iterations, tf.int64) for o in self.optimizers]

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

"""What Keras asks of a model, for one with two networks: `compile` and `fit`, on one or
several replicas.
"""

from dcgan.data.pipeline import spread
from dcgan.errors import InputError
from dcgan.graphs import keep_graphs_steady
from dcgan.stages import plan_stages
from dcgan.training.losses import LOSSES, RELATIVISTIC
from dcgan.training.objectives import Objectives
from dcgan.training.optimizers import LearningRates, adam, leave_sums
from dcgan.training.strategy import on_replicas


class AdversarialModel(Objectives):
    """A `GAN` without its networks and its step.

    It reads what `GAN` sets: `config`, `generator`, `discriminator`, `slowness` and
    `plan`.
    """

    def compile(
        self, g_optimizer=None, d_optimizer=None, loss=None, total_steps=None, **kwargs
    ):
        """Sets the optimizers and the loss, from the config where left out.

        Args:
            g_optimizer: Keras optimizer of the generator.
            d_optimizer: Keras optimizer of the discriminator, another object.
            loss: Function as in `dcgan.training.losses`.
            total_steps: Steps of the whole training, for `schedule` cosine in a loop
                of your own; `fit` takes an epoch's steps times `config.epochs`,
                whatever its own `epochs`.
            **kwargs: Passed on to `keras.Model.compile`; `jit_compile` is the config's
                if left out.
        """
        if g_optimizer is not None and g_optimizer is d_optimizer:
            raise InputError("g_optimizer and d_optimizer must be two objects")
        keep_graphs_steady()
        config = self.config
        jit = "auto" if config.jit_compile is None else config.jit_compile
        if self.replicas > 1:
            jit = False  # XLA has no exchange between replicas
        super().compile(optimizer=None, loss=None, **{"jit_compile": jit} | kwargs)
        self.g_optimizer = g_optimizer or adam(config, config.g_lr)
        self.d_optimizer = d_optimizer or adam(config, config.d_lr)
        self.g_optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.optimizers = self.g_optimizer, self.d_optimizer
        if self.replicas > 1:
            for optimizer in self.optimizers:
                leave_sums(optimizer)
        self.rates = [(o, float(o.learning_rate.numpy())) for o in self.optimizers]
        self.total_steps = total_steps
        self.adversarial_loss = loss or LOSSES[config.loss]
        relativistic = loss or config.loss in RELATIVISTIC  # your own may be
        self.compares = bool(relativistic or config.feature_matching)

    def slow_down(self, factor):
        """Multiplies both learning rates, also those that are planned, from now on."""
        self.slowness.assign(self.slowness * factor)
        for optimizer in self.optimizers:
            optimizer.learning_rate = optimizer.learning_rate * factor

    @property
    def replicas(self):
        """Replicas of the strategy that the GAN was made under, 1 without one."""
        return self.distribute_strategy.num_replicas_in_sync

    def fit(self, x, steps_per_epoch=None, callbacks=None, **kwargs):
        """`keras.Model.fit`; an epoch is one pass if `x` is from `make_dataset`.

        Raises:
            InputError: If the config has several stages and this GAN is none of them.
        """
        stages = plan_stages(self.config)
        if len(stages) > 1 and not self.plan:
            raise InputError(
                "progressive: a GAN of its own has one size. "
                f"Received: {self.config.progressive}. "
                "Allowed: dcgan.fit or dcgan.train, which make a GAN for each stage"
            )
        callbacks = [LearningRates(stages), *(callbacks or [])]
        steps_per_epoch = steps_per_epoch or getattr(x, "steps_per_epoch", None)
        x = spread(x, self.distribute_strategy)
        kwargs.setdefault("shuffle", False)
        if steps_per_epoch and self.total_steps is None:
            self.total_steps = steps_per_epoch * self.config.epochs
        return super().fit(
            x, steps_per_epoch=steps_per_epoch, callbacks=callbacks, **kwargs
        )

    def make_train_function(self, force=False):
        """What `fit` calls. On several replicas all find the same numbers, of which
        those of the first are taken: Keras' own function fails on scalars.
        """
        if self.replicas == 1:
            return super().make_train_function(force)
        if force or not self.train_function:
            self.train_function = on_replicas(self)

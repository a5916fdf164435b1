"""Starting from another run's networks: `init_from`."""

from pathlib import Path

from dcgan.errors import InputError
from dcgan.run import Run

# The knobs that the shapes of the networks' weights follow from.
NETWORK_KNOBS = (
    *("size", "channels", "latent_dim", "linear_layer", "g_features", "d_features"),
    *("g_widths", "d_widths", "d_strides", "min_map", "g_kernel", "d_kernel", "stem"),
    *("head", "upsample", "g_norm", "d_norm", "g_norm_first", "d_norm_first"),
    *("block_convs", "equalized_lr", "progressive", "grow"),
    *("spectral_norm", "g_bias", "d_bias", "self_attention", "minibatch_std"),
    *("minibatch_discrimination", "minibatch_kernels", "minibatch_dims"),
    *("discriminators", "heads", "projected", "projected_size"),
)


def check_start(config):
    """Raises `InputError` if the run in `init_from` cannot be started from."""
    if config.init_from is None:
        return
    try:
        run = Run.open(config.init_from)
        other = run.config
    except InputError as error:
        raise InputError(f"init_from: {error}") from None
    if run.folder.resolve() == (Path(config.runs) / config.name).resolve():
        raise InputError(
            f"init_from: a run cannot start from itself. Received: {run.folder}. "
            "Allowed: another --name"
        )
    if not (run.generator_file.is_file() and run.discriminator_file.is_file()):
        raise InputError(
            f"init_from: no networks have been saved yet. Received: {run.folder}. "
            f"Allowed: a run with {run.generator_file.name} and "
            f"{run.discriminator_file.name}"
        )
    for knob in NETWORK_KNOBS:
        here, there = getattr(config, knob), getattr(other, knob)
        if here != there:
            raise InputError(
                f"init_from: {knob} differs, so the weights do not fit. "
                f"Received: {here}, and {there} in {run.folder}. Allowed: the same"
            )


def load_start(folder):
    """Returns the weights of the run in `folder`: lists of arrays of both networks.

    Call it outside the scope of a strategy, where all processes would have to make the
    variables of these networks, and only the chief has the run.
    """
    run = Run.open(folder)
    return run.load_generator().get_weights(), run.load_discriminator().get_weights()


def give_start(config, generator, discriminator, weights):
    """Gives both networks the weights from `load_start`.

    Raises:
        InputError: If they do not fit.
    """
    try:
        generator.set_weights(weights[0])
        discriminator.set_weights(weights[1])
    except ValueError as error:  # Keras': a number or shape of weights
        raise InputError(
            "init_from: the saved weights do not fit the run's own config. "
            f"Received: {config.init_from}. Allowed: a run as training left it"
        ) from error

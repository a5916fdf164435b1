"""How many maps the networks have, how wide they are, and which of them a stage has.

The blocks of a stage of `progressive` are a part of the full-size network's, under the
same numbers: G's are counted from the latent, D's from the picture.
"""


def halvings(config, size=None):
    """Returns how often a picture of `size` is halved down to `min_map`."""
    return ((size or config.size) // config.min_map).bit_length() - 1


def grows_at_picture(config):
    """Tells whether new blocks come at the picture's end, with 1x1 layers around."""
    return config.progressive is not None and config.grow == "image"


def grows_at_latent(config):
    """Tells whether new blocks come at G's latent end and D's deep end."""
    return config.progressive is not None and config.grow == "latent"


def map_count(config):
    """Returns how many widths each network has, without `d_widths` of its own.

    A network that grows at the picture's end also has a map of the picture's side.
    """
    return halvings(config) + grows_at_picture(config)


def generator_widths(config):
    """Returns the width of each map from the latent outwards, before the output."""
    if config.g_widths is not None:
        return list(config.g_widths)
    return [config.g_features * 2**k for k in reversed(range(map_count(config)))]


def discriminator_widths(config):
    """Returns the width of each map, from the picture inwards."""
    if config.d_widths is not None:
        return list(config.d_widths)
    return [config.d_features * 2**k for k in range(map_count(config))]


def discriminator_strides(config):
    """Returns the stride of each block of the full-size discriminator."""
    if config.d_strides is not None:
        return list(config.d_strides)
    return [2] * (len(discriminator_widths(config)) - grows_at_picture(config))


def stage_part(config, network, size):
    """Returns the part of a network that a stage has.

    Args:
        config: A `Config`.
        network: `"generator"` or `"discriminator"`.
        size: Side of the stage's pictures.

    Returns:
        `(widths, skipped)`: the widths of the stage's maps in the order of the
        full-size network's, and how many of its blocks come before them.

    Example:
        >>> config = Config(progressive=[16, 32, 64], grow="latent", g_features=32)
        >>> stage_part(config, "generator", 32)  # of [256, 128, 64, 32]
        ([128, 64, 32], 1)
    """
    generator = network == "generator"
    widths = generator_widths(config) if generator else discriminator_widths(config)
    missing = halvings(config) - halvings(config, size)
    # What a small stage lacks is listed first: G's latent end, D's picture end.
    if generator == grows_at_latent(config):
        return widths[missing:], missing
    return widths[: len(widths) - missing], 0


def fades(config, size):
    """Tells whether the networks of a stage fade in their newest block."""
    return bool(config.fade_in) and size != config.progressive[0]

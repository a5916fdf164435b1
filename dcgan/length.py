"""Which of `epochs` and `minutes` says how long a run is."""

from dcgan.errors import InputError


def check_one(chosen):
    """Raises `InputError` if one command or call chooses both.

    Args:
        chosen: Dict of the knobs that it sets. A run's `config.yml` may have both:
            `minutes` holds then.
    """
    if chosen.get("minutes") and "epochs" in chosen:
        raise InputError(
            "minutes does not go with epochs: each of them says how long a run is. "
            f"Received: minutes={chosen['minutes']}, epochs={chosen['epochs']}. "
            "Allowed: one of the two"
        )


def settle_minutes(layers):
    """Returns the knobs to change so that whoever chooses last has the say.

    Args:
        layers: List of dicts of knobs, later ones over earlier ones.

    Returns:
        Dict, `{"minutes": 0.0}` if `epochs` were chosen after `minutes`.

    Example:
        >>> settle_minutes([{"minutes": 60.0, "epochs": 700}, {"epochs": 100}])
        {'minutes': 0.0}
    """
    for layer in reversed(layers):
        if "minutes" in layer:
            return {}
        if "epochs" in layer:
            return {"minutes": 0.0}
    return {}

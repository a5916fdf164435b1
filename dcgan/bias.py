"""Scores that flatter: by the very network that helped to train."""

TRAINING_EXTRACTOR = "lite0"  # whose features the knob `projected` trains with
FLATTERS = (
    "lite0 helped to train this generator, so these scores flatter; "
    "`evaluate --extractor lite1` asks a network that did not"
)


def helped_to_train(config, extractor):
    """Tells whether an extractor's features have trained the generator.

    Args:
        config: The `Config` of the run.
        extractor: Name of the extractor that scores.

    Reference:
        Kynkaanniemi et al. 2023, The Role of ImageNet Classes in Frechet Inception
        Distance, section 4 (scores by features that took part in training).
    """
    return config.projected and extractor == TRAINING_EXTRACTOR

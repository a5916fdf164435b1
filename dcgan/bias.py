"""Scores that flatter: by the very network that helped to train."""

from dataclasses import replace

TRAINING_EXTRACTOR = "lite0"  # whose features the knob `projected` trains with
SECOND = "lite1"  # of another network, which takes no part
FLATTERS = "lite0 helped to train this generator, so these scores flatter"


def helped_to_train(config, extractor):
    """Tells whether an extractor's features have trained the generator.

    Its own training tells: a run starts only from one with the same `projected`; see
    `dcgan.start.check_start`.

    Args:
        config: The `Config` of the run.
        extractor: Name of the extractor that scores.

    Reference:
        Kynkaanniemi et al. 2023, The Role of ImageNet Classes in Frechet Inception
        Distance, section 4 (scores by features that took part in training).
    """
    return config.projected and extractor == TRAINING_EXTRACTOR


def on_equal_terms(configs):
    """Returns configs of a comparison, scored by one extractor that trained none.

    Args:
        configs: List of `Config`s. Those with `extractor: auto` get the second one if
            any of them is trained with the first one's features.
    """
    if not any(helped_to_train(config, TRAINING_EXTRACTOR) for config in configs):
        return configs
    return [
        replace(config, extractor=SECOND) if config.extractor == "auto" else config
        for config in configs
    ]


def training_scores_by(config):
    """Returns the extractor of the scores while training: of `auto` one that takes no
    part in the training.

    Args:
        config: The `Config` of the run.
    """
    if config.extractor != "auto":
        return config.extractor
    return SECOND if helped_to_train(config, TRAINING_EXTRACTOR) else TRAINING_EXTRACTOR

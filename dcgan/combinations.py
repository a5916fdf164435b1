"""Combinations of knobs that make no sense, each with the reason."""

from dcgan.errors import InputError
from dcgan.shapes import discriminator_strides

# Knobs of the targets, with the value that turns each off.
LABEL_KNOBS = {
    "label_smoothing": 0.0,
    "two_sided": False,
    "label_noise": 0.0,
    "label_swap": 0.0,
    "g_soft_labels": False,
}
WITHOUT_TARGETS = ("hinge", "wgan")
# Their logits mean something only beside those of the other kind.
WITHOUT_ZERO = ("wgan", "rgan", "ragan")
# They differentiate D twice, picture by picture.
GRADIENT_PENALTIES = ("gp", "r1", "r2")
D_TARGET = 0.5  # the d_loss that dynamic_frequency aims at
PENALTY_KNOBS = (*GRADIENT_PENALTIES, "ct", "drift")


def check_combinations(config):
    """Raises `InputError`, naming both knobs, on the first that do not go together."""
    for wrong, knob, other, reason, allowed in _conflicts(config):
        if wrong:
            values = [f"{name}={getattr(config, name)}" for name in (knob, other)]
            raise InputError(
                f"{knob} does not go with this {other}: {reason}. "
                f"Received: {', '.join(values)}. Allowed: {allowed}"
            )


def clear_labels(recipe, chosen):
    """Turns off the label knobs of a recipe if the chosen loss has no targets.

    Args:
        recipe: Dict of the knobs that the recipe sets.
        chosen: Dict of the knobs that the user sets.

    Returns:
        `(recipe, cleared)`: the dict without what had to go, and the names of that.
    """
    if chosen.get("loss") not in WITHOUT_TARGETS:
        return recipe, []
    cleared = [k for k in LABEL_KNOBS if recipe.get(k) and k not in chosen]
    return {k: v for k, v in recipe.items() if k not in cleared}, cleared


def _conflicts(config):
    """Yields (is wrong, knob, other knob, reason, what is allowed)."""
    yield from _label_conflicts(config)
    yield from _update_conflicts(config)
    yield from _penalty_conflicts(config)
    yield from _network_conflicts(config)
    yield from _growth_conflicts(config)
    yield from _replica_conflicts(config)
    ada = config.ada_target > 0
    yield (
        ada and config.loss in WITHOUT_ZERO,
        *("ada_target", "loss", "its logits have no zero to tell real from fake by"),
        "bce, lsgan or hinge",
    )
    yield (
        ada and config.aug_prob == 0,
        *("ada_target", "aug_prob", "it is the highest probability for ADA to reach"),
        "aug_prob above 0",
    )
    yield (
        config.patience > 0 and config.eval_every == 0,
        *("patience", "eval_every", "it counts scores, and none are taken"),
        "eval_every above 0",
    )


def _replica_conflicts(config):
    cpus = config.logical_cpus
    yield (
        cpus > 0 and config.distribute != "mirrored",
        *("logical_cpus", "distribute", "only one machine's CPU can stand for devices"),
        "mirrored, or logical_cpus 0",
    )
    yield (
        cpus > 0 and config.batch_size % cpus > 0,
        *("batch_size", "logical_cpus", "each gets an equal share of every batch"),
        f"a multiple of {cpus}",
    )
    yield (
        config.distribute != "none" and config.jit_compile is True,
        *("jit_compile", "distribute", "XLA has no exchange between replicas"),
        "off or left out, or distribute none",
    )


def _label_conflicts(config):
    without = config.loss in WITHOUT_TARGETS
    for knob in LABEL_KNOBS:
        wrong = without and getattr(config, knob)
        yield wrong, knob, "loss", "it has no targets", "bce, lsgan, rgan or ragan"
    yield (
        config.two_sided and config.label_smoothing == 0,
        *("two_sided", "label_smoothing", "0 on both sides is no smoothing"),
        "label_smoothing above 0",
    )
    yield (
        config.two_sided and config.label_smoothing >= 0.5,
        *("label_smoothing", "two_sided", "real and fake targets meet at 0.5"),
        "label_smoothing below 0.5",
    )
    yield (
        config.two_sided and config.loss == "rgan" and config.label_swap == 0,
        *("two_sided", "loss", "rgan does not use fake targets unless they swap"),
        "label_swap above 0, or bce, lsgan or ragan",
    )
    soft = config.label_smoothing or config.label_noise or config.label_swap
    yield (
        config.g_soft_labels and not soft,
        *("g_soft_labels", "label_smoothing", "the real targets are hard"),
        "label_smoothing, label_noise or label_swap above 0",
    )


def mean_targets(config):
    """Returns D's mean targets of real and of generated pictures, as labels are
    smoothed and swapped."""
    smoothing, swap = config.label_smoothing, config.label_swap
    real, fake = 1 - smoothing, smoothing * config.two_sided
    return (1 - swap) * real + swap * fake, (1 - swap) * fake + swap * real


def _update_conflicts(config):
    simultaneous = config.update == "simultaneous"
    both = "both networks are updated once, on the same latents"
    for knob, on in (
        ("critic_steps", config.critic_steps > 1),
        ("fresh_latents", config.fresh_latents),
        ("dynamic_frequency", config.dynamic_frequency),
    ):
        yield simultaneous and on, knob, "update", both, "alternating"
    for other, wrong, reason, allowed in (
        ("loss", config.loss != "bce", "its targets 0.5 and 0 are bce's", "bce"),
        ("critic_steps", config.critic_steps > 1, "both count D's updates", "1"),
        ("fresh_latents", config.fresh_latents, "its latents are always new", "off"),
        ("d_loss_weight", config.d_loss_weight != 1, "0.5 is a whole d_loss's", "1"),
    ):
        wrong = config.dynamic_frequency and wrong
        yield wrong, "dynamic_frequency", other, reason, f"{other} {allowed}"


def _penalty_conflicts(config):
    yield (
        config.ct > 0 and config.dropout == 0,
        *("ct", "dropout", "it compares two random dropouts of one picture"),
        "dropout above 0",
    )
    yield (
        config.penalty_every > 1 and not any(getattr(config, k) for k in PENALTY_KNOBS),
        *("penalty_every", "gp", "there is no penalty at all"),
        f"{', '.join(PENALTY_KNOBS)} above 0",
    )
    half = config.precision == "float16"
    reason = "loss scaling breaks gradient penalties"
    for knob in GRADIENT_PENALTIES:
        wrong = half and getattr(config, knob) > 0
        yield wrong, knob, "precision", reason, "float32 or bfloat16"


def _network_conflicts(config):
    quarter = config.size // 4
    strides = discriminator_strides(config)
    for other, wrong, allowed in (
        ("min_map", config.min_map > quarter, f"min_map up to {quarter}"),
        ("d_strides", strides.count(2) < 2, "two layers of stride 2"),
    ):
        reason = f"attention is at the map of side {quarter}, and there is none"
        yield config.self_attention and wrong, "self_attention", other, reason, allowed
    pixel = config.size == 2 ** strides.count(2)
    yield (
        config.d_norm == "instance" and pixel,
        *("d_norm", "d_strides", "the last map is one pixel, which it makes 0"),
        "fewer strides of 2, or another d_norm",
    )
    for knob, on, reason in (
        ("heads", config.heads > 1, "several heads have hidden, dense layers"),
        (
            "minibatch_discrimination",
            config.minibatch_discrimination,
            "the numbers it adds belong to no pixel",
        ),
    ):
        yield on and config.head == "conv", knob, "head", reason, "dense"
    for knob, wrong, reason, allowed in (
        ("init", config.init != "normal", "its kernels start as N(0, 1)", "normal"),
        ("spectral_norm", config.spectral_norm, "it divides the scale away", "off"),
    ):
        wrong = config.equalized_lr and wrong
        yield wrong, "equalized_lr", knob, reason, f"{knob} {allowed}"


def _growth_conflicts(config):
    latent, growing = config.grow == "latent", config.progressive is not None
    for knob, on in (
        ("grow", latent),
        ("freeze", config.freeze),
        ("fade_in", config.fade_in > 0),
    ):
        alone = len(config.progressive or []) < 2
        reason = "nothing grows without a stage before"
        yield on and alone, knob, "progressive", reason, "two sizes or more"
    yield (
        config.fade_in > 0 and latent,
        *("fade_in", "grow", "there the picture's end stays, and nothing is blended"),
        "grow image, or fade_in 0",
    )
    yield (
        config.fade_in > 0 and config.freeze,
        *("freeze", "fade_in", "what was trained has to follow while a block fades in"),
        "one of the two",
    )
    yield (
        config.freeze and config.projected,
        *("freeze", "projected", "its discriminators are the same in every stage"),
        "one of the two",
    )
    yield (
        growing and latent and not config.last_activation,
        *("last_activation", "grow", "D's last layer is not the last one afterwards"),
        "last_activation on, or grow image",
    )
    for knob, on, reason in (
        ("self_attention", config.self_attention, "a quarter of the side would move"),
        ("d_strides", config.d_strides is not None, "each block halves the side"),
        ("init_from", config.init_from is not None, "the first stage is smaller"),
    ):
        yield growing and on, "progressive", knob, reason, f"progressive without {knob}"
    for knob, on in (
        ("schedule", config.schedule != "constant"),
        ("warmup", config.warmup > 0),
    ):
        planned = config.cycle is not None
        reason = "the phases plan the learning rates"
        yield planned and on, "cycle", knob, reason, "schedule constant and warmup 0"

"""Every knob of the package, once, with the reason for its default."""

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import yaml

from dcgan.combinations import clear_labels
from dcgan.errors import InputError
from dcgan.length import check_one, settle_minutes
from dcgan.parsing import Cycle, parse_flags, parse_values
from dcgan.sources import read_recipe, read_yaml, recipe_names
from dcgan.stages import settle_cycle
from dcgan.validation import check_config

Norm = Literal["batch", "instance", "layer", "local_response", "pixel", "none"]
Bias = Literal["none", "free", "ends", "dense", "all"]
Loss = Literal["bce", "lsgan", "hinge", "wgan", "rgan", "ragan"]
Precision = Literal["float32", "float16", "bfloat16"]
Distribution = Literal["none", "mirrored", "multiworker"]
Scorer = Literal["auto", "lite0", "lite1"]
DEFAULT = "default"  # the recipe of a training for which none is named


@dataclass(frozen=True)
class Config:
    """All settings of one training run.

    The defaults are the recipe `narrow`: a DCGAN with DiffAugment, upsampling and an
    averaged generator, narrow enough for any machine. A recipe, a file or a flag
    overrides them; see `load_config`, which starts from the recipe `default`. Each
    comment below is also the knob's text in `--help`.

    Raises:
        InputError: If a value is out of range or two knobs contradict each other.

    Example:
        >>> Config(size=32).size
        32
    """

    # data
    data: str = "openmoji"  # folder of pictures (searched recursively), or openmoji
    size: int = 64  # side in pixels, a power of two from 16 to 256; 64 suits a laptop
    channels: int = 3  # 3 is RGB, 1 grey, 4 RGBA (keeps transparency)
    fit: Literal["pad", "crop", "stretch"] = "pad"  # to a square; pad loses nothing
    background: str = "white"  # colour behind transparency and padding, name or #rrggbb
    flip: bool = True  # mirror real pictures at random; turn off for text and logos
    jitter: float | list[float] = 0.0  # brightness, contrast, saturation of real ones
    rotate: float = 0.0  # turn real pictures by up to this many degrees; it leaks
    holdout: float = 0.0  # share of pictures set aside, to see memorising; try 0.1

    # networks
    latent_dim: int = 100  # length of the latent vector; 100 as in DCGAN
    linear_layer: bool = False  # a dense layer from latent to latent in front of G
    g_features: int = 16  # generator's width at its last map, doubled inwards; see D's
    d_features: int = 16  # D's width at its first map; 64 in DCGAN, 16 is fast on a CPU
    g_widths: list[int] | None = None  # generator's widths one by one, from the latent
    d_widths: list[int] | None = None  # discriminator's widths, from the picture
    d_strides: list[int] | None = None  # stride of each discriminator layer, all 2
    min_map: int = 4  # side of the innermost map, pixels; 4 as in DCGAN
    g_kernel: int = 4  # transposed convolutions; a multiple of stride 2 covers evenly
    d_kernel: int = 4  # strided convolutions; 4 as in the PyTorch DCGAN
    block_convs: int = 1  # convolutions of a block, the further ones 3x3; ProGAN has 2
    stem: Literal["dense", "deconv"] = "dense"  # latent to first map: the same sums
    head: Literal["dense", "conv"] = "dense"  # last map to logit: the same sums
    upsample: bool = True  # nearest + 3x3 convolution inside: no checkerboard
    g_norm: Norm = "batch"  # generator's normalisation; batch as in DCGAN
    d_norm: Norm = "batch"  # D's; per-sample penalties want instance, layer or none
    g_norm_first: bool = True  # also after the generator's stem, as in DCGAN
    d_norm_first: bool = False  # also after D's first layer; DCGAN leaves it out
    spectral_norm: bool = False  # D's kernels over their spectral norm, not attention's
    bn_momentum: float = 0.9  # share of old BatchNorm statistics kept; PyTorch's value
    bn_epsilon: float = 1e-5  # added to a norm's variance; PyTorch's value
    gamma_mean: float = 1.0  # mean of the norms' first gammas; 1 changes nothing
    gamma_std: float = 0.02  # their spread; DCGAN's 0.02
    init: Literal["normal", "glorot", "kaiming"] = "normal"  # normal: N(0, 0.02), DCGAN
    equalized_lr: bool = False  # kernels N(0, 1), scaled in use; replaces init
    g_bias: Bias = "none"  # G's layers with biases; free: where no norm follows
    d_bias: Bias = "none"  # D's; none as in PyTorch's DCGAN; ends: first and last
    g_slope: float = 0.0  # LeakyReLU's negative slope in G; 0 is ReLU, as in DCGAN
    d_slope: float = 0.2  # LeakyReLU's negative slope in D; 0.2 as in DCGAN
    dropout: float = 0.0  # share of D's activations dropped; BatchNorm does without
    g_dropout: float = 0.0  # the same in G, in training only; DCGAN has none
    last_activation: bool = True  # activation and dropout after the last D convolution
    self_attention: bool = False  # in both networks, at a quarter of the size; slower
    minibatch_std: bool = False  # D also sees the spread of its batch; ProGAN's remedy
    minibatch_discrimination: bool = False  # D compares pictures; against collapse
    minibatch_kernels: int = 100  # its kernels B, numbers it adds; Salimans' code
    minibatch_dims: int = 5  # its dimensions C, length of a kernel's row; likewise
    discriminators: int = 1  # several see the same pictures; G serves their mean
    heads: int = 1  # heads over one trunk, each with a hidden layer of its own
    projected: bool = False  # four more discriminators, on frozen features of Lite0
    projected_size: int = 64  # side at which those are taken: 64, 128 or 256 pixels

    # training
    batch_size: int = 32  # pictures a step; small batches mean more steps an epoch
    epochs: int = 800  # passes over the pictures; each run says how long they take
    minutes: float = 0.0  # length of the whole run instead of epochs; 0 is by epochs
    loss: Loss = "bce"  # bce: the non-saturating GAN loss; rgan, ragan: relativistic
    update: Literal["alternating", "simultaneous"] = "alternating"  # D first, or both
    critic_steps: int = 1  # updates of D for one of G, on one real batch; WGAN-GP: 5
    fresh_latents: bool = False  # new latents for G's update; else those D has seen
    dynamic_frequency: bool = False  # as many updates of G and D as their losses ask
    gp: float = 0.0  # weight of WGAN-GP's gradient penalty; its paper has 10
    r1: float = 0.0  # weight gamma of D's squared gradient at real pictures
    r2: float = 0.0  # the same at generated pictures; R3GAN has both
    ct: float = 0.0  # weight of CT-GAN's consistency under dropout; its paper has 2
    drift: float = 0.0  # weight of D's squared real logits; ProGAN has 0.001
    penalty_every: int = 1  # steps between penalties, weighted up; 16 in StyleGAN2
    weight_clip: float = 0.0  # cut D's weights to plus or minus this; 0.01 in WGAN
    feature_matching: float = 0.0  # weight in G's loss of D's mean features' distance
    label_smoothing: float = 0.0  # real targets 1 minus this; 0.1 is usual
    two_sided: bool = False  # fake targets are label_smoothing instead of 0
    label_noise: float = 0.0  # targets move by this times U(-0.5, 0.5), each picture
    label_swap: float = 0.0  # probability that a picture gets the other kind's target
    g_soft_labels: bool = False  # G aims at D's real targets, noise and all, not at 1
    d_loss_weight: float = 1.0  # factor of D's adversarial loss; some halve it
    init_from: str | None = None  # folder of a run whose networks to start from

    # optimisation (Adam)
    g_lr: float = 4e-4  # generator's learning rate; narrow networks bear 2 x DCGAN's
    d_lr: float = 4e-4  # discriminator's learning rate; both alike as in DCGAN
    beta1: float = 0.5  # 0.5 instead of Adam's 0.9 keeps DCGAN from oscillating
    beta2: float = 0.999  # Adam's own value
    epsilon: float = 1e-8  # Adam's, the value PyTorch uses
    adam: Literal["keras", "pytorch"] = "keras"  # how epsilon counts; see Theory.md
    weight_decay: float = 0.0  # AdamW's, on kernels only; GANs mostly do without
    clip_norm: float = 0.0  # longest gradient, over a whole network; 0 is no limit
    schedule: Literal["constant", "cosine"] = "constant"  # cosine: to 0 at the end
    warmup: int = 0  # steps over which the learning rates rise from 0
    precision: Precision = "float32"  # bfloat16 saves time where the machine has it
    jit_compile: bool | None = None  # by XLA; left out: on a GPU only
    ema_half_life: float = 10_000  # pictures; the averaged generator makes the samples

    # augmentation (DiffAugment)
    aug_prob: float = 1.0  # probability that an iteration augments; ADA's highest
    aug_per_sample: bool = False  # draw that probability for each picture instead
    policy: str = "color,translation,cutout"  # any comma list of these three
    ada_target: float = 0.0  # D's mean sign on real ones to hold; ADA's paper has 0.6
    ada_pictures: int = 100_000  # pictures in which ADA's probability can go 0 to 1

    # progressive growing
    progressive: list[int] | None = None  # stages, such as [16,32,64]; last is size
    cycle: Cycle = None  # phases of {lr, epochs}; sets epochs, g_lr, d_lr
    grow: Literal["latent", "image"] = "image"  # where blocks are added; image: ProGAN
    freeze: bool = False  # trained blocks keep their weights; as in PokeGAN
    fade_in: float = 0.0  # share of a stage in which its block comes in; ProGAN 0.5

    # run
    name: str = "narrow"  # the run's folder is runs/NAME
    runs: str = "runs"  # the folder that holds runs
    seed: int = 0  # of the weights, the order, the noise and the augmentation
    sample_every: int = 10  # epochs between sample sheets and saved networks
    sample_grid: int = 8  # pictures along a side of a sheet; 64 show a collapse
    snapshot_every: int = 0  # epochs between generators kept in snapshots/; 0 is never
    checkpoint_every: int = 10  # epochs between checkpoints, to go on after a stop
    eval_every: int = 50  # epochs between scores (KID and more); 0 is never
    extractor: Scorer = "auto"  # of scores while training; auto: no part in training
    patience: int = 0  # scores without a lower KID until training stops; 0 is never
    gradients_every: int = 50  # epochs between looks at the gradients; 0 is never
    on_nan: Literal["stop", "rollback"] = "stop"  # look why; rollback halves the rates
    distribute: Distribution = "none"  # mirrored: all GPUs here; multiworker: machines
    logical_cpus: int = 0  # split the CPU in so many, to try mirrored without GPUs
    sync_batchnorm: bool = True  # over all replicas, as on one device; off: each own
    overwrite: bool = False  # delete an existing run first, not go on
    recipe: str = "narrow"  # the recipe that the other values started from

    def __post_init__(self):
        check_config(self)


def knob_help():
    """Returns each knob's comment in `Config`, by name: the text of `--help`."""
    source = Path(__file__).read_text(encoding="utf-8")
    return dict(re.findall(r"^    (\w+): .*?  # (.+)$", source, flags=re.MULTILINE))


def load_config(source=DEFAULT, **overrides):
    """Resolves a recipe or a file, then overrides, to a checked `Config`.

    Args:
        source: A recipe's name, or the path of a YAML file of overrides (the
            `config.yml` of a run is one). A file may name its own `recipe`.
        **overrides: Knobs that win over `source`.

    Returns:
        A `Config`.

    Raises:
        InputError: If the recipe, the file, a key or a value is not valid.

    Example:
        >>> load_config("diffaugment", aug_prob=0.5).aug_prob
        0.5
    """
    check_one(overrides)
    source = os.fspath(source)
    from_file = {"recipe": source} if source in recipe_names() else read_yaml(source)
    paths = {
        k: os.fspath(v) for k, v in overrides.items() if isinstance(v, os.PathLike)
    }
    overrides = overrides | paths
    recipe = overrides.get("recipe", from_file.get("recipe", DEFAULT))
    if from_file.get("recipe", recipe) != recipe:
        raise InputError(
            f"recipe: the config is made for another one. Received: {recipe}, and "
            f"{source} for {from_file['recipe']}. Allowed: one of the two"
        )
    base, cleared = clear_labels(read_recipe(recipe), from_file | overrides)
    layers = {"recipe": recipe}, base, from_file, overrides
    layers = [parse_values(Config, layer) for layer in layers]
    config = Config(**settle_cycle(layers) | settle_minutes(layers))
    if cleared:
        print(f"Off, because loss={config.loss} has no targets: {', '.join(cleared)}")
    return config


def load_flags(argv=None, **kwargs):
    """Resolves command-line flags to a checked `Config`.

    `--recipe` is the base, `--config` a file over it, and the other flags win.

    Args:
        argv: List of arguments; those of the process if left out.
        **kwargs: Passed on to the parser, such as `description`.
    """
    shown = read_recipe(DEFAULT) | {"recipe": DEFAULT}
    flags = parse_flags(Config, knob_help(), shown, argv, **kwargs)
    source = flags.pop("config", flags.get("recipe", DEFAULT))
    return load_config(source, **flags)


def save_config(config, path):
    """Writes `config` as YAML that `load_config` and `--config` accept."""
    values = asdict(config)
    del values["overwrite"]  # an instruction for one start, not a property of the run
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    Path(path).write_text(text, encoding="utf-8")

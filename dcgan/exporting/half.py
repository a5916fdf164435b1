"""Weights of an ONNX model in half the bytes."""

import numpy as np

SMALL = 64  # numbers; fewer are not worth it


def halve_weights(model):
    """Stores weights as float16; the model still computes in float32.

    A runtime turns them back once, when it loads the model.

    Args:
        model: `onnx.ModelProto`; it is changed.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < SMALL:
            continue
        name, stored = weight.name, f"{weight.name}_half"
        half = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(half, stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)

"""Self-attention: every pixel of a map looks at every other."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dcgan")
class SelfAttention(keras.layers.Layer):
    """Adds to each pixel a weighted mean of all pixels: `y = x + gamma * o`.

    `gamma` starts at 0, so that the layer starts as the identity. Keys and queries have
    an eighth of the channels, values a half.

    Args:
        seed: int, of the first weights.
        **options: Those of `keras.layers.Layer`.

    Input and output shape: (N, H, W, C).

    Reference:
        Zhang et al. 2019, Self-Attention Generative Adversarial Networks, equations 1
        to 3; their released code has the sizes.
    """

    def __init__(self, seed=0, **options):
        super().__init__(**options)
        self.seed = seed

    def build(self, input_shape):
        channels = input_shape[-1]
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        shapes = {
            "query": (channels, narrow),
            "key": (channels, narrow),
            "value": (channels, half),
            "back": (half, channels),
        }
        for number, (name, shape) in enumerate(shapes.items()):
            start = keras.initializers.GlorotUniform(seed=self.seed + number)
            kernel = self.add_weight(name=name, shape=shape, initializer=start)
            setattr(self, name, kernel)
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        pixels = ops.reshape(inputs, (-1, height * width, channels))
        queries, keys = pixels @ self.query, pixels @ self.key
        scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        attended = ops.matmul(ops.softmax(scores, axis=-1), pixels @ self.value)
        added = ops.reshape(attended @ self.back, (-1, height, width, channels))
        return inputs + self.gamma * added

    def get_config(self):
        return super().get_config() | {"seed": self.seed}

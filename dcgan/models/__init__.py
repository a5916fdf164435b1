"""Builders of the generator and the discriminator: plain functional Keras models."""

import keras  # noqa: F401  (first: it registers this package's layers once it is there)

"""Builders of the generator and the discriminator: plain functional Keras models."""

"""The directions of the latent space along which pictures change most."""

import math

import numpy as np

from dcgan.data.shrink import shrink
from dcgan.latent import draw_latents
from dcgan.pixels import as_seen, to_float

COUNT = 6
SAMPLES = 2048  # pictures; the error of a direction is about sqrt(latent_dim / SAMPLES)
SIDE = 8  # pixels, at which pictures are compared


def principal_directions(latents, pictures, count=COUNT):
    """Finds latent directions that follow the principal components of pictures.

    Args:
        latents: (N, latent_dim) array, drawn from the standard normal distribution.
        pictures: (N, ...) array, what they became, in any measure.
        count: How many at most.

    Returns:
        `(directions, shares)`: an orthonormal (count, latent_dim) array, and the share
        of the variance that each principal component has, (count,).

    Reference:
        Härkönen et al. 2020, GANSpace: Discovering Interpretable GAN Controls, section
        2.2; Stein 1981 (why a regression on normal inputs gives the mean gradient).
    """
    flat = np.reshape(pictures, (len(pictures), -1)).astype(np.float64)
    centred, inputs = flat - flat.mean(axis=0), latents - latents.mean(axis=0)
    variances, components = np.linalg.eigh(
        np.cov(centred.T).reshape(2 * flat.shape[1:])
    )
    count = min(count, latents.shape[1], flat.shape[1])
    variances, components = variances[::-1][:count], components[:, ::-1][:, :count]
    signs = np.where(components.sum(axis=0) < 0, -1, 1)  # to the right is brighter
    slopes, *_ = np.linalg.lstsq(inputs, centred @ (components * signs))
    directions, triangle = np.linalg.qr(slopes)  # the first keep their direction
    directions *= np.where(np.diag(triangle) < 0, -1, 1)
    total = max(centred.var(axis=0, ddof=1).sum(), np.finfo(np.float64).tiny)
    return directions.T, np.maximum(variances, 0) / total


def directions_of(generator, seed=0):
    """Returns the `principal_directions` of a generator.

    Args:
        generator: `keras.Model` from latents to pictures.
        seed: Of the latents that are tried.
    """
    from dcgan.models.generator import generate

    latents = draw_latents(SAMPLES, generator.input_shape[-1], seed)
    pictures = generate(generator, latents)
    small = shrink(pictures, math.gcd(pictures.shape[1], SIDE))
    return principal_directions(latents, as_seen(to_float(small)))

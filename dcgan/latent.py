"""Latent vectors: draws that depend on the seed only, and walks between them."""

import numpy as np

from dcgan.errors import invalid

LEAST_TRUNCATION = 0.1  # below, drawing again takes for ever


def draw_latents(count, latent_dim, seed=0, truncation=0.0):
    """Draws latent vectors from the standard normal distribution.

    The first vectors are the same whatever `count` is.

    Args:
        count: How many.
        latent_dim: Their length.
        seed: int of 0 or more.
        truncation: Coordinates further than this from 0 are drawn again; 0 is off.

    Returns:
        (count, latent_dim) float32 array.

    Example:
        >>> draw_latents(2, 100, seed=0).shape
        (2, 100)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image
        Synthesis, section 3.1 (the truncation trick).
    """
    if truncation and not truncation >= LEAST_TRUNCATION:
        allowed = f"0, or {LEAST_TRUNCATION} or more"
        raise invalid("truncation", truncation, allowed)
    rng = np.random.default_rng(seed)
    latents = rng.standard_normal((count, latent_dim), dtype=np.float32)
    for index, latent in enumerate(latents if truncation else []):
        rng = np.random.default_rng([seed, index])
        while (far := np.abs(latent) > truncation).any():
            latent[far] = rng.standard_normal(far.sum(), dtype=np.float32)
    return latents


def slerp(start, end, shares):
    """Interpolates along the great circle between two latents.

    A straight line would pass close to the origin, where no training latent lies.

    Args:
        start: (latent_dim,) array.
        end: (latent_dim,) array.
        shares: (frames,) array in [0, 1]; 0 gives `start`, 1 gives `end`.

    Returns:
        (frames, latent_dim) float32 array.

    Reference:
        White 2016, Sampling Generative Networks, section 2.1.
    """
    cosine = np.dot(start, end) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1, 1))
    shares = np.asarray(shares)[:, None]
    if angle < 1e-6:
        return ((1 - shares) * start + shares * end).astype(np.float32)
    weights = np.sin((1 - shares) * angle) * start + np.sin(shares * angle) * end
    return (weights / np.sin(angle)).astype(np.float32)


def latent_walk(latents, frames):
    """Walks along great circles through all `latents` and back to the first.

    Args:
        latents: (stops, latent_dim) array.
        frames: Frames from one stop to the next.

    Returns:
        (stops * frames, latent_dim) float32 array; it loops without a jump.
    """
    shares = np.arange(frames) / frames
    following = np.roll(latents, -1, axis=0)
    legs = [slerp(start, end, shares) for start, end in zip(latents, following)]
    return np.concatenate(legs)

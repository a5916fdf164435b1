"""Latent vectors: draws that depend on the seed only, and walks between them."""

import numpy as np

from dcgan.errors import check_choice, invalid

LEAST_TRUNCATION = 0.1  # below, drawing again takes for ever
MOST_FRAMES = 2000  # of a walk: its pictures are in memory at once


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

    Raises:
        InputError: If the seed or the truncation is not one of those.

    Example:
        >>> draw_latents(2, 100, seed=0).shape
        (2, 100)

    Reference:
        Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image
        Synthesis, section 3.1 (the truncation trick).
    """
    if not seed >= 0:
        raise invalid("seed", seed, "0 or more")
    check_truncation("truncation", truncation)
    rng = np.random.default_rng(seed)
    latents = rng.standard_normal((count, latent_dim), dtype=np.float32)
    for index, latent in enumerate(latents if truncation else []):
        rng = np.random.default_rng([seed, index])
        while (far := np.abs(latent) > truncation).any():
            latent[far] = rng.standard_normal(far.sum(), dtype=np.float32)
    return latents


def check_truncation(knob, truncation):
    """Raises `InputError` if latents cannot be drawn with a truncation."""
    if truncation and not truncation >= LEAST_TRUNCATION:
        raise invalid(knob, truncation, f"0, or {LEAST_TRUNCATION} or more")


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
    if np.sin(angle) < 1e-6:  # all circles are as long between opposite latents
        return lerp(start, end, shares)
    shares = np.asarray(shares)[:, None]
    weights = np.sin((1 - shares) * angle) * start + np.sin(shares * angle) * end
    return (weights / np.sin(angle)).astype(np.float32)


def lerp(start, end, shares):
    """Interpolates along the straight line between two latents; see `slerp`."""
    shares = np.asarray(shares)[:, None]
    return ((1 - shares) * start + shares * end).astype(np.float32)


PATHS = {"spherical": slerp, "linear": lerp}


def latent_walk(latents, frames, path="spherical"):
    """Walks through all `latents` and back to the first.

    Args:
        latents: (stops, latent_dim) array.
        frames: Frames from one stop to the next; in all at most 2000.
        path: `spherical` along great circles, or `linear` along straight lines.

    Returns:
        (stops * frames, latent_dim) float32 array; it loops without a jump.

    Raises:
        InputError: If there is no such path, or no such number of frames.
    """
    check_choice("path", path, PATHS)
    most = MOST_FRAMES // len(latents)
    if not 1 <= frames <= most:
        raise invalid("frames", frames, f"1 to {most} between {len(latents)} stops")
    shares = np.arange(frames) / frames
    following = np.roll(latents, -1, axis=0)
    legs = [PATHS[path](start, end, shares) for start, end in zip(latents, following)]
    return np.concatenate(legs)


def latent_arithmetic(start, minus, plus):
    """Takes what some latents have in common away from others, and adds something else.

    The result gets the mean length of all of them: the plain sum is longer than any
    latent that the generator has seen, or shorter.

    Args:
        start: (a, latent_dim) array, of which the mean is taken, as of the others.
        minus: (b, latent_dim) array; may be empty.
        plus: (c, latent_dim) array; may be empty.

    Returns:
        (latent_dim,) float32 array.

    Reference:
        Radford et al. 2016, Unsupervised Representation Learning with Deep
        Convolutional Generative Adversarial Networks, section 6.3.2.
    """
    parts = [np.asarray(part, np.float32) for part in (start, minus, plus)]
    means = [part.mean(axis=0) if len(part) else np.float32(0) for part in parts]
    mixed = means[0] - means[1] + means[2]
    lengths = [np.linalg.norm(latent) for part in parts for latent in part]
    length = np.linalg.norm(mixed)
    return mixed * np.float32(np.mean(lengths) / length) if length else mixed

"""The latent whose picture is closest to a given one."""

import math
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from dcgan.latent import draw_latents
from dcgan.pixels import to_float
from dcgan.projection.embedding import Embedding, Vectors

DRAWN = 256  # random latents, of which the closest are where the search starts
BATCH = 64  # pictures of them at a time
RATE = 0.5  # Adam's highest learning rate: latents have a deviation of 1
WARM_UP = 0.05  # share of the steps in which it rises, so that starts are not lost
LEAST = 1e-12  # mean squared distance, of a generator whose pictures are all alike
SLACK = 2  # how much longer than the root of latent_dim a latent may get


class Projection(NamedTuple):
    """What `find_latent` found.

    Attributes:
        latent: (latent_dim,) float32 array.
        path: (moves + 1, latent_dim), how the search came there from its start.
        pixels: Root mean square difference of the pixels over that of two random
            pictures of the generator: 0 is the same picture.
        features: The same of Lite0's features.
    """

    latent: np.ndarray
    path: np.ndarray
    pixels: float
    features: float


def find_latent(generator, picture, restarts=8, steps=1000, seed=0):
    """Searches the latent whose picture is closest to a given one.

    All restarts move at once, by Adam, from the closest of 256 random latents; the
    distance is half that of pixels and half that of features, each over that of random
    pictures. A bar shows the progress.

    Args:
        generator: `keras.Model` from latents (N, latent_dim) to pictures in [-1, 1].
        picture: uint8 (H, W, C), as the generator makes them.
        restarts: Searches, 1 to 256.
        steps: Of each search, 1 or more.
        seed: Of the random latents.

    Returns:
        `Projection` of the closest picture of all searches and steps.

    Raises:
        InputError: If Lite0's weights are missing or altered.

    Example:
        >>> found = find_latent(generator, picture)
        >>> closest = generator(found.latent[None])

    Reference:
        Zhu et al. 2016, Generative Visual Manipulation on the Natural Image Manifold,
        section 3.1; Lipton and Tripathi 2017, Precise Recovery of Latent Vectors from
        GANs (keeping latents where they are drawn).
    """
    embedding = Embedding(picture.shape[0])
    embed = tf.function(lambda latents: embedding(generator(latents, training=False)))
    drawn = draw_latents(DRAWN, generator.input_shape[-1], seed)
    parts = [embed(drawn[k : k + BATCH]) for k in range(0, DRAWN, BATCH)]
    vectors = Vectors(*(tf.concat(part, axis=0) for part in zip(*parts)))
    target = embedding(tf.constant(to_float(picture[None])))
    scales = _random_distances(vectors)

    def shares(vectors):
        return tf.stack(vectors.squared_distances(target), axis=1) / scales

    distances = shares(vectors).numpy().mean(axis=1)
    starts = drawn[np.argsort(distances, kind="stable")[:restarts]]
    places, found = _descend(lambda latents: shares(embed(latents)), starts, steps)
    step, winner = np.unravel_index(found.mean(axis=2).argmin(), found.shape[:2])
    path = places[: step + 1, winner]
    pixels, features = np.sqrt(found[step, winner])
    return Projection(path[-1], path, float(pixels), float(features))


def _random_distances(vectors):
    """Returns (2,): the mean squared distances between each picture and the next."""
    shifted = Vectors(*(tf.roll(part, 1, axis=0) for part in vectors))
    squares = tf.stack(vectors.squared_distances(shifted), axis=1)
    return tf.maximum(tf.reduce_mean(squares, axis=0), LEAST)


def _schedule(steps):
    """A short rise of the learning rate, then half a cosine down to 0."""
    rise = int(WARM_UP * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - rise, warmup_target=RATE, warmup_steps=rise
    )


def _descend(shares, starts, steps):
    """Moves latents downhill.

    Args:
        shares: Function from latents (N, latent_dim) to two distances each, (N, 2).
        starts: (N, latent_dim) array.
        steps: How many moves.

    Returns:
        `(places, found)`: (steps + 1, N, latent_dim), and the distances there,
        (steps + 1, N, 2).
    """
    latents = tf.Variable(starts)
    optimizer = keras.optimizers.Adam(_schedule(steps))
    optimizer.build([latents])
    longest = math.sqrt(starts.shape[1]) + SLACK

    @tf.function
    def move():
        with tf.GradientTape() as tape:
            found = shares(latents.value())
            # A sum: no search has a part in another's gradient.
            loss = tf.reduce_sum(found) / 2
        optimizer.apply([tape.gradient(loss, latents)], [latents])
        latents.assign(tf.clip_by_norm(latents, longest, axes=[1]))
        return found

    places, found, best = [latents.numpy()], [], math.inf
    with tqdm(range(steps), desc="Searching", leave=False) as bar:
        for _ in bar:
            found.append(move().numpy())
            places.append(latents.numpy())
            best = min(best, math.sqrt(found[-1].mean(axis=1).min()))
            bar.set_postfix_str(f"{best:.1%} of a random distance", refresh=False)
    found.append(shares(latents.value()).numpy())
    return np.stack(places), np.stack(found)

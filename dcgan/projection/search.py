"""The latent whose picture is closest to a given one."""

import math
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scipy.optimize import minimize
from tqdm import tqdm

from dcgan.pixels import to_float
from dcgan.projection.embedding import Embedding, Vectors
from dcgan.projection.limits import DRAWN, RESTARTS, STEPS, check_search

STARTS = 1  # the purpose of a draw, beside its seed
BATCH = 64  # pictures of them at a time
RATE = 0.5  # Adam's highest learning rate: latents have a deviation of 1
WARM_UP = 0.05  # share of the steps in which it rises, so that starts are not lost
LEAST = 1e-12  # mean squared distance, of a generator whose pictures are all alike
TOGETHER = 1 / 8  # share of the steps in which all searches move
PATIENT = {"maxcor": 20, "ftol": 1e-12, "gtol": 1e-9}  # distances are small numbers
CLOSE = 0.01  # of a random distance: nobody sees a difference
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


def find_latent(generator, picture, restarts=RESTARTS, steps=STEPS, seed=0):
    """Searches the latent whose picture is closest to a given one.

    All restarts move at once, by Adam, from the closest of 256 random latents. After
    an eighth of the steps the one that came closest goes on alone, by L-BFGS, and if
    that gets stuck, the next one. The distance is half that of pixels and half that of
    features, each over that of random pictures. A bar shows the progress.

    Args:
        generator: `keras.Model` from latents (N, latent_dim) to pictures in [-1, 1].
        picture: uint8 (H, W, C), as the generator makes them.
        restarts: Searches, 1 to 256.
        steps: At most, 1 to 10,000: it ends once the picture is found.
        seed: Of the random latents, 0 or more.

    Returns:
        `Projection` of the closest picture of all searches and steps.

    Raises:
        InputError: If there is no such number of searches or steps, or Lite0's weights
            are missing or altered.

    Example:
        >>> found = find_latent(generator, picture)
        >>> closest = generator(found.latent[None])

    Reference:
        Zhu et al. 2016, Generative Visual Manipulation on the Natural Image Manifold,
        section 3.1 (with L-BFGS as well); Lipton and Tripathi 2017, Precise Recovery of
        Latent Vectors from GANs (keeping latents where they are drawn).
    """
    check_search(restarts, steps, seed)
    embedding = Embedding(picture.shape[0])
    embed = tf.function(lambda latents: embedding(generator(latents, training=False)))
    # Not those of `draw_latents`, among which the given picture may well be.
    rng = np.random.default_rng([seed, STARTS])
    drawn = rng.standard_normal((DRAWN, generator.input_shape[-1]), dtype=np.float32)
    parts = [embed(drawn[k : k + BATCH]) for k in range(0, DRAWN, BATCH)]
    vectors = Vectors(*(tf.concat(part, axis=0) for part in zip(*parts)))
    target = embedding(tf.constant(to_float(picture[None])))
    scales = _random_distances(vectors)

    def compare(vectors):
        return tf.stack(vectors.squared_distances(target), axis=1) / scales

    def measure(latents):
        return compare(embed(latents))

    distances = compare(vectors).numpy().mean(axis=1)
    starts = drawn[np.argsort(distances, kind="stable")[:restarts]]
    together = math.ceil(steps * TOGETHER)

    with tqdm(total=steps, desc="Searching", leave=False) as bar:
        places, found = _descend(measure, starts, together, bar)
        found = found.mean(axis=2)  # of pixels and features
        slope, paths, left = _slope_of(measure), [], steps - together
        for search in found.min(axis=0).argsort(kind="stable"):
            path = places[: found[:, search].argmin() + 1, search]
            further = _refine(slope, path[-1], left, bar)
            left -= len(further)
            paths.append(np.concatenate([path, further]))
            ends = measure(np.stack([each[-1] for each in paths])).numpy()
            if left <= 0 or ends.mean(axis=1).min() < CLOSE**2:
                break
    winner = ends.mean(axis=1).argmin()
    path, (pixels, features) = paths[winner], np.sqrt(ends[winner])
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


def _descend(measure, starts, steps, bar):
    """Moves latents downhill.

    Args:
        measure: Function from latents (N, latent_dim) to two distances each, (N, 2).
        starts: (N, latent_dim) array.
        steps: How many moves.
        bar: To show them.

    Returns:
        `(places, found)`: (steps + 1, N, latent_dim), and the distances there,
        (steps + 1, N, 2).
    """
    latents = tf.Variable(starts)
    optimizer = keras.optimizers.Adam(_schedule(steps))
    optimizer.build([latents])

    @tf.function
    def move():
        with tf.GradientTape() as tape:
            found = measure(latents.value())
            # A sum: no search has a part in another's gradient.
            loss = tf.reduce_sum(found) / 2
        optimizer.apply([tape.gradient(loss, latents)], [latents])
        latents.assign(_inside(latents))
        return found

    places, found = [latents.numpy()], []
    for _ in range(steps):
        found.append(move().numpy())
        places.append(latents.numpy())
        _show(bar, found[-1].mean(axis=1).min())
    found.append(measure(latents.value()).numpy())
    return np.stack(places), np.stack(found)


def _slope_of(measure):
    """Returns a function from a latent, (1, latent_dim), to its loss and gradient."""

    @tf.function
    def slope(latent):
        with tf.GradientTape() as tape:
            tape.watch(latent)
            loss = tf.reduce_mean(measure(_inside(latent)))
        return loss, tape.gradient(loss, latent)

    return slope


def _refine(slope, start, steps, bar):
    """Moves one latent further downhill, by L-BFGS.

    Args:
        slope: From `_slope_of`.
        start: (latent_dim,) array.
        steps: The most moves.
        bar: To show them.

    Returns:
        (moves, latent_dim) float32, each closer than the one before.
    """
    places = []

    def evaluate(latent):
        loss, gradient = slope(tf.constant(latent[None], tf.float32))
        return float(loss), gradient.numpy()[0].astype(np.float64)

    def move(intermediate_result):  # SciPy looks at this name
        latents = tf.constant(intermediate_result.x[None], tf.float32)
        places.append(_inside(latents).numpy()[0])
        _show(bar, intermediate_result.fun)

    if steps > 0:
        options = {"maxiter": steps, "maxfun": 2 * steps, **PATIENT}
        minimize(
            evaluate, start, jac=True, method="L-BFGS-B", callback=move, options=options
        )
    return np.reshape(np.float32(places), (-1, len(start)))


def _inside(latents):
    """Keeps latents (N, latent_dim) where they are drawn."""
    longest = math.sqrt(latents.shape[1]) + SLACK
    return tf.clip_by_norm(latents, longest, axes=[1])


def _show(bar, square):
    bar.set_postfix_str(f"{math.sqrt(square):.1%} of a random distance", refresh=False)
    bar.update()

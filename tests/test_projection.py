"""What a search goes by: distances of pictures, and how latents move downhill."""

import numpy as np
import pytest
import tensorflow as tf
from tqdm import tqdm

from dcgan.pixels import to_float
from dcgan.projection import search
from dcgan.projection.embedding import Embedding


def test_distances_by_hand():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    values = to_float(pictures)
    embedding = Embedding(16)
    one, two = embedding(values[:1]), embedding(values[1:])
    pixels, features = one.squared_distances(two)
    np.testing.assert_allclose(pixels, ((values[0] - values[1]) ** 2).mean(), rtol=1e-5)
    expected = []
    for maps in embedding._maps(values):  # LPIPS with all channels weighted alike
        maps = np.asarray(maps, np.float64)
        maps /= np.linalg.norm(maps, axis=-1, keepdims=True)
        expected.append(((maps[0] - maps[1]) ** 2).sum(axis=-1).mean())
    np.testing.assert_allclose(features, np.mean(expected), rtol=1e-4)


def test_the_colour_of_what_is_transparent_is_no_difference():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 4), dtype=np.uint8)
    pictures[..., 3] = pictures[0, ..., 3] // 128 * 255
    clear = pictures[0, ..., 3] == 0
    pictures[1] = pictures[0]
    pictures[1][clear, :3] = 99
    one, two = (Embedding(16)(to_float(picture[None])) for picture in pictures)
    np.testing.assert_allclose(one.squared_distances(two), [[0], [0]], atol=1e-6)
    pictures[1][clear, 3] = 255
    pixels, _ = one.squared_distances(Embedding(16)(to_float(pictures[1:])))
    assert pixels > 0.1


def test_searches_do_not_disturb_each_other_and_go_downhill():
    goal = np.float32([1, -1, 0.5])

    def shares(latents):
        square = (latents - goal) ** 2
        return square[:, 1:]  # two distances; nothing pulls the first coordinate

    starts = np.float32([[0, 0, 0], [2, 2, 2]])
    places, found = search._descend(shares, starts, 60, tqdm(disable=True))
    alone, _ = search._descend(shares, starts[:1], 60, tqdm(disable=True))
    np.testing.assert_allclose(places[:, :1], alone, atol=1e-5)
    assert places.shape == (61, 2, 3) and found.shape == (61, 2, 2)
    np.testing.assert_allclose(found[0], [[1, 0.25], [9, 2.25]])
    assert (found[-1].sum(axis=1) < found[0].sum(axis=1) / 20).all()
    np.testing.assert_array_equal(places[:, 0, 0], 0)


@pytest.mark.parametrize("length", [1, 9])
def test_the_closest_goes_on_alone_and_stays_where_latents_are_drawn(length):
    """A valley twenty times as steep across, with its goal inside or too far out."""
    steep = np.float32([1, 20, 1, 1])
    goal = np.float32([0.5, -0.5, 0.5, 0.5]) * length  # as long as that

    def shares(latents):
        square = ((latents - goal) * steep) ** 2
        return tf.stack([tf.reduce_sum(square[:, k::2], axis=1) for k in (0, 1)], 1)

    slope, bar = search._slope_of(shares), tqdm(disable=True)
    path = search._refine(slope, np.zeros(4, np.float32), 40, bar)
    assert (np.diff(np.mean(shares(path), axis=1)) <= 0).all()
    if length == 1:
        np.testing.assert_allclose(path[-1], goal, atol=1e-4)
    assert np.linalg.norm(path, axis=1).max() <= np.sqrt(4) + 2 + 1e-4
    assert search._refine(slope, goal, 0, bar).shape == (0, 4)

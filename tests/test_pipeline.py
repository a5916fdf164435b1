"""The order of the pictures, and the numbers in a batch."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dcgan import make_dataset
from dcgan.errors import InputError


def numbered(count):
    """Pictures whose first pixel is their number."""
    images = np.zeros((count, 4, 4, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return images


def order(dataset, batches):
    pixels = [batch.numpy()[:, 0, 0, 0] for batch in dataset.take(batches)]
    return np.rint((np.array(pixels) + 1) * 127.5).astype(int)


def test_batches_are_float32_from_minus_1_to_1():
    images = np.array([[0, 255], [128, 51]], np.uint8).reshape(2, 2, 1, 1)
    batch = next(iter(make_dataset(images, 2)))
    assert batch.dtype == "float32"
    expected = images / 127.5 - 1
    actual = np.sort(batch.numpy().ravel())
    np.testing.assert_allclose(actual, np.sort(expected.ravel()), atol=1e-6)


def test_the_order_is_a_pure_function_of_seed_and_step():
    images = numbered(50)
    whole = order(make_dataset(images, 8, seed=1), 30)
    np.testing.assert_array_equal(order(make_dataset(images, 8, seed=1), 30), whole)
    for start in (1, 6, 17):
        later = make_dataset(images, 8, seed=1, start_step=start)
        np.testing.assert_array_equal(order(later, 30 - start), whole[start:])
    assert not np.array_equal(order(make_dataset(images, 8, seed=2), 30), whole)


def test_orders_do_not_repeat_after_256_epochs_or_seeds():
    images = numbered(40)
    epochs = order(make_dataset(images, 40), 600)
    assert len(np.unique(epochs, axis=0)) == 600
    firsts = [order(make_dataset(images, 40, seed=256 * k), 1)[0] for k in range(3)]
    assert len(np.unique(firsts, axis=0)) == 3


def test_an_epoch_shows_no_picture_twice_and_drops_others_each_time():
    dataset = make_dataset(numbered(50), 8)
    assert dataset.steps_per_epoch == 6
    epochs = order(dataset, 60).reshape(10, 48)
    dropped = [set(range(50)) - set(epoch) for epoch in epochs]
    assert all(len(left_out) == 2 for left_out in dropped)
    assert len(set(map(frozenset, dropped))) > 5
    assert not np.array_equal(epochs[0], epochs[1])


def test_every_picture_is_equally_likely_at_the_start_of_an_epoch():
    firsts = order(make_dataset(numbered(4), 2), 4000)[::2].ravel()
    shares = np.bincount(firsts, minlength=4) / len(firsts)
    np.testing.assert_allclose(shares, 0.25, atol=0.03)


def test_a_batch_may_be_the_whole_set():
    batches = order(make_dataset(numbered(5), 5), 3)
    np.testing.assert_array_equal(np.sort(batches), [range(5)] * 3)


def test_flips_are_half_of_the_pictures_and_repeat():
    image = np.arange(8, dtype=np.uint8).reshape(1, 2, 4, 1)
    images = np.repeat(image, 16, axis=0)
    plain = make_dataset(images, 16)
    flipped = make_dataset(images, 16, flip=True)
    batches = np.concatenate([batch.numpy() for batch in flipped.take(50)])
    unchanged = next(iter(plain)).numpy()[0]
    is_mirrored = [np.array_equal(picture, unchanged[:, ::-1]) for picture in batches]
    is_plain = [np.array_equal(picture, unchanged) for picture in batches]
    assert all(a != b for a, b in zip(is_mirrored, is_plain))
    assert abs(np.mean(is_mirrored) - 0.5) < 0.06
    again = np.concatenate([batch.numpy() for batch in flipped.take(50)])
    np.testing.assert_array_equal(batches, again)


def test_the_stream_has_no_end():
    """It also says so: else several workers ask each other before each step."""
    dataset = make_dataset(numbered(4), 2)
    for each in (dataset, dataset.shares(2, [0, 1])):
        assert each.cardinality() == tf.data.INFINITE_CARDINALITY
    assert sum(1 for _ in itertools.islice(dataset, 500)) == 500


@pytest.mark.parametrize("images", [np.zeros((8, 4, 4, 1)), np.zeros((8, 4, 4), "u1")])
def test_only_uint8_pictures_are_taken(images):
    with pytest.raises(InputError, match="images is not valid.*uint8"):
        make_dataset(images, 4)


def test_a_batch_that_replicas_cannot_share_is_refused():
    with pytest.raises(InputError, match="Received: 5 for 2 replicas"):
        make_dataset(numbered(8), 5).shares(2, [0, 1])


def test_fewer_pictures_than_a_batch_are_refused():
    with pytest.raises(InputError, match="Received: 8, and 5 pictures"):
        make_dataset(numbered(5), 8)

"""Sets of pictures whose scores are known beforehand, on emoji as Lite0 sees them."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

import dcgan
from dcgan.evaluation import memorisation, metrics
from dcgan.evaluation.features import Extractor
from dcgan.evaluation.reference import Reference

SIDE, HALF = 64, 240
COPIED = 100  # pictures that are copied in a way: enough for shares


class Remembering(Extractor):
    """Looks at each picture only once: most cases are made of the same ones."""

    def __init__(self):
        super().__init__()
        self._seen = {}

    def __call__(self, images):
        images = np.broadcast_to(images, (*np.shape(images)[:3], 3))
        keys = [picture.tobytes() for picture in images]
        new = {k: p for k, p in zip(keys, images) if k not in self._seen}
        if new:
            self._seen |= zip(new, super().__call__(np.stack(list(new.values()))))
        return np.stack([self._seen[key] for key in keys])


@pytest.fixture(scope="module")
def halves():
    images = dcgan.load_images("openmoji", SIDE)
    order = np.random.default_rng(0).permutation(len(images))
    return images[order[:HALF]], images[order[HALF : 2 * HALF]]


@pytest.fixture(scope="module")
def reference(halves):
    return Reference(halves[0], extractor=Remembering())


def blurred(images, radius):
    blur = ImageFilter.GaussianBlur(radius)
    return np.stack([np.asarray(Image.fromarray(p).filter(blur)) for p in images])


def noised(images, strength):
    noise = np.random.default_rng(1).normal(0, strength, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def block_shuffled(images, block=16):
    rng, found = np.random.default_rng(2), np.empty_like(images)
    places = [(y, x) for y in range(0, SIDE, block) for x in range(0, SIDE, block)]
    for source, target in zip(images, found):
        for (a, b), place in zip(places, rng.permutation(len(places))):
            y, x = places[place]
            target[a : a + block, b : b + block] = source[y : y + block, x : x + block]
    return found


def grey(images):
    return images.mean(-1, keepdims=True).astype(np.uint8).repeat(3, axis=-1)


def moved(images, pixels):
    found = np.full_like(images, 255)
    found[:, pixels:, pixels:] = images[:, :-pixels, :-pixels]
    return found


def test_the_other_half_of_the_real_ones_is_as_good_as_real(reference, halves):
    scores, _ = reference.compare(halves[1], fid=True)
    assert abs(scores["kid"]) < 3 * scores["kid_error"]
    assert abs(scores["kid"]) < 2 * scores["kid_floor"]
    assert scores["coverage"] > 0.9 and scores["recall"] > 0.7
    assert scores["precision"] > 0.7 and 0.8 < scores["density"] < 1.2
    assert scores["variety"] == pytest.approx(1, abs=0.1)
    assert scores["authpct"] == pytest.approx(scores["authpct_real"], abs=0.1)
    assert scores["ct_score"] == pytest.approx(0.5, abs=0.05)
    assert scores["near_copies"] < 0.1 * HALF
    assert scores["fid"] > 100  # so much for FID at 240 pictures


WORSE = {
    "blurred a little": lambda images: blurred(images, 1),
    "blurred": lambda images: blurred(images, 3),
    "noised": lambda images: noised(images, 20),
    "block-shuffled": block_shuffled,
    "greyscale": grey,
}


@pytest.mark.parametrize("change", WORSE)
def test_spoilt_pictures_score_worse(change, reference, halves):
    scores = reference.quick(WORSE[change](halves[1]))
    assert scores["kid"] > 5 * scores["kid_error"]
    assert scores["kid"] > 100 and scores["coverage"] < 0.85
    assert scores["authpct"] > 0.7  # spoilt, not copied


def test_more_blur_and_noise_are_worse(reference, halves):
    for spoil, little, much in ((blurred, 1, 3), (noised, 10, 40)):
        kids = [reference.quick(spoil(halves[1], x))["kid"] for x in (little, much)]
        assert kids[0] < 0.9 * kids[1]


def test_a_collapse_to_20_pictures_shows_in_recall_coverage_and_variety(
    reference, halves
):
    collapsed = halves[1][np.arange(HALF) % 20]
    scores = reference.quick(collapsed)
    assert scores["recall"] < 0.02 and scores["coverage"] < 0.4
    assert scores["variety"] == 0
    assert scores["precision"] > 0.6  # each picture on its own is a real one
    assert reference.quick(noised(collapsed, 5))["variety"] < 0.4


def test_exact_copies_have_the_best_kid_and_are_caught(reference, halves):
    scores, suspects = reference.compare(halves[0])
    assert scores["kid"] < 0 and scores["coverage"] == 1
    assert scores["authpct"] == 0 and scores["ct_score"] == 1
    assert scores["near_copies"] == HALF and suspects.copies.all()
    np.testing.assert_array_equal(suspects.pictures, suspects.originals)


COPIES = {
    "mirrored": lambda images: images[:, :, ::-1],
    "moved by 3": lambda images: moved(images, 3),
    "moved by 5": lambda images: moved(images, 5),
    "moved by 8": lambda images: moved(images, 8),
    "mirrored and moved": lambda images: moved(images[:, :, ::-1], 4),
}


@pytest.mark.parametrize("change", COPIES)
def test_mirrored_and_moved_copies_are_caught_as_copies(change, reference, halves):
    scores, _ = reference.compare(COPIES[change](halves[0][:COPIED]))
    assert scores["authpct"] < 0.1 < 0.5 < scores["authpct_real"]
    assert scores["ct_score"] > 0.85
    assert scores["near_copies"] > 0.97 * COPIED


def test_noise_hides_copies_from_the_features_but_not_from_the_pixels(
    reference, halves
):
    scores, _ = reference.compare(noised(halves[0][:COPIED], 10))
    assert scores["near_copies"] > 0.8 * COPIED


def test_a_few_copies_among_others_come_first(reference, halves):
    pictures = np.concatenate([halves[1][:40], halves[0][7:10, :, ::-1]])
    scores, suspects = reference.compare(pictures)
    expected = {picture.tobytes() for picture in halves[0][7:10]}
    copied = [o.tobytes() for o, c in zip(suspects.originals, suspects.copies) if c]
    assert expected <= set(copied) and len(copied) == scores["near_copies"]
    first = suspects.copies[: len(copied)]
    assert first.all() and (np.diff(suspects.ratios[len(copied) :]) >= 0).all()


def test_held_out_pictures_are_the_baseline_of_copying(reference, halves):
    train, held_out = halves[0][:150], halves[0][150:]
    reference = Reference(train, held_out, reference.extractor)
    scores, _ = reference.compare(held_out)
    assert scores["n_real"] == HALF
    assert scores["authpct"] == scores["authpct_real"] and scores["ct_score"] == 0.5
    assert scores["near_copies"] == scores["near_copies_real"]
    near = memorisation.nearest(
        reference.extractor(held_out),
        reference.extractor(train),
        reference.extractor(train[:, :, ::-1]),
    )
    assert scores["authpct_real"] == memorisation.authpct(near.ratio)
    quick = reference.quick(held_out)
    assert quick == {name: scores[name] for name in quick}


def test_transparency_is_compared_over_white_and_on_its_own(reference):
    images = dcgan.load_images("openmoji", SIDE, channels=4)[:120]
    white = Reference(images, extractor=reference.extractor)
    opaque = np.concatenate([dcgan.pixels.over_white(images)] * 2, axis=-1)[..., :4]
    opaque[..., 3] = 255
    scores, _ = white.compare(opaque)
    assert scores["kid"] < 0 and scores["near_copies"] > 100  # the same over white
    assert scores["alpha_kid"] > 10 * scores["alpha_kid_floor"]
    assert scores["alpha_coverage"] < 0.1 and scores["alpha_variety"] == 0
    same, _ = white.compare(images)
    assert same["alpha_kid"] < 0 and same["alpha_coverage"] == 1
    seen = reference.extractor(images[..., 3:].repeat(3, -1))
    assert same["alpha_kid"] == pytest.approx(metrics.kid(seen, seen).value, abs=0.1)

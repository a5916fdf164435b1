"""Features of pictures of any side and with one or three channels."""

import keras
import numpy as np
import pytest

from dcgan import validation
from dcgan.errors import InputError
from dcgan.evaluation.features import BATCH, EXTRACTORS, Extractor

PICTURES = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def extractor():
    return Extractor()


def test_the_names_are_those_of_the_commands():
    assert tuple(EXTRACTORS) == validation.EXTRACTORS


def test_lite0_is_the_default(extractor):
    assert (extractor.name, extractor.input_size) == ("lite0", 128)


def test_a_picture_has_its_features_whatever_else_is_in_the_batch(extractor):
    features = extractor(PICTURES)
    assert features.shape == (70, 1280) and features.dtype == np.float32
    assert len(PICTURES) > BATCH
    alone = extractor(PICTURES[65:66])
    np.testing.assert_allclose(features[65:66], alone, atol=1e-4)


def test_grey_is_taken_for_a_colour_of_equal_parts(extractor):
    grey = PICTURES[:2, :, :, :1]
    np.testing.assert_allclose(
        extractor(grey), extractor(grey.repeat(3, -1)), atol=1e-5
    )


def test_enlarged_pictures_look_nearly_the_same(extractor):
    smooth = np.linspace(0, 255, 64).astype(np.uint8)
    large = np.stack([np.stack([smooth] * 64)] * 3, axis=-1)[None]
    one, other = extractor(large)[0], extractor(large[:, ::2, ::2])[0]
    unlike = extractor(PICTURES[:1])[0]
    assert np.linalg.norm(one - other) < np.linalg.norm(one - unlike) / 4


def test_inception_offers_lite0_without_a_network(monkeypatch):
    def offline(**kwargs):
        raise OSError("URL fetch failure:\nno address")

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    with pytest.raises(InputError, match="no address.*--extractor lite0") as error:
        Extractor("inception")
    assert "\n" not in str(error.value)


def test_inception_sees_299_pixels_in_its_own_range(monkeypatch):
    def ours(include_top, pooling, input_shape):
        assert (include_top, pooling, input_shape) == (False, "avg", (299, 299, 3))
        return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten()])

    monkeypatch.setattr(keras.applications, "InceptionV3", ours)
    features = Extractor("inception")(np.full((1, 16, 16, 3), 255, np.uint8))
    np.testing.assert_allclose(features, np.ones((1, 299 * 299 * 3)), rtol=1e-6)


def test_another_extractor_is_refused():
    with pytest.raises(
        InputError, match="Received: 'vgg'. Allowed: lite0, lite1, inception"
    ):
        Extractor("vgg")

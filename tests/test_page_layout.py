"""The page of a generator on screens of all sizes, by day and by night."""

import numpy as np
import pytest
from pages import CHROMIUM, NPM, seed_of

pytest_plugins = "browsing"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(NPM is None, reason="npm is not installed"),
]


def test_it_fits_a_phone_and_answers_a_tap(visit):
    screen = {"width": 360, "height": 640}
    page = visit("rgb", viewport=screen, has_touch=True, is_mobile=True)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide == [360, 360]
    page.tap("#picture")
    assert seed_of(page) != 7
    small = "all => all.filter(e => e.getBoundingClientRect().height < 40).length"
    assert page.eval_on_selector_all("button, select, #seed, .slider", small) == 0


@pytest.mark.parametrize("width", [320, 740, 900])
def test_nothing_is_cut_off_and_rows_of_tiles_are_full(width, visit):
    page = visit("rgb", viewport={"width": width, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = "all => all.map(e => e.getBoundingClientRect().width)"
    assert min(page.eval_on_selector_all("#seed, select", wide)) > 70
    tops = "all => all.map(e => e.getBoundingClientRect().top)"
    rows = page.eval_on_selector_all("#grid button", tops)
    assert len({rows.count(top) for top in rows}) == 1


def test_it_is_dark_at_night(visit):
    code = "getComputedStyle(document.body)[{}].match(/\\d+/g).map(Number)"
    for scheme in ("light", "dark"):
        page = visit("rgb", color_scheme=scheme)
        background, text = (
            np.mean(page.evaluate(code.format(f"'{name}'")))
            for name in ("backgroundColor", "color")
        )
        assert (background, text) > (200, 0) if scheme == "light" else background < 50
        assert abs(background - text) > 150

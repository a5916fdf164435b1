"""What the page of a generator should show, and how a test reads it."""

import re
import shutil

import numpy as np

from dcgan.models.generator import generate

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
NPM = shutil.which("npm")
GENERATORS = {
    "rgb": {},
    "rgba": {"channels": 4, "upsample": False, "stem": "deconv"},
    "grey": {"channels": 1, "g_norm": "instance"},
}
READY = "main:not([aria-busy])"
PIXELS = """canvas => {
  const {width, height} = canvas;
  const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [width, height, ...data];
}"""


def pixels(page, selector="#picture"):
    width, height, *numbers = page.eval_on_selector(selector, PIXELS)
    return np.array(numbers, np.uint8).reshape(height, width, 4)


def address(page):
    page.wait_for_timeout(400)  # it is not written more often
    return page.evaluate("location.search")


def seed_of(page):
    return int(re.search(r"[?&]seed=(\d+)", address(page))[1])


# The numbers of random.js again, in Python's integers.


def rotate(bits, by):
    return (bits << by | bits >> 32 - by) & 0xFFFFFFFF


def xoshiro128(a, b, c, d):
    while True:
        yield rotate(b * 5 & 0xFFFFFFFF, 7) * 9 & 0xFFFFFFFF
        c, d = c ^ a, d ^ b
        shifted = b << 9 & 0xFFFFFFFF
        b, a = b ^ c, a ^ d
        c, d = c ^ shifted, rotate(d, 11)


def stream(seed):
    state = []
    for _ in range(4):
        seed = mixed = (seed + 0x9E3779B9) & 0xFFFFFFFF
        for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
            mixed = (mixed ^ mixed >> shift) * factor & 0xFFFFFFFF
        state.append(mixed ^ mixed >> 15)
    return xoshiro128(*state)


def normals(seed, count):
    draws = stream(seed)
    pairs = [(next(draws), next(draws)) for _ in range(-(-count // 2))]
    radii = np.sqrt(-2 * np.log((np.array(pairs)[:, 0] + 0.5) / 2**32))
    angles = 2 * np.pi * np.array(pairs)[:, 1] / 2**32
    found = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    return found.ravel()[:count].astype(np.float32)


def expected_pixels(generator, latent):
    """What the page should show: RGBA, as canvases keep it."""
    (picture,) = generate(generator, latent[None])
    if picture.shape[-1] == 4:
        return picture
    picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
    return np.concatenate([picture, np.full_like(picture[..., :1], 255)], axis=-1)


def assert_alike(found, expected):
    """Within 2 of 255, colours as far as they are opaque: no canvas keeps others."""
    seen = [p[..., :3].astype(int) * p[..., 3:] / 255 for p in (found, expected)]
    np.testing.assert_allclose(seen[0], seen[1], rtol=0, atol=2)
    np.testing.assert_allclose(found[..., 3].astype(int), expected[..., 3], atol=2)

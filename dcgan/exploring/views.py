"""What an `Explorer` has found, as pictures for the screen."""

import io

import numpy as np
from PIL import Image

from dcgan.figures.experiment import labelled
from dcgan.figures.grids import (
    enlarge,
    few_colours,
    image_grid,
    over_checkerboard,
    repeat_to,
)

TILE = 96  # pixels, within which pictures with a name above are enlarged
COLUMNS = 8  # of them in a row
SINGLE = 320  # pixels, within which a picture alone is enlarged
STRIP = np.linspace(-3, 3, 7)  # places along a direction


def named_grid(pictures, names):
    """Returns pictures with names above them, a `PIL.Image`.

    Args:
        pictures: uint8 (n, H, W, C).
        names: n of them, no two the same.
    """
    tiles = over_checkerboard(repeat_to(pictures, TILE))
    named = dict(zip(map(str, names), tiles))
    return Image.fromarray(labelled(named, columns=COLUMNS))


def candidate_view(explorer, seed=0, truncation=0.0):
    """Returns the candidates of a seed with their numbers, a `PIL.Image`."""
    pictures = explorer.pictures(explorer.candidates(seed, truncation))
    return named_grid(pictures, range(len(pictures)))


def direction_view(explorer, latent):
    """Returns what the sliders do: a row a direction, from -3 to 3, a `PIL.Image`."""
    rows = np.repeat(explorer.places(latent)[None], len(STRIP), axis=0)
    latents = []
    for index in range(len(explorer.directions)):
        places = rows.copy()
        places[:, index] = STRIP
        latents += [explorer.moved(latent, row) for row in places]
    grid = image_grid(explorer.pictures(latents), columns=len(STRIP))
    return enlarge(Image.fromarray(grid))


def mix_view(explorer, start, minus=(), plus=()):
    """Returns the picks of a sum and its result, a `PIL.Image`."""
    signs = {"": start, "- ": minus, "+ ": plus}
    names = [f"{sign}{number}" for sign, part in signs.items() for number in part]
    numbers = [*start, *minus, *plus]
    mixed = explorer.mixed(start, minus, plus)
    latents = [*explorer.picked(numbers), mixed]
    return named_grid(explorer.pictures(latents), [*names, "="])


def single_view(picture):
    """Returns one picture (H, W, C), enlarged, a `PIL.Image`."""
    return Image.fromarray(over_checkerboard(repeat_to(picture[None], SINGLE))[0])


def png(picture):
    """Returns a `PIL.Image` as the bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "png", compress_level=1)  # for a slider, time counts
    return file.getvalue()


def show_candidates(explorer, seed=0, truncation=0.0):
    """Shows the candidates of a seed with their numbers in the notebook."""
    _display(candidate_view(explorer, seed, truncation))


def show_directions(explorer, number=0):
    """Shows in the notebook where a pick's directions lead, a row each."""
    _display(direction_view(explorer, explorer.picked([number])[0]))


def show_mix(explorer, start, minus=(), plus=()):
    """Shows picks and their sum in the notebook; see `Explorer.mixed`."""
    _display(mix_view(explorer, start, minus, plus))


def _display(picture):
    from IPython.display import display

    display(few_colours(picture))

"""Widths and parts of networks that grow, worked out by hand for 16, 32, 64."""

import pytest

from dcgan.config import load_config
from dcgan.shapes import (
    discriminator_strides,
    discriminator_widths,
    fades,
    generator_widths,
    grows_at_latent,
    grows_at_picture,
    halvings,
    map_count,
    stage_part,
)

NARROW = {"size": 64, "min_map": 4, "g_features": 2, "d_features": 3}


def growing(grow, **knobs):
    return load_config(
        "narrow", **NARROW | {"progressive": [16, 32, 64], "grow": grow} | knobs
    )


@pytest.mark.parametrize(
    "size, min_map, times", [(64, 4, 4), (16, 4, 2), (64, 8, 3), (16, 8, 1)]
)
def test_a_side_is_halved_down_to_min_map(size, min_map, times):
    assert halvings(load_config(size=size, min_map=min_map)) == times


def test_a_stage_is_halved_less_often_than_the_full_size():
    config = growing("image")
    assert [halvings(config, size) for size in (8, 16, 32, 64)] == [1, 2, 3, 4]


def test_only_growth_at_the_picture_has_a_map_of_the_pictures_side():
    assert map_count(load_config("narrow", **NARROW)) == 4  # 4, 8, 16, 32
    assert map_count(growing("latent")) == 4
    assert map_count(growing("image")) == 5  # and 64


@pytest.mark.parametrize("grow, at_picture", [("image", True), ("latent", False)])
def test_a_network_grows_at_one_end_or_not_at_all(grow, at_picture):
    plain, growing_one = load_config(), growing(grow)
    assert not grows_at_picture(plain) and not grows_at_latent(plain)
    assert grows_at_picture(growing_one) is at_picture
    assert grows_at_latent(growing_one) is not at_picture


@pytest.mark.parametrize(
    "grow, g_widths, d_widths",
    [
        ("latent", [16, 8, 4, 2], [3, 6, 12, 24]),
        ("image", [32, 16, 8, 4, 2], [3, 6, 12, 24, 48]),
    ],
)
def test_widths_double_away_from_the_picture(grow, g_widths, d_widths):
    assert generator_widths(growing(grow)) == g_widths
    assert discriminator_widths(growing(grow)) == d_widths


# Growth at the latent: each stage has the blocks next to the picture, which are the
# generator's last and the discriminator's first. Growth at the picture: the others.
@pytest.mark.parametrize(
    "grow, network, size, part",
    [
        ("latent", "generator", 16, ([4, 2], 2)),
        ("latent", "generator", 32, ([8, 4, 2], 1)),
        ("latent", "generator", 64, ([16, 8, 4, 2], 0)),
        ("latent", "discriminator", 16, ([3, 6], 0)),
        ("latent", "discriminator", 32, ([3, 6, 12], 0)),
        ("latent", "discriminator", 64, ([3, 6, 12, 24], 0)),
        ("image", "generator", 16, ([32, 16, 8], 0)),
        ("image", "generator", 32, ([32, 16, 8, 4], 0)),
        ("image", "generator", 64, ([32, 16, 8, 4, 2], 0)),
        ("image", "discriminator", 16, ([12, 24, 48], 2)),
        ("image", "discriminator", 32, ([6, 12, 24, 48], 1)),
        ("image", "discriminator", 64, ([3, 6, 12, 24, 48], 0)),
    ],
)
def test_the_part_of_each_network_that_a_stage_has(grow, network, size, part):
    assert stage_part(growing(grow), network, size) == part


def test_a_plain_network_is_one_part():
    config = load_config("narrow", **NARROW)
    assert stage_part(config, "generator", 64) == ([16, 8, 4, 2], 0)
    assert stage_part(config, "discriminator", 64) == ([3, 6, 12, 24], 0)


def test_own_widths_are_cut_like_computed_ones():
    config = growing("image", g_widths=[9, 8, 7, 6, 5], d_widths=[1, 2, 3, 4, 5])
    assert stage_part(config, "generator", 16) == ([9, 8, 7], 0)
    assert stage_part(config, "discriminator", 16) == ([3, 4, 5], 2)


def test_every_block_that_grows_halves_the_side():
    assert discriminator_strides(growing("latent")) == [2, 2, 2, 2]
    # The first of its five widths belongs to the 1x1 convolution from the picture.
    assert discriminator_strides(growing("image")) == [2, 2, 2, 2]


def test_plain_strides_follow_the_widths_or_are_ones_own():
    assert discriminator_strides(load_config(d_widths=[8, 8])) == [2, 2]
    own = [1, 2, 1]
    config = load_config(d_widths=[8, 8, 8], d_strides=own)
    assert discriminator_strides(config) == own


def test_all_stages_but_the_first_fade_in():
    config = growing("image", fade_in=0.5)
    assert [fades(config, size) for size in (16, 32, 64)] == [False, True, True]
    assert not any(fades(growing("image"), size) for size in (16, 32, 64))

"""Scores against direct, slow versions of their formulas, and by hand."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from dcgan.evaluation import distances as distances_module
from dcgan.evaluation import metrics
from dcgan.evaluation.distances import (
    distances,
    neighbour_distances,
    to_neighbour,
)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    return rng.normal(2, 1, (14, 6)), rng.normal(2.5, 1.5, (11, 6))


def slow_kid(real, fake):
    """Binkowski 2018, equation 4, pair by pair, of features in the right unit."""

    def kernel(a, b):
        return (np.dot(a, b) / len(a) + 1) ** 3

    def within(points):
        pairs = [(a, b) for i, a in enumerate(points) for b in np.delete(points, i, 0)]
        return np.mean([kernel(a, b) for a, b in pairs])

    between = np.mean([kernel(a, b) for a in real for b in fake])
    return 1000 * (within(real) + within(fake) - 2 * between)


def in_unit(real, fake):
    unit = np.sqrt((real**2).mean())
    return real / unit, fake / unit


def test_kid_is_the_unbiased_estimate(sets):
    assert metrics.kid(*sets).value == pytest.approx(slow_kid(*in_unit(*sets)))


def test_kid_does_not_depend_on_the_unit_of_the_features(sets):
    real, fake = sets
    assert metrics.kid(real * 7, fake * 7) == pytest.approx(metrics.kid(real, fake))


def test_the_error_of_kid_is_the_jackknife_over_both_sets(sets):
    real, fake = in_unit(*sets)
    n, m = len(real), len(fake)
    one = [slow_kid(np.delete(real, i, 0), fake) for i in range(n)]
    two = [slow_kid(real, np.delete(fake, i, 0)) for i in range(m)]
    variance = (n - 1) / n * np.sum((one - np.mean(one)) ** 2)
    variance += (m - 1) / m * np.sum((two - np.mean(two)) ** 2)
    assert metrics.kid(*sets).error == pytest.approx(np.sqrt(variance))


def test_the_error_of_kid_is_its_spread_over_fresh_draws():
    rng = np.random.default_rng(1)
    draws = [
        metrics.kid(rng.normal(1, 1, (60, 4)), rng.normal(1, 1.2, (60, 4)))
        for _ in range(200)
    ]
    spread = np.std([draw.value for draw in draws])
    assert np.mean([draw.error for draw in draws]) == pytest.approx(spread, rel=0.25)


def test_kid_of_equal_distributions_is_about_0_on_average():
    rng = np.random.default_rng(2)
    draws = [metrics.kid(*rng.normal(1, 1, (2, 40, 4))) for _ in range(200)]
    values = np.array([draw.value for draw in draws])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(200)


def test_halves_of_the_real_ones_stay_below_the_floor(sets):
    rng = np.random.default_rng(3)
    real = rng.normal(1, 1, (60, 4))
    unit, _ = in_unit(real, real)
    halves = []
    for _ in range(40):
        order = rng.permutation(60)
        halves.append(abs(slow_kid(unit[order[:30]], unit[order[30:]])))
    below = np.mean(np.array(halves) <= metrics.kid_floor(real))
    assert 0.85 <= below <= 1


def test_the_floor_is_below_a_real_difference():
    rng = np.random.default_rng(4)
    real, fake = rng.normal(1, 1, (80, 4)), rng.normal(1.5, 1, (80, 4))
    assert metrics.kid_floor(real) < metrics.kid(real, fake).value / 3


def test_the_frechet_distance_is_that_of_the_formula(sets):
    real, fake = sets
    one, two = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    gap = np.sum((real.mean(0) - fake.mean(0)) ** 2)
    expected = gap + np.trace(one + two - 2 * sqrtm(one @ two).real)
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected)


def test_the_frechet_distance_with_fewer_pictures_than_features():
    rng = np.random.default_rng(5)
    real = rng.normal(size=(5, 9))
    assert metrics.frechet_distance(real, real) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet_distance(real, real + 2) == pytest.approx(9 * 4)


def slow_precision_recall(real, fake, k):
    """Kynkaanniemi 2019 and Naeem 2020, ball by ball."""

    def radius(points, i):
        return sorted(np.linalg.norm(points[i] - p) for p in np.delete(points, i, 0))[
            k - 1
        ]

    def inside(point, centre, points, i):
        return np.linalg.norm(point - centre) <= radius(points, i)

    def share(points, centres):
        found = [
            any(inside(p, c, centres, i) for i, c in enumerate(centres)) for p in points
        ]
        return np.mean(found)

    balls = [[inside(f, r, real, i) for i, r in enumerate(real)] for f in fake]
    return {
        "precision": share(fake, real),
        "recall": share(real, fake),
        "density": np.sum(balls) / (k * len(fake)),
        "coverage": np.mean(np.any(balls, axis=0)),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_and_coverage_ball_by_ball(sets, k):
    real, fake = sets[0], sets[1] * 0.7 + 2
    found = metrics.precision_recall(real, fake, k)
    assert found == pytest.approx(slow_precision_recall(real, fake, k))
    assert any(0 < share < 1 for share in found.values())


def test_points_on_a_line_by_hand():
    real, fake = np.array([[0.0], [1], [2], [10]]), np.array([[0.5], [1.5], [4]])
    found = metrics.precision_recall(real, fake, 1)
    # Radii of the real ones: 1, 1, 1 and 8; of the generated ones: 1, 1 and 2.5.
    assert found["precision"] == 1 and found["coverage"] == 1
    assert found["recall"] == 3 / 4  # all but 10
    assert found["density"] == (2 + 2 + 1) / 3


def test_variety_is_0_if_all_come_twice_and_1_for_the_real_ones(sets):
    real, _ = sets
    assert metrics.variety(real, np.repeat(real[:7], 2, axis=0)) == 0
    assert metrics.variety(real, real) == 1
    assert metrics.variety(real, real * 3) == pytest.approx(3)
    twice = np.repeat(real, 2, axis=0)  # a data set with every picture there twice
    assert metrics.variety(twice, real) == pytest.approx(1, abs=0.1)


def test_variety_does_not_depend_on_the_order_of_the_real_ones():
    """They come sorted: here in 200 groups of four, such as frames of animations, of
    which every second one would be all by itself."""
    rng = np.random.default_rng(4)
    groups = rng.normal(size=(200, 1, 8)) + rng.normal(size=(200, 4, 8)) / 5
    real = groups.reshape(800, 8)
    fake = rng.permutation(real)[:400]
    assert metrics.variety(real, fake) == pytest.approx(1, abs=0.1)
    shuffled = metrics.variety(rng.permutation(real), fake)
    assert shuffled == pytest.approx(metrics.variety(real, fake), abs=0.1)


def test_distances_pair_by_pair(sets):
    real, fake = sets
    expected = [[np.linalg.norm(a - b) for b in fake] for a in real]
    np.testing.assert_allclose(distances(real, fake), expected)


def test_equal_rows_have_no_distance_at_all():
    rows = np.random.default_rng(6).normal(size=(50, 1280)).astype(np.float32)
    assert (np.diag(distances(rows, rows)) == 0).all()
    assert distances(rows, rows)[~np.eye(50, dtype=bool)].min() > 1


def test_the_neighbour_is_another_point():
    square = distances(np.array([[0.0], [1], [3]]), np.array([[0.0], [1], [3]]))
    np.testing.assert_allclose(to_neighbour(square), [1, 1, 2])
    np.testing.assert_allclose(to_neighbour(square, 2), [3, 2, 3])


def test_neighbours_are_the_same_some_rows_at_a_time(monkeypatch):
    points = np.random.default_rng(0).normal(size=(23, 5))
    for k in (1, 5):
        expected = to_neighbour(distances(points, points), k)
        monkeypatch.setattr(distances_module, "ROWS", 7)
        np.testing.assert_allclose(neighbour_distances(points, k), expected)

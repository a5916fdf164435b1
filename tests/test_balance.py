"""The controllers by themselves, on made-up sequences, and inside a real step."""

import numpy as np
import pytest
import tensorflow as tf
from helpers import read_rows

import dcgan
from dcgan.config import Config
from dcgan.training.balance import MOST_UPDATES, next_probability, update_counts
from dcgan.training.gan import GAN

pytestmark = pytest.mark.usefixtures("no_curves")

SMALL = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "batch_size": 4}


def make_gan(**knobs):
    config = Config(**SMALL | knobs)
    gan = GAN(dcgan.build_generator(config), dcgan.build_discriminator(config), config)
    gan.compile()
    return gan


@pytest.mark.parametrize(
    "last, before, expected",
    [
        ((0.5, 0.0), (0.5, 0.0), (1, 1)),  # on target
        ((0.1, 0.7), (0.1, 0.7), (0, 1)),  # D leads, so it waits
        ((0.49, 0.7), (0.1, 0.7), (0, 1)),  # the same, however near
        ((1.386, 0.693), (1.386, 0.693), (1, 1)),  # D cannot tell
        ((1.6, 1.2), (1.6, 1.2), (2, 2)),  # one unit above
        ((1.6, 1.2), (1.4, 1.0), (3, 3)),  # the same, and moving away
        ((1.6, 1.2), (1.8, 1.4), (2, 2)),  # the same, and coming back
        ((0.2, 3.1), (0.2, 2.9), (0, 5)),  # G loses and gets worse
        ((np.nan, np.inf), (1.0, 1.0), (1, 1)),  # lost anyway: let the log show it
        ((90.0, 90.0), (1.0, 1.0), (MOST_UPDATES, MOST_UPDATES)),  # bounded
        ((0.0, 0.0), (0.4, 0.0), (0, 1)),  # away below the target: no more updates
    ],
)
def test_counts_by_hand(last, before, expected):
    assert tuple(update_counts(last, before).numpy()) == expected


def test_counts_over_a_made_up_sequence_of_losses():
    """G loses ground, then recovers: its updates rise to the bound and fall again."""
    losses = [0.5, 0.9, 1.5, 2.4, 3.8, 6.0, 4.1, 2.2, 0.8]
    counts = [
        int(update_counts((0.3, now), (0.3, before))[1])
        for before, now in zip(losses, losses[1:])
    ]
    assert counts == [2, 3, 4, 5, 5, 5, 3, 1]


def test_a_real_step_updates_as_often_as_the_controller_says():
    batch = tf.random.stateless_uniform((4, 16, 16, 3), (0, 0), -1, 1)
    gan = make_gan(dynamic_frequency=True)
    step = tf.function(gan.train_step)
    for last, before in [
        ((0.5, 0.0), (0.5, 0.0)),
        ((0.2, 3.1), (0.2, 2.9)),
        ((2.6, 0.1), (2.6, 0.1)),
    ]:
        d_wanted, g_wanted = update_counts(last, before).numpy()
        gan.last_losses.assign([before, last])
        old = int(gan.d_optimizer.iterations), int(gan.g_optimizer.iterations)
        step(batch)
        assert int(gan.d_optimizer.iterations) - old[0] == d_wanted
        assert int(gan.g_optimizer.iterations) - old[1] == g_wanted
        np.testing.assert_array_equal(gan.last_losses[0], np.float32(last))


def test_counts_differ_between_batches_and_add_up_to_the_iterations():
    white = np.full((8, 16, 16, 3), 255, np.uint8)  # D tells it from noise at once
    gan = make_gan(dynamic_frequency=True, d_lr=2e-2, g_lr=1e-3, aug_prob=0.0)
    step = tf.function(gan.train_step)
    executed = []
    for batch in dcgan.make_dataset(white, 4).take(40):
        for metric in gan.metrics:
            metric.reset_state()
        logs = step(batch)
        executed.append([int(logs[f"{n}_updates_a_step"]) for n in "gd"])
    g_counts, d_counts = zip(*executed)
    assert len(set(g_counts)) > 1
    assert sum(g_counts) == int(gan.g_optimizer.iterations)
    assert sum(d_counts) == int(gan.d_optimizer.iterations)
    assert all(0 <= count <= MOST_UPDATES for pair in executed for count in pair)
    assert min(d_counts) == 0 < max(d_counts)  # D waits and goes on


def test_a_waiting_discriminator_is_judged_but_does_not_move():
    batch = tf.random.stateless_uniform((4, 16, 16, 3), (0, 0), -1, 1)
    gan = make_gan(dynamic_frequency=True)
    gan.last_losses.assign([[0.1, 0.7], [0.1, 0.7]])
    before = [w.numpy() for w in gan.discriminator.trainable_variables]
    logs = gan.train_step(batch)
    for weight, old in zip(gan.discriminator.trainable_variables, before):
        np.testing.assert_array_equal(weight.numpy(), old)
    assert float(logs["d_loss"]) > 0.5  # its own, measured: the next batch goes on
    assert float(gan.last_losses[1, 0]) == pytest.approx(float(logs["d_loss"]))
    gan.train_step(batch)
    assert int(gan.d_optimizer.iterations) >= 1


def test_every_update_of_a_step_has_new_latents_and_the_same_real_batch(monkeypatch):
    drawn, shown = [], []
    gan = make_gan(dynamic_frequency=True, aug_prob=0.0)
    gan.last_losses.assign([[2.6, 1.6], [2.6, 1.6]])  # 3 updates of D, 2 of G
    fakes, view = gan.fakes, gan.view

    def record_fakes(real, purpose, turn=0):
        drawn.append(tuple(gan.key(purpose, turn).numpy()))
        return fakes(real, purpose, turn)

    def record_view(images, purpose, turn=0):
        shown.append(images.numpy()) if purpose == "real" else None
        return view(images, purpose, turn)

    monkeypatch.setattr(gan, "fakes", record_fakes)
    monkeypatch.setattr(gan, "view", record_view)
    gan.train_step(tf.ones((4, 16, 16, 3)))
    assert len(drawn) == len(set(drawn)) == 5
    assert len(shown) == 3 and all((images == 1).all() for images in shown)


def test_the_log_and_the_plot_have_the_counts(tiny_config, picture_folder):
    from dcgan.config import asdict, load_config
    from dcgan.figures.plots import plot_losses, read_columns

    knobs = asdict(tiny_config) | {"dynamic_frequency": True, "d_lr": 0.05}
    run = dcgan.train(
        load_config("narrow", **knobs | {"data": picture_folder, "epochs": 4})
    )
    rows = read_rows(run.log)
    assert int(rows[-1]["g_updates"]) > int(rows[-1]["step"])
    titles = [axes.get_title() for axes in plot_losses(run.log).axes]
    assert titles[2] == "How often each network is updated"
    shown = plot_losses(run.log).axes[2].lines[0].get_ydata()
    log = read_columns(run.log)
    assert sum(shown) * 3 == pytest.approx(log["g_updates"][-1])  # three steps an epoch


def test_probability_moves_with_the_sign_and_stays_in_bounds():
    def moved(probability, sign, highest=1.0):
        return float(next_probability(probability, sign, 0.6, 128, 1000, highest))

    assert moved(0.5, 0.9) == pytest.approx(0.628)
    assert moved(0.5, 0.1) == pytest.approx(0.372)
    assert moved(0.5, 0.6) == pytest.approx(0.5)
    assert moved(0.95, 0.9) == 1.0
    assert moved(0.05, 0.0) == 0.0
    assert moved(0.25, 0.9, highest=0.3) == pytest.approx(0.3)


@pytest.mark.parametrize("bias, expected", [(5.0, 0.4), (-5.0, 0.0)])
def test_ada_follows_the_sign_of_real_pictures_every_four_steps(bias, expected):
    """A discriminator that takes everything for real raises p; another lowers it."""
    knobs = {"ada_target": 0.6, "ada_pictures": 80, "d_norm": "none", "d_bias": "free"}
    gan = make_gan(**knobs, d_lr=0.0)
    gan.discriminator.get_layer("head_dense").bias.assign([bias])
    seen = []
    for _ in range(8):
        gan.train_step(tf.zeros((4, 16, 16, 3)))
        seen.append(float(gan.aug_p))
    assert seen == pytest.approx([0.0] * 3 + [expected / 2] * 4 + [expected])


def test_adas_probability_decides_how_many_pictures_are_augmented():
    gan = make_gan(ada_target=0.6, aug_per_sample=True)
    images = tf.ones((400, 16, 16, 3))
    for probability in (0.0, 0.3, 1.0):
        gan.aug_p.assign(probability)
        changed = tf.reduce_any(gan.augment(images, "real") != images, axis=[1, 2, 3])
        share = float(tf.reduce_mean(tf.cast(changed, tf.float32)))
        assert share == pytest.approx(probability, abs=0.07)


def test_adas_probability_is_in_the_log_and_the_plot(tiny_config, picture_folder):
    from dcgan.config import asdict, load_config
    from dcgan.figures.plots import plot_losses

    knobs = asdict(tiny_config) | {
        "ada_target": 0.1,
        "ada_pictures": 100,
        "aug_prob": 1,
    }
    knobs |= {"d_lr": 0.02, "data": picture_folder, "epochs": 6}
    run = dcgan.train(load_config("narrow", **knobs))
    logged = [float(row["aug_p"]) for row in read_rows(run.log)]
    assert len(set(logged)) > 1
    axes = plot_losses(run.log).axes[-1]
    assert axes.get_title() == "Adaptive augmentation"
    assert list(axes.lines[0].get_ydata()) == logged

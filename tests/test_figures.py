"""Grids, GIFs and plots: the right pixels in the right place."""

import numpy as np
import pytest
from PIL import Image

from dcgan.figures.gifs import progress_gif, save_animation, thin_out
from dcgan.figures.grids import (
    enlarge,
    image_grid,
    over_checkerboard,
    save_picture,
    screen_grid,
)
from dcgan.figures.plots import plot_losses, read_columns, save_figure
from dcgan.files import whole_file
from dcgan.training.logs import LOG_HEADER

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9], [0, 0, 0]])


def tiles(channels=3):
    """Five tiles of 4x6, each of one colour."""
    pixels = np.broadcast_to(COLOURS[:, None, None], (5, 4, 6, 3)).astype(np.uint8)
    alpha = np.full((5, 4, 6, 1), 255, np.uint8)
    return pixels if channels == 3 else np.concatenate([pixels, alpha], axis=3)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_grid_holds_every_tile_in_reading_order(channels):
    grid = image_grid(tiles(channels), columns=3)
    assert grid.shape == (2 * 6 + 2, 3 * 8 + 2, 3)
    for index in range(5):
        top, left = 2 + index // 3 * 6, 2 + index % 3 * 8
        assert (grid[top : top + 4, left : left + 6] == COLOURS[index]).all()
        grid[top : top + 4, left : left + 6] = 255
    assert (grid == 255).all()  # white everywhere else


def test_a_grid_is_square_if_nothing_else_is_said():
    assert image_grid(np.zeros((16, 4, 4, 1), np.uint8)).shape == (26, 26, 3)


def test_transparency_shows_a_checkerboard():
    clear = np.zeros((1, 16, 16, 4), np.uint8)
    squares = over_checkerboard(clear)[0, :, :, 0]
    assert squares[0, 0] == 255 and squares[0, 8] == 204 and squares[8, 8] == 255
    half = clear.copy()
    half[..., 3] = 51  # a fifth of black
    assert over_checkerboard(half)[0, 0, 0, 0] == 204


def test_grey_pictures_become_rgb():
    grey = np.full((1, 2, 2, 1), 77, np.uint8)
    np.testing.assert_array_equal(over_checkerboard(grey)[0, 0, 0], [77, 77, 77])


def test_enlarging_is_by_whole_factors_without_smoothing():
    picture = screen_grid(tiles()).convert("RGB")
    assert picture.width % 26 == 0 and picture.width > 400
    colours = {tuple(pixel) for pixel in np.asarray(picture).reshape(-1, 3)}
    assert colours == set(map(tuple, COLOURS)) | {(255, 255, 255)}
    assert enlarge(Image.new("RGB", (2000, 10))).size == (2000, 10)


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_pictures_are_saved_with_their_channels(channels, mode, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    save_picture(tmp_path / "a.png", pixels)
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.mode == mode
        np.testing.assert_array_equal(np.asarray(saved).reshape(5, 7, channels), pixels)


def frames_of(path):
    with Image.open(path) as file:
        frames = []
        for index in range(file.n_frames):
            file.seek(index)
            frames.append((file.convert("RGBA"), file.info.get("duration")))
        return frames, file.info.get("loop")


@pytest.mark.parametrize("ending", ["gif", "png"])
def test_an_animation_has_its_colours_and_loops(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    save_animation(path, tiles(), fps=20, hold_last=True)
    frames, loop = frames_of(path)
    assert loop == 0
    for (frame, _), colour in zip(frames, COLOURS, strict=True):
        assert frame.getpixel((3, 2)) == (*colour, 255)
    assert frames[0][1] == 50 and frames[-1][1] == 2000


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_one_frame_and_grey_frames_are_no_exceptions(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    save_animation(path, np.full((1, 8, 8, 1), 99, np.uint8), hold_last=True)
    ((frame, _),), _ = frames_of(path)
    np.testing.assert_allclose(frame.getpixel((3, 2)), (99, 99, 99, 255), atol=2)


def test_a_gif_pixel_is_transparent_or_opaque_whichever_is_closer(tmp_path):
    frames = np.full((2, 4, 4, 4), 200, np.uint8)
    frames[..., 3] = np.array([0, 3, 127, 128, 180, 255] + [255] * 10).reshape(4, 4)
    frames[1, ..., 0] = 50
    save_animation(tmp_path / "a.gif", frames)
    for frame, _ in frames_of(tmp_path / "a.gif")[0]:
        alpha = np.asarray(frame)[..., 3].ravel()
        np.testing.assert_array_equal(alpha, [0, 0, 0] + [255] * 13)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_an_animation_keeps_transparency(ending, tmp_path):
    shown = tiles(4)
    shown[:, :, :3, 3] = 0
    path = tmp_path / f"a.{ending}"
    save_animation(path, shown)
    frames, _ = frames_of(path)
    assert len(frames) == 5
    for frame, _ in frames:
        alpha = np.asarray(frame)[..., 3]
        assert (alpha[:, :3] == 0).all() and (alpha[:, 3:] == 255).all()


def test_a_white_background_stays_white_in_a_gif(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    noise[:, :8] = 255
    save_animation(tmp_path / "a.gif", noise)
    for frame, _ in frames_of(tmp_path / "a.gif")[0]:
        assert (np.asarray(frame)[:8, :, :3] == 255).all()


def test_the_progress_gif_goes_by_epoch_and_ends_with_the_last(tmp_path):
    for epoch in (2, 10, 10000, 9999):
        pixels = np.full((8, 8, 3), epoch % 251, np.uint8)
        save_picture(tmp_path / f"epoch_{epoch:04d}.png", pixels)
    progress_gif(tmp_path, tmp_path / "progress.gif")
    frames, _ = frames_of(tmp_path / "progress.gif")
    values = [frame.getpixel((0, 0))[0] for frame, _ in frames]
    assert values == [epoch % 251 for epoch in (2, 10, 9999, 10000)]


def test_a_long_run_is_thinned_out_evenly(tmp_path):
    for epoch in range(1, 251):
        save_picture(
            tmp_path / f"epoch_{epoch:04d}.png", np.full((4, 4, 3), epoch, "u1")
        )
    progress_gif(tmp_path, tmp_path / "progress.gif")
    frames, _ = frames_of(tmp_path / "progress.gif")
    values = np.array([frame.getpixel((0, 0))[0] for frame, _ in frames])
    assert len(values) == 60 and values[0] == 1 and values[-1] == 250
    assert set(np.diff(values)) <= {4, 5}


def test_large_sheets_are_shrunk(tmp_path):
    save_picture(tmp_path / "epoch_0001.png", np.zeros((1300, 1300, 3), np.uint8))
    progress_gif(tmp_path, tmp_path / "progress.gif")
    with Image.open(tmp_path / "progress.gif") as gif:
        assert gif.size == (434, 434)


def test_items_are_thinned_out_evenly():
    assert thin_out(list("abcdefghi"), 3) == ["a", "e", "i"]
    assert thin_out([1, 2], 5) == [1, 2]


def test_no_sheets_make_no_gif(tmp_path):
    progress_gif(tmp_path, tmp_path / "progress.gif")
    assert list(tmp_path.iterdir()) == []


def test_the_plot_shows_what_the_log_holds(tmp_path):
    rows = [["1", "10"] + ["0.5"] * 5, ["2", "20", "", "0.7", "0.7", "0.7", "0.7"]]
    lines = [",".join(LOG_HEADER[:7])] + [",".join(row) for row in rows]
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    log = read_columns(tmp_path / "log.csv")
    assert log["epoch"] == [1, 2] and log["pictures"] == [0.5, None]
    figure = plot_losses(tmp_path / "log.csv")
    losses, scores = figure.axes
    curves = [line.get_ydata().tolist() for axes in figure.axes for line in axes.lines]
    assert curves == [[0.5, 0.7]] * 4
    assert losses.get_ylabel() == "loss" and scores.get_xlabel() == "epoch"
    save_figure(tmp_path / "losses.png", figure)
    with Image.open(tmp_path / "losses.png") as saved:
        assert saved.size == (960, 720)


def test_the_plot_says_whose_kid_it_is():
    log = {name: [0.1] for name in ("g_loss", "d_loss", "real_score", "fake_score")}
    log |= {"epoch": [1], "kid": [900.0], "kid_error": [9.0]}
    log |= {name: [0.5] for name in ("recall", "coverage", "authpct")}
    labels = [plot_losses(log, *by).axes[-2].get_ylabel() for by in ((), ("lite1",))]
    assert labels == ["KID x 1000", "KID x 1000 by lite1"]


def test_the_plot_takes_the_history_of_fit():
    names = ("g_loss", "d_loss", "real_score", "fake_score")
    figure = plot_losses({name: [0.1, 0.2, 0.3] for name in names})
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with whole_file(path) as temporary:
        temporary.write_text("first")
        assert not path.exists() and temporary.suffix == ".txt"
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("sec")
        raise RuntimeError
    assert path.read_text() == "first"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]

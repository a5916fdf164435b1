"""`interpolate`: a loop through latents, and its flags."""

import numpy as np
import pytest
from PIL import Image

from dcgan import interpolate, sample
from dcgan.errors import InputError


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_interpolate_writes_a_loop(run, tmp_path, ending):
    out = tmp_path / f"walk.{ending}"
    flags = ["--stops", "3", "--frames", "4", "--fps", "10", "--seed", "2"]
    interpolate.main([str(run.folder), "--out", str(out), *flags])
    with Image.open(out) as walk:
        assert walk.n_frames == 12 and walk.size == (256, 256)
        assert walk.info["loop"] == 0
        if ending == "gif":
            assert walk.info["duration"] == 100


def test_the_walk_starts_at_the_first_latent(run, tmp_path):
    interpolate.interpolate(
        run.folder, tmp_path / "walk.png", stops=2, frames=2, seed=3
    )
    sample.sample(run.folder, tmp_path / "out", count=1, seed=3)
    with (
        Image.open(tmp_path / "walk.png") as walk,
        Image.open(tmp_path / "out" / "0000.png") as picture,
    ):
        frame = np.asarray(walk.convert("RGB"))[::16, ::16]
        np.testing.assert_allclose(frame, np.asarray(picture), atol=1)


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--out", "walk.mp4"], "--out is not valid.*.gif, .webp"),
        (["--best", "--epoch", "5"], "--best is not valid"),
        (["--stops", "1"], "--stops is not valid. Received: 1"),
        (["--fps", "0"], "--fps is not valid"),
        (["--fps", "60"], "--fps is not valid.*to 50 .more in a .webp"),
        (["--fps", "200", "--out", "walk.webp"], "--fps is not valid.*to 100$"),
        (["--stops", "200"], "--stops x --frames is not valid. Received: '200 x 12'"),
    ],
)
def test_wrong_flags_are_refused(flags, message, run):
    with pytest.raises(InputError, match=message):
        interpolate.main([str(run.folder), *flags])

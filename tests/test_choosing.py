"""What `sample` chooses from many candidates, and what is refused."""

import numpy as np
import pytest
from helpers import bytes_of, pixels_of

import dcgan
from dcgan import sample
from dcgan.errors import InputError


def test_the_discriminator_ranks(trained, tmp_path):
    run, _ = trained
    flags = [str(run.folder), "--out"]
    sample.main([*flags, str(tmp_path / "all"), "-n", "9"])
    options = ["-n", "3", "--candidates", "9", "--rank", "discriminator"]
    sample.main([*flags, str(tmp_path / "best"), *options])
    judge = run.load_discriminator()
    pictures = [pixels_of(tmp_path / "all" / f"{k:04d}.png") for k in range(9)]
    logits = [
        float(judge(dcgan.to_float(one[None]), training=False)[0, 0])
        for one in pictures
    ]
    for place, number in enumerate(np.argsort(logits)[::-1][:3]):
        best = pixels_of(tmp_path / "best" / f"{place:04d}.png")
        np.testing.assert_array_equal(best, pictures[number])


def test_what_is_in_the_training_pictures_is_left_out(run, tmp_path, capsys, caplog):
    """The pictures that it makes, but one, are taken for its training pictures."""
    train, out = tmp_path / "train", tmp_path / "out"
    sample.sample(run.folder, train, count=4, enlarge=2)
    (left := train / "0002.png").rename(tmp_path / "left.png")
    options = ["--drop_copies", "--data", str(train), "-n", "4", "--candidates", "4"]
    sample.main([str(run.folder), "--out", str(out), *options])
    assert sorted(bytes_of(out)) == ["0000.png", "contact_sheet.png"]
    expected = pixels_of(tmp_path / "left.png")[::2, ::2]
    np.testing.assert_array_equal(pixels_of(out / "0000.png"), expected)
    assert (
        "4 candidates 3 are near copies of training pictures, 1 are left"
        in capsys.readouterr().out
    )
    assert "1 of 4 pictures: more --candidates" in caplog.text
    (tmp_path / "left.png").rename(left)
    with pytest.raises(InputError, match="--candidates is not valid.*none of them"):
        sample.main([str(run.folder), "--out", str(tmp_path / "none"), *options])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--rank", "best"], "--rank is not valid.*near, far"),
        (["--candidates", "99"], "--candidates is not valid.*with --rank"),
        (["--rank", "far", "--candidates", "63"], "-n to 5000"),
        (["--drop_alike", "-n", "5001"], "-n is not valid.*1 to 5000"),
        (["--rank", "near", "--epoch", "all"], "--epoch is not valid"),
        (["--data", "x", "--drop_alike"], "--data is not valid"),
        (["--drop_copies", "--data", "gone"], "folder does not exist"),
        (["--rank", "discriminator"], "no discriminator has been saved"),
    ],
)
def test_wrong_choices_are_refused(flags, message, run, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=message):
        sample.main([str(run.folder), "--out", str(out), *flags])
    assert not out.exists()

"""Scores as of a published sheet, of samples and of real pictures."""

from pathlib import Path

import numpy as np
import pytest
from helpers import command, python, write_pictures

from benchmarks import published
from dcgan.errors import InputError
from dcgan.evaluation.reference import Reference

PROGRAM = Path(published.__file__)
TINY = "--size=16 --g_features=2 --d_features=2 --batch_size=4 --gradients_every=0"


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_come_back_from_sheets_in_their_order(channels):
    """70 pictures of one grey each, on two sheets."""
    greys = np.linspace(0, 255, 70).astype(np.uint8)
    images = np.broadcast_to(greys[:, None, None, None], (70, 16, 16, channels))
    saved = published.through_jpeg(images)
    assert (saved.shape, saved.dtype) == ((70, 16, 16, 3), np.uint8)
    middle = saved[:, 8, 8].astype(int)
    assert np.abs(middle - greys[:, None]).max() <= 3


class Means:
    """An extractor: the mean colour. It counts the pictures that it has seen."""

    name, input_size, seen = "means", 8, 0

    def __call__(self, images):
        self.seen += len(images)
        return images.mean((1, 2)).astype(np.float32)


def test_real_pictures_are_scored_against_the_others():
    """Each picture is looked at once, and mirrored, however often it is drawn."""
    real = np.random.default_rng(0).integers(0, 256, (160, 8, 8, 3), np.uint8)
    counted = Means()
    extractor = published.Remembering(counted)
    found = published.score_real(real, 3, extractor)
    assert counted.seen <= 2 * 160
    assert len({scores["kid"] for scores in found}) == 3  # other pictures each time
    order = np.random.default_rng(0).permutation(160)
    reference = Reference(real[order[64:]], extractor=Means())
    assert found[0] == pytest.approx(reference.quick(real[order[:64]]))
    row = published.row_of(found)
    middle = sorted(scores["coverage"] for scores in found)[1]
    assert row[3].startswith(f"{middle:.2f} (") and 0.5 < middle <= 1


def test_a_remembering_extractor_answers_as_the_plain_one():
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
    counted = Means()
    extractor = published.Remembering(counted)
    for chosen in (images[:3], images[[1, 4, 1]], images):
        np.testing.assert_array_equal(extractor(chosen), Means()(chosen))
    assert counted.seen == 5


def test_a_run_is_scored_as_a_published_sheet(tmp_path):
    data = write_pictures(tmp_path / "pictures", 20)
    flags = ["--recipe=narrow", *TINY.split(), "--epochs=1", "--eval_every=0"]
    flags += ["--latent_dim=4"]
    places = [f"--data={data}", f"--runs={tmp_path}", "--name=run"]
    trained = command("train", *flags, *places)
    assert trained.returncode == 0, trained.stderr
    done = python(PROGRAM, tmp_path / "run", "--draws", 2)
    assert done.returncode == 0, done.stderr
    first, head, _, *rows = done.stdout.strip().splitlines()
    assert first == "2 sheets of 64 samples, JPEG quality 75"
    assert head.split("|")[3].strip() == "KID x 1000"
    *rows, too_few = rows
    assert [row.split()[1:4] for row in rows] == [
        ["lite0", "|", "samples"],
        ["lite1", "|", "samples"],
    ]
    assert too_few == "No sheets of real pictures: they take 74 or more"
    with pytest.raises(InputError, match="--extractors"):
        published.main([str(tmp_path / "run"), "--extractors", "vgg"])

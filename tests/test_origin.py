"""Whether the pictures, or what computes, are still what a run began with."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from dcgan.errors import InputError
from dcgan.evaluate import evaluate
from dcgan.export import export
from dcgan.interpolate import interpolate
from dcgan.origin import (
    check_pictures,
    describe_machine,
    describe_pictures,
    record_origin,
)
from dcgan.project import project
from dcgan.run import Run

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
NAMES = list("abcde")
MACHINE = {"tensorflow": "2.21.0", "device": "the CPU (2 cores)", "threads": ""}


@pytest.fixture
def run(tmp_path):
    record_origin(Run(tmp_path), describe_pictures(IMAGES, NAMES), MACHINE, 0)
    return Run(tmp_path)


def changes(run, images, names):
    with pytest.raises(InputError) as refused:
        check_pictures(run, describe_pictures(images, names), "pictures")
    message = str(refused.value)
    return message.partition("Received: ")[2].partition(" in pictures")[0]


def test_the_same_pictures_pass(run):
    check_pictures(run, describe_pictures(IMAGES.copy(), NAMES), "pictures")


def test_what_has_changed_is_named(run):
    assert changes(run, IMAGES[:4], NAMES[:4]) == "1 removed (e)"
    one_more = np.concatenate([IMAGES, IMAGES[:1]])
    assert changes(run, one_more, [*NAMES, "f"]) == "1 added (f)"
    altered = IMAGES.copy()
    altered[:4, 0, 0, 0] ^= 1
    assert changes(run, altered, NAMES) == "4 altered (a, b, c, ...)"
    assert changes(run, IMAGES, list("bcdef")) == (
        "1 added (f); 1 removed (a); 4 altered (b, c, d, ...)"
    )


@pytest.mark.parametrize("content", [None, "{", "[]", '{"pictures": 3, "starts": []}'])
def test_without_a_record_it_says_that_it_cannot_tell(run, content):
    run.origin.unlink()
    if content is not None:
        run.origin.write_text(content)
    with pytest.warns(UserWarning, match="origin.json is missing or damaged"):
        check_pictures(run, describe_pictures(IMAGES[:1]), "pictures")


def test_other_software_is_told_once_and_recorded(run):
    pictures = describe_pictures(IMAGES, NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record_origin(run, pictures, dict(MACHINE), 10)
    now = MACHINE | {"tensorflow": "2.22.0", "threads": "1"}
    with pytest.warns(UserWarning) as told:
        record_origin(run, pictures, now, 20)
    message = str(told[0].message)
    assert (
        "tensorflow 2.22.0 instead of 2.21.0; threads 1 instead of not set" in message
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record_origin(run, pictures, now, 30)
    assert [step for step, _ in starts(run)] == [0, 20]
    record_origin(run, pictures, now, 0)  # a new run
    assert starts(run) == [(0, now)]


def starts(run):
    found = json.loads(run.origin.read_text())["starts"]
    return [(start["step"], start["machine"]) for start in found]


def test_the_machine_is_described_by_versions_and_settings(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    found = describe_machine("a device")
    assert found["device"] == "a device" and found["TF_NUM_INTRAOP_THREADS"] == "1"
    assert all(found[name][0].isdigit() for name in ("python", "keras", "pillow"))


@pytest.mark.parametrize("part", [".", "new"])
def test_no_picture_is_put_among_the_training_pictures(
    part, tiny_config, picture_folder
):
    config = replace(tiny_config, data=str(picture_folder))
    run = Run.create(config)
    digests = describe_pictures(IMAGES[:1], ["00.png"])
    record_origin(run, digests, MACHINE, 0)
    out = picture_folder / part / "new.gif"
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        interpolate(run.folder, out)
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        project(run.folder, picture_folder / "00.png", out)
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        evaluate(run.folder, out=out.parent)
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        export(run.folder, "web", picture_folder / "site")
    assert not out.exists()

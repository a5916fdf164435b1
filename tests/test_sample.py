"""`sample`, and opening runs."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers import bytes_of, pixels_of
from PIL import Image

from dcgan import interpolate, sample
from dcgan.config import save_config
from dcgan.errors import InputError
from dcgan.networks import save_network
from dcgan.run import Run


def test_sample_writes_that_many_files_and_a_sheet(run, tmp_path, capsys):
    out = tmp_path / "out"
    sample.main([str(run.folder), "-n", "70", "--out", str(out)])
    names = sorted(path.name for path in out.iterdir())
    assert names == [f"{k:04d}.png" for k in range(70)] + ["contact_sheet.png"]
    with Image.open(out / "0069.png") as picture:
        assert picture.size == (16, 16) and picture.mode == "RGB"
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.size == (9 * 18 + 2, 8 * 18 + 2)
        with Image.open(out / "0010.png") as picture:  # second row, second column
            tile = np.asarray(sheet)[20:36, 20:36]
            np.testing.assert_array_equal(tile, np.asarray(picture))
    assert "70 pictures" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_bytes(run, tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder, seed in zip(folders, (1, 1, 2)):
        sample.sample(run.folder, folder, count=8, seed=seed)
    first, second, other = map(bytes_of, folders)
    assert first == second
    assert all(first[name] != other[name] for name in first)


def test_snapshots_and_truncation_change_the_pictures(run, tmp_path):
    options = {"a": {}, "b": {"epoch": 5}, "c": {"truncation": 0.5}}
    files = []
    for name, chosen in options.items():
        sample.sample(run.folder, tmp_path / name, count=2, **chosen)
        files.append(bytes_of(tmp_path / name)["0000.png"])
    assert len(set(files)) == 3


def test_all_snapshots_show_the_same_latents(run, tmp_path):
    flags = [str(run.folder), "--out", str(tmp_path / "out"), "-n", "2"]
    sample.main([*flags, "--epoch", "all"])
    sample.main([*flags[:2], str(tmp_path / "five"), *flags[3:], "--epoch", "5"])
    assert bytes_of(tmp_path / "out" / "epoch_0005") == bytes_of(tmp_path / "five")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["epoch_0005"]


def test_pictures_of_a_larger_sampling_are_not_mixed_in(run, tmp_path):
    out = tmp_path / "out"
    sample.sample(run.folder, out, count=3)
    sample.sample(run.folder, out, count=3, seed=4)
    with pytest.raises(InputError, match="earlier sampling.*0002.png"):
        sample.sample(run.folder, out, count=2)


def test_a_missing_snapshot_names_those_that_exist(run, tmp_path):
    with pytest.raises(InputError, match="Received: 6. Allowed: 5"):
        sample.sample(run.folder, tmp_path / "out", epoch=6)
    assert not (tmp_path / "out").exists()


def test_the_best_generator_draws(run, tmp_path):
    run.save_best(run.load_generator(5), {"epoch": 5})
    for name, flags in {"a": ["--best"], "b": ["--epoch", "5"]}.items():
        sample.main([str(run.folder), "--out", str(tmp_path / name), "-n", "2", *flags])
        walk = ["--out", str(tmp_path / f"{name}.png"), "--stops", "2", "--frames", "1"]
        interpolate.main([str(run.folder), *walk, *flags])
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    walks = [(tmp_path / f"{name}.png").read_bytes() for name in "ab"]
    assert walks[0] == walks[1]


@pytest.mark.parametrize("part", [".", "new"])
def test_nothing_is_put_over_or_among_the_training_pictures(part, run, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "0000.png").write_text("mine")
    origin = {"starts": [{"machine": {}}], "pictures": {"0000.png": "a"}}
    run.origin.write_text(json.dumps(origin))
    out = pictures / part
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        sample.sample(run.folder, out, count=1, data=str(pictures))
    save_config(replace(run.config, data=str(pictures)), run.config_file)
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        sample.cut(run.folder, run.samples / "epoch_0010.png", out)
    assert [path.name for path in pictures.iterdir()] == ["0000.png"]
    assert (pictures / "0000.png").read_text() == "mine"


def test_a_path_that_meant_another_folder_keeps_nothing_away(
    run, tmp_path, monkeypatch
):
    save_config(replace(run.config, data="."), run.config_file)
    origin = {"starts": [{"machine": {}}], "pictures": {"mine.png": "a"}}
    run.origin.write_text(json.dumps(origin))
    monkeypatch.chdir(tmp_path)
    sample.sample(run.folder, "out", count=1)
    run.log.touch()  # a folder with that and a config is a run's, and holds no pictures
    (tmp_path / "mine.png").touch()  # now it is the one that was meant
    sample.sample(run.folder, run.folder / "new", count=1)
    with pytest.raises(InputError, match="--out is not valid.*training pictures"):
        sample.sample(run.folder, "more", count=1)


def test_all_folders_are_looked_at_before_any_is_written(run, tmp_path):
    save_network(run.load_generator(), run.snapshot_file(7))
    sample.sample(run.folder, tmp_path / "epoch_0007", count=3)
    with pytest.raises(InputError, match="earlier sampling.*0002.png"):
        sample.sample(run.folder, tmp_path, count=2, epoch="all")
    assert [path.name for path in tmp_path.glob("epoch_*")] == ["epoch_0007"]


def test_files_are_enlarged_without_smoothing_and_the_sheet_is_not(run, tmp_path):
    for name, flags in {"a": [], "b": ["--enlarge", "3"]}.items():
        sample.main([str(run.folder), "-n", "2", "--out", str(tmp_path / name), *flags])
    small, large = (pixels_of(tmp_path / name / "0001.png") for name in "ab")
    np.testing.assert_array_equal(large, np.kron(small, np.ones((3, 3, 1), np.uint8)))
    sheets = [tmp_path / name / "contact_sheet.png" for name in "ab"]
    assert sheets[0].read_bytes() == sheets[1].read_bytes()


def test_a_sheet_is_cut_into_the_pictures_on_it(run, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    sample.sample(run.folder, whole, count=7)
    sheet = str(whole / "contact_sheet.png")
    sample.main([str(run.folder), "--cut", sheet, "--out", str(parts)])
    expected = bytes_of(whole)
    del expected["contact_sheet.png"]
    assert bytes_of(parts) == expected
    with pytest.raises(InputError, match="--cut is not valid.*pictures of 16x16"):
        sample.cut(run.folder, whole / "0000.png", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--best", "--epoch", "5"], "--best is not valid.*without"),
        (["--best"], "no generator has been saved yet.*best"),
        (["--enlarge", "0"], "--enlarge is not valid"),
        (["--epoch", "new"], "--epoch is not valid.*Allowed: a number, all or"),
        (["--cut", "gone.png"], "--cut is not valid.*No such file"),
        (["--cut", "x.png", "--seed", "1"], "--seed is not valid.*--cut"),
    ],
)
def test_wrong_choices_are_refused(flags, message, run, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=message):
        sample.main([str(run.folder), "--out", str(out), *flags])
    assert not out.exists()


@pytest.mark.parametrize(
    "flags, message",
    [
        (["-n", "0", "--out", "x"], "-n is not valid. Received: 0"),
        (["-n", "two", "--out", "x"], "invalid int value: 'two'"),
        ([], "required: --out"),
        (["--out", "x", "--seed", "-1"], "--seed is not valid"),
        (
            ["--out", "x", "--truncation", "-1"],
            "--truncation is not valid",
        ),
        (
            ["--out", "x", "--truncation", "nan"],
            "--truncation is not valid",
        ),
    ],
)
def test_wrong_flags_are_refused(flags, message, run):
    with pytest.raises(InputError, match=message):
        sample.main([str(run.folder), *flags])


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        sample.sample(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_without_or_with_a_damaged_generator_is_refused(run, tmp_path):
    whole = run.generator_file.read_bytes()
    run.generator_file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot read the generator") as error:
        sample.sample(run.folder, tmp_path / "out")
    assert "\n" not in str(error.value)
    run.generator_file.unlink()
    with pytest.raises(InputError, match="no generator has been saved yet"):
        sample.sample(run.folder, tmp_path / "out")


def test_a_generator_whose_weights_are_no_numbers_is_refused(run, tmp_path):
    generator = run.load_generator()
    generator.set_weights([weight * np.nan for weight in generator.get_weights()])
    save_network(generator, run.generator_file)
    with pytest.raises(InputError, match="has weights that are no numbers"):
        sample.sample(run.folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_ensemble_takes_turns_picture_by_picture(trained, tmp_path):
    """A run with snapshots of epochs 2 and 4 gives its even and odd pictures."""
    run, _ = trained
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    copy = Run(folder)
    later = run.load_generator(2)
    weights = [weight + 0.05 for weight in later.get_weights()]
    later.set_weights(weights)
    later.save(copy.snapshot_file(4))
    outs = {}
    for epoch in (2, 4, "ensemble"):
        out = tmp_path / str(epoch)
        sample.sample(folder, out, count=5, epoch=epoch)
        outs[epoch] = [(out / f"{k:04d}.png").read_bytes() for k in range(5)]
    # Latent k goes to snapshot k modulo 2, so the ensemble mixes the other two.
    assert outs[2] != outs[4]
    expected = [outs[(2, 4)[k % 2]][k] for k in range(5)]
    assert outs["ensemble"] == expected


def test_a_sheet_of_an_early_stage_is_cut(run, tmp_path):
    """The generator makes pictures of 16x16, and will make those of 32x32."""
    grown = replace(run.config, size=32, progressive=[16, 32])
    save_config(grown, run.config_file)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    sample.sample(run.folder, whole, count=5)
    sample.cut(run.folder, whole / "contact_sheet.png", parts)
    expected = bytes_of(whole)
    del expected["contact_sheet.png"]
    assert bytes_of(parts) == expected
    with pytest.raises(InputError, match="pictures of 32x32 or 16x16, as the run"):
        sample.cut(run.folder, whole / "0000.png", tmp_path / "none")

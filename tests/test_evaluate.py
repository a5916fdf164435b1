"""`python -m dcgan.evaluate`: scores of a run, and of pictures from anywhere."""

import json
import shutil
import zlib

import numpy as np
import pytest
from helpers import command, python, write_pictures
from PIL import Image

from dcgan import evaluate as module
from dcgan.errors import InputError
from dcgan.models.lite import LITES
from dcgan.run import Run

KEYS = (
    "extractor,input_size,n_real,n_fake,kid,kid_error,kid_floor,fid,precision,recall,"
    "density,coverage,authpct,authpct_real,ct_score,near_copies"
).split(",")


@pytest.fixture
def fake(tmp_path):
    return write_pictures(tmp_path / "fake", 14, side=16)


@pytest.fixture
def real(tmp_path):
    folder = write_pictures(tmp_path / "real", 12, side=20)
    for file in list(folder.iterdir())[:4]:
        Image.open(file).rotate(90).save(file)
    return folder


def scores_of(folder):
    return json.loads((folder / "evaluation.json").read_text())


def test_a_run_is_scored_and_its_suspects_are_drawn(trained, tmp_path, capsys):
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "a"))
    module.main([str(run.folder), "-n", "20", "--fid"])
    scores = scores_of(run.folder)
    assert set(KEYS) <= set(scores)
    assert (scores["extractor"], scores["input_size"]) == ("lite0", 128)
    assert (scores["n_real"], scores["n_fake"]) == (12, 20)
    assert (scores["generator"], scores["epoch"]) == ("newest", 3)
    assert all(np.isfinite(scores[key]) for key in KEYS[2:])
    with Image.open(run.nearest) as picture:
        assert picture.width > 800
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        "20 generated pictures of the newest generator, epoch 3, and 12 real ones, as "
        "lite0 sees them at 128x128"
    )
    shown = f"KID x 1000      {scores['kid']:.1f} +- {scores['kid_error']:.1f}"
    assert any(line.startswith(shown) for line in said)
    assert said[-1] == f"evaluation.json and nearest.png in {run.folder}"


def test_equal_seeds_give_equal_files_and_others_do_not(trained, tmp_path):
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        module.evaluate(trained[0].folder, out=tmp_path / name, count=20, seed=seed)
    one, two, three = (scores_of(tmp_path / n) for n in ("one", "two", "three"))
    assert one == two and one["kid"] != three["kid"] and one["fid"] is None


def test_the_best_generator_can_be_scored(trained, tmp_path):
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "a"))
    run.best.mkdir()
    shutil.copy(run.snapshot_file(2), run.best_file)
    run.best_scores.write_text('{"epoch": 2, "kid": 500.0}')
    best = module.evaluate(run.folder, count=20, best=True)
    assert (best["generator"], best["epoch"]) == ("best", 2)
    assert best["kid"] != module.evaluate(run.folder, count=20)["kid"]


def test_pictures_from_anywhere_by_the_command(fake, real, tmp_path):
    out = tmp_path / "new" / "out"
    done = command("evaluate", "--fake", fake, "--data", real, "--out", out)
    assert done.returncode == 0 and done.stderr == ""
    scores = scores_of(out)
    assert (scores["n_real"], scores["n_fake"]) == (12, 14)
    assert (out / "nearest.png").stat().st_size > 1000


def test_copies_in_a_folder_are_told(real, tmp_path):
    scores = module.evaluate(fake=real, data=real, out=tmp_path / "out")
    assert scores["authpct"] == 0 and scores["near_copies"] == 12
    small = module.evaluate(fake=real, data=real, size=16, out=tmp_path / "out")
    assert small["authpct"] == 0


def split_of(run, data=None, out=None):
    return module._from_run(run.folder, run.load_generator(), data, 12, 0, out)


def test_held_out_pictures_of_a_run_are_the_baseline(trained, tmp_path):
    sets = split_of(trained[0])
    assert len(sets.train) == 12 and len(sets.held_out) == 0
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "a"))
    text = run.config_file.read_text().replace("holdout: 0.0", "holdout: 0.25")
    run.config_file.write_text(text)
    sets = split_of(run)
    assert len(sets.train) == 9 and len(sets.held_out) == 3
    moved = shutil.copytree(run.config.data, tmp_path / "moved")
    assert np.array_equal(split_of(run, moved).held_out, sets.held_out)
    other = write_pictures(tmp_path / "other", 12, side=16)
    sets = split_of(run, other, tmp_path / "out")
    assert len(sets.train) == 12 and len(sets.held_out) == 0


def test_scores_against_other_pictures_are_not_put_into_a_run(trained, tmp_path):
    """Its report and card would show them as its own."""
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "a"))
    other = write_pictures(tmp_path / "other", 12, side=16)
    for out in (None, run.folder):
        with pytest.raises(InputError, match="--out is not valid.*--data has others"):
            module.evaluate(run.folder, data=other, out=out, count=20)
    assert not run.evaluation.exists()
    module.evaluate(run.folder, data=other, out=tmp_path / "out", count=20)
    assert scores_of(tmp_path / "out")["n_real"] == 12


def test_networks_of_a_run_that_goes_on_are_of_the_epoch_they_were_saved_in(
    trained, tmp_path
):
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "a"))
    assert run.epoch_of("newest") == 3
    assert run.networks_step.read_text() == '{"step": 9}\n'
    run.networks_step.write_text('{"step": 8}')  # of 3 an epoch
    assert run.epoch_of("newest") == 2


BAD = {
    "neither": ([], "Received: neither. Allowed: one of them"),
    "both": (["RUN", "--fake", "FAKE"], "Received: both"),
    "no data": (["--fake", "FAKE", "--out", "OUT"], "--data is not valid"),
    "no out": (["--fake", "FAKE", "--data", "REAL"], "--out is not valid"),
    "few samples": (["RUN", "-n", "9"], "-n is not valid.*10 to 5000"),
    "extractor": (
        ["RUN", "--extractor", "vgg"],
        "extractor.*'vgg'.*lite0, lite1, inception",
    ),
    "no run": (["OUT"], "run: the folder holds no run"),
    "size of a run": (["RUN", "--size", "16"], "--size is not valid"),
    "count of a folder": (
        ["--fake", "FAKE", "--data", "REAL", "--out", "OUT", "-n", "20"],
        "--count is not valid.*with a run",
    ),
    "seed of a folder": (
        ["--fake", "FAKE", "--data", "REAL", "--out", "OUT", "--seed", "0"],
        "--seed is not valid.*with a run",
    ),
    "no channels": (
        ["--fake", "FAKE", "--data", "REAL", "--out", "OUT", "--channels", "0"],
        "--channels",
    ),
    "no best": (["RUN", "--best"], "no generator has been saved"),
    "no such folder": (
        ["--fake", "NONE", "--data", "REAL", "--out", "OUT"],
        "--fake: .*does not exist",
    ),
    "no such data": (
        ["--fake", "FAKE", "--data", "NONE", "--out", "OUT"],
        "folder does not exist",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_flags_are_refused_and_nothing_is_written(
    case, trained, fake, real, tmp_path
):
    flags, message = BAD[case]
    places = {"RUN": trained[0].folder, "FAKE": fake, "REAL": real}
    places |= {"OUT": tmp_path / "out", "NONE": tmp_path / "none"}
    with pytest.raises(InputError, match=message) as error:
        module.main([str(places.get(flag, flag)) for flag in flags])
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists() and not trained[0].evaluation.exists()


def test_a_program_is_refused_as_the_command_is(fake, real):
    for given in ({}, {"fake": fake}, {"fake": fake, "data": real}):
        with pytest.raises(InputError, match="is not valid|Received: neither"):
            module.evaluate(**given)


def refused(fake, real, out):
    with pytest.raises(InputError) as error:
        module.evaluate(fake=fake, data=real, out=out)
    assert not out.exists() and "\n" not in str(error.value)
    return str(error.value)


def test_fewer_than_ten_pictures_are_refused(real, tmp_path):
    few = write_pictures(tmp_path / "few", 9)
    message = refused(few, real, tmp_path / "out")
    assert "too few generated pictures" in message and "Received: 9" in message
    message = refused(real, few, tmp_path / "out")
    assert "too few real pictures" in message


def test_pictures_of_different_sizes_are_refused(fake, real, tmp_path):
    Image.new("RGB", (30, 30)).save(fake / "odd.png")
    message = refused(fake, real, tmp_path / "out")
    assert "differ in size" in message and "odd.png of 30x30" in message


@pytest.mark.parametrize("name", ["notes.txt", "broken.png"])
def test_what_is_no_picture_is_refused(name, real, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / name).write_text("no picture")
    assert refused(folder, real, tmp_path / "out").startswith("--fake: ")


def test_scores_are_not_put_among_the_pictures(fake, real):
    """`nearest.png` would be one of them the next time."""
    for out in (real, real / "scores", fake, fake / "scores"):
        with pytest.raises(InputError, match="--out is not valid"):
            module.evaluate(fake=fake, data=real, out=out)
        assert not (out / "nearest.png").exists()


def test_a_bomb_among_the_pictures_is_named_and_left_out(fake, real, tmp_path, caplog):
    """A PNG of a few bytes whose header says 40000x40000."""
    content = bytearray((fake / next(fake.iterdir()).name).read_bytes())
    content[16:24] = (40000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (fake / "bomb.png").write_bytes(content)
    scores = module.evaluate(fake=fake, data=real, out=tmp_path / "out")
    assert scores["n_fake"] == 14 and "bomb.png" in caplog.text


def test_missing_weights_are_one_line_and_exit_code_2(fake, real, tmp_path):
    program = (
        "from dcgan.cli import quiet_tensorflow; quiet_tensorflow()\n"
        "from dcgan.models.lite import LITES\n"
        "LITES['lite0'] = LITES['lite0']._replace(package='no_such_package')\n"
        "from dcgan import evaluate; from dcgan.cli import run_command\n"
        f"flags = ['--fake', {str(fake)!r}, '--data', {str(real)!r}]\n"
        f"run_command(evaluate.main, [*flags, '--out', {str(tmp_path / 'out')!r}])"
    )
    (tmp_path / "program.py").write_text(program)
    done = python(tmp_path / "program.py")
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "error: projected, extractor: the weights of lite0 are missing"
    )
    assert LITES["lite0"].remedy in line and not (tmp_path / "out").exists()

"""Runs, recipes and models from strangers: nothing in them is carried out."""

import ast
import json
from pathlib import Path

import keras
import pytest
from helpers import command, write_pictures

import dcgan
from dcgan.config import load_config
from dcgan.epochs import epoch_files
from dcgan.errors import InputError
from dcgan.figures.report import write_report
from dcgan.run import Run
from dcgan.sources import read_yaml

pytestmark = pytest.mark.usefixtures("no_curves")

PACKAGE = Path(dcgan.__file__).parent
ORDER = "!!python/object/apply:pathlib.Path.touch [{}]"


def test_a_network_with_code_in_it_is_refused_and_the_code_not_run(tmp_path):
    run = Run.create(load_config(runs=tmp_path, latent_dim=4, size=16))
    mark = tmp_path / "mark"
    code = f"lambda x: (__import__('pathlib').Path({str(mark)!r}).touch(), x)[1]"
    layers = [keras.Input((4,)), keras.layers.Lambda(eval(code), (4,))]
    keras.Sequential(layers).save(run.generator_file)
    mark.unlink(missing_ok=True)
    done = command("sample", run.folder, "-n", 4, "--out", tmp_path / "out")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "cannot read the generator" in done.stderr and not mark.exists()


def test_yaml_carries_nothing_out(tmp_path, monkeypatch):
    mark, path = tmp_path / "mark", tmp_path / "config.yml"
    path.write_text("name: " + ORDER.format(mark))
    with pytest.raises(InputError, match="not valid YAML"):
        load_config(path)
    with pytest.raises(InputError):
        dcgan.config.load_flags(["--jitter", ORDER.format(mark)])
    with pytest.raises(InputError):
        dcgan.config.load_flags(["--cycle", f"[{ORDER.format(mark)}]"])
    assert not mark.exists()


def test_a_yaml_bomb_is_refused(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for k in range(1, 12):
        lines.append(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]")
    path = tmp_path / "bomb.yml"
    path.write_text("\n".join([*lines, "name: *a11"]))
    assert isinstance(read_yaml(path), dict)  # links, not copies
    with pytest.raises(InputError) as refused:
        load_config(path)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    "name", ["../a", "..", ".", "a/b", "/tmp/a", "a\\b", "", "a\n", "~", "-rf"]
)
def test_a_name_stays_in_the_folder_of_runs(name, tmp_path):
    with pytest.raises(InputError, match="^name is not valid"):
        load_config(runs=tmp_path, name=name)
    path = tmp_path / "config.yml"
    path.write_text(json.dumps({"name": name}))
    with pytest.raises(InputError, match="^name is not valid"):
        load_config(path)


def test_only_the_restricted_reader_unpickles():
    """And nothing evaluates text."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [a.name for a in getattr(node, "names", []) if hasattr(a, "name")]
            names += [getattr(node, "module", None) or ""]
            found = {"pickle", "marshal", "shelve", "dill", "joblib"} & set(names)
            assert not found or path.name == "torch_file.py", path
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "compile", "os.system"), path
                assert called not in ("yaml.load", "yaml.unsafe_load"), path
                options = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert options.get("allow_pickle", "False") == "False", path
                assert options.get("safe_mode", "True") == "True", path
                assert "shell" not in options, path


SCRIPT = "<script>alert(1)</script>"


def test_the_report_of_a_strangers_run_runs_nothing(tmp_path):
    config = load_config(runs=tmp_path, data=SCRIPT, background="white")
    run = Run.create(config)
    row = {"epoch": SCRIPT, "name": SCRIPT, "sentence": SCRIPT}
    run.health.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    run.log.write_text("epoch,g_loss\n1,0.5\n")
    scores = {"n_fake": SCRIPT, "n_real": 1, "extractor": SCRIPT, "input_size": SCRIPT}
    scores |= {"generator": "newest", "epoch": 1, "kid": 1.0}
    run.evaluation.write_text(json.dumps(scores))
    write_report(run)
    page = run.report.read_text()
    assert "<script" not in page and page.count("&lt;script") >= 5
    run.evaluation.write_text(json.dumps(scores | {"kid": SCRIPT}))
    write_report(run)
    assert "KID" not in run.report.read_text()


def test_the_report_shows_no_files_from_elsewhere(tmp_path):
    run = Run.create(load_config(runs=tmp_path / "runs"))
    secret = tmp_path / "secret.png"
    secret.write_text("a key, say")
    run.gif.symlink_to(secret)
    run.samples.rmdir()
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "epoch_0001.png").write_text("another")
    run.samples.symlink_to(tmp_path / "sheets")
    write_report(run)
    assert "<img" not in run.report.read_text()


@pytest.mark.parametrize(
    "content", ["[" * 99999, '{"kid": 1' + "0" * 400 + "}", '{"kid": NaN}', "3"]
)
def test_odd_json_is_as_good_as_none(content, tmp_path):
    run = Run.create(load_config(runs=tmp_path))
    for file in (run.evaluation, run.best_scores, run.origin):
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    write_report(run)
    assert "KID" not in run.report.read_text() and run.read_best() is None


def test_files_with_other_names_are_no_sheets(tmp_path):
    run = Run.create(load_config(runs=tmp_path))
    for name in ("epoch_x.png", "epoch_1.txt", "epoch_.png", "epoch_0007.png"):
        (run.samples / name).touch()
    assert list(epoch_files(run.samples, r"\.png")) == [7]


@pytest.mark.parametrize("content", ["epoch,g_loss\n1,many\n", "a\0b\n\xff"])
def test_a_damaged_table_is_one_line(content, tmp_path):
    pictures = write_pictures(tmp_path / "pictures", 12, side=16)
    run = Run.create(load_config(runs=tmp_path, data=pictures))
    run.log.write_bytes(content.encode("latin1"))
    with pytest.raises(InputError, match="a table is damaged"):
        run.epoch_of("newest")


def test_a_time_without_end_is_not_told(tmp_path):
    run = Run.create(load_config(runs=tmp_path))
    run.timing.write_text("epoch,seconds\n1,inf\n")
    write_report(run)
    assert "0 of 500 epochs<" in run.report.read_text()


@pytest.mark.parametrize("kind", [InputError, OSError])
def test_a_path_with_a_line_break_is_one_line(kind, monkeypatch):
    def main(argv):
        raise OSError(28, "disk full", "a\nb") if kind is OSError else kind("a\nb")

    monkeypatch.setattr("dcgan.check.main", main)
    done = command("check")
    assert done.returncode == 2 and done.stderr.count("\n") == 1


def test_a_message_sends_no_orders_to_the_terminal(tmp_path):
    done = command("train", "--data", "\x1b[2J\u202ea")
    assert done.returncode == 2 and done.stderr.isascii()
    assert "\\x1b[2J\\u202ea" in done.stderr

"""report.html: whole, safe, and legible on a wide screen, a phone and at night."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dcgan.config import load_config, load_flags, save_config
from dcgan.figures.grids import save_picture
from dcgan.figures.report import write_report
from dcgan.provenance import command_of, differences_from_recipe
from dcgan.run import Run
from dcgan.sources import recipe_names
from dcgan.tables import append_row
from dcgan.training.logs import LOG_HEADER

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SCORES = {"kid": 612.4, "kid_error": 14.2, "recall": 0.21, "near_copies": 3}


def started(folder, **knobs):
    run = Run(folder)
    run.samples.mkdir(parents=True)
    save_config(load_config("narrow", **knobs), run.config_file)
    return run


@pytest.fixture
def full(trained, tmp_path):
    """A finished run with scores, suspects and something wrong."""
    run = Run(shutil.copytree(trained[0].folder, tmp_path / "full"))
    source = {"extractor": "lite0", "input_size": 128, "n_fake": 20, "n_real": 12}
    source |= {"generator": "newest", "epoch": 3}
    run.evaluation.write_text(json.dumps(SCORES | source))
    noise = np.random.default_rng(0).integers(0, 256, (60, 900, 3), dtype=np.uint8)
    save_picture(run.nearest, noise)
    run.health.write_text('epoch,name,sentence\n2,collapse,"It <collapsed>, & more."\n')
    write_report(run)
    return run


def test_everything_is_inside_the_page(full):
    page = full.report.read_text()
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', page)
    assert len(sources) >= 4 and all(s.startswith("data:image/") for s in sources)
    assert "<script" not in page and "http" not in page and "url(" not in page


def test_what_it_says(full):
    page = full.report.read_text()
    assert "Epoch 2: It &lt;collapsed&gt;, &amp; more." in page
    assert (
        "612.4 +- 14.2" in page
        and "20 generated pictures of the newest generator, epoch 3, and 12 real"
        in page
    )
    assert "3 of 3 epochs" in page
    headings = re.findall("<h2>(.*?)</h2>", page)
    assert headings == [
        *("Health", "Samples", "Scores", "Curves", "Nearest training pictures"),
        *("Gradients", "Settings", "Command"),
    ]


def test_the_text_of_users_is_escaped(tmp_path):
    run = started(tmp_path / "a", data='<script>alert("x")</script>')
    write_report(run)
    assert "<script" not in run.report.read_text()
    assert "&lt;script&gt;" in run.report.read_text()


def test_a_run_that_has_only_begun_has_a_report(tmp_path):
    run = started(tmp_path / "a")
    write_report(run)
    page = run.report.read_text()
    assert "Nothing was found wrong. Without scores only the losses tell" in page
    assert "0 of 800 epochs" in page
    assert "<img" not in page and "<h2>Scores</h2>" not in page


def test_scores_of_the_training_stand_in_for_those_of_evaluate(tmp_path):
    run = started(tmp_path / "a")
    run.scores.write_text("epoch,kid,kid_error,recall\n10,900,20,0.1\n20,700,10,0.25\n")
    write_report(run)
    page = run.report.read_text()
    assert "while training, after epoch 20, as lite0 sees them;" in page
    assert "700.0 +- 10.0" in page


def test_scores_of_a_generator_of_before_are_not_shown(full):
    append_row(full.log, LOG_HEADER, {"epoch": 4})
    full.scores.write_text("epoch,kid,kid_error,recall\n4,900,20,0.1\n")
    write_report(full)
    page = full.report.read_text()
    assert "900.0 +- 20.0" in page and "612.4" not in page
    assert "<h2>Nearest training pictures</h2>" not in page


def test_damaged_scores_do_not_stop_the_report(full):
    full.evaluation.write_text("{")
    write_report(full)
    assert "<h2>Scores</h2>" not in full.report.read_text()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(20, "less than a minute"), (70, "1 minute<"), (1800, "30 minutes<")],
)
def test_how_long_it_took(tmp_path, seconds, told):
    run = started(tmp_path / "a")
    run.timing.write_text(f"epoch,seconds\n1,{seconds}\n")
    write_report(run)
    assert told in run.report.read_text()


def test_gradients_are_folded_away(full):
    folded = r"<h2>Gradients</h2>\n<details><summary>.*</summary>\n<figure><img"
    assert re.search(folded, full.report.read_text())


CONFIGS = [
    *({"source": name} for name in recipe_names()),
    {"source": "diffaugment", "aug_prob": 0.3, "data": "my pictures/'odd'"},
    {"source": "pokegan-progressive", "flip": False, "jitter": [0.1, 0.0, 0.2]},
    {"source": "progan", "progressive": [32, 64], "cycle": [{"lr": 5e-5, "epochs": 7}]},
    {"g_widths": [8, 8, 4, 4], "g_lr": 1e-5, "background": "#102030", "runs": "-x"},
    {"source": "pokegan", "loss": "wgan", "overwrite": True},  # clears the labels
    {"source": "keras-dcgan", "d_widths": None, "d_strides": None},
    {"data": "null", "name": "1e5", "init_from": "12"},
    {"data": "$HOME `ls`\n{a: b} #", "name": "true"},
]


@pytest.mark.parametrize("knobs", CONFIGS)
def test_the_command_gives_the_same_config(knobs):
    config = load_config(**knobs)
    words = shlex.split(command_of(config))
    assert words[:3] == ["python", "-m", "dcgan.train"]
    assert load_flags(words[3:]) == config


def test_the_command_reads_as_one_would_type_it():
    knobs = {"aug_prob": 0.3, "flip": True, "g_widths": [64, 32, 16, 8]}
    config = load_config("diffaugment", data="my pictures", **knobs)
    assert command_of(config) == (
        "python -m dcgan.train --recipe diffaugment --data 'my pictures' "
        "--name diffaugment --flip --g_widths '[64, 32, 16, 8]' --aug_prob 0.3"
    )
    plain = "python -m dcgan.train --recipe default --data openmoji --name default"
    assert command_of(load_config()) == plain


def test_differences_are_from_the_recipe_not_from_the_default():
    config = load_config("diffaugment", aug_prob=0.3, flip=True)
    differences = {"aug_prob": (0.3, 1.0), "flip": (True, False)}
    assert differences_from_recipe(config) == differences


def screenshot(page, path, width, *flags):
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += [f"--window-size={width},1600", f"--screenshot={path}", *flags]
    line = [CHROMIUM, *options, page.as_uri()]
    subprocess.run(line, check=True, capture_output=True, timeout=120)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), np.float32)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1200, 500])
def test_it_is_legible_in_a_browser_by_day_and_by_night(full, width, tmp_path):
    dark_flag = "--blink-settings=preferredColorScheme=0"
    light = screenshot(full.report, tmp_path / "light.png", width)
    dark = screenshot(full.report, tmp_path / "dark.png", width, dark_flag)
    corner = np.s_[:8, :8]
    assert light[corner].mean() > 250 and dark[corner].mean() < 40
    title = np.s_[:90, : width // 2]  # dark on light, or light on dark
    assert light[title].min() < 60 and dark[title].max() > 200
    for seen in (light, dark):
        assert seen.shape[1] == width and seen.std() > 20


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_nothing_sticks_out_on_a_phone(full, tmp_path):
    """In a frame as wide as a phone: a window cannot be that narrow."""
    config = replace(full.config, minibatch_discrimination=True)  # a long name
    save_config(config, full.config_file)
    write_report(full)
    measure = "<script>document.body.dataset.wide=document.documentElement.scrollWidth"
    page = full.report.read_text().replace("</body>", f"{measure}</script></body>")
    (tmp_path / "inner.html").write_text(page)
    frame = (
        '<iframe id="f" src="inner.html" width="360" height="800"></iframe><script>'
        "f.onload=()=>document.title=f.contentDocument.body.dataset.wide</script>"
    )
    (tmp_path / "outer.html").write_text(frame)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    options += ["--allow-file-access-from-files", "--virtual-time-budget=3000"]
    line = [CHROMIUM, *options, (tmp_path / "outer.html").as_uri()]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    width = re.search("<title>(.*?)</title>", done.stdout)
    assert width and int(width[1]) <= 360


def test_training_and_scoring_leave_a_report(trained):
    assert trained[0].report.is_file()

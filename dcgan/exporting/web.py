"""A generator as a web page that needs nothing but a place to lie."""

import hashlib
import json
from html import escape
from pathlib import Path
from string import Template

import onnx

from dcgan.directions import directions_of
from dcgan.exporting.browser_runtime import runtime_files
from dcgan.exporting.half import halve_weights
from dcgan.exporting.writers import save_onnx
from dcgan.figures.grids import save_picture
from dcgan.files import filled_folder
from dcgan.latent import draw_latents
from dcgan.models.generator import generate

PAGE = Path(__file__).parent / "page"
FILLED_IN = ("index.html", "sw.js")  # the others are copied as they are
HALVED = 8_000_000  # bytes of a model from which on its weights are float16
DIGITS = 5  # of the directions


def save_page(generator, folder, title, credit):
    """Writes a folder that any web server can serve: the page, model and runtime.

    Args:
        generator: `keras.Model` from latents to pictures.
        folder: Path.
        title: What the page is called, plain text.
        credit: What it says of the pictures that were trained on, plain text.

    Raises:
        InputError: If the runtime cannot be fetched, or the generator be converted.
    """
    script, binary = runtime_files()
    texts = {"title": escape(title), "credit": escape(credit)}
    with filled_folder(folder) as temporary:
        _save_model(generator, temporary / "generator.onnx")
        facts = json.dumps(_facts(generator))
        (temporary / "generator.json").write_text(facts, encoding="utf-8")
        (temporary / "ort.js").write_bytes(script)
        (temporary / "ort.wasm.gz").write_bytes(binary)
        (icon,) = generate(generator, draw_latents(1, generator.input_shape[-1]))
        save_picture(temporary / "icon.png", icon)
        for file in PAGE.iterdir():
            if file.name not in FILLED_IN:
                (temporary / file.name).write_bytes(file.read_bytes())
        _fill_in(temporary, "index.html", texts)
        files = sorted(file.name for file in temporary.iterdir())
        told = {"version": _version(temporary, files), "files": json.dumps(files)}
        _fill_in(temporary, "sw.js", told)


def _save_model(generator, file):
    model = save_onnx(generator, file)
    if file.stat().st_size > HALVED:
        halve_weights(model)
        onnx.save(model, file)


def _facts(generator):
    directions, shares = directions_of(generator)
    _, height, width, channels = generator.output_shape
    return {
        "latentDim": generator.input_shape[-1],
        "width": width,
        "height": height,
        "channels": channels,
        "directions": directions.round(DIGITS).tolist(),
        "shares": shares.round(DIGITS).tolist(),
    }


def _fill_in(folder, name, texts):
    text = Template((PAGE / name).read_text(encoding="utf-8")).substitute(texts)
    (folder / name).write_text(text, encoding="utf-8")


def _version(folder, files):
    """Changes with every file, so that browsers fetch what is new."""
    digest = hashlib.sha256()
    for name in files:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]

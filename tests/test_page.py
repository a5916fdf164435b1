"""The page of a generator in headless Chromium: its pictures are those of Keras."""

import io
import json
import re

import numpy as np
import pytest
from pages import (
    CHROMIUM,
    GENERATORS,
    NPM,
    READY,
    address,
    assert_alike,
    expected_pixels,
    normals,
    pixels,
    seed_of,
    stream,
)
from PIL import Image

from dcgan.latent import draw_latents, slerp

pytest_plugins = "browsing"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(NPM is None, reason="npm is not installed"),
]


@pytest.mark.parametrize("name", GENERATORS)
def test_the_pictures_are_those_of_keras(name, sites, visit, addresses):
    generator, folder = sites[name]
    latent = normals(7, 8)
    page = visit(name)
    found = pixels(page)
    assert found.std() > 20  # there is something to see
    assert_alike(found, expected_pixels(generator, latent))
    direction = np.array(
        json.loads((folder / "generator.json").read_text())["directions"]
    )
    there = latent + (2 - latent @ direction[1]) * direction[1]
    page.goto(addresses[name] + "?seed=7&d2=2")
    page.wait_for_selector(READY)
    assert_alike(pixels(page), expected_pixels(generator, there.astype(np.float32)))
    assert address(page) == "?seed=7&d2=2.00"
    page.wait_for_selector("#grid button:last-child[data-seed]")
    chosen = page.locator("#grid button").first
    seed = int(chosen.get_attribute("data-seed"))
    assert seed == next(stream(7)) % 1_000_000
    shown = expected_pixels(generator, normals(seed, 8))
    assert_alike(pixels(page, "#grid canvas"), shown)
    chosen.click()
    page.wait_for_selector("#grid button[aria-current]")
    assert seed_of(page) == seed


def test_the_numbers_of_a_seed(visit):
    page = visit("rgb")
    code = "async ([state, seeds]) => { const r = await import('./random.js');"
    code += "const draw = r.xoshiro128(state); return ["
    code += "[1, 2, 3, 4, 5, 6].map(draw), seeds.map(s => [...r.normals(s, 101)])] }"
    seeds = [0, 1, 42, 2**32 - 1]
    integers, numbers = page.evaluate(code, [[1, 2, 3, 4], seeds])
    # Of the authors' C program.
    assert integers == [11520, 0, 5927040, 70819200, 2031721883, 1637235492]
    expected = [normals(seed, 101) for seed in seeds]
    np.testing.assert_allclose(numbers, expected, rtol=1e-5, atol=1e-6)
    many = normals(3, 20_000)
    assert abs(many.mean()) < 0.03 and abs(many.std() - 1) < 0.03


def test_the_arithmetic_of_latents_is_that_of_the_package(visit):
    page = visit("rgb")
    start, end = draw_latents(2, 8)
    code = "async ([a, b, shares]) => { const l = await import('./latent.js');"
    code += "return [shares.map(s => l.slerp(a, b, s)), l.slerp(a, a, 0.3)] }"
    shares = [0, 0.3, 1]
    given = [start.tolist(), end.tolist(), shares]
    between, still = page.evaluate(code, given)
    expected = slerp(start, end, shares)
    np.testing.assert_allclose(between, expected, atol=1e-5)
    np.testing.assert_allclose(still, start, atol=1e-6)


def test_a_seed_is_a_picture(visit):
    page = visit("rgb")
    first = pixels(page)
    page.click("#new")
    assert seed_of(page) == int(page.input_value("#seed")) != 7
    page.wait_for_timeout(200)
    assert np.abs(pixels(page).astype(int) - first).max() > 20
    page.fill("#seed", "7")
    page.press("#seed", "Enter")
    page.wait_for_timeout(200)
    assert seed_of(page) == 7
    np.testing.assert_array_equal(pixels(page), first)


def test_the_address_is_written_at_once_and_then_now_and_again(visit):
    code = "async () => { const a = await import('./address.js'); let count = 0;"
    code += "const act = a.atMostEvery(100, () => count++); const counts = [];"
    code += "for (let k = 0; k < 50; k++) act(); counts.push(count);"
    code += (
        "await new Promise(done => setTimeout(done, 400)); return [...counts, count] }"
    )
    assert visit("rgb").evaluate(code) == [1, 2]


@pytest.mark.parametrize("query", ["", "?seed=", "?seed=-1", "?seed=4294967296&d1=x"])
def test_an_address_without_a_seed_gets_one(query, visit):
    assert 0 <= seed_of(visit("rgb", query)) < 1_000_000


def test_a_wrong_seed_is_told(visit):
    page = visit("rgb")
    page.fill("#seed", "9999999999")
    page.press("#seed", "Enter")
    message = page.eval_on_selector("#seed", "input => input.validationMessage")
    assert message == "A whole number from 0 to 4294967295"
    assert seed_of(page) == 7


def test_it_is_used_by_keyboard_alone(visit):
    page = visit("rgb")
    page.wait_for_selector("#grid button:last-child[data-seed]")
    names = []

    def tab():
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                "document.activeElement.ariaLabel ||"
                "document.activeElement.id || document.activeElement.textContent"
            )
        )
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid", names[-1]

    for _ in range(6):
        tab()
    assert names == ["new", "morph", "seed", "Show", "scale", "Download"]
    before = pixels(page)
    tab()
    assert re.fullmatch(r"Direction 1, \d+ % of the differences", names[-1])
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert "&d1=" in address(page) and not np.array_equal(pixels(page), before)
    page.locator("#reset").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    np.testing.assert_array_equal(pixels(page), before)
    page.locator("#others").focus()
    tab()
    seeds = page.eval_on_selector_all(
        "#grid button", "all => all.map(b => b.ariaLabel)"
    )
    assert names[-1] == seeds[0]
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home", "ArrowRight"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.ariaLabel") == seeds[1]
    page.keyboard.press("Space")
    assert f"Seed {seed_of(page)}" == seeds[1]
    tab()
    assert names[-1] == "Licences"  # the grid is one stop


def test_the_morph_moves_and_ends_at_a_seed(sites, visit):
    page = visit("rgb")
    before = pixels(page)
    page.click("#morph")
    assert page.get_attribute("#morph", "aria-pressed") == "true"
    sliders = page.locator("#sliders input")
    assert sliders.first.is_disabled()  # what is shown has no place on them
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").click()
    assert re.fullmatch(r"7-to-\d+-x4.png", started.value.suggested_filename)
    page.fill("#seed", "41")  # and not yet entered, when the morph comes to a seed
    page.wait_for_timeout(700)
    between = pixels(page)
    assert not np.array_equal(between, before)
    page.wait_for_selector("#status:not(:text-is('Picture of seed 7'))")
    assert page.input_value("#seed") == "41"
    page.click("#morph")
    assert page.get_attribute("#morph", "aria-pressed") == "false"
    assert sliders.first.is_enabled()
    page.wait_for_timeout(300)
    latent = normals(seed_of(page), 8)
    assert seed_of(page) != 7
    assert_alike(pixels(page), expected_pixels(sites["rgb"][0], latent))


@pytest.mark.parametrize("name", ["rgb", "rgba"])
def test_downloads_are_enlarged_without_smoothing(name, visit):
    page = visit(name)
    for factor in (1, 4, 8):
        page.select_option("#scale", str(factor))
        with page.expect_download() as started:
            page.get_by_role("button", name="Download").click()
        assert started.value.suggested_filename == f"7-x{factor}.png"
        with Image.open(io.BytesIO(started.value.path().read_bytes())) as picture:
            found = np.asarray(picture.convert("RGBA"))
        expected = pixels(page).repeat(factor, axis=0).repeat(factor, axis=1)
        assert_alike(found, expected)
    assert (found[..., 3].min() < 250) == (name == "rgba")


def test_transparency_shows_a_checkerboard(visit):
    code = "canvas => getComputedStyle(canvas).backgroundImage"
    backgrounds = [visit(n).eval_on_selector("#picture", code) for n in ("rgb", "rgba")]
    assert backgrounds[0] == "none" and "conic-gradient" in backgrounds[1]


def test_nothing_comes_from_elsewhere_and_it_works_without_a_network(serve, browser):
    server = serve("rgb")
    page = browser.new_context().new_page()
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}?seed=7")
    page.wait_for_selector(READY)
    first = pixels(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    assert len(asked) > 10
    assert all(url.startswith((server.url, "blob:")) for url in asked)
    server.shutdown()
    server.server_close()
    page.goto(f"{server.url}?seed=8")
    page.wait_for_selector(READY)
    assert np.abs(pixels(page).astype(int) - first).max() > 20
    page.goto(f"{server.url}index.html?seed=7")
    page.wait_for_selector(READY)
    np.testing.assert_array_equal(pixels(page), first)
    page.context.close()


def test_opened_as_a_file_it_says_how_to_serve_it(sites, browser):
    page = browser.new_context().new_page()
    page.goto((sites["rgb"][1] / "index.html").as_uri())
    page.wait_for_timeout(1500)
    assert "python -m http.server" in page.inner_text("#loading")
    page.context.close()


def test_tiles_have_seeds_before_anything_is_painted(browser, addresses):
    """What is noted runs when the page first waits, after its buttons came alive."""
    page = browser.new_context().new_page()
    page.add_init_script("""
      new MutationObserver(() => {
        const tiles = [...document.querySelectorAll("#grid button")];
        window.noted ??= tiles.map((tile) => tile.dataset.seed ?? "none");
      }).observe(document, {subtree: true, attributeFilter: ["disabled"]});
    """)
    page.goto(addresses["rgb"] + "?seed=7")
    page.wait_for_selector(READY)
    assert len(noted := page.evaluate("noted")) == 12
    draws = stream(7)
    assert noted == [str(next(draws) % 1_000_000) for _ in noted]
    page.context.close()


def test_a_morph_that_is_stopped_and_started_runs_once(visit):
    page = visit("rgb")
    asked, frames = page.evaluate("""async () => {
      const ask = window.requestAnimationFrame.bind(window);
      const frame = () => new Promise(ask);
      for (let k = 0; k < 9; k++) {
        document.getElementById("morph").click();
        if (k % 2 === 0) await frame(); // each start follows a stop at once
      }
      await frame();
      let asked = 0;
      window.requestAnimationFrame = (step) => { asked++; return ask(step); };
      for (let k = 0; k < 20; k++) await frame();
      return [asked, 20];
    }""")
    assert page.get_attribute("#morph", "aria-pressed") == "true"
    assert 0 < asked <= frames + 1

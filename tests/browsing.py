"""Pages of generators that are served, and a browser that visits them."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from helpers import lively_generator
from pages import CHROMIUM, GENERATORS, READY

from dcgan.exporting import web
from dcgan.exporting.browser_runtime import runtime_files


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """Generators and the folders of their pages; of the grey one in float16."""
    made, files = {}, runtime_files()
    for name, knobs in GENERATORS.items():
        generator = lively_generator(**knobs)
        folder = tmp_path_factory.mktemp("sites") / name
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(web, "runtime_files", lambda: files)  # zips for a second
            patch.setattr("dcgan.directions.SAMPLES", 256)
            patch.setattr(web, "HALVED", 0 if name == "grey" else web.HALVED)
            web.save_page(generator, folder, "a <b>", "by <c>")
        made[name] = generator, folder
    return made


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def serve(sites):
    """Starts a server of a site and returns it; `.url` is where."""
    servers = []

    def start(name):
        handler = partial(Quiet, directory=sites[name][1])
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def addresses(serve):
    return {name: serve(name).url for name in GENERATORS}


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        launch = playwright.chromium.launch
        with launch(executable_path=CHROMIUM, args=flags) as running:
            yield running


@pytest.fixture
def visit(browser, addresses):
    """Opens a page and waits for its picture; any error in it fails the test."""
    opened, problems = [], []

    def go(name, query="?seed=7", **options):
        page = browser.new_context(**options).new_page()
        opened.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        page.goto(addresses[name] + query)
        page.wait_for_selector(READY)
        return page

    yield go
    for page in opened:
        page.context.close()
    assert problems == []

"""The documents as a site: complete, without a network, and searched in a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, sync_playwright
from support.repository import ROOT, copy_checkout
from support.server_process import BIN

pytestmark = pytest.mark.heavy

PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
"""A network that answers nobody."""


def build(site: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "mkdocs", "build", "--config-file", config, "--site-dir", site],
        env={**os.environ, **PROXIES, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module", name="site")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    done = build(site)
    assert done.returncode == 0, done.stderr
    return site


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a site."""
    handler = partial(_Silent, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(name="page")
def _page() -> Iterator[Page]:
    path = shutil.which("chromium")
    assert path is not None, "chromium is missing: run `make system-packages`"
    outside: dict[str, str | float | bool] = {
        name: value for name, value in os.environ.items() if name != "LD_PRELOAD"
    }
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags, env=outside)
        yield browser.new_page()
        browser.close()


def test_every_document_is_a_page(site: Path) -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        name = document.relative_to(ROOT).with_suffix(".html")
        assert (site / (name.parent / "index.html" if name.stem == "README" else name)).exists()


def test_the_reference_tells_every_public_method_of_a_client(site: Path) -> None:
    text = (site / "docs/hosts/reference.html").read_text(encoding="utf-8")
    owner = ("grant", "deny", "status", "changes")
    names = ("preview", "due", "send_if_due", "start_scheduler", *owner)
    anchors = [
        f"headcount.{'site_owner.SiteOwner' if n in owner else 'client.Client'}.{n}" for n in names
    ]
    assert not [anchor for anchor in anchors if f'id="{anchor}"' not in text]
    assert "Return the version of an installed distribution" in text


def test_a_page_that_leads_nowhere_is_not_built(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy_checkout(copy)
    with (copy / "SECURITY.md").open("a", encoding="utf-8") as security:
        security.write("\n[no](docs/nowhere.md)\n")
    done = build(tmp_path / "site", copy / "mkdocs.yml")
    assert done.returncode != 0
    assert "docs/nowhere.md" in done.stderr


@pytest.mark.slow
def test_a_reader_finds_a_word_and_nothing_is_fetched_from_elsewhere(
    site: Path, page: Page
) -> None:
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    with served(site) as address:
        page.goto(f"{address}/index.html")
        page.locator("input[name=query]").click()
        page.keyboard.type("retract")
        found = page.locator(".md-search-result__item a", has_text="Running a server").first
        found.click()
        page.wait_for_url("**/docs/operators/operations.html*")
        page.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []

"""What people meet in a real browser: on a phone, in the dark, by keyboard, without scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from playwright.sync_api import BrowserContext, Dialog, Page, Response
from support.released_registry import unreleased
from support.repository import REGISTRY

pytestmark = pytest.mark.heavy

Context = Callable[..., AbstractContextManager[BrowserContext]]
Serve = Callable[[Path], AbstractContextManager[str]]

PAGES = (
    "",
    "projects/backdrop/",
    "projects/backdrop/php_version/",
    "projects/backdrop/content_items/",
    "projects/backdrop/core_modules/",
    "projects/backdrop/clean_urls/",
    "projects/backdrop/version/",
    "projects/backdrop/mysql_version/",
    "projects/backdrop/core_modules/block/",
    "projects/backdrop/fragment.html",
    "conventions/",
    "conventions/common/php_version/",
    "weeks/",
    "weeks/2026-W46/",
    "methodology/",
    "collected/",
    "changes/",
    "changes/backdrop/",
    "privacy/",
    "data/",
    "de/projects/backdrop/php_version/",
    "es/weeks/2026-W46/",
)
FIRST_PAGE_BYTES = 100_000
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
EVERY_RULE = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
WHAT_IS_SEEN = {"type": "rule", "values": ["color-contrast", "target-size"]}
"""The rules that a width or a color scheme can break; the document is the same in all."""

CUT_OFF = """texts => texts.filter(text => {
    const box = text.getBBox(), all = text.ownerSVGElement.viewBox.baseVal;
    return box.x < all.x || box.x + box.width > all.x + all.width;
}).map(text => text.textContent)"""
"""The texts that reach beyond the picture that they stand in."""


@pytest.fixture(name="page")
def _page(context: Context) -> Iterator[Page]:
    with context() as opened:
        yield opened.new_page()


def violations(page: Page, run: dict[str, Any]) -> list[str]:
    """What axe-core finds wrong with what is shown."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(f"axe.run({{runOnly: {json.dumps(run)}}})")
    assert found["passes"]
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("width", "scheme", "run"),
    [(390, "light", EVERY_RULE), (1280, "dark", WHAT_IS_SEEN)],
    ids=["light", "dark"],
)
def test_axe_finds_no_violation_on_any_page(
    context: Context, index: str, width: int, scheme: str, run: dict[str, Any]
) -> None:
    found = {}
    with context(width, scheme) as opened:
        page = opened.new_page()
        for address in PAGES:
            page.goto(f"{index}{address}")
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found[address] = violations(page, run)
    assert not {address: wrong for address, wrong in found.items() if wrong}


def test_axe_finds_nothing_on_the_pages_of_changes_before_the_first_release(
    page: Page, serve: Serve, tmp_path: Path
) -> None:
    registry = tmp_path / "registry.binpb"
    registry.write_bytes(unreleased(REGISTRY))
    with serve(registry) as fresh:
        for address in ("changes/", "changes/bee/"):
            page.goto(f"{fresh}{address}")
            assert page.get_by_text("No release of these questions has been made yet.").is_visible()
            assert violations(page, EVERY_RULE) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_is_wider_than_the_screen(context: Context, index: str, width: int) -> None:
    with context(width) as opened:
        page = opened.new_page()
        wide = []
        for address in PAGES:
            page.goto(f"{index}{address}")
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(address)
    assert not wide


@pytest.mark.parametrize("language", ["", "de/", "es/"])
def test_no_text_of_a_drawing_is_cut_off_at_its_edge(page: Page, index: str, language: str) -> None:
    cut = {}
    for key in ("php_version", "mysql_version", "version", "core_modules", "web_server"):
        page.goto(f"{index}{language}projects/backdrop/{key}/")
        texts = page.locator("svg.timeline text:visible")
        assert texts.count()
        cut[key] = texts.evaluate_all(CUT_OFF)
    assert not {key: found for key, found in cut.items() if found}


def test_pages_load_nothing_from_elsewhere_and_break_no_policy(page: Page, index: str) -> None:
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for address in PAGES:
        page.goto(f"{index}{address}", wait_until="networkidle")
    assert [url for url in requests if not url.startswith(index)] == []
    assert complaints == []
    assert page.context.cookies() == []


def test_the_first_page_with_all_that_it_needs_is_small(page: Page, index: str) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it marks its handlers, which append() does not allow
    page.goto(index, wait_until="networkidle")
    assert {answer.status for answer in answers} == {200}
    assert 2 <= len(answers) <= 3
    assert sum(len(answer.body()) for answer in answers) < FIRST_PAGE_BYTES


def test_the_way_from_a_change_leads_to_the_question_and_back_to_the_release(
    page: Page, index: str
) -> None:
    page.goto(index)
    page.get_by_role("link", name="Changes", exact=True).click()
    page.get_by_role("link", name="content_items").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Content items"
    page.get_by_role("link", name="0.3").click()
    release = page.get_by_role("heading", name="0.3 2026-09-01")
    release.wait_for()
    assert page.locator(":target").inner_text() == release.inner_text()
    row = page.get_by_role("listitem").filter(has_text="bounds added")
    assert "not comparable with earlier weeks" in row.inner_text()
    assert "asks" in row.inner_text()


def test_a_long_release_is_folded_and_unfolds_without_scripts(context: Context, index: str) -> None:
    with context(scripts=False) as opened:
        page = opened.new_page()
        page.goto(f"{index}changes/backdrop/")
        first = page.get_by_text("a new key, Clean URLs")
        assert not first.is_visible()
        page.get_by_text("16 changes: 16 added").click()
        assert first.is_visible()


def test_a_browser_is_told_where_the_feed_is_and_gets_it_as_one(page: Page, index: str) -> None:
    page.goto(f"{index}projects/backdrop/php_version/")
    links = page.locator('link[type="application/atom+xml"]')
    found = links.evaluate_all("all => all.map(link => link.href)")
    feeds = ("changes/backdrop", "changes", "weeks")
    assert found == [f"{index}{folder}/feed.atom" for folder in feeds]
    for address in found:
        answer = page.request.get(address)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/atom+xml")


def test_answers_past_the_first_ones_unfold(page: Page, index: str) -> None:
    page.goto(f"{index}projects/backdrop/languages/")
    tables = page.locator("table.bars")
    assert tables.nth(0).get_by_role("row").count() == 51
    assert not tables.nth(1).is_visible()
    page.get_by_text(" more answers").click()
    assert tables.nth(1).is_visible()


def test_a_printed_page_is_black_on_white_with_all_that_was_folded(
    context: Context, index: str
) -> None:
    with context(800, "dark") as opened:
        page = opened.new_page()
        page.goto(f"{index}projects/backdrop/php_version/")
        page.emulate_media(media="print", color_scheme="dark")
        style = "getComputedStyle(document.body)"
        assert page.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate(f"{style}.color") == "rgb(0, 0, 0)"
        assert not page.get_by_role("navigation", name="Site").is_visible()
        assert page.get_by_role("columnheader", name="Week").is_visible()
        page.goto(f"{index}collected/")
        assert page.get_by_text("PHP version", exact=True).first.is_visible()


def test_the_large_chart_is_drawn_without_scripts(context: Context, index: str) -> None:
    with context(scripts=False) as opened:
        page = opened.new_page()
        page.goto(f"{index}projects/backdrop/php_version/")
        assert page.get_by_role("radio").count() == 1
        drawing = page.get_by_role("img", name="PHP version from")
        assert drawing.is_visible()
        assert "1.9 " in str(drawing.get_attribute("aria-label"))


def test_everything_works_without_scripts(context: Context, index: str) -> None:
    with context(scripts=False) as opened:
        page = opened.new_page()
        page.goto(index)
        page.get_by_role("link", name="Backdrop CMS").click()
        page.get_by_role("link", name="PHP version").click()
        assert page.get_by_role("heading", level=1).inner_text() == "PHP version"
        table = page.get_by_role("row", name="2.0")
        assert table.first.is_visible()
        page.get_by_text("The same as a table").click()
        assert page.get_by_role("columnheader", name="Week").is_visible()


def test_the_keyboard_reaches_the_content_first_and_every_link(page: Page, index: str) -> None:
    page.goto(f"{index}projects/backdrop/php_version/")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    assert skip.is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#content:focus").count() == 1
    reached = set()
    links = page.locator("main a").count()
    for _ in range(links):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.tagName") != "A":
            page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        reached.add(page.evaluate("document.activeElement.getAttribute('href')"))
    hrefs = page.eval_on_selector_all("main a", "all => all.map(a => a.getAttribute('href'))")
    assert set(hrefs) <= reached


def test_a_screen_reader_is_told_what_a_drawing_shows(page: Page, index: str) -> None:
    page.goto(f"{index}projects/backdrop/php_version/")
    drawn = page.get_by_role("img", name="2.0: from ")
    assert "2026-W44" in str(drawn.get_attribute("aria-label"))
    rows = page.get_by_role("table").first.get_by_role("row")
    assert rows.first.inner_text().split() == ["Answer", "Reports", "Share"]


def test_dark_and_light_differ_and_both_are_drawn(context: Context, index: str) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        with context(scheme=scheme) as opened:
            page = opened.new_page()
            page.goto(index)
            papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(papers) == 2


def test_bars_are_as_long_as_the_numbers_beside_them(page: Page, index: str) -> None:
    page.goto(f"{index}projects/backdrop/clean_urls/")
    bar = page.locator("table.bars svg").first
    whole = bar.locator(".track").bounding_box()
    part = bar.locator(".fill").bounding_box()
    assert whole is not None
    assert part is not None
    low, high = map(
        float, page.locator("table.bars td.number").nth(1).inner_text().rstrip("%").split("–")
    )
    assert low <= 100 * part["width"] / whole["width"] <= high


def test_badge_and_fragment_can_be_embedded_by_a_page_of_another_site(
    page: Page, index: str, tmp_path: Path
) -> None:
    place = f"{index}projects/backdrop"
    html = f'<img src="{place}/badge.svg"><iframe src="{place}/fragment.html"></iframe>'
    (tmp_path / "index.html").write_text(html, encoding="ascii")
    with other_site(tmp_path) as elsewhere:
        page.goto(elsewhere, wait_until="networkidle")
        assert page.evaluate("document.images[0].naturalWidth") > 100
        assert "installations reported" in page.frames[1].locator("body").inner_text()


@contextmanager
def other_site(folder: Path) -> Iterator[str]:
    """Serve a folder under another origin."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_hostile_declaration_runs_nothing(page: Page, serve: Serve, tmp_path: Path) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(REGISTRY.read_bytes())
    of_key: Any = options_pb2.key
    hostile = "</title></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    for file in files.file:
        for message in file.message_type:
            if message.options.HasExtension(of_key):
                key = message.options.Extensions[of_key]
                key.label = key.description = key.purpose = hostile
                key.issue = "javascript:alert(3)"
    registry = tmp_path / "registry.binpb"
    registry.write_bytes(files.SerializeToString())
    dialogs: list[str] = []

    def opened(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", opened)
    with serve(registry) as index:
        for address in PAGES:
            page.goto(f"{index}{address}", wait_until="networkidle")
            assert page.locator("script, img").count() == 0
            assert page.locator("a[href^=javascript]").count() == 0
    assert dialogs == []

"""The pages as a running server gives them out: headers, caching, and nothing of an open week."""

from __future__ import annotations

import errno
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.publication import bundle
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import load
from headcount_server.store.published_tables import every_week

Submit = Callable[..., wire.SubmitReportResponse]
Said = Callable[..., bytes]
At = Callable[[str], None]


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


Get = Callable[..., Answer]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


ABOUT = bundle.About(Policy(5, timedelta(days=2)))


@pytest.fixture(name="get")
def _get(running: App) -> Get:
    """What the public address answers to GET (or another method), redirects as they are."""
    opener = urllib.request.build_opener(_Stay())

    def get(path: str, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"http://{running.public}{path}", headers=named, method=method
        )
        try:
            with opener.open(request, timeout=10) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    return get


class Seen(NamedTuple):
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]
    """All but the date."""


@pytest.fixture(name="crawl")
def _crawl(get: Get) -> Callable[[], dict[str, Seen]]:
    """Everything that a link or the description of the files leads to, by path."""

    def crawl() -> dict[str, Seen]:
        seen: dict[str, Seen] = {}
        ahead = ["/", *described(get)]
        while ahead:
            path = ahead.pop()
            if path in seen:
                continue
            answer = get(path)
            headers = tuple((n, v) for n, v in answer.headers.items() if n.lower() != "date")
            seen[path] = Seen(answer.status, answer.body, headers)
            if answer.headers.get_content_type() == "text/html":
                links = re.findall(r'<(?:a|link) [^>]*href="([^"#]+)', answer.body.decode())
                ahead += [urljoin(path, found) for found in links if not found.startswith("http")]
        return seen

    return crawl


def described(get: Get) -> list[str]:
    """Every path that the OpenAPI description stands for, with all projects, keys and weeks."""
    projects = json.loads(get("/data/registry.json").body)["projects"]
    latest = get("/data/weeks/latest.json")
    weeks = [w["week"] for w in json.loads(latest.body)["weeks"]] if latest.status == 200 else []
    places = [
        {
            "{project}": project["declaration"]["name"],
            "{key}": key["declaration"]["name"],
            "{digest}": project["declaration"]["digest"],
        }
        for project in projects
        for key in project["keys"]
    ]
    paths: set[str] = set()
    for path in json.loads(get("/data/openapi.json").body)["paths"]:
        for place in places:
            filled = path
            for name, text in place.items():
                filled = filled.replace(name, text)
            paths |= {filled.replace("{week}", week) for week in weeks or ["2026-W46"]}
    return sorted(path for path in paths if "{set}" not in path)  # one project shares no question


@pytest.fixture(name="closed")
def _closed(at: At, submit: Submit, said: Said) -> None:
    """W46 is published with seven reports, and W47 is open."""
    at("2026-11-17T12:00:00Z")
    for number in range(7):
        report = said(
            multisite={"value": number < 6},
            php_version={"value": "8.2"},
            version={"value": "1.30"},
            modules={"values": [2, 3]},
        )
        submit(report, number, "2026-W46")
    at("2026-11-19T12:00:00Z")


Crawl = Callable[[], dict[str, Seen]]


@pytest.mark.usefixtures("closed")
def test_a_report_of_the_open_week_changes_no_byte_of_any_page_or_file(
    crawl: Crawl, submit: Submit, said: Said
) -> None:
    before = crawl()
    expected = {"/", "/projects/toy/php_version/", "/data/projects/toy/note.csv", "/metrics"}
    expected |= {"/changes/", "/changes/feed.atom", "/changes/toy/", "/changes/toy/feed.atom"}
    expected |= {"/data/bundle.zip", "/data/openapi.json", "/projects/toy/badge.svg"}
    expected |= {f"/projects/toy/php_version/{name}" for name in ("chart.svg", "picture.png")}
    assert expected <= before.keys()
    assert {path for path, seen in before.items() if seen.status != 200} == set()
    for number in range(20, 40):
        submit(said(php_version={"value": "8.9"}, note={"value": "seen now"}), number)
    after = crawl()
    assert {path for path in before if before[path] != after.get(path)} == set()
    assert before.keys() == after.keys()


@pytest.mark.usefixtures("closed")
def test_the_close_of_a_week_shows_it_everywhere(
    crawl: Crawl, submit: Submit, said: Said, at: At
) -> None:
    before = crawl()
    for number in range(20, 40):
        submit(said(php_version={"value": "8.9"}), number)
    at("2026-11-25T00:00:00Z")
    after = crawl()
    assert "8.9" in after["/projects/toy/php_version/"].body.decode()
    assert "/data/weeks/2026-W47.json" in after
    same = {path for path in before if before[path] == after[path]}
    assert {"/data/weeks/2026-W46.json", "/data/openapi.json", "/style.css"} <= same
    assert not {"/", "/projects/toy/", "/data/weeks/latest.json", "/data/bundle.zip"} & same


@pytest.mark.usefixtures("closed")
def test_the_bundle_is_the_archive_that_export_writes(
    get: Get, running: App, tmp_path: Path
) -> None:
    answer = get("/data/bundle.zip")
    exported = tmp_path / "exported.zip"
    known = load(running._config.registry)
    bundle.write(exported, known, every_week(running._config.database), ABOUT)
    assert answer.body == exported.read_bytes()
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-disposition"] == 'attachment; filename="headcount-bundle.zip"'
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.usefixtures("closed")
def test_the_bundle_is_not_sent_to_who_has_it_nor_with_head(get: Get) -> None:
    whole = get("/data/bundle.zip")
    again = get("/data/bundle.zip", If_None_Match=whole.headers["etag"])
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", whole.headers["etag"])
    head = get("/data/bundle.zip", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    assert get("/data/bundle.zip", method="POST").status == 405


@pytest.mark.usefixtures("closed")
def test_many_who_fetch_the_bundle_at_once_get_the_same_and_it_is_made_once(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    archive = bundle.archive

    def counted(*given: Any) -> None:
        made.append(given)
        archive(*given)

    monkeypatch.setattr("headcount_server.publication.bundle.archive", counted)
    with ThreadPoolExecutor(8) as callers:
        bodies = {a.body for a in callers.map(lambda _: get("/data/bundle.zip"), range(24))}
    assert len(bodies) == 1
    assert len(made) == 1


def test_where_the_bundle_cannot_be_made_callers_are_told_and_the_next_one_gets_it(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("headcount_server.publication.bundle.archive", full)
        refused = get("/data/bundle.zip")
    assert (refused.status, b"try again later" in refused.body) == (503, True)
    assert get("/data/bundle.zip").status == 200


def test_everything_goes_out_under_a_strict_policy_and_can_be_read_from_anywhere(
    get: Get,
) -> None:
    for path in ("/", "/projects/toy/", "/data/registry.json", "/nothing", "/projects/nothing"):
        headers = get(path).headers
        if path != "/nothing":  # which no door owns
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["access-control-allow-origin"] == "*"
            assert headers["cache-control"] == "public, max-age=300"
        assert "set-cookie" not in headers


def test_only_fragment_and_badge_may_be_framed_by_others(get: Get) -> None:
    for path in ("/projects/toy/fragment.html", "/projects/toy/badge.svg"):
        assert "frame-ancestors *" in get(path).headers["content-security-policy"]
    assert get("/projects/toy/badge.svg").headers["content-type"] == "image/svg+xml"


def test_a_picture_goes_out_as_a_chart_does_with_what_a_bitmap_needs(get: Get) -> None:
    chart, drawn = (get(f"/projects/toy/nodes/{name}") for name in ("chart.svg", "picture.png"))
    assert drawn.status == 200
    assert drawn.headers["content-type"] == "image/png"
    assert drawn.body.startswith(b"\x89PNG\r\n")
    own = ("content-type", "content-length", "content-security-policy", "etag", "date")
    kept, same = (
        {name.lower(): text for name, text in each.headers.items() if name.lower() not in own}
        for each in (chart, drawn)
    )
    assert kept == same
    assert same["cache-control"] == "public, max-age=300"
    again = get("/projects/toy/nodes/picture.png", If_None_Match=drawn.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_who_has_the_present_document_is_told_so_and_sent_nothing(get: Get) -> None:
    tag = get("/").headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get("/", If_None_Match=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert get("/", If_None_Match='"other"').status == 200


def test_head_answers_as_get_does_and_other_methods_are_refused(get: Get) -> None:
    head, whole = get("/privacy/", method="HEAD"), get("/privacy/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    assert get("/privacy/", method="POST").status == 405


def test_a_page_without_its_slash_is_shown_the_way(get: Get) -> None:
    for path in ("/privacy", "/projects/toy", "/projects/toy/nodes"):
        answer = get(path)
        assert (answer.status, urljoin(path, answer.headers["location"])) == (308, f"{path}/")


@pytest.mark.parametrize(
    "path",
    [
        "/projects/nothing/",
        "/projects/toy/nothing/",
        "/projects/../etc/passwd",
        "/projects/%2e%2e/%2e%2e/app.py",
        "/data/weeks/2026-W47.json",
        "/data/weeks/2026-W99.json",
        "/data/weeks/2020-W01.xml",
        "/data/projects/toy/nothing.csv",
    ],
)
@pytest.mark.usefixtures("closed")
def test_nothing_stands_at_other_addresses_nor_at_that_of_the_open_week(
    get: Get, path: str
) -> None:
    assert get(path).status == 404


@pytest.mark.usefixtures("closed")
def test_a_week_from_before_those_of_the_tables_keeps_its_files(
    get: Get, monkeypatch: pytest.MonkeyPatch, at: At
) -> None:
    kept = get("/data/weeks/2026-W46.csv")
    monkeypatch.setattr("headcount_server.pages.site.MAX_WEEKS", 1)
    at("2026-11-25T00:00:00Z")
    assert "2026-W46" not in get("/data/projects/toy.csv").body.decode()
    assert "2026-W46" not in get("/data/projects/toy/php_version.csv").body.decode()
    assert "2026-W46" in get("/data/projects/toy/php_version/all.csv").body.decode()
    assert "2026-W46" in get("/data/").body.decode()
    assert get("/data/weeks/2026-W46.csv").body == kept.body


def test_a_registry_that_is_read_again_changes_the_pages_at_once(
    config: Config, clock_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "registry.binpb"
    copy.write_bytes(config.registry.read_bytes())
    with App(replace(config, registry=copy), FileClock(clock_file)) as app:
        before = _look(app, "/collected/").body
        copy.write_bytes(copy.read_bytes().replace(b"PHP version", b"PHP release"))
        app.reload()
        after = _look(app, "/collected/").body
    assert (b"PHP version" in before, b"PHP release" in after) == (True, True)


def test_pages_are_the_same_after_a_restart(config: Config, clock_file: Path) -> None:
    def tags() -> list[str]:
        with App(config, FileClock(clock_file)) as app:
            paths = ("/", "/collected/", "/data/openapi.json")
            return [_look(app, path).headers["etag"] for path in paths]

    assert tags() == tags()


def _look(app: App, path: str) -> Answer:
    with urllib.request.urlopen(f"http://{app.public}{path}", timeout=10) as response:
        return Answer(response.status, response.headers, response.read())

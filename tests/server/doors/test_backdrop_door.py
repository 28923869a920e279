"""What today's Backdrop sites and `bee` send is taken unchanged, once a week and site.

Each bug that was seen in the server that they send to today has a test here
or in `test_backdrop_values`.
"""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.counting import answers as answers_module
from headcount_server.doors import backdrop, http_requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from support.held_writer import held_up
from support.repository import REGISTRY
from support.store_files import file_of
from support.waiting import PATIENCE, until

At = Callable[[str], None]
Fetch = Callable[..., tuple[str, str]]
Answer = tuple[int, str, str]
"""Status, content type and body."""

SITE = "kw7qg-O8Q3yOalYvYrjVHZqX3rKiaeWb5ejXFjug6PY"
TOY = {"toy": {"version": "1.27.1", "php_version": "8.2.36", "multisite": "Yes"}}

CAPTURED = (
    b"POST %s HTTP/1.0\r\n"
    b"Content-Type: application/json\r\n"
    b"X-Site-Key: kw7qg-O8Q3yOalYvYrjVHZqX3rKiaeWb5ejXFjug6PY\r\n"
    b"User-Agent: Backdrop CMS (+https://backdropcms.org)\r\n"
    b"Host: 127.0.0.1:8099\r\n"
    b"Content-Length: 256\r\n"
    b"\r\n"
    b'{"backdrop":{"version":"1.27.1","ckeditor5_version":"40.2.0","php_version":"8.2.36",'
    b'"mysql_version":"10.11.19-MariaDB-0+deb12u1","server_os":"Linux","web_server":"Other",'
    b'"install_profile":"standard","multisite":"No","ckeditor_module_version":"CKEditor 5"}}'
)


@pytest.fixture(name="post")
def _post(running: App) -> Callable[..., Answer]:
    """Posts a site's values and gives what came back."""

    def post(told: object, site: str | None = SITE, path: str = "/post", **headers: str) -> Answer:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        if site is not None:
            headers["X-Site-Key"] = site
        address = running.public
        connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            kind = response.headers.get("content-type", "")
            return response.status, kind, response.read().decode()
        finally:
            connection.close()

    return post


Post = Callable[..., Answer]


def _rows(config: Config, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{file_of(config).as_uri()}?mode=ro", uri=True)) as reader:
        return reader.execute(query).fetchall()


def _reports(config: Config) -> dict[str, int]:
    return dict(_rows(config, "SELECT project, sum(reports) FROM open_reports GROUP BY project"))


def _error(answer: Answer) -> str:
    status, kind, body = answer
    assert 400 <= status < 600
    assert kind == "application/json"
    told = json.loads(body)
    assert list(told) == ["error"]
    assert told["error"]
    return str(told["error"])


@pytest.mark.parametrize("path", [b"/post", b"/telemetry/post"])
def test_the_request_of_a_real_site_is_counted_and_answered_empty(
    config: Config, clock_file: Path, path: bytes
) -> None:
    shipped = REGISTRY
    with App(replace(config, registry=shipped, threshold=1), FileClock(clock_file)) as app:
        with socket.create_connection((app.public.host, app.public.port), timeout=20) as sent:
            sent.sendall(CAPTURED % path)
            answer = b""
            while chunk := sent.recv(4096):  # the server closes, as HTTP/1.0 has it
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n"))
        assert b"content-length: 0" in head.lower()
        assert body == b""
        clock_file.write_text("2026-11-25T00:00:00Z", encoding="ascii")
        app.weeks.advance()
        published = set(_rows(config, "SELECT value, release FROM published_values"))
    assert published == {
        ("1.27", ""),
        ("40", ""),
        ("8.2", ""),  # no release is told apart in a first week
        ("MariaDB 10.11", ""),
        ("Linux", ""),
        ("standard", ""),
    }


def test_a_site_counts_once_a_week_however_often_it_reports_and_by_its_first_report(
    post: Post, at: At, config: Config
) -> None:
    at("2026-11-16T00:00:00Z")
    assert post(TOY) == (200, "", "")
    for day in range(16, 23):
        at(f"2026-11-{day}T23:59:59Z")
        later = {"toy": {**TOY["toy"], "php_version": "8.3.1"}}
        assert post(later) == (200, "", "")
    assert _reports(config) == {"toy": 1}
    values = _rows(config, "SELECT value FROM open_values WHERE key = 2 AND week = '2026-W47'")
    assert values == [("8.2",)]


def test_a_site_counts_in_every_week_while_the_one_before_is_still_open(
    post: Post, at: At, config: Config
) -> None:
    for moment in ("2026-11-22T23:00:00Z", "2026-11-23T01:00:00Z", "2026-11-24T01:00:00Z"):
        at(moment)
        assert post(TOY) == (200, "", "")
    assert _rows(config, "SELECT week, reports FROM open_reports ORDER BY week") == [
        ("2026-W47", 1),
        ("2026-W48", 1),
    ]


def test_nothing_that_came_in_is_gone_before_the_week_is_published(
    running: App, post: Post, at: At, config: Config
) -> None:
    at("2026-11-16T00:00:01Z")
    for number in range(5):
        post(TOY, site=f"site-{number}")
    for day in range(16, 25):
        at(f"2026-11-{day}T12:00:00Z")
    at("2026-11-25T00:00:00Z")
    assert _rows(config, "SELECT project, reports FROM published_reports") == [("toy", 5)]
    assert running.weeks.open()


def test_a_second_report_that_is_bad_leaves_the_first_as_it_was(post: Post, config: Config) -> None:
    assert post(TOY)[0] == 200
    before = _rows(config, "SELECT * FROM open_values ORDER BY key")
    assert "not an object" in _error(post({"toy": "x"}))
    assert _error(post({"toy": {"php_version": ["8.3"]}}))
    assert _reports(config) == {"toy": 1}
    assert _rows(config, "SELECT * FROM open_values ORDER BY key") == before


def test_many_reports_of_one_site_at_the_same_time_count_once_and_none_fails(
    post: Post, config: Config
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(TOY), range(40)))
    assert set(answers) == {(200, "", "")}
    assert _reports(config) == {"toy": 1}


@pytest.mark.parametrize("other", [SITE.lower(), SITE.upper(), SITE[:-1], SITE + "A", SITE + "="])
def test_two_sites_are_told_apart_to_the_letter(post: Post, config: Config, other: str) -> None:
    post(TOY)
    assert post(TOY, site=other) == (200, "", "")
    assert _reports(config) == {"toy": 2}


def test_each_project_of_a_site_counts_by_itself(post: Post, config: Config) -> None:
    assert post({"toy": {"multisite": "Yes"}, "colours": {"red": "Yes"}}) == (200, "", "")
    assert _reports(config) == {"toy": 1}
    assert post({"toy": {}, "colours": {}}, site="another") == (200, "", "")
    assert _reports(config) == {"toy": 2}


def test_what_nobody_declared_is_left_out_and_counted_in_operations(
    running: App, post: Post, fetch: Fetch, config: Config, at: Callable[[str], None]
) -> None:
    told = {"toy": {"colour": "red", "multisite": "Yes", "note": None}, "colours": {"a": "b"}}
    assert post(told) == (200, "", "")
    assert "'colours'" in _error(post({"colours": {"a": "b"}}))
    at("2026-11-19T13:00:00Z")  # what is told by project moves on the hour
    _, body = fetch(running.operations)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert samples["headcount_server_ignored_keys_total", "toy", "unknown"] == 1
    assert samples["headcount_server_ignored_keys_total", "toy", "empty"] == 1
    assert samples["headcount_server_ignored_keys_total", "toy", "malformed"] == 0
    assert samples["headcount_server_project_reports_total", "toy", "partial"] == 1
    assert samples["headcount_server_reports_total", "counted"] == 1
    assert samples["headcount_server_reports_total", "not_found"] == 2
    assert samples["headcount_server_calls_total", "ok", "post"] == 1
    assert samples["headcount_server_calls_total", "not_found", "post"] == 1
    assert "colour" not in body
    assert _rows(config, "SELECT key FROM open_values") == [(3,)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b'"foo"', 400),
        (b"5", 400),
        (b"true", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"toy": "x"}', 400),
        (b'{"toy": null}', 400),
        (b'{"toy": ["8.2"]}', 400),
        (b'{"toy": {"php_version": null}}', 400),
        (b'{"toy": {"php_version": {"value": "8.2"}}}', 400),
        (b'{"toy": {"php_version": "8.2"}, "toy": {}}', 400),
        (b'{"toy": {"' + b"k" * 200 + b'": "8.2"}}', 400),
        (b'{"toy": {"php_version": "' + b"8" * 2000 + b'"}}', 400),
        (b'{"toy": {"multisite": "\\ud800"}}', 400),
        (b'{"colours": {"red": "Yes"}}', 404),
        (b'{"a/headcount.projects.toy": {"multisite": "Yes"}}', 404),
        (b'{"\\u0000": {}}', 404),
        (json.dumps({f"p{n}": {} for n in range(51)}).encode(), 400),
        (b" " * 65_537, 413),
    ],
    ids=lambda value: value[:40].decode() if isinstance(value, bytes) else str(value),
)
def test_what_cannot_be_counted_is_refused_with_a_reason_and_never_with_a_fault_of_ours(
    post: Post, config: Config, body: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = post(body)
    assert answer[0] == status
    told = _error(answer)
    assert not [word for word in ("sqlite", "SELECT", "INSERT", "Traceback") if word in told]
    assert _reports(config) == {}
    assert caplog.text == ""


@pytest.mark.parametrize("site", [None, "", " ", "two words", "x" * 257, "k\u00e9y"])
def test_a_site_key_that_is_none_is_refused(post: Post, config: Config, site: str | None) -> None:
    assert "X-Site-Key" in _error(post(TOY, site=site))
    assert _reports(config) == {}


def test_compressed_bodies_are_refused(post: Post) -> None:
    packed = gzip.compress(json.dumps(TOY).encode())
    assert "compressed" in _error(post(packed, **{"Content-Encoding": "gzip"}))


def test_neither_site_key_nor_token_is_kept_in_any_file_or_word(
    post: Post, running: App, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post(TOY)
    _error(post({"toy": 1}))
    token = backdrop._token(SITE.encode(), "toy", running.weeks.open()[0])
    kept = b"".join(
        path.read_bytes() for path in file_of(config).parent.rglob("*") if path.is_file()
    )
    for canary in (SITE.encode(), token, token.hex().encode()):
        assert canary not in kept
    assert SITE not in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_the_token_of_a_site_differs_by_week_project_and_site_and_is_stable_otherwise(
    running: App,
) -> None:
    week = running.weeks.open()[0]
    tokens = {
        backdrop._token(site, project, when)
        for site in (b"a", b"b")
        for project in ("toy", "bee")
        for when in (week, week.next())
        for _ in range(2)
    }
    assert len(tokens) == 8
    assert {len(token) for token in tokens} == {16}


@pytest.fixture(name="blocked")
def _blocked(running: App) -> Iterator[threading.Event]:
    """The event for which the server's writer waits, or for the end of the test."""
    with held_up(running.weeks._writer) as free:
        yield free


@pytest.mark.usefixtures("blocked")
def test_a_site_is_answered_within_a_second_where_nothing_can_be_written(post: Post) -> None:
    with ThreadPoolExecutor(40) as pool:
        # They are answered though the writer is held up for as long as the test lasts.
        answers = list(pool.map(lambda number: post(TOY, site=f"site-{number}"), range(40)))
    assert {status for status, _, _ in answers} == {504}
    assert backdrop.CALL_SECONDS < 1


def test_more_than_can_wait_is_refused_at_once(
    running: App, post: Post, blocked: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_requests, "MAX_REQUESTS", 1)
    monkeypatch.setattr(backdrop, "CALL_SECONDS", PATIENCE)
    waiting = threading.Thread(daemon=True, target=post, args=(TOY,))
    waiting.start()
    until(running.weeks._writer.waiting)  # before, it gives its place away for a moment
    answer = post(TOY, site="another")
    assert waiting.is_alive()
    assert answer[0] == 429
    assert "hours" in _error(answer)
    blocked.set()
    waiting.join()


def test_a_report_that_was_answered_too_late_is_counted_all_the_same_and_only_once(
    blocked: threading.Event, post: Post, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backdrop, "CALL_SECONDS", 0.05)
    assert "again" in _error(post(TOY))
    blocked.set()
    monkeypatch.setattr(backdrop, "CALL_SECONDS", PATIENCE)
    assert post(TOY)[0] == 200
    assert _reports(config) == {"toy": 1}


def test_a_fault_of_ours_tells_nobody_what_was_sent(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_project: object, report: bytes, _today: object) -> None:
        raise RuntimeError(report)

    monkeypatch.setattr(answers_module, "read", fail)
    status, _, body = post({"toy": {"note": "canary"}})
    assert status == 500
    assert "canary" not in body
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_TOLD = st.dictionaries(
    st.sampled_from(["toy", "bee", ""]),
    _JSON
    | st.dictionaries(
        st.sampled_from(["version", "php_version", "nodes", "modules", "note", "channel", "x"]),
        _JSON,
    ),
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(told=_TOLD)
def test_no_json_whatsoever_is_a_fault_of_ours(post: Post, told: object) -> None:
    assert post(told)[0] in {200, 400, 404}


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    report=st.dictionaries(
        st.sampled_from(["version", "phpVersion", "nodes", "modules", "webServer", "note", "x"]),
        _JSON | st.fixed_dictionaries({}, optional={"value": _JSON, "values": _JSON}),
    )
)
def test_no_report_in_json_whatsoever_is_a_fault_of_ours(
    post: Post, report: dict[str, object]
) -> None:
    url = "x/headcount.projects.toy.v1.Report"
    told = {
        "week": "2026-W47",
        "token": "dG9rZW50b2tlbnRva2Vu"[:22],
        "report": report | {"@type": url},
    }
    path = "/headcount.v1.TelemetryService/SubmitReport"
    status, _, body = post(told, path=path)
    assert status in {200, 400}, body

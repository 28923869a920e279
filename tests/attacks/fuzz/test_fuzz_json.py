"""Any bytes as JSON, of our own form or Backdrop's: refused in words or counted exactly."""

from __future__ import annotations

import http.client
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from google.protobuf import json_format
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.config import Config
from headcount_server.counting import answers
from headcount_server.doors import backdrop_values, json_reports
from headcount_server.doors.http_requests import MAX_BODY_BYTES
from headcount_server.doors.json_memory import Converted
from headcount_server.doors.json_text import Pairs, parse, plain
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Project, Schema
from support.fuzzing import Surface, treewise
from support.intake_model import TODAY, TYPE, Held, understood
from support.store_files import file_of

CORPUS = Path(__file__).parent / "corpus"
REPORTS = Surface(
    CORPUS / "json",
    treewise(
        (
            b"week",
            b"token",
            b"report",
            b"registryDigest",
            b"@type",
            f"x/{TYPE}".encode(),
            b"note",
            b"phpVersion",
            b"php_version",
            b"webServer",
            b"nodes",
            b"modules",
            b"multisite",
            b"value",
            b"values",
            b"VALUE_OTHER",
            b"VALUE_APACHE",
            b"VALUE_UNSPECIFIED",
            b"2026-W47",
            b"8.2",
            b"1e400",
            b"\\ud800",
            b"[[[[[[[[[[[[[[[[[[",
        )
    ),
)
SITES = Surface(
    CORPUS / "backdrop",
    treewise(
        (
            b"toy",
            b"version",
            b"php_version",
            b"web_server",
            b"nodes",
            b"modules",
            b"contrib",
            b"note",
            b"channel",
            b"old",
            b"Yes",
            b"nginx/1.24",
            b"5.5.5-10.3.38-MariaDB",
            b"1.x-2.3",
            b"webform, rules",
            b"999999999999999999999",
        )
    ),
)
METHOD = "/headcount.v1.TelemetryService/SubmitReport"
REFUSALS = {400, 404, 429}

Post = Callable[[str, bytes, dict[str, str]], tuple[int, bytes]]


@pytest.fixture(name="post")
def _post(running: App) -> Iterator[Post]:
    place = (running.public.host, running.public.port)
    with closing(http.client.HTTPConnection(*place, timeout=20)) as connection:

        def post(path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()

        yield post


def _as_protobuf_reads_it(body: bytes, schema: Schema) -> bytes | None:
    """The request in binary form, where protobuf's own parser takes all of it."""
    if b"\\u0000" in body:  # it takes `token\\0` for `token`
        return None
    if re.search(rb'"token": *"[^"]*[^\w+/="-]', body):  # it passes over what is no base64
        return None
    request = wire.SubmitReportRequest()
    try:
        json_format.Parse(body, request, descriptor_pool=schema.pool)
    except (json_format.ParseError, UnicodeError, RecursionError, TypeError, ValueError):
        return None
    return request.SerializeToString()


def test_any_json_is_refused_in_words_or_counted_as_its_binary_form_would_be(
    post: Post,
    toy: Project,
    toy_schema: Schema,
    config: Config,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    held, compared = Held(toy), 0
    for body in REPORTS.inputs(500):
        if len(body) > MAX_BODY_BYTES:  # `test_patience` is about those
            continue
        with REPORTS.keeping(body):
            status, answer = post(METHOD, body, {"Content-Type": "application/json"})
            told = json.loads(answer)
            assert caplog.text == ""
            assert status in {200, *REFUSALS}, answer
            binary = _as_protobuf_reads_it(body, toy_schema)
            expected = understood(toy, binary) if binary is not None else None
            if status != 200:
                assert told["code"]
                assert told["message"]
                assert expected is None, told
                continue
            converted: list[Converted] = []

            def read(project: Project, told: Pairs, today: date) -> answers.Answers:
                converted.append(json_reports.report(project, plain(told)))  # noqa: B023 - called at once
                return answers.read(project, converted[0][0], today)  # noqa: B023

            submitted = json_reports.submission(body, read)
            given = submitted.read(toy, TODAY)
            data, left_out = converted[0]
            assert len(told.get("ignored", [])) == min(100, len(left_out) + len(given.ignored))
            held.take(submitted.token, given)
            if binary and expected and not left_out:  # it takes `""` for an empty message
                compared += 1
                assert submitted.token == expected[0]
                assert data == wire.SubmitReportRequest.FromString(binary).report.value
    assert compared > 5
    held.assert_held(file_of(config))


def _understood(toy: Project, body: bytes) -> answers.Answers | None:
    """What counts of a site's request; None where nothing does."""
    try:
        told = plain(parse(body)).get("toy")
    except InvalidReport:
        return None
    if not isinstance(told, dict):
        return None
    try:
        report, left_out = backdrop_values.report(toy, told)
        given = answers.read(toy, report, TODAY)
    except InvalidReport:
        return None
    return None if left_out and not given.given else given


def test_any_request_of_a_site_is_answered_empty_or_refused_in_words_and_counted_exactly(
    post: Post, toy: Project, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    held = Held(toy)
    for number, body in enumerate(SITES.inputs(400)):
        if len(body) > MAX_BODY_BYTES:
            continue
        with SITES.keeping(body):
            status, answer = post("/post", body, {"X-Site-Key": f"site-{number}"})
            assert caplog.text == ""
            given = _understood(toy, body)
            if status == 200:
                assert answer == b""
                assert given is not None
                held.take(number.to_bytes(16), given)
            else:
                assert status in REFUSALS, answer
                assert json.loads(answer)["error"]
                assert given is None or len(parse(body)) > 50
    assert held.reports > 50
    held.assert_held(file_of(config))

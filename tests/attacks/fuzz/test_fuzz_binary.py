"""Any bytes as a request or a report: refused in words or counted exactly, no fault of ours."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.config import Config
from headcount_server.counting import answers
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.counting.answers import Answers
from headcount_server.doors import json_reports, json_text
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Project, Schema
from support.fuzzing import Surface, fieldwise
from support.intake_model import TODAY, TYPE, WEEK, Held, understood
from support.store_files import file_of

CORPUS = Path(__file__).parent / "corpus"
WORDS = (
    b"2026-W47",
    b"2026-W46",
    b"9999-W52",
    b"0000-W01",
    TYPE.encode(),
    b"headcount.projects.",
    b".v1.Report",
    b"8.2",
    b"other",
    b"x" * 65,
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x00",
    b"\x0b" * 120,
    b"\x80" * 11,
    "٤٧".encode(),
)
ENVELOPES = Surface(CORPUS / "envelope", fieldwise(WORDS))
REPORTS = Surface(CORPUS / "report", fieldwise(WORDS))
REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,  # larger than a message may be
}
METHOD = "/headcount.v1.TelemetryService/SubmitReport"

Call = Callable[[str, bytes], bytes]
Door = Callable[[bytes], bytes | None]


def _over_grpc(call: Call) -> Door:
    def submit(request: bytes) -> bytes | None:
        try:
            return call("SubmitReport", request)
        except grpc.RpcError as error:
            if error.code() not in REFUSALS:
                raise
            return None

    return submit


def _over_http(connection: http.client.HTTPConnection) -> Door:
    def submit(request: bytes) -> bytes | None:
        connection.request("POST", METHOD, request, {"Content-Type": "application/proto"})
        response = connection.getresponse()
        body = response.read()
        assert response.status in {200, 400, 404, 429}, body
        return body if response.status == 200 else None

    return submit


def _asked(given: Answers) -> bytes:
    """The answer to a report that was understood like this."""
    return wire.SubmitReportResponse(
        week=WEEK,
        ignored=[
            wire.IgnoredKey(key=i.key, number=i.number, reason=i.reason, message=str(i.violation))
            for i in given.ignored
        ],
    ).SerializeToString()


def test_any_request_is_refused_in_words_or_counted_exactly_through_both_doors(
    running: App, call: Call, toy: Project, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    held = Held(toy)
    place = (running.public.host, running.public.port)
    with closing(http.client.HTTPConnection(*place, timeout=20)) as connection:
        doors = [_over_grpc(call), _over_http(connection)]
        for number, request in enumerate(ENVELOPES.inputs(400)):
            with ENVELOPES.keeping(request):
                answer = doors[number % 2](request)
                counted = understood(toy, request) if len(request) <= 64 * 1024 else None
                if counted is None:
                    assert answer is None
                else:
                    assert answer == _asked(counted[1])
                    held.take(*counted)
                assert caplog.text == ""
    assert held.reports > 1
    held.assert_held(file_of(config))


def _taken(read: Callable[..., Answers], *arguments: object) -> object:
    """What a reading comes to, in a form that can be compared."""
    try:
        read_answers = read(*arguments)
    except InvalidReport as error:
        return str(error)
    given = [(answer.key, answer.values) for answer in read_answers.given]
    return given, [astuple(entry) for entry in read_answers.ignored], read_answers.release


def test_any_report_is_read_alike_by_the_fast_reader_and_as_its_canonical_form(
    toy: Project,
) -> None:
    fast = AnswerCache()
    for report in REPORTS.inputs(2500):
        with REPORTS.keeping(report):
            plain = _taken(answers.read, toy, report, TODAY)
            assert _taken(fast.read, toy, report, TODAY) == plain
            assert _taken(fast.read, toy, report, TODAY) == plain  # out of its memory
            if not isinstance(plain, str):
                again = toy.report_class.FromString(report).SerializeToString()
                assert _taken(answers.read, toy, again, TODAY) == plain


def test_any_report_as_json_comes_to_the_same_answers(toy: Project, toy_schema: Schema) -> None:
    compared = 0
    for report in REPORTS.inputs(1000):
        with REPORTS.keeping(report):
            plain = _taken(answers.read, toy, report, TODAY)
            request = wire.SubmitReportRequest(week=WEEK, token=b"t" * 16)
            request.report.type_url = f"x/{TYPE}"
            request.report.value = report
            try:
                told = json_format.MessageToJson(request, descriptor_pool=toy_schema.pool)
            except (TypeError, ValueError, DecodeError):  # what is no report has no JSON
                continue
            given = json_text.plain(json_text.parse(told.encode()))["report"]
            data, left_out = json_reports.report(toy, given)
            if isinstance(plain, str) or not left_out:
                # JSON does not carry what is unknown, so only the rest is compared.
                known = toy.report_class.FromString(report)
                known.DiscardUnknownFields()
                plain = _taken(answers.read, toy, known.SerializeToString(), TODAY)
            assert _taken(answers.read, toy, data, TODAY) == plain
            compared += 1
    assert compared > 100

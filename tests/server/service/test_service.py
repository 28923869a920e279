"""The registry and the totals as the service tells them, whoever carries the call."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import options_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.counting.answers import Answers
from headcount_server.service import week_cycle
from headcount_server.service.telemetry_service import MAX_WEEKS, SHORT
from support.held_writer import held_up
from support.store_files import file_of
from support.waiting import until

Call = Callable[[str, bytes], bytes]
Submit = Callable[..., wire.SubmitReportResponse]
Said = Callable[..., bytes]
At = Callable[[str], None]

SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"


def _statistics(call: Call, **ask: str) -> wire.GetStatisticsResponse:
    request = wire.GetStatisticsRequest(**ask)
    answer = call("GetStatistics", request.SerializeToString())
    return wire.GetStatisticsResponse.FromString(answer)


def _registry(call: Call, project: str = "") -> wire.GetRegistryResponse:
    request = wire.GetRegistryRequest(project=project)
    return wire.GetRegistryResponse.FromString(call("GetRegistry", request.SerializeToString()))


@pytest.mark.parametrize("project", ["", "toy"])
def test_the_registry_tells_every_key_with_all_that_was_declared(call: Call, project: str) -> None:
    (toy,) = _registry(call, project).projects
    assert (toy.declaration.name, toy.declaration.title) == ("toy", "Toy")
    assert [key.number for key in toy.keys] == list(range(1, 12))
    web = toy.keys[3]
    assert web.declaration.name == "web_server"
    assert web.declaration.type == options_pb2.KEY_TYPE_PRODUCT
    assert [(value.number, value.text) for value in web.values] == [(2, "Apache"), (3, "nginx")]
    assert list(toy.keys[4].declaration.buckets) == [10, 100]


def test_the_registry_tells_the_policy_and_the_open_weeks(call: Call, at: At) -> None:
    policy = _registry(call).policy
    assert policy.threshold == 5
    assert policy.grace.ToTimedelta() == timedelta(days=2)
    assert list(policy.open_weeks) == ["2026-W47"]
    at("2026-11-24T12:00:00Z")
    assert list(_registry(call).policy.open_weeks) == ["2026-W48", "2026-W47"]


def test_there_are_no_totals_before_the_first_close(call: Call, submit: Submit, said: Said) -> None:
    for number in range(6):
        submit(said(multisite={"value": True}), number)
    assert _statistics(call) == wire.GetStatisticsResponse()
    assert _statistics(call, first_week="2026-W01") == wire.GetStatisticsResponse()


def test_the_totals_of_a_closed_week_are_those_of_its_reports_rounded_down(
    call: Call, submit: Submit, said: Said, at: At
) -> None:
    for number in range(12):
        submit(
            said(
                version={"value": "1.30.4"},
                php_version={"value": "8.2" if number < 6 else "8.3"},
                web_server={"value": 2, "version": "2.4.58"},
                modules={"values": [2, 3] if number < 7 else [2]},
                nodes={"value": number},
                multisite={"value": number < 4},
            ),
            number,
        )
    at("2026-11-25T00:00:00Z")
    (week,) = _statistics(call).weeks
    assert (week.week, week.threshold) == ("2026-W47", 5)
    (toy,) = week.projects
    assert (toy.project, toy.reports, list(toy.registry_digests)) == ("toy", 10, ["d1"])
    told = {
        key.key: (key.answers, [(v.value, v.version, v.reports) for v in key.values])
        for key in toy.keys
    }
    assert told == {
        "version": (10, [("1.30", "", 10)]),
        "php_version": (10, [("8.2", "", 5), ("8.3", "", 5)]),  # no release is told apart yet
        "multisite": (10, []),
        "web_server": (10, [("Apache 2.4", "", 10)]),
        "nodes": (10, []),
        "modules": (10, [("block", "", 10), ("views", "", 5)]),
    }


@pytest.fixture(name="three_weeks")
def _three_weeks(submit: Submit, said: Said, at: At) -> None:
    for moment, week in (
        ("2026-11-19T12:00:00Z", "2026-W47"),
        ("2026-11-26T12:00:00Z", "2026-W48"),
        ("2026-12-03T12:00:00Z", "2026-W49"),
    ):
        at(moment)
        for number in range(5):
            submit(said(multisite={"value": True}), number, week)
    at("2026-12-10T12:00:00Z")


@pytest.mark.usefixtures("three_weeks")
def test_totals_are_asked_for_by_week_newest_first(call: Call) -> None:
    def weeks(**ask: str) -> list[str]:
        return [week.week.removeprefix("2026-") for week in _statistics(call, **ask).weeks]

    assert weeks() == ["W49"]
    assert weeks(last_week="2026-W48") == ["W48"]
    assert weeks(first_week="2026-W48") == ["W49", "W48"]
    assert weeks(first_week="2020-W01", last_week="2026-W48") == ["W48", "W47"]
    assert weeks(first_week="2027-W01") == []
    assert weeks(project="toy", first_week="2026-W49") == ["W49"]
    assert MAX_WEEKS == 53


@pytest.mark.usefixtures("three_weeks")
def test_the_same_bytes_as_a_token_count_in_every_week_anew(call: Call) -> None:
    weeks = _statistics(call, first_week="2026-W01").weeks
    assert [week.projects[0].reports for week in weeks] == [5, 5, 5]


@pytest.mark.usefixtures("running")
def test_a_report_of_any_other_week_is_told_the_open_ones(at: At, channel: grpc.Channel) -> None:
    at("2026-11-17T12:00:00Z")
    submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
    codes = {}
    for number in range(45, 49):
        request = wire.SubmitReportRequest(week=f"2026-W{number}", token=number.to_bytes(16))
        request.report.type_url = "x/headcount.projects.toy.v1.Report"
        call = submit.future(request.SerializeToString(), timeout=20)
        codes[number] = call.code()
        if codes[number] is not grpc.StatusCode.OK:
            assert "open: 2026-W47, 2026-W46" in str(call.details())
    ok, refused = grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION
    assert codes == {45: refused, 46: ok, 47: ok, 48: refused}


def test_a_week_takes_no_report_from_the_very_moment_of_its_close(
    config: Config, clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the store has it open until the server next looks at the clock."""
    monkeypatch.setattr(week_cycle, "TICK_SECONDS", 60.0)
    before, close = "2026-11-17T23:59:59Z", "2026-11-18T00:00:00Z"
    clock_file.write_text(before, encoding="ascii")
    with (
        App(config, FileClock(clock_file)) as app,
        grpc.insecure_channel(str(app.grpc)) as channel,
    ):
        submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        codes = []
        for number, moment in enumerate((before, close)):
            clock_file.write_text(moment, encoding="ascii")
            request = wire.SubmitReportRequest(week="2026-W46", token=number.to_bytes(16))
            request.report.type_url = "x/headcount.projects.toy.v1.Report"
            codes.append(submit.future(request.SerializeToString(), timeout=20).code())
        assert _rows(config, "SELECT reports FROM open_reports WHERE week = '2026-W46'") == [(1,)]
    assert codes == [grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION]


@pytest.mark.parametrize(("length", "thread"), [(SHORT // 2, "writer"), (SHORT, "grpc")])
def test_a_long_report_is_read_by_its_caller(  # noqa: PLR0913 - fixtures
    running: App,
    channel: grpc.Channel,
    said: Said,
    monkeypatch: pytest.MonkeyPatch,
    length: int,
    thread: str,
) -> None:
    """Others need not wait until it is read."""
    assert running.weeks.open()
    readers: list[str] = []
    read = AnswerCache.read

    def reading(self: AnswerCache, *given: Any) -> Answers:
        readers.append(threading.current_thread().name)
        return read(self, *given)

    monkeypatch.setattr(AnswerCache, "read", reading)
    request = wire.SubmitReportRequest(week="2026-W47", token=bytes(16))
    request.report.type_url = "x/headcount.projects.toy.v1.Report"
    request.report.value = said(multisite={"value": True}) + b"\xfa\x01\x00" * (length // 3)
    submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
    assert submit.future(request.SerializeToString(), timeout=20).code() is grpc.StatusCode.OK
    assert [name.partition("_")[0] for name in readers] == [thread]


def test_a_report_that_waits_behind_the_close_of_its_week_is_told_the_open_ones(
    running: App, at: At, channel: grpc.Channel, clock_file: Path, config: Config
) -> None:
    at("2026-11-24T12:00:00Z")
    writer = running.weeks._writer
    request = wire.SubmitReportRequest(week="2026-W47", token=bytes(16))
    request.report.type_url = "x/headcount.projects.toy.v1.Report"
    submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)

    with ThreadPoolExecutor(1) as pool, held_up(writer):
        clock_file.write_text("2026-11-25T00:00:00Z", encoding="ascii")
        pool.submit(running.weeks.advance)
        until(lambda: writer.waiting() >= 1)
        clock_file.write_text("2026-11-24T23:59:59Z", encoding="ascii")
        call = submit.future(request.SerializeToString(), timeout=20)
        until(lambda: writer.waiting() >= 2)
    assert call.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "open: 2026-W48" in str(call.details())
    assert _rows(config, "SELECT reports FROM open_reports") == []


def test_every_report_that_was_acknowledged_around_a_close_is_in_the_totals_and_no_other(
    config: Config, clock_file: Path, said: Said
) -> None:
    report = said(multisite={"value": True})
    with (
        App(replace(config, threshold=1), FileClock(clock_file)) as app,
        grpc.insecure_channel(str(app.grpc)) as channel,
    ):
        submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        seen: defaultdict[grpc.StatusCode, set[int]] = defaultdict(set)

        def send(lane: int) -> list[tuple[grpc.StatusCode, int]]:
            """Report until it is too late; neighbours share half of their tokens."""
            codes: list[tuple[grpc.StatusCode, int]] = []
            while not codes or codes[-1][0] is grpc.StatusCode.OK:
                number = 8 * len(codes) + (lane if len(codes) % 2 else lane // 2)
                request = wire.SubmitReportRequest(week="2026-W47", token=number.to_bytes(16))
                request.report.type_url = "x/headcount.projects.toy.v1.Report"
                request.report.value = report
                call = submit.future(request.SerializeToString(), timeout=20)
                codes.append((call.code(), number))
            return codes

        with ThreadPoolExecutor(8) as pool:
            sending = [pool.submit(send, lane) for lane in range(8)]
            until(lambda: _rows(config, "SELECT reports FROM open_reports WHERE reports > 60"))
            clock_file.write_text("2026-11-25T00:00:00Z", encoding="ascii")
            app.weeks.advance()
            for future in sending:
                for code, number in future.result():
                    seen[code].add(number)
        assert set(seen) == {grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION}
        ((published,),) = _rows(config, "SELECT reports FROM published_reports")
        assert 60 < published == len(seen[grpc.StatusCode.OK])
        assert _rows(config, "SELECT answers FROM published_answers") == [(published,)]
        again = wire.SubmitReportRequest(week="2026-W47", token=bytes(16))
        again.report.type_url = "x/headcount.projects.toy.v1.Report"
        assert submit.future(again.SerializeToString(), timeout=20).code() is (
            grpc.StatusCode.FAILED_PRECONDITION
        )


def _rows(config: Config, query: str) -> list[tuple[int, ...]]:
    with closing(sqlite3.connect(f"{file_of(config).as_uri()}?mode=ro", uri=True)) as reader:
        return reader.execute(query).fetchall()

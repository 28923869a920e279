"""The open week is never public: nobody can tell from outside that a report came in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config

Submit = Callable[..., wire.SubmitReportResponse]
Said = Callable[..., bytes]
Look = Callable[[], dict[str, bytes]]

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SERVICE = "headcount.v1.TelemetryService"


@pytest.fixture(name="look")
def _look(running: App, channel: grpc.Channel, fetch: Callable[..., tuple[str, str]]) -> Look:
    """Everything that anyone can see, by where it was seen."""

    def grpc_bytes(method: str, request: bytes = b"") -> bytes:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        return call(request, timeout=10)

    def refused(request: wire.SubmitReportRequest) -> bytes:
        with pytest.raises(grpc.RpcError) as caught:
            grpc_bytes(f"/{SERVICE}/SubmitReport", request.SerializeToString())
        error = caught.value
        return repr((error.code(), error.details(), error.trailing_metadata())).encode()

    def reflected(package: str) -> bytes:
        ask = reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="headcount.projects.toy.v1.Report"
        )
        method = f"/{package}.ServerReflection/ServerReflectionInfo"
        info: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
        (answer,) = info(iter([ask.SerializeToString()]), timeout=10)
        return answer

    def look() -> dict[str, bytes]:
        everything = wire.GetStatisticsRequest(first_week="2020-W01").SerializeToString()
        of_toy = wire.GetStatisticsRequest(project="toy").SerializeToString()
        return {
            "metrics": "".join(fetch(running.public)).encode(),
            "openmetrics": "".join(fetch(running.public, OPENMETRICS)).encode(),
            "registry": grpc_bytes(f"/{SERVICE}/GetRegistry"),
            "statistics": grpc_bytes(f"/{SERVICE}/GetStatistics"),
            "all statistics": grpc_bytes(f"/{SERVICE}/GetStatistics", everything),
            "statistics of toy": grpc_bytes(f"/{SERVICE}/GetStatistics", of_toy),
            "health": grpc_bytes(
                "/grpc.health.v1.Health/Check",
                health_pb2.HealthCheckRequest(service=SERVICE).SerializeToString(),
            ),
            "reflection": reflected("grpc.reflection.v1"),
            "reflection alpha": reflected("grpc.reflection.v1alpha"),
            "a refusal": refused(wire.SubmitReportRequest(week="2026-W47")),
        }

    return look


def _fill_last_week(submit: Submit, said: Said) -> None:
    for number in range(5):
        submit(said(multisite={"value": True}), number, "2026-W46")


def test_two_looks_before_and_after_one_report_are_the_same_to_the_last_byte(
    look: Look, at: Callable[[str], None], submit: Submit, said: Said
) -> None:
    at("2026-11-17T12:00:00Z")
    _fill_last_week(submit, said)
    at("2026-11-19T12:00:00Z")
    before = look()
    assert b"headcount_toy_multisite_reports" in before["metrics"]
    submit(
        said(
            version={"value": "1.30"},
            php_version={"value": "8.9"},
            note={"value": "never seen before"},
            languages={"values": [2]},
        ),
        1,
    )
    after = look()
    assert {place for place in before if before[place] != after[place]} == set()


def test_many_reports_in_both_open_weeks_change_no_byte_either(
    look: Look, at: Callable[[str], None], submit: Submit, said: Said
) -> None:
    at("2026-11-17T12:00:00Z")
    before = look()
    _fill_last_week(submit, said)
    for number in range(100, 120):
        submit(said(note={"value": f"text {number % 2}"}, multisite={"value": True}), number)
    with pytest.raises(grpc.RpcError):
        submit(said(note={"value": "x" * 65}), 7)
    assert look() == before


def test_after_the_close_the_totals_are_there_and_stay_as_they_are(
    look: Look, at: Callable[[str], None], submit: Submit, said: Said
) -> None:
    before = look()
    for number in range(7):
        submit(said(multisite={"value": True}, note={"value": "unique" * (number == 0)}), number)
    at("2026-11-25T00:00:00Z")
    closed = look()
    changed = {place for place in before if before[place] != closed[place]}
    public = {"metrics", "openmetrics", "statistics", "all statistics", "statistics of toy"}
    assert public <= changed
    assert b'headcount_toy_multisite_reports{value="true"} 5.0' in closed["metrics"]
    assert b"headcount_toy_reports 5.0" in closed["openmetrics"]
    assert not any(b"unique" in seen for seen in closed.values())
    submit(said(multisite={"value": True}), 1, "2026-W48")
    assert look() == closed


def test_a_restart_within_the_week_changes_nothing_that_is_public(
    config: Config,
    clock_file: Path,
    said: Said,
    fetch: Callable[..., tuple[str, str]],
) -> None:
    seen = []
    for number in range(3):
        with App(config, FileClock(clock_file)) as app:
            if number == 0:
                clock_file.write_text("2026-11-17T12:00:00Z", encoding="ascii")
                app.weeks.advance()
                _submit_to(app, said, "2026-W46", range(5))
                clock_file.write_text("2026-11-19T12:00:00Z", encoding="ascii")
                app.weeks.advance()
            seen.append(fetch(app.public))
            _submit_to(app, said, "2026-W47", range(number * 10, number * 10 + 9))
            seen.append(fetch(app.public))
    assert "headcount_toy_reports 5.0" in seen[0][1]
    assert len(set(seen)) == 1


def _submit_to(app: App, said: Said, week: str, numbers: range) -> None:
    with grpc.insecure_channel(str(app.grpc)) as channel:
        submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"/{SERVICE}/SubmitReport"
        )
        for number in numbers:
            request = wire.SubmitReportRequest(week=week, token=number.to_bytes(16))
            request.report.type_url = "x/headcount.projects.toy.v1.Report"
            request.report.value = said(multisite={"value": True})
            submit(request.SerializeToString(), timeout=10)

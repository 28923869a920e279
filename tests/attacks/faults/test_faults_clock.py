"""A server whose clock jumps publishes each week once, and takes reports again when it is right."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from datetime import timedelta

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import SystemClock
from headcount_server.service.clock_watch import ClockWatch

RIGHT = "2026-11-19T12:00:00Z"  # Thursday of 2026-W47
Submit = Callable[..., wire.SubmitReportResponse]
Call = Callable[[str, bytes], bytes]


def _published(call: Call) -> dict[str, int]:
    """Reports of each published week of the toy project."""
    request = wire.GetStatisticsRequest(first_week="2020-W01")
    answer = wire.GetStatisticsResponse.FromString(
        call("GetStatistics", request.SerializeToString())
    )
    return {week.week: sum(project.reports for project in week.projects) for week in answer.weeks}


def _refused(submit: Submit, number: int, week: str) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        submit(b"", number, week)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    return str(caught.value.details())


@pytest.mark.parametrize("jump", ["2027-11-18T12:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_jump_of_years_forward_and_back_publishes_once_and_counts_on_in_the_next_week(
    submit: Submit, call: Call, at: Callable[[str], None], running: App, jump: str
) -> None:
    for number in range(10):
        submit(b"", number)
    at(jump)
    assert _published(call) == {"2026-W47": 10}
    _refused(submit, 10, "2026-W47")
    at(RIGHT)
    assert _refused(submit, 11, "2026-W47")  # it is published, and stays as it is
    assert running.weeks.open() == ()
    assert _published(call) == {"2026-W47": 10}
    at("2026-11-24T12:00:00Z")
    assert submit(b"", 12, "2026-W48").week == "2026-W48"
    assert _published(call) == {"2026-W47": 10}


def test_a_clock_that_was_set_ahead_is_told_to_the_operator_and_to_readers(
    submit: Submit, running: App, at: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The week is closed before it is over, and what would have come is missing."""
    for number in range(10):
        submit(b"", number)
    at("2026-12-01T12:00:00Z jump")
    (week,) = running.weeks._store.published(None, None, 9)
    assert week.annotation == "The server's clock was set ahead by 12 days; reports may be missing."
    assert "the clock was set ahead by 12 days: weeks that are over by it are closed" in caplog.text
    at(f"{RIGHT} jump")
    assert "the clock was set back by 12 days" in caplog.text
    assert _jumps(running) == 2
    at("2026-11-25T00:00:00Z")  # time that passes is none
    at("2026-12-02T00:00:00Z")
    assert _jumps(running) == 2
    notes = [week.annotation for week in running.weeks._store.published(None, None, 9)]
    assert [note for note in notes if note] == [week.annotation]


def _jumps(running: App) -> float:
    with urllib.request.urlopen(f"http://{running.operations}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    (line,) = [
        line for line in text.splitlines() if line.startswith("headcount_server_clock_jumps_total")
    ]
    return float(line.split()[1])


def test_the_clock_of_the_machine_and_the_time_that_passes_agree() -> None:
    assert ClockWatch(SystemClock()).jump() == timedelta()


def test_a_jump_of_a_week_back_loses_and_opens_nothing(
    submit: Submit, call: Call, at: Callable[[str], None]
) -> None:
    for number in range(5):
        submit(b"", number)
    at("2026-11-12T12:00:00Z")
    assert submit(b"", 5, "2026-W46").week == "2026-W46"
    _refused(submit, 6, "2026-W47")
    assert _published(call) == {}
    at(RIGHT)  # past the end of the other week, which is published as far as its five
    for number in range(5, 10):
        submit(b"", number)
    at("2026-11-26T12:00:00Z")
    assert _published(call)["2026-W47"] == 10


@pytest.mark.parametrize("zone", ["2026-11-19T23:30:00+14:00", "2026-11-16T00:30:00-11:00"])
def test_zones_and_summer_times_move_no_week(
    submit: Submit, at: Callable[[str], None], zone: str
) -> None:
    at(zone)
    assert submit(b"", 1).week == "2026-W47"

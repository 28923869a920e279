"""Clocks jump, weeks have numbers up to 53, laptops sleep: still one report a week."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.model.week import WEEK, Week
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sample_project import DAY, HOUR, MONDAY, NOTICED, Host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

YEARS = 4 * 365 * DAY


def _weeks(site: Host) -> list[str]:
    """The weeks that reports were sent for; the server counts each token once."""
    return sorted({request.week for request in site.transport.requests})


def _hourly(site: Host, hours: int) -> None:
    for _ in range(hours):
        site.client.send_if_due()
        site.now += HOUR


@pytest.mark.slow
def test_a_clock_that_was_ahead_when_yes_was_said_delays_nothing(
    host: Callable[..., Host],
) -> None:
    site = host(now=MONDAY + YEARS)
    site.client.grant()
    site.client.due()
    site.now = MONDAY + HOUR  # somebody set it right
    moment = site.client.next_due()
    assert moment is not None
    assert MONDAY + HOUR + DAY <= moment <= MONDAY + WEEK
    _hourly(site, 14 * 24)
    assert _weeks(site) == ["2026-W47", "2026-W48"]


def test_the_quiet_day_holds_from_the_moment_that_the_clock_was_set_right(
    host: Callable[..., Host],
) -> None:
    site = host(now=MONDAY + YEARS, chance=0.0)
    site.client.grant()
    site.now = MONDAY + HOUR
    _hourly(site, 24)
    assert not site.transport.requests
    _hourly(site, 2)
    assert len(site.transport.requests) == 1


def test_a_clock_that_is_set_right_late_in_a_week_waits_into_the_next(
    host: Callable[..., Host],
) -> None:
    site = host(now=MONDAY + YEARS, chance=0.0)
    site.client.grant()
    site.now = MONDAY + 7 * DAY - HOUR
    assert not site.client.due()
    _hourly(site, 8 * 24)
    assert _weeks(site) == ["2026-W48"]


@pytest.mark.slow
def test_a_no_and_a_yes_under_a_clock_that_was_ahead_delay_the_yes_by_a_week_at_most(
    host: Callable[..., Host],
) -> None:
    site = host(now=MONDAY + YEARS)
    site.client.grant()
    site.client.deny()
    site.now = MONDAY + HOUR
    site.client.grant()
    _hourly(site, 20 * 24)
    assert _weeks(site) == ["2026-W48", "2026-W49"]


def test_a_notice_under_a_clock_that_was_ahead_can_be_shown_again(
    host: Callable[..., Host],
) -> None:
    site = host(project=NOTICED, now=MONDAY + YEARS)
    site.client.notice_shown()
    site.now = MONDAY + HOUR
    assert site.client.state().rule == "notice-pending"
    site.client.notice_shown()
    site.now += DAY
    assert site.client.state().rule == "notice"


def test_a_clock_that_runs_ahead_for_a_day_makes_no_second_token(
    host: Callable[..., Host],
) -> None:
    """Not even of a week that the server names: it could name the same one for ever."""
    from headcount.transport.messages import Answer  # noqa: PLC0415 - the test's own

    site = host()
    site.client.grant()
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT
    right = site.now
    site.now += YEARS
    site.transport.answers = [
        Answer(code="FAILED_PRECONDITION", open_weeks=("2026-W47", "2026-W46"))
    ]
    site.until_due()
    assert site.client.send_if_due() == Outcome.DROPPED
    assert len(site.transport.requests) == 2
    site.now = right
    _hourly(site, 3)
    assert len({r.token for r in site.transport.requests if r.week == "2026-W47"}) == 1


@pytest.mark.slow
@settings(max_examples=40)
@given(
    jumps=st.lists(
        st.tuples(
            st.integers(min_value=1, max_value=80),
            st.floats(min_value=-30 * DAY, max_value=30 * DAY),
        ),
        max_size=6,
    ),
    chance=st.floats(min_value=0, max_value=1, exclude_max=True),
)
def test_however_the_clock_jumps_a_week_has_one_token_and_things_go_on(
    tmp_path_factory: pytest.TempPathFactory, jumps: list[tuple[int, float]], chance: float
) -> None:
    site = Host(tmp_path_factory.mktemp("clock") / "state", chance=chance)
    site.client.grant()
    for hours, jump in jumps:
        for _ in range(hours):
            site.client.send_if_due()
            site.now += 3 * HOUR
        site.now += jump
    before = len(site.transport.requests)
    for _ in range(2 * 7 * 8 + 8):
        site.client.send_if_due()
        site.now += 3 * HOUR
    assert len(site.transport.requests) > before  # two quiet weeks bring a report
    tokens = {(request.week, request.token) for request in site.transport.requests}
    assert len(tokens) == len({week for week, _ in tokens})


@pytest.mark.slow
def test_week_53_is_a_week_like_any_other(host: Callable[..., Host]) -> None:
    site = host(now=Week.named("2026-W51").start)
    site.client.grant()
    _hourly(site, 5 * 7 * 24)
    assert _weeks(site) == ["2026-W51", "2026-W52", "2026-W53", "2027-W01", "2027-W02"]
    assert Week.named("2026-W53").end == Week.named("2027-W01").start


def test_a_laptop_that_slept_sends_when_it_wakes(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    moment = site.client.next_due()
    assert moment is not None
    site.now = moment + DAY  # asleep at its moment
    assert site.client.send_if_due() == Outcome.SENT
    site.now += 3 * WEEK  # asleep for weeks: those are gone, and are not made up for
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT
    assert len(site.transport.requests) == 2
    assert _weeks(site)[-1] == Week.at(site.now).label


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_daylight_saving_changes_nothing(tmp_path: Path, zone: str) -> None:
    """Weeks, moments and expiry are the same in every zone, on the day it changes too."""
    program = (
        "from headcount.model.week import Week, WEEK\n"
        "from headcount.delivery.schedule import draw\n"
        "start = Week.named('2026-W12').start\n"
        "for hour in range(35 * 7 * 24):\n"
        "    now = start + hour * 3600\n"
        "    plan = draw(now, 0, 0.25)\n"
        "    print(Week.at(now).label, Week.at(now).end - now, plan.moment)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": name},
            cwd=tmp_path,
            capture_output=True,
            check=True,
        ).stdout
        for name in (zone, "UTC")
    }
    assert len(outputs) == 1


def test_the_questions_read_the_clock_that_was_given_and_no_other(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = host()
    site.client.grant()

    def trap() -> float:
        raise AssertionError("the real clock was read")

    monkeypatch.setattr(time, "time", trap)
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT

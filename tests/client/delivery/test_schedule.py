"""A report leaves once a week, at a moment that nobody can foresee."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.delivery.schedule import (
    DROPPED,
    GRACE,
    HOUR,
    SENT,
    SKIPPED,
    draw,
    finished,
    holds,
    is_due,
    put_off,
)
from headcount.model.week import WEEK, Week
from hypothesis import given
from hypothesis import strategies as st
from support.sample_project import DAY, MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host

CHANCE = st.floats(min_value=0, max_value=1, exclude_max=True)
NOW = st.floats(min_value=MONDAY, max_value=MONDAY + 60 * WEEK)


@pytest.mark.slow
@given(NOW, st.floats(min_value=-3 * DAY, max_value=9 * DAY), CHANCE)
def test_a_moment_lies_in_its_week_and_after_the_quiet_day(
    now: float, ahead: float, chance: float
) -> None:
    plan = draw(now, now + ahead, chance)
    week = Week.at(now)
    if plan is None:
        assert now + ahead >= week.end
    else:
        assert plan.week == week.label
        assert max(now, now + ahead) <= plan.moment < week.end
        assert holds(plan, now)


@pytest.mark.slow
def test_moments_are_uniform_over_the_week() -> None:
    days = [0] * 7
    for step in range(7000):
        plan = draw(MONDAY, 0, (step + 0.5) / 7000)
        assert plan is not None
        days[int((plan.moment - MONDAY) // DAY)] += 1
    assert days == [1000] * 7


@pytest.mark.slow
@given(now=NOW, chance=CHANCE, tries=st.integers(min_value=0, max_value=6), busy=st.booleans())
def test_a_retry_waits_and_never_outlives_the_grace(
    now: float, chance: float, tries: int, *, busy: bool
) -> None:
    plan = draw(now, 0, chance)
    assert plan is not None
    later = put_off(plan.replaced(tries=tries), now, chance, busy=busy)
    if later.done:
        assert later.done == DROPPED
    else:
        hours = (1, 6, 24)[min(tries + busy, 2)]
        assert 0.5 * hours * HOUR <= later.moment - now + 1e-3
        assert later.moment - now <= 1.5 * hours * HOUR
        assert later.moment < Week.at(now).end + GRACE
        assert later.tries == tries + 1


def test_those_who_fail_at_one_moment_come_back_at_many() -> None:
    """As when everybody's cron wakes at midnight, and the server is down."""
    plan = draw(MONDAY, 0, 0.0)
    assert plan is not None
    minutes = [0] * 60
    for step in range(6000):
        later = put_off(plan, MONDAY, (step + 0.5) / 6000)
        minutes[int((later.moment - MONDAY - HOUR / 2) // 60)] += 1
    assert minutes == [100] * 60


def test_an_unsent_plan_holds_through_its_grace_and_a_sent_one_to_its_weeks_end() -> None:
    plan = draw(MONDAY, 0, 0.5)
    assert plan is not None
    assert is_due(plan, MONDAY + WEEK + GRACE - 1)
    assert not holds(plan, MONDAY + WEEK + GRACE)
    sent = finished(plan, SENT)
    assert holds(sent, MONDAY + WEEK - 1)
    assert not holds(sent, MONDAY + WEEK)


@pytest.mark.parametrize("done", ["", SENT, DROPPED])
def test_a_plan_from_the_future_does_not_hold(done: str) -> None:
    """A clock that was wrong for a moment silences nobody for long."""
    plan = draw(MONDAY + 52 * WEEK, 0, 0.5)
    assert plan is not None
    assert not holds(finished(plan, done), MONDAY)
    assert not is_due(finished(plan, done), MONDAY)


def test_the_first_reports_of_a_busy_weekend_do_not_pile_up() -> None:
    """Whoever says yes on a Saturday noon is spread as in any other week, half a day apart."""
    saturday = MONDAY + 5 * DAY + 12 * HOUR
    halves: Counter[int] = Counter()
    for number in range(1_000):
        chance = number / 1_000
        plan = draw(saturday, saturday + DAY, chance, first=True)
        assert plan is not None
        if plan.done:
            assert plan.done == SKIPPED
            plan = draw(float(MONDAY + WEEK), saturday + DAY, number * 7 % 1_000 / 1_000)
            assert plan is not None
        assert saturday + DAY <= plan.moment < MONDAY + 2 * WEEK
        halves[int(plan.moment - saturday) // (12 * HOUR)] += 1
    assert len(halves) == 15
    assert max(halves.values()) < 1_000 / 14 * 1.5


def test_a_week_that_is_skipped_can_be_sent_by_hand_and_the_next_is_not_skipped(
    host: Callable[..., Host],
) -> None:
    site = host(now=MONDAY + 5 * DAY, chance=0.9)
    site.client.grant()
    assert not site.client.due()
    assert site.client.next_due() == MONDAY + WEEK
    site.now = MONDAY + 7 * DAY - HOUR
    assert site.client.send_if_due() == Outcome.NOT_DUE
    assert site.client.send_now() == Outcome.SENT
    site.now = MONDAY + WEEK
    moment = site.client.next_due()
    assert moment is not None
    site.now = moment
    assert site.client.send_if_due() == Outcome.SENT
    assert [request.week for request in site.transport.requests] == ["2026-W47", "2026-W48"]

"""Whatever clocks, servers and machines do, a report leaves in its week or its grace, and once."""

from __future__ import annotations

import os

import pytest
from headcount.delivery.schedule import (
    DROPPED,
    GRACE,
    HOUR,
    PAUSES,
    SENT,
    Plan,
    draw,
    finished,
    holds,
    is_due,
    put_off,
)
from headcount.model.week import WEEK, Week
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from support.sample_project import DAY, MONDAY

pytestmark = pytest.mark.slow

CHANCE = st.floats(min_value=0, max_value=1, exclude_max=True)
EXAMPLES = int(os.environ.get("HEADCOUNT_EXAMPLES", "40"))
PASSING = st.sampled_from([1, 60, HOUR, 5 * HOUR, DAY, 3 * DAY, WEEK, 3 * WEEK])
BACK = st.sampled_from([1, HOUR, DAY, WEEK, 52 * WEEK])


class Schedule(RuleBasedStateMachine):
    """A host that looks at its plan now and then, under a clock that may be set."""

    def __init__(self) -> None:
        super().__init__()
        self.now = float(MONDAY)
        self.quiet_until = 0.0
        self.plan: Plan | None = None
        self.sent: list[tuple[str, float]] = []
        self.failed_at = float("-inf")
        self.set_back = 0
        self.attempted = False

    @rule(seconds=PASSING)
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(seconds=BACK)
    def set_the_clock_back(self, seconds: int) -> None:
        self.now -= seconds
        self.set_back += 1
        self.failed_at = float("-inf")

    @rule()
    def answer_the_question_again(self) -> None:
        self.quiet_until = self.now + DAY

    @rule(chance=CHANCE, code=st.sampled_from(["sent", "failed", "busy", "refused"]))
    def look(self, chance: float, code: str) -> None:
        if self.plan is None or not holds(self.plan, self.now):
            self.plan = draw(self.now, self.quiet_until, chance)
        if self.plan is None or not is_due(self.plan, self.now):
            return
        week = Week.named(self.plan.week)
        assert week.start <= self.now < week.end + GRACE, "a report left outside its week and grace"
        assert self.now - self.failed_at >= PAUSES[0] / 2 - 1e-3, "two attempts without a pause"
        if code == "sent":
            self.sent.append((self.plan.week, self.now))
            self.plan = finished(self.plan, SENT)
        elif code == "refused":
            self.plan = finished(self.plan, DROPPED)
        else:
            before = self.plan
            self.plan = put_off(self.plan, self.now, chance, busy=code == "busy")
            assert self.plan.week == before.week, "a retry keeps to its week"
            self.failed_at = float("-inf") if self.plan.done else self.now

    @invariant()
    def no_week_is_sent_twice_unless_the_clock_went_back(self) -> None:
        weeks = [week for week, _ in self.sent]
        assert len(weeks) - len(set(weeks)) <= self.set_back

    @invariant()
    def nothing_is_due_before_the_quiet_day_is_over_in_a_plan_that_was_drawn_in_it(self) -> None:
        fresh = draw(self.now, self.quiet_until, 0.0)
        assert fresh is None or fresh.moment >= self.quiet_until

    @invariant()
    def a_plan_that_holds_is_never_further_away_than_its_grace(self) -> None:
        if self.plan is not None and holds(self.plan, self.now) and not self.plan.done:
            week = Week.named(self.plan.week)
            assert self.plan.moment < week.end + GRACE
            assert self.plan.moment - self.now <= WEEK + GRACE

    def teardown(self) -> None:
        """However it went, a host that looks each hour from now on sends in a week and a day."""
        self.quiet_until = min(self.quiet_until, self.now + DAY)
        before, until = len(self.sent), self.now + WEEK + DAY
        already = self.plan is not None and self.plan.done and holds(self.plan, self.now)
        while self.now < until + (WEEK if already else 0):
            self.look_as_it_is()
            self.now += HOUR
        assert len(self.sent) > before

    def look_as_it_is(self) -> None:
        if self.plan is None or not holds(self.plan, self.now):
            self.plan = draw(self.now, self.quiet_until, 0.5)
        if self.plan is not None and is_due(self.plan, self.now):
            self.sent.append((self.plan.week, self.now))
            self.plan = finished(self.plan, SENT)


def test_a_report_leaves_in_its_week_and_once_however_clocks_and_servers_behave() -> None:
    run_state_machine_as_test(
        Schedule, settings=settings(max_examples=EXAMPLES, stateful_step_count=25)
    )

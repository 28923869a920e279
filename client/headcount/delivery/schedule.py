"""When a report leaves: pure functions of the time and of chance.

The moment is drawn afresh each week, uniformly over what is left of it. The first
one is drawn over seven days, so that everybody who answers on one weekend does not
report on one evening: if it falls behind the week's end, the week is skipped. A
report that could not be sent is tried again after 1, 6, 24, 24, … hours, each
times a random factor between 0.5 and 1.5, until two days after its week.
"""

from __future__ import annotations

from headcount.model.frozen import Frozen
from headcount.model.week import DAY, WEEK, Week

HOUR = 3_600
"""Seconds of an hour."""

GRACE = 2 * DAY
"""Seconds after a week's end during which its report may still be sent."""

PAUSES = (1 * HOUR, 6 * HOUR, 24 * HOUR)
"""Seconds to wait after the first, the second and every further failed attempt."""

SENT = "sent"
DROPPED = "dropped"
SKIPPED = "skipped"


class Plan(Frozen):
    """What is to happen in one week.

    `moment` is when the next attempt is due (unix seconds), `tries` counts the
    failed ones; `done` is `""`, sent, dropped or skipped.
    """

    week: str
    moment: float
    tries: int = 0
    done: str = ""

    @property
    def last(self) -> int:
        """The moment from which the week is given up."""
        return Week.named(self.week).end + GRACE


def draw(now: float, not_before: float, chance: float, *, first: bool = False) -> Plan | None:
    """The plan of the present week; None if nothing may leave before its end.

    `not_before` is when the first report may leave (unix seconds), `chance` is
    uniform in [0, 1). The `first` plan of an installation that may report from this
    week on is drawn over seven days.
    """
    week = Week.at(now)
    begin = max(now, not_before)
    if begin >= week.end:
        return None
    first = first and not_before > week.start
    moment = begin + chance * (WEEK if first else week.end - begin)
    if first and moment >= week.end:
        return Plan(week=week.label, moment=begin, done=SKIPPED)
    # Rounding must not carry the moment into the next week.
    return Plan(week=week.label, moment=max(min(moment, week.end - 1), begin))


def holds(plan: Plan, now: float) -> bool:
    """Whether a plan still stands; if not, a new one is drawn."""
    week = Week.named(plan.week)
    if now < week.start:
        return False  # the clock was set back
    return now < (week.end if plan.done else week.end + GRACE)


def is_due(plan: Plan, now: float) -> bool:
    """Whether an attempt is due."""
    return not plan.done and holds(plan, now) and plan.moment <= now


def put_off(plan: Plan, now: float, chance: float, *, busy: bool = False) -> Plan:
    """The plan after a failed attempt; dropped where the next would come too late.

    A server that is overloaded (`busy`) is left alone for hours, not for one.
    """
    step = min(plan.tries + (1 if busy else 0), len(PAUSES) - 1)
    moment = now + PAUSES[step] * (0.5 + chance)
    if moment >= plan.last:
        return finished(plan, DROPPED)
    return plan.replaced(moment=moment, tries=plan.tries + 1)


def finished(plan: Plan, how: str) -> Plan:
    """The plan once its week needs nothing more."""
    return plan.replaced(done=how)

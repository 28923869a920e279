"""When a report leaves: pure functions of the time and of chance.

The moment is drawn afresh each week, uniformly over what is left of it. A
report that could not be sent is tried again after 1, 6, 24, 24, … hours, each
times a random factor between 0.5 and 1.5, until two days after its week.
"""

from __future__ import annotations

from headcount.model.frozen import Frozen
from headcount.model.week import DAY, Week

HOUR = 3_600
"""Seconds of an hour."""

GRACE = 2 * DAY
"""Seconds after a week's end during which its report may still be sent."""

PAUSES = (1 * HOUR, 6 * HOUR, 24 * HOUR)
"""Seconds to wait after the first, the second and every further failed attempt."""

SENT = "sent"
DROPPED = "dropped"


class Plan(Frozen):
    """What is to happen in one week.

    `moment` is when the next attempt is due (unix seconds), `tries` counts the
    failed ones; `done` is `""`, sent or dropped.
    """

    week: str
    moment: float
    tries: int = 0
    done: str = ""

    @property
    def last(self) -> int:
        """The moment from which the week is given up."""
        return Week.named(self.week).end + GRACE


def draw(now: float, not_before: float, chance: float) -> Plan | None:
    """The plan of the present week; None where nothing may leave before its end.

    `chance` is uniform in [0, 1).
    """
    week = Week.at(now)
    begin = max(now, not_before)
    if begin >= week.end:
        return None
    # Rounding must not carry the moment into the next week.
    moment = min(begin + chance * (week.end - begin), week.end - 1)
    return Plan(week=week.label, moment=max(moment, begin))


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

"""The moment at which a report leaves, as pure functions of time and chance.

Each week, the moment is drawn uniformly over the rest of the week. The first moment is
drawn over seven days, so that people who answer on the same weekend do not all report
on the same evening. If it falls after the week's end, the week is skipped. A failed
attempt is repeated after 1, 6, 24, 24, … hours, each times a random factor between 0.5
and 1.5, until two days after the week.
"""

from __future__ import annotations

from headcount.model.frozen import Frozen
from headcount.model.week import DAY, WEEK, Week

HOUR = 3_600
"""Seconds in an hour."""

GRACE = 2 * DAY
"""Seconds after a week's end during which its report may still be sent."""

PAUSES = (1 * HOUR, 6 * HOUR, 24 * HOUR)
"""Seconds to wait after the first, the second and every further failed attempt."""

SENT = "sent"
DROPPED = "dropped"
SKIPPED = "skipped"


class Plan(Frozen):
    """The plan for one week.

    `moment` is when the next attempt is due (unix seconds). `tries` counts the failed
    attempts. `done` is `""`, sent, dropped or skipped.
    """

    week: str
    moment: float
    tries: int = 0
    done: str = ""

    @property
    def last(self) -> int:
        """The moment at which the week is given up (unix seconds)."""
        return Week.named(self.week).end + GRACE


def draw(now: float, not_before: float, chance: float, *, first: bool = False) -> Plan | None:
    """Return the plan for the present week; None if nothing may leave before its end.

    `not_before` is when the first report may leave (unix seconds), and `chance` is
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
    """Return whether a plan is still in force; if it is not, a new one is drawn."""
    week = Week.named(plan.week)
    if now < week.start:
        return False  # the clock was set back
    return now < (week.end if plan.done else week.end + GRACE)


def is_due(plan: Plan, now: float) -> bool:
    """Return whether an attempt is due."""
    return not plan.done and holds(plan, now) and plan.moment <= now


def put_off(plan: Plan, now: float, chance: float, *, busy: bool = False) -> Plan:
    """Return the plan after a failed attempt; dropped if the next would come too late.

    If the server is overloaded (`busy`), even the first pause lasts hours.
    """
    step = min(plan.tries + (1 if busy else 0), len(PAUSES) - 1)
    moment = now + PAUSES[step] * (0.5 + chance)
    if moment >= plan.last:
        return finished(plan, DROPPED)
    return plan.replaced(moment=moment, tries=plan.tries + 1)


def finished(plan: Plan, how: str) -> Plan:
    """Return the plan of a week that needs nothing more."""
    return plan.replaced(done=how)

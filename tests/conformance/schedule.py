"""The schedule: when a report leaves, for a given random number."""

from __future__ import annotations

from conformance.cases import Json, Source, at

SCHEDULE = Source(
    "schedule",
    "The moment of sending is drawn afresh each week, evenly over what is left of the week:"
    " begin + chance · (end - begin), and never in its last second or later; begin is now, or the"
    " moment before which consent lets nothing leave. What is not sent may be sent until two days"
    " after the week.",
    {
        "draw": "given now, not_before (seconds) and chance (in [0, 1)): week and moment, or null"
        " if nothing may leave before the week's end",
        "plan": "given week, moment, done (true once sent or dropped) and now: stands, false if a"
        " new moment has to be drawn; due, true if the report leaves now",
    },
)

WEEK = "2026-W47"
START, END = at("2026-11-16 00:00"), at("2026-11-23 00:00")
DAY = 86_400


def _draw(
    name: str, why: str, *, now: int = START, not_before: int = 0, chance: float = 0.5
) -> None:
    begin = max(now, not_before)
    expect: Json = None
    if begin < END:
        expect = {"week": WEEK, "moment": min(begin + chance * (END - begin), END - 1)}
    SCHEDULE.add(
        name, "draw", {"now": now, "not_before": not_before, "chance": chance}, expect, why
    )


_draw("at-once", "The smallest number is the first moment.", chance=0.0)
_draw("in-the-middle", "Half of the week.")
_draw("late", "The whole week is drawn from, so that servers see no crowd.", chance=0.99)
_draw("what-is-left", "Only what is left of the week is drawn from.", now=START + 5 * DAY)
_draw("never-next-week", "Rounding does not carry it into the next week.", chance=1 - 2**-53)
_draw("last-second", "A host that starts in the last second still sends.", now=END - 1, chance=0.9)
_draw("quiet-first", "Nothing leaves before 24 hours after the answer.", not_before=START + 3 * DAY)
_draw("quiet-over", "An answer of long ago bounds nothing.", not_before=START - 9 * DAY, now=START)
_draw("no-room", "Nothing may leave in this week: no moment.", not_before=END)
_draw("no-room-for-long", "Nor if the wait lasts longer.", not_before=END + 3 * DAY)


def _plan(name: str, now: int, why: str, *, stands: bool, due: bool, done: bool = False) -> None:
    given = {"week": WEEK, "moment": START + 2 * DAY, "done": done, "now": now}
    SCHEDULE.add(name, "plan", given, {"stands": stands, "due": due}, why)


_plan("waits", START + DAY, "Its moment has not come.", stands=True, due=False)
_plan("is-due", START + 2 * DAY, "Its moment has come.", stands=True, due=True)
_plan("overdue", END - 1, "The host was asleep: it is due until it is sent.", stands=True, due=True)
_plan("in-grace", END + DAY, "For two days after its week it is due.", stands=True, due=True)
_plan("given-up", END + 2 * DAY, "Then it is given up.", stands=False, due=False)
_plan("sent", START + 3 * DAY, "Once a week: nothing more.", stands=True, due=False, done=True)
_plan("next-week", END, "A new week begins afresh.", stands=False, due=False, done=True)
_plan("set-back", START - 1, "A clock that was set back begins afresh.", stands=False, due=False)

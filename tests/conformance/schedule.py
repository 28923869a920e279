"""The schedule: when a report leaves, for a given random number."""

from __future__ import annotations

from conformance.cases import Json, Source, at

SCHEDULE = Source(
    "schedule",
    "The moment of sending is drawn afresh each week, evenly over what is left of the week:"
    " begin + chance · (end - begin), and never in its last second or later; begin is now, or the"
    " moment before which consent lets nothing leave. The first moment after a yes that came in"
    " or after this week is drawn over seven days, begin + chance · 7 days, so that a wave of yeses"
    " is no wave of reports; if it falls behind the week's end, the week is skipped, and the moment"
    " is begin. What is not sent may be sent until two days after the week.",
    {
        "draw": "given now, not_before (seconds), chance (in [0, 1)) and maybe first (true if no"
        " moment was ever drawn since the yes): week, moment and skipped (true if the week gets no"
        " report), or null if nothing may leave before the week's end",
        "planned": "given project, agreed (seconds, of a yes to everything) and looks: for each"
        " look, in order, the plan that stands after it (week, moment, skipped), or null. At a look"
        " the client is asked at the moment `at` whether a report is due, and sends it if so; every"
        " number that it draws is `chance`, and the server says OK. Files are kept between looks",
        "plan": "given week, moment, done (true once sent or dropped) and now: stands, false if a"
        " new moment has to be drawn; due, true if the report leaves now",
    },
)

WEEK = "2026-W47"
START, END = at("2026-11-16 00:00"), at("2026-11-23 00:00")
DAY = 86_400


def _draw(
    name: str,
    why: str,
    *,
    now: int = START,
    not_before: int = 0,
    chance: float = 0.5,
    first: bool | None = None,
    skipped: bool = False,
    over: int = 0,
) -> None:
    """A case whose moment is drawn over the rest of the week, or `over` so many seconds."""
    begin = max(now, not_before)
    expect: Json = None
    if begin < END:
        moment = begin if skipped else min(begin + chance * (over or END - begin), END - 1)
        expect = {"week": WEEK, "moment": moment, "skipped": skipped}
    given: dict[str, Json] = {"now": now, "not_before": not_before, "chance": chance}
    SCHEDULE.add(name, "draw", given if first is None else {**given, "first": first}, expect, why)


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
SATURDAY = START + 5 * DAY
_draw(
    "first",
    "The first moment is drawn over seven days, and stands if it falls into this week.",
    first=True,
    now=SATURDAY,
    not_before=SATURDAY + DAY,
    chance=0.1,
    over=7 * DAY,
)
_draw(
    "first-skipped",
    "It falls behind the week's end: this week gets no report, the next one draws afresh.",
    first=True,
    now=SATURDAY,
    not_before=SATURDAY + DAY,
    chance=0.5,
    skipped=True,
)
_draw(
    "first-at-the-end",
    "Half a second behind the week's end is behind it: it is not moved back into the week.",
    first=True,
    now=SATURDAY,
    not_before=SATURDAY + DAY,
    chance=0.142858,
    skipped=True,
)
_draw(
    "first-at-once",
    "The smallest number is the first moment that consent lets it leave.",
    first=True,
    not_before=START + DAY,
    chance=0.0,
    over=7 * DAY,
)
_draw(
    "first-of-long-ago",
    "A yes of an earlier week, as in a program that was not started since, is no wave.",
    first=True,
    now=SATURDAY,
    not_before=START - DAY,
    chance=0.5,
)
_draw(
    "first-since-monday",
    "Nor is one that lets reports leave from the week's first moment on.",
    first=True,
    now=SATURDAY,
    not_before=START,
    chance=0.5,
)
_draw(
    "not-first",
    "Later weeks are drawn over what is left of them.",
    first=False,
    now=SATURDAY,
    not_before=SATURDAY + DAY,
    chance=0.5,
)


def _planned(name: str, why: str, agreed: int, *looks: tuple[int, float, Json]) -> None:
    given = {
        "project": "bee",
        "agreed": agreed,
        "looks": [{"at": at, "chance": chance} for at, chance, _ in looks],
    }
    SCHEDULE.add(name, "planned", given, {"plans": [plan for _, _, plan in looks]}, why)


def _stood(moment: float, *, week: str = WEEK, skipped: bool = False) -> Json:
    return {"week": week, "moment": moment, "skipped": skipped}


_planned(
    "a-weekend-of-yeses",
    "The first moment falls into the next week: this one is skipped for good, and the next one"
    " draws from all of its days.",
    SATURDAY,
    (SATURDAY + DAY, 0.5, _stood(SATURDAY + DAY, skipped=True)),
    (SATURDAY + DAY + 3_600, 0.0, _stood(SATURDAY + DAY, skipped=True)),
    (END, 0.9, _stood(END + 0.9 * 7 * DAY, week="2026-W48")),
)
_planned(
    "a-first-report-in-its-week",
    "The first moment falls into this week and stands, whatever is drawn later.",
    START,
    (START + 2 * DAY, 0.1, _stood(START + 2.7 * DAY)),
    (START + 2 * DAY + 60, 0.9, _stood(START + 2.7 * DAY)),
)
_planned(
    "second-week",
    "The second week is drawn over what is left of it.",
    START + DAY,
    (START + 2 * DAY, 0.0, _stood(START + 2 * DAY)),
    (END + 6 * DAY, 0.9, _stood(END + 6.9 * DAY, week="2026-W48")),
)
_planned(
    "nothing-yet",
    "Nothing may leave in this week, so nothing is drawn; the next week's is the first moment.",
    END - 3_600,
    (END - 60, 0.5, None),
    (END, 0.9, _stood(END - 3_600 + DAY, week="2026-W48", skipped=True)),
)


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

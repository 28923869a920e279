"""Consent: the state that follows from people's answers."""

from __future__ import annotations

from conformance.cases import Json, Source, at

CONSENT = Source(
    "consent",
    "Nothing is sent before a yes and nothing after a no; a no outlives every later version and"
    " key; a refused key stays refused. The first report leaves no earlier than 24 hours after the"
    " answer.",
    {
        "consent": "given steps, project and now (and maybe administrator_off,"
        " environment and off_file, as in switches):"
        " what holds at the moment now for the declarations of project. Each step has at"
        " (seconds), project (the declarations of that time) and do: grant (with level, and"
        " maybe refuse, a list of keys), deny, notice (it was shown), refuse, allow (with key),"
        " level (with level). The answer has rule (the word of the rule that decided), on"
        " (whether anything is sent), keys (those that are sent, sorted) and waiting (those that"
        " nobody agreed to yet, sorted); and after a yes not_before, the earliest moment of the"
        " first report in seconds"
    },
)

DAY = 86_400
ASKED = at("2026-11-18 12:00")
LATER = ASKED + 3 * DAY
BASIC = (
    *("database", "kernel", "language", "layouts", "modules", "multisite", "php_version"),
    *("system", "trial", "version", "web_server"),
)
EXTENDED = tuple(sorted((*BASIC, "pages")))


def step(do: str, *, at: int = ASKED, project: str = "survey", **more: Json) -> dict[str, Json]:
    return {"at": at, "project": project, "do": do, **more}


def grant(level: str = "basic", **more: Json) -> dict[str, Json]:
    return step("grant", level=level, **more)


def without(keys: tuple[str, ...], *names: str) -> tuple[str, ...]:
    return tuple(key for key in keys if key not in names)


def _consent(
    name: str,
    why: str,
    *steps: dict[str, Json],
    rule: str,
    keys: tuple[str, ...] = (),
    waiting: tuple[str, ...] = (),
    not_before: int | None = None,
    now: int = LATER,
    project: str = "survey",
    **given: Json,
) -> None:
    expect: dict[str, Json] = {
        "rule": rule,
        "on": bool(keys),
        "keys": sorted(keys),
        "waiting": sorted(waiting),
    }
    if not_before is not None:
        expect["not_before"] = not_before
    all_given = {"steps": list(steps), "project": project, "now": now, **given}
    CONSENT.add(name, "consent", all_given, expect, why)


_consent("nobody-asked", "Without an answer nothing is sent.", rule="undecided")
_consent(
    "yes",
    "A yes to the basic level agrees to its keys, and to no other.",
    grant(),
    rule="granted",
    keys=BASIC,
    not_before=ASKED + DAY,
)
_consent(
    "yes-to-all",
    "The extended level contains the basic one.",
    grant("extended"),
    rule="granted",
    keys=EXTENDED,
    not_before=ASKED + DAY,
)
_consent(
    "yes-but",
    "Keys that were refused with the yes are not sent.",
    grant(refuse=["language", "database"]),
    rule="granted",
    keys=without(BASIC, "language", "database"),
)
_consent("no", "A no is a no.", step("deny"), rule="denied")
_consent(
    "no-after-yes",
    "A yes can be taken back.",
    grant(),
    step("deny", at=ASKED + DAY),
    rule="denied",
)
_consent(
    "no-for-good",
    "A no outlives new keys and years.",
    step("deny"),
    rule="denied",
    project="survey+key",
    now=ASKED + 800 * DAY,
)
_consent(
    "yes-after-no",
    "A yes after a no counts, and the first report waits for 24 hours.",
    step("deny"),
    grant(at=ASKED + DAY),
    rule="granted",
    keys=BASIC,
    not_before=ASKED + 2 * DAY,
)
_consent(
    "yes-no-yes",
    "Between a yes and a no a report may have been counted in this week, and the secret is gone:"
    " nothing more is sent in it.",
    grant(at=at("2026-11-09 12:00")),
    step("deny", at=at("2026-11-18 08:00")),
    grant(at=at("2026-11-18 09:00")),
    rule="granted",
    keys=BASIC,
    not_before=at("2026-11-23 00:00"),
    now=at("2026-11-24 12:00"),
)
_consent(
    "a-second-yes",
    "A second yes does not put the first report off again.",
    grant(),
    grant("extended", at=ASKED + 2 * DAY),
    rule="granted",
    keys=EXTENDED,
    not_before=ASKED + DAY,
)
_consent(
    "refused-later",
    "A single key can be refused at any time.",
    grant(),
    step("refuse", key="language", at=ASKED + DAY),
    rule="granted",
    keys=without(BASIC, "language"),
)
_consent(
    "refused-through-a-second-yes",
    "A refusal of a key survives a later yes that does not name it.",
    grant(),
    step("refuse", key="language", at=ASKED + DAY),
    grant(at=ASKED + 2 * DAY),
    rule="granted",
    keys=without(BASIC, "language"),
)
_consent(
    "allowed-again",
    "A refused key can be allowed again.",
    grant(refuse=["language"]),
    step("allow", key="language", at=ASKED + DAY),
    rule="granted",
    keys=BASIC,
)
_consent(
    "more",
    "A higher level adds its keys.",
    grant(),
    step("level", level="extended", at=ASKED + DAY),
    rule="granted",
    keys=EXTENDED,
)
_consent(
    "less",
    "A lower level takes keys away.",
    grant("extended"),
    step("level", level="basic", at=ASKED + DAY),
    rule="granted",
    keys=BASIC,
)
_consent(
    "all-refused",
    "Whoever refuses every key has said yes to nothing: nothing is sent.",
    grant(refuse=list(BASIC)),
    rule="granted",
)
_consent(
    "expired",
    "A key is not sent from the day on which it expires.",
    grant(),
    rule="granted",
    keys=without(BASIC, "trial"),
    now=at("2026-12-01 00:00"),
)
_consent(
    "last-day",
    "The day before, it is.",
    grant(),
    rule="granted",
    keys=BASIC,
    now=at("2026-11-30 23:59"),
)
_consent(
    "off-by-the-environment",
    "A switch overrules a yes.",
    grant(),
    rule="environment",
    environment={"DO_NOT_TRACK": "1"},
)
_consent(
    "off-by-the-administrator",
    "An administrator overrules a yes, and is named first.",
    grant(),
    rule="administrator",
    environment={"DO_NOT_TRACK": "1"},
    administrator_off=True,
)
_consent(
    "off-by-the-machine",
    "A machine's off file overrules a yes.",
    grant(),
    rule="machine",
    off_file="file",
)
_consent(
    "notice-of-a-project-that-asks",
    "A project that promised to ask first is not turned on by a notice.",
    step("notice"),
    rule="undecided",
)
MODE = "survey+mode"
_consent(
    "notice",
    "A project that is on after notice begins 24 hours after it, with the basic level.",
    step("notice", project=MODE),
    rule="notice",
    keys=BASIC,
    project=MODE,
)
_consent(
    "notice-too-fresh",
    "Within the 24 hours nothing is sent.",
    step("notice", project=MODE),
    rule="notice-pending",
    now=ASKED + DAY - 1,
    project=MODE,
)
_consent(
    "notice-just-old-enough",
    "After exactly 24 hours it begins.",
    step("notice", project=MODE),
    rule="notice",
    keys=BASIC,
    now=ASKED + DAY,
    project=MODE,
)
_consent("no-notice", "Without the notice it does not begin.", rule="undecided", project=MODE)
_consent(
    "no-after-notice",
    "A no ends it.",
    step("notice", project=MODE),
    step("deny", at=ASKED + 3600, project=MODE),
    rule="denied",
    project=MODE,
)
_consent(
    "yes-after-notice",
    "A yes replaces the notice.",
    step("notice", project=MODE),
    grant("extended", at=ASKED + 3600, project=MODE),
    rule="granted",
    keys=EXTENDED,
    project=MODE,
)
_consent(
    "notice-then-asking",
    "Declarations that ask first now take a notice of old for nothing.",
    step("notice", project=MODE),
    rule="undecided",
)

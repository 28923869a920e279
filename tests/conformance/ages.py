"""The age of an installation, which the client answers itself."""

from __future__ import annotations

from conformance.cases import Source, at

AGES = Source(
    "ages",
    "A key that takes the convention common:installation_age is answered by the client: no"
    " collector is asked. The own week of the first token is the first week, whenever it is. It is"
    " kept beside the secret, and deleted with it. If it is unknown, or later than the week of the"
    " report, or earlier than 24 weeks, the answer is other. A first week that was later than the"
    " week of a report is unknown from then on: the clock was ahead.",
    {
        "ages": "given project (with such a key, installation_age), agreed (seconds, of a yes to"
        " everything), latest (the latest week that a token was made for by a former client, which"
        " kept no first week; empty if there was none) and reports (the moments, in seconds, at"
        " which a person sends the report of the week by hand; all are counted): ages, the answer"
        " in each report, by the name of its value in the schema"
    },
)

WEEK = 7 * 86_400
BEGIN = at("2026-11-18 12:00")
NAMES = {
    "first": "VALUE_FIRST_WEEK",
    "second": "VALUE_2_TO_4_WEEKS",
    "fifth": "VALUE_5_TO_24_WEEKS",
    "other": "VALUE_OTHER",
}


def _ages(name: str, why: str, *weeks: tuple[float, str], latest: str = "") -> None:
    """Add a case: the number of weeks after the beginning of each report, and its age."""
    given = {
        "project": "survey+age",
        "agreed": BEGIN - 8 * WEEK,
        "latest": latest,
        "reports": [BEGIN + int(number * WEEK) for number, _ in weeks],
    }
    AGES.add(name, "ages", given, {"ages": [NAMES[age] for _, age in weeks]}, why)


_ages("first", "The first report is of the first week, however long ago the yes was.", (0, "first"))
_ages(
    "whole-weeks",
    "Only whole weeks count: a Sunday's report is followed by Monday's of the second week.",
    (4 / 7, "first"),
    (5 / 7, "second"),
)
_ages(
    "ranges",
    "Three ranges, and what is older is not told apart.",
    *((0, "first"), (1, "second"), (3, "second"), (4, "fifth"), (23, "fifth"), (24, "other")),
)
_ages("silent", "Weeks without a report count too.", (0, "first"), (30, "other"))
_ages(
    "new-year",
    "Week 53 and a new year are weeks like others.",
    *((6, "first"), (7, "second")),
)
_ages(
    "former-client",
    "A former client sent reports and kept no first week: the age is unknown for ever.",
    *((0, "other"), (1, "other"), (5, "other")),
    latest="2026-W40",
)
_ages(
    "clock-was-ahead",
    "A first week that lies ahead of a report says nothing, and not in that week either.",
    *((52, "first"), (0, "other"), (1, "other"), (52, "other"), (53, "other")),
)
_ages(
    "clock-goes-back",
    "A clock that goes back, but not behind the first week, is that of a younger installation.",
    *((0, "first"), (6, "fifth"), (2, "second"), (7, "fifth")),
)

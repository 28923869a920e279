"""The age of an installation, which the client answers itself, as dnf counts it.

The first report is of the first week, whenever it leaves. Only whole weeks count: the week of
a report less the week of the first one, which stands beside the secret of the tokens. If that
is unknown, the answer is the one that is never printed, like that of an old installation.
"""

from __future__ import annotations

from headcount.model.week import Week
from headcount.reporting.values import OTHER, normalised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from headcount.model.project import Key, Project
    from headcount.model.report import Wire

CONVENTION = "common:installation_age"
"""The convention of the keys that are answered here."""

_BELOW = ((2, "first week"), (5, "2 to 4 weeks"), (25, "5 to 24 weeks"))
"""For each answer, the first week that is too late for it."""


def is_ours(key: Key) -> bool:
    """Return whether the client answers a key itself, so that no collector is asked."""
    return key.convention == CONVENTION


def age(first: str, week: str) -> str:
    """Return the answer of the report of a week; `first` is the first one's, `""` if unknown."""
    number = Week.named(week).index - Week.named(first).index + 1 if first else 0
    if number < 1:
        return OTHER
    return next((text for below, text in _BELOW if number < below), OTHER)


def answers(project: Project, asked: Collection[str], first: str, week: str) -> dict[str, Wire]:
    """Return the age in the form of each key that asks for it, by key."""
    found = {
        key.name: normalised(key, age(first, week))
        for key in project.keys
        if key.name in asked and is_ours(key)
    }
    return {name: answer for name, answer in found.items() if answer is not None}

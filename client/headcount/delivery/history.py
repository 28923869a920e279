"""The history: every report that left, for people to read without this program.

Each report has a JSON file. It is written before the first attempt, and completed with
the outcome. It does not contain the token. The newest `LIMIT` files are kept.
"""

from __future__ import annotations

import json

from headcount.model.frozen import Frozen
from headcount.model.week import Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from headcount.delivery.outcome import Outcome
    from headcount.model.report import Report
    from headcount.storage.state_directory import StateDirectory

LIMIT = 104
"""Number of reports that are kept: two years of weeks."""

UNANSWERED = "UNANSWERED"
"""Outcome of a report that was handed to the network, with no known answer."""

OUTCOMES = ("SENT", "LATER", "DROPPED", UNANSWERED)
"""Outcomes of a report that left: four of `Outcome`, and UNCONFIRMED."""


class Entry(Frozen):
    """One report that left, and its outcome.

    `at` is the time of the last attempt and `first_at` that of the first (unix seconds);
    `tries` counts the attempts. `week` is the ISO week it was sent for, `counted_week`
    the week in which the server counted it. `outcome` is one of OUTCOMES, and `message`
    the reason if there is one. `ignored` maps each key that the server left out to the
    server's reason. `digest` is the SHA-256 (hex) of the report's bytes, and `report` is
    their JSON.
    """

    project: str
    week: str
    counted_week: str = ""
    first_at: float
    at: float
    tries: int = 1
    outcome: str = UNANSWERED
    message: str = ""
    ignored: Mapping[str, str]
    digest: str
    report: Mapping[str, Any]

    @property
    def file(self) -> str:
        """The name of its file, which sorts by week and differs between reports of one week."""
        return f"{self.week}-{self.digest[:16]}.json"

    def closed(self, outcome: Outcome, *, at: float, week: str) -> Entry:
        """Return the same with an attempt's outcome; `week` is the week that was sent last."""
        return self.replaced(
            at=at,
            outcome=outcome.name,
            message=outcome.message,
            counted_week=week if outcome.name == "SENT" else "",
            ignored={item.key or str(item.number): item.message for item in outcome.ignored},
        )


def open_entry(directory: StateDirectory, report: Report, *, at: float) -> Entry:
    """Store that a report is about to leave; StateError if that cannot be stored."""
    entry = Entry(
        project=report.project,
        week=report.week,
        first_at=at,
        at=at,
        ignored={},
        digest=report.digest,
        report=json.loads(report.text),
    )
    known = _entry(directory, entry.file)
    if known is not None:
        entry = entry.replaced(first_at=known.first_at, tries=known.tries + 1)
    keep(directory, entry)
    for name in _names(directory)[:-LIMIT]:
        directory.drop_filed(name)
    return entry


def keep(directory: StateDirectory, entry: Entry) -> None:
    """Store an entry."""
    text = json.dumps({"format": 1, **entry.parts()}, indent=1, ensure_ascii=False)
    directory.file(entry.file, f"{text}\n".encode())


def entries(directory: StateDirectory) -> tuple[Entry, ...]:
    """Return all entries, newest first, without malformed files."""
    found = [_entry(directory, name) for name in _names(directory)]
    known = [entry for entry in found if entry is not None]
    return tuple(sorted(known, key=lambda entry: (entry.week, entry.first_at), reverse=True))


def _names(directory: StateDirectory) -> list[str]:
    return [name for name in directory.filed() if name.endswith(".json")]


def _entry(directory: StateDirectory, name: str) -> Entry | None:
    data = directory.read_filed(name)
    try:
        return None if data is None else _decoded(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _decoded(parts: dict[str, Any]) -> Entry:
    words = {name: str(parts[name]) for name in ("project", "counted_week", "message", "digest")}
    if parts["outcome"] not in OUTCOMES or not isinstance(parts["report"], dict):
        raise ValueError
    return Entry(
        week=Week.named(parts["week"]).label,
        first_at=float(parts["first_at"]),
        at=float(parts["at"]),
        tries=int(parts["tries"]),
        outcome=parts["outcome"],
        ignored={str(key): str(reason) for key, reason in parts["ignored"].items()},
        report=parts["report"],
        **words,
    )

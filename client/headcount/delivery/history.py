"""The history: every report that left, for people to read without us.

One JSON file per report, written before its first attempt and completed with
what came of it; the token is not in it. The newest `LIMIT` are kept.
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
"""Number of reports kept: two years of weeks."""

UNANSWERED = "UNANSWERED"
"""Outcome of a report that was handed to the network, and of which no answer is known."""

OUTCOMES = ("SENT", "LATER", "DROPPED", UNANSWERED)
"""Outcomes of a report that left: as of `Outcome`, and the one above."""


class Entry(Frozen):
    """One report that left, and what came of it.

    `at` is the time of the last attempt, `first_at` of the first (unix
    seconds), `tries` counts them. `week` is the ISO week it was sent for,
    `counted_week` the one the server counted it in. `outcome` is one of OUTCOMES,
    `message` the reason where there is one, `ignored` maps keys that the server
    left out to its reason. `digest` is the SHA-256 (hex) of the bytes, which
    `report` shows as JSON.
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
        """Name of its file; sorts by week, and tells two reports of one week apart."""
        return f"{self.week}-{self.digest[:16]}.json"

    def closed(self, outcome: Outcome, *, at: float, week: str) -> Entry:
        """The same with what came of the attempt; `week` is the one the server was told last."""
        return self.replaced(
            at=at,
            outcome=outcome.name,
            message=outcome.message,
            counted_week=week if outcome.name == "SENT" else "",
            ignored={item.key or str(item.number): item.message for item in outcome.ignored},
        )


def open_entry(directory: StateDirectory, report: Report, *, at: float) -> Entry:
    """Notes that a report is about to leave; StateError where that cannot be kept."""
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
    """Stores an entry."""
    text = json.dumps({"format": 1, **entry.parts()}, indent=1, ensure_ascii=False)
    directory.file(entry.file, f"{text}\n".encode())


def entries(directory: StateDirectory) -> tuple[Entry, ...]:
    """What is kept, newest first. A file that makes no sense is left out."""
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

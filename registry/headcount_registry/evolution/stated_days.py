"""The days on which the ends of keys were set, as the history tells.

A check judges how far away an end was when somebody set it. Judged from the present day, the
same declaration would be wrong on one day and right on another.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from headcount_registry.evolution import history
from headcount_registry.evolution.attribute_changes import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SET = re.compile(r"(?:expires|review): (?:\S+ -> )?([0-9]{4}-[0-9]{2}-[0-9]{2})")


def stated_days(lock_file: Path) -> dict[tuple[str, str, str], dt.date]:
    """Return the first day on which an end was set, by project, key and the end (ISO 8601).

    Raises `HistoryError` if the history is damaged, `SourceError` if the last release cannot
    be read.
    """
    found: dict[tuple[str, str, str], dt.date] = {}
    added: dict[tuple[str, str], dt.date] = {}
    for entry in history.entries(lock_file):
        day = dt.date.fromisoformat(entry.date)
        if isinstance(entry, history.Renewal):
            found.setdefault((entry.project, entry.key, entry.until), day)
            continue
        for change in entry.changes:
            match = _SET.fullmatch(change.detail)
            if match:
                found.setdefault((change.project, change.key, match[1]), day)
            elif change.kind is Kind.ADDED:
                added[change.project, change.key] = day
    return (_of_new_keys(lock_file, added) if added else {}) | found


def _of_new_keys(
    lock_file: Path, added: Mapping[tuple[str, str], dt.date]
) -> dict[tuple[str, str, str], dt.date]:
    """Return the days of the ends that keys had from the first, which no change tells."""
    return {
        (project.name, key.name, end): added[project.name, key.name]
        for project in history.released(lock_file).projects
        for key in project.keys
        for end in (key.expires, key.review)
        if end and (project.name, key.name) in added
    }

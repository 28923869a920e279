"""A comparison as text for people and as JSON for programs."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount_registry.evolution.comparison import Change, Comparison

FORMAT = 1
_KINDS = 9


def text(comparison: Comparison) -> str:
    """Return lines for a terminal: changes by project, then what follows from them."""
    lines: list[str] = []
    for project, changes in groupby(comparison.changes, lambda change: change.project):
        lines += [project, *(f"  {_line(change)}" for change in changes), ""]
    return "\n".join([*lines, *_outcome(comparison)]) + "\n"


def _line(change: Change) -> str:
    subject = f"{change.key}: " if change.key else ""
    marks = [f"breaks {change.breaks}"] if change.breaks else []
    marks += ["asks people"] if change.asks else []
    ending = f"  [{', '.join(marks)}]" if marks else ""
    return f"{change.kind:<{_KINDS}} {subject}{change.detail}{ending}"


def _outcome(comparison: Comparison) -> list[str]:
    if not comparison.changes:
        lines = ["Nothing changed."]
    elif comparison.breaking:
        lines = [f"BREAKING: {len(comparison.breaking)} of {_changes(comparison)}."]
    else:
        lines = [f"Compatible: {_changes(comparison)}, none breaks clients or totals."]
    if comparison.ask_again:
        asked = (f"{name} ({', '.join(keys)})" for name, keys in comparison.ask_again.items())
        lines.append(f"People are asked about: {'; '.join(asked)}.")
    elif comparison.changes:
        lines.append("Nobody is asked again.")
    if comparison.partial:
        lines.append("A lock holds names, numbers, types and values; nothing else was compared.")
    return lines


def _changes(comparison: Comparison) -> str:
    number = len(comparison.changes)
    return f"{number} change{'' if number == 1 else 's'}"


def to_json(comparison: Comparison) -> str:
    """Return the same as JSON; the shape is documented in docs/maintainers/registry.md."""
    model = {
        "format": FORMAT,
        "old": comparison.old,
        "new": comparison.new,
        "compatible": not comparison.breaking,
        "partial": comparison.partial,
        "changes": [as_object(change) for change in comparison.changes],
        "ask_again": {project: list(keys) for project, keys in comparison.ask_again.items()},
    }
    return json.dumps(model, ensure_ascii=False, indent=2) + "\n"


def as_object(change: Change) -> dict[str, object]:
    """Return a change in its form in JSON."""
    return {
        "project": change.project,
        "key": change.key,
        "kind": change.kind,
        "detail": change.detail,
        "breaks": change.breaks,
        "asks": change.asks,
    }

"""The page `registry-changes.md`, from the history: what is asked, and since when."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from headcount_registry.emitters.text import MARKER, WIDTH, wrap
from headcount_registry.emitters.wording import code, markdown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.evolution.comparison import Change
    from headcount_registry.evolution.history import Release, Renewal

# The text in backticks is a name, and the rest is words.
_PARTS = re.compile(r"`([^`]+)`|[^`]+|`")
_INTRODUCTION = (
    "Every change of the questions, newest first. People who agreed before are asked again about"
    " each change marked *asks*; until they answer, it is not sent."
)


def emit(
    releases: Iterable[Release],
    to_come: tuple[Change, ...],
    renewals: tuple[Renewal, ...] = (),
) -> str:
    """Return the page; `to_come` has the changes that await a release.

    `releases` and `renewals` are oldest first.
    """
    lines = [
        f"<!-- {MARKER} from the history of the lock; do not edit. -->",
        "",
        "# What changed in what is asked",
        "",
        *wrap(_INTRODUCTION, WIDTH - 4),
    ]
    if to_come:
        lines += ["", "## Unreleased", *_changes(to_come)]
    for release in reversed(tuple(releases)):
        lines += ["", f"## {markdown(release.release)} ({release.date})"]
        lines += ["", *wrap(markdown(release.note), WIDTH - 4)] if release.note else []
        lines += _changes(release.changes) or ["", "Nothing changed."]
    if renewals:
        lines += ["", "## Renewed", ""]
    for each in reversed(renewals):
        name = f"{code(each.key)} of {code(each.project)}"
        text = f"- {each.date}: {name}, until {each.until}: {markdown(each.because)}"
        first, *others = wrap(text, WIDTH - 4)
        lines += [first, *(f"  {line}" for line in others)]
    return "\n".join(lines) + "\n"


def _changes(changes: tuple[Change, ...]) -> list[str]:
    lines: list[str] = []
    for project, group in groupby(changes, lambda change: change.project):
        lines += ["", f"### {code(project)}", ""]
        for change in group:
            first, *others = wrap(f"- {_change(change)}", WIDTH - 4)
            lines += [first, *(f"  {line}" for line in others)]
    return lines


def _change(change: Change) -> str:
    subject = f" {code(change.key)}" if change.key else ""
    detail = _PARTS.sub(lambda part: code(part[1]) if part[1] else markdown(part[0]), change.detail)
    asks = " (*asks*)" if change.asks else ""
    breaks = f" (**breaks {change.breaks}**)" if change.breaks else ""
    return f"{change.kind}{subject}: {detail}{asks}{breaks}"

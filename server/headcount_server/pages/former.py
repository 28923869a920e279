"""Former keys and former names of keys, which keep their addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from headcount.v1 import options_pb2

from headcount_server.pages import wording
from headcount_server.pages.standing import find
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Key, Project

_WAS = re.compile(r"was `([^`]+)`")


def retired(project: Project, weeks: Sequence[PublishedWeek]) -> dict[str, Key]:
    """Return the keys by name that have totals in these weeks and are no longer declared.

    Only the number, name and type of such a key are known.
    """
    found: dict[str, Key] = {}
    declared = {key.name for key in project.keys.values()}
    for week in weeks:
        published = find(week, project.name)
        for number, name in published.key_names.items() if published else ():
            if number not in project.keys and name not in declared:
                terms = published.terms.get(number) if published else None
                found[name] = _key(number, name, terms.kind if terms else 0)
    return dict(sorted(found.items()))


def names(project: Project, keys: Mapping[str, Key]) -> dict[str, str]:
    """Return the present name of each former one of these keys."""
    found = {
        key.declaration.formerly: key.name for key in keys.values() if key.declaration.formerly
    }
    # Later renames come first, so that each leads to a name that is already known.
    for release in sorted(project.declaration.releases, key=_late, reverse=True):
        for change in release.changes:
            was = _WAS.match(change.detail) if change.kind == wording.RENAMED else None
            if was:
                found.setdefault(was[1], found.get(change.key, change.key))
    return {name: now for name, now in found.items() if now in keys and name not in keys}


def _late(release: options_pb2.Release) -> tuple[bool, str]:
    return not release.date, release.date


def _key(number: int, name: str, kind: int) -> Key:
    known = kind or options_pb2.KEY_TYPE_TEXT
    declaration = options_pb2.KeyOptions(name=name, type=known)  # type: ignore[arg-type] # a number of the enum
    return Key(number, declaration, {}, frozenset(), None)

"""The leaves of the log of publications: what each commits to, and in which bytes.

A leaf is one line of JSON, with its names sorted and no blanks. It names the week, the project
and the keys openly. Everything that a retraction may take down is in it as a commitment:
SHA-256 of 32 random bytes of salt, followed by the content in the same form of JSON. Whoever
has salt and content can open the commitment; once both are deleted, nobody can.

The kinds of leaves::

    log         the first leaf: the log's name, and the last week for which it cannot vouch
    week        a week closed, under this threshold and rule
    totals      what the week published of a project, part by part
    annotation  the note on a week; a later one of the week replaces it
    coverage    the number of installations of a project; a later one replaces it
    retraction  totals that were taken down, and every part that can no longer be opened

The parts of totals are `reports`, and for each key `sums` (with `carried`, threshold and type),
`partition` if the key is counted per release, and `places` if its values are an open vocabulary.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from headcount_server.counting.tally import Cell
from headcount_server.counting.vocabulary import OPEN_TYPES
from headcount_server.publication.key_terms import KeyTerms, threshold_of
from headcount_server.publication.published import Coverage, PublishedProject
from headcount_server.publication.ranges import key_ranges

SALT_BYTES = 32
REPORTS, SUMS, PARTITION, PLACES = "reports", "sums", "partition", "places"
TEXT, INSTALLATIONS = "text", "installations"

Leaf: TypeAlias = Mapping[str, Any]
Contents: TypeAlias = Mapping[str, object]
"""What each part of a leaf commits to."""
Commitments: TypeAlias = Mapping[str, str]
"""The commitment of each part, in base64."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a log."""

    log: str
    """Name of the log, as its first leaf says it."""
    size: int
    root: str
    """In base64."""


def text(content: object) -> str:
    """Return the canonical JSON of a leaf or a content: one line."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def commitment(salt: bytes, content: object) -> str:
    """Return the commitment to a content, in base64."""
    return b64encode(sha256(salt + text(content).encode()).digest()).decode()


def part(kind: str, key: int) -> str:
    """Return the name of a part of a key, such as `sums 2`."""
    return f"{kind} {key}"


def first(name: str, after: str, former: Head | None, day: str) -> Leaf:
    """Return the first leaf of a log, which vouches for the weeks later than `after`.

    `former` names the log that it replaces, if a restore made it so.
    """
    leaf: dict[str, Any] = {"kind": "log", "log": name, "after": after}
    return leaf if former is None else {**leaf, "former": asdict(former), "restored": day}


def week(name: str, threshold: int, rule: int) -> Leaf:
    """Return the leaf of a closed week."""
    return {"kind": "week", "week": name, "threshold": threshold, "rule": rule}


def contents(project: PublishedProject, threshold: int) -> Contents:
    """Return what a week with this threshold commits to of a project, part by part."""
    cells: defaultdict[int, list[tuple[Cell, int]]] = defaultdict(list)
    for cell, reports in sorted(project.publication.values.items()):
        cells[cell.key].append((cell, reports))
    found: dict[str, object] = {REPORTS: project.publication.reports}
    for key in sorted(project.publication.answers):
        found |= _of_key(project, key, threshold, cells[key])
    return found


def _of_key(
    project: PublishedProject, key: int, threshold: int, cells: Sequence[tuple[Cell, int]]
) -> Contents:
    published, its = project.publication, project.terms.get(key)
    sums: Counter[str] = Counter()
    for cell, reports in cells:
        sums[cell.value] += reports
    whole = {
        "carried": published.answers[key],
        "threshold": threshold_of(project.terms, key, threshold),
        "crossed": its is not None and its.crossed,
        "type": its.kind if its else 0,
        "values": sorted(sums.items()),
    }
    places = _bounded(project, key, threshold, cells)
    found: dict[str, object] = {}
    if its is not None and its.kind in OPEN_TYPES:
        found[part(PLACES, key)] = places
    else:
        whole["places"] = places
    found[part(SUMS, key)] = whole
    if its is None or its.crossed:
        apart = [
            [value, sorted(releases)]
            for (number, value), releases in sorted(published.told_apart.items())
            if number == key
        ]
        shown = [[cell.value, cell.release, reports] for cell, reports in cells]
        found[part(PARTITION, key)] = {"cells": shown, "told apart": apart}
    return found


def _bounded(
    project: PublishedProject, key: int, threshold: int, cells: Sequence[tuple[Cell, int]]
) -> list[str]:
    """Return the values that have an upper bound in public, printed or too rare.

    Further places are on no public surface.
    """
    ranges = key_ranges(project, key, threshold, its=cells) if key in project.terms else None
    values = ranges.values if ranges else {}
    return sorted(value for value, its in values.items() if its.upper is not None)


def totals(week: str, project: PublishedProject, commitments: Commitments) -> Leaf:
    """Return the leaf of a project's totals in a week."""
    keys: dict[str, dict[str, str]] = {
        str(key): {"name": name} for key, name in project.key_names.items()
    }
    for name, its in commitments.items():
        kind, _, key = name.partition(" ")
        if key:
            keys[key][kind] = its
    return {
        "kind": "totals",
        "week": week,
        "project": project.name,
        "digests": list(project.digests),
        REPORTS: commitments[REPORTS],
        "keys": keys,
        "few": {
            str(key): {"name": name, **terms(project.terms[key])}
            for key, name in project.too_few.items()
        },
        "withheld": [[each.key, each.reason, each.date] for each in project.retractions],
    }


def terms(its: KeyTerms) -> dict[str, int | bool]:
    """Return the terms of a key that too few answered."""
    return {"threshold": its.threshold, "crossed": its.crossed, "type": its.kind}


def commitments(leaf: Leaf) -> Commitments:
    """Return the commitments of a leaf, part by part."""
    if leaf["kind"] == "totals":
        return {REPORTS: leaf[REPORTS]} | {
            f"{kind} {key}": its
            for key, parts in leaf["keys"].items()
            for kind, its in parts.items()
            if kind != "name"
        }
    return {name: leaf[name] for name in (TEXT, INSTALLATIONS) if name in leaf}


def annotation(week: str, commitments: Commitments) -> Leaf:
    """Return the leaf of a note."""
    return {"kind": "annotation", "week": week, **commitments}


def coverage(week: str, project: str, commitments: Commitments) -> Leaf:
    """Return the leaf of a number of installations."""
    return {"kind": "coverage", "week": week, "project": project, **commitments}


def installations(its: Coverage | None) -> object:
    """Return the content of a coverage; None stands for one that was taken back."""
    return [its.installations, its.source] if its else [0, ""]


def retraction(  # noqa: PLR0913 - what everybody may know of it
    *,
    project: str,
    key: int,
    name: str,
    weeks: Sequence[str],
    reason: str,
    day: str,
    always: bool,
    unopened: Iterable[tuple[str, str]],
) -> Leaf:
    """Return the leaf of a retraction; `unopened` are parts by week."""
    return {
        "kind": "retraction",
        "project": project,
        "key": key,
        "name": name,
        "weeks": list(weeks),
        "reason": reason,
        "date": day,
        "always": always,
        "unopened": [list(each) for each in sorted(unopened)],
    }

"""The partition of a week: which releases are told apart for each value of a crossed key.

Totals published before the week settle its partition, and nothing that the week itself counted
does. So the partition is a constant of the week, and whatever it is, the week's numbers have a
witness (see `rounding`). All releases that are not told apart, unknown ones included, form one
cell, "other releases". No margin is printed, because it is the sum of the cells.

A release enters if its cell can be expected to hold six thresholds, and stays as long as
the cell holds two. This rules out three designs that exact solvers broke: a choice by the
week's own data, grouped releases apart from unknown ones, and a margin beside cells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from headcount_server.counting.answers import OTHER
from headcount_server.counting.tally import Cell, Tally
from headcount_server.publication.key_terms import ProjectTerms
from headcount_server.publication.published import PublishedProject

OTHER_RELEASES = ""
"""The release of the cell that holds all releases which are not told apart."""
OTHER_RELEASES_TEXT = "other releases"
"""The same release in the words that people and programs read."""
ENTER, STAY = 6, 2
"""Thresholds that a cell must be expected to hold to be told apart, and must hold to stay so."""

Partition: TypeAlias = Mapping[tuple[int, str], frozenset[str]]
"""The releases that are told apart, by key and value; values without any are left out."""
NOTHING_APART: Partition = MappingProxyType({})


def told_apart(
    source: PublishedProject | None,
    terms: ProjectTerms,
    version_key: int,
    places: Collection[str],
) -> Partition:
    """Return the partition of a week with these terms.

    `source` is the project's last earlier week with published reports; None if there is
    none. Only releases with a reserved place in the week, `places`, are told apart.
    """
    # A number that was withheld or retracted is no history.
    if source is None or version_key not in source.publication.answers:
        return NOTHING_APART
    releases = {
        cell.value: n for cell, n in source.publication.values.items() if cell.key == version_key
    }
    found = {}
    for key, its in terms.items():
        if not its.crossed:
            continue
        for value, cells, apart in _history(source, key):
            counts = {release: n for release, n in releases.items() if release not in apart}
            outside = source.publication.reports - sum(releases.get(r, 0) for r in apart)
            rest = cells.get(OTHER_RELEASES, 0)
            stay = {r for r in apart if cells.get(r, 0) >= STAY * its.threshold}
            enter = {r for r, n in counts.items() if rest * n >= ENTER * its.threshold * outside}
            chosen = (stay | enter).intersection(places)
            if chosen:
                found[key, value] = frozenset(chosen)
    return MappingProxyType(found)


def _history(
    source: PublishedProject, key: int
) -> Iterator[tuple[str, Mapping[str, int], frozenset[str]]]:
    """Yield each published value of a crossed key, its cells, and the releases told apart."""
    cells: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for cell, n in source.publication.values.items():
        if cell.key == key:
            cells[cell.value][cell.release] = n
    its = source.terms.get(key)
    if its is not None:
        if its.crossed and not its.folded:
            for value, counts in cells.items():
                yield value, counts, source.publication.told_apart.get((key, value), frozenset())
        return
    # A week from before terms were kept told every release apart.
    for value, counts in cells.items():
        if any(counts):  # some release has a name
            known = frozenset(counts) - {OTHER, OTHER_RELEASES}
            rest = counts.get(OTHER, 0) + counts.get(OTHER_RELEASES, 0)
            yield value, {**counts, OTHER_RELEASES: rest}, known


def fold(tally: Tally, partition: Partition) -> Tally:
    """Return the same totals with one cell for each part instead of each release."""
    values: Counter[Cell] = Counter()
    for cell, n in tally.values.items():
        apart = partition.get((cell.key, cell.value), frozenset())
        values[cell if cell.release in apart else cell._replace(release=OTHER_RELEASES)] += n
    return replace(tally, values=values)

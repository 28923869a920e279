"""Reserved places: values that an open week counts in full, whatever else is reported.

An open key has a bounded number of places in a week, and half of them are reserved. Published
numbers alone settle the reserved values when the week opens, so invented values cannot take their
places. Declared values come first, then values that were published before. A value with a place
from the opening on is counted in full, and only such a value gets a printed upper bound. Values of
a closed key are included, although they need no place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from headcount.v1 import options_pb2

from headcount_server.counting.answers import bucket_texts
from headcount_server.counting.vocabulary import OPEN_TYPES, RESERVED
from headcount_server.publication.published import PublishedProject
from headcount_server.registry.schema import Key, Project

WEEKS = 4
"""Most weeks with published reports that reserve places in a later one."""

Places: TypeAlias = Mapping[int, frozenset[str]]
"""Values with a place from the opening of a week on, by key."""


def reserve(project: Project, earlier: Sequence[PublishedProject]) -> Places:
    """Return the places of a week that opens after these weeks, newest first, were published."""
    earlier = earlier[:WEEKS]
    places = {}
    for number, key in project.keys.items():
        named = declared(key)
        if key.declaration.type in OPEN_TYPES:
            before = _ranked(number, earlier, releases=number == project.version_key)
            ranked = dict.fromkeys((*named, *(text for text in before if _readable(key, text))))
            places[number] = frozenset(list(ranked)[:RESERVED])
        elif named:
            places[number] = frozenset(named)
    return places


def keep(places: Places, project: Project) -> Places:
    """Return the places of a week that are left after its registry was replaced.

    `project` is the project in the new registry.
    """
    kept = {}
    for number, values in places.items():
        key = project.keys.get(number)
        if key is None:
            continue
        if key.declaration.type in OPEN_TYPES:
            kept[number] = frozenset(text for text in values if _readable(key, text))
        else:
            kept[number] = values & frozenset(declared(key))
    return kept


def declared(key: Key) -> tuple[str, ...]:
    """Return the texts that a key's declaration names.

    A catalogue's texts are not among them, because they are too many to keep.
    """
    if key.declaration.type == options_pb2.KEY_TYPE_BOOLEAN:
        return ("true",)
    if key.declaration.buckets:
        return bucket_texts(key.declaration.buckets)
    return tuple(key.values.values())


def _readable(key: Key, text: str) -> bool:
    """Return whether a text that was published once can still answer the key."""
    if key.declaration.type != options_pb2.KEY_TYPE_PRODUCT:
        return True
    return text in key.values.values() or text.rpartition(" ")[0] in key.values.values()


def _ranked(key: int, earlier: Sequence[PublishedProject], *, releases: bool) -> Iterable[str]:
    """Return published values of an open key, the first to keep a place first.

    Values that the latest week told apart come first, then others by their number of weeks,
    so that many reports in one week cannot buy a place.
    """
    counts: defaultdict[str, list[int]] = defaultdict(list)
    for week in earlier:
        sums: defaultdict[str, int] = defaultdict(int)
        for cell, n in week.publication.values.items():
            if cell.key == key:
                sums[cell.value] += n
        for value, n in sums.items():
            counts[value].append(n)
    latest = earlier[0].publication.told_apart if earlier else {}
    apart = (
        frozenset().union(*latest.values())
        if releases
        else frozenset(value for number, value in latest if number == key)
    )
    return sorted(
        counts,
        key=lambda value: (value not in apart, -len(counts[value]), -min(counts[value]), value),
    )

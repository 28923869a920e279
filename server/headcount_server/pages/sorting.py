"""The order of values: versions as versions, ranges by size, the rest by frequency."""

from __future__ import annotations

import re
from collections.abc import Iterable

from headcount.v1 import options_pb2

from headcount_server.counting.answers import OTHER
from headcount_server.pages.counts import Count

_NUMBER = re.compile(r"([0-9]+)")

Natural = tuple[tuple[int, int, str], ...]


def natural(text: str) -> Natural:
    """Return a sort key that compares numbers as numbers: `8.2` < `8.10`."""
    parts = (part for part in _NUMBER.split(text) if part not in {"", "."})
    # isdecimal() knows digits of other scripts, which the pattern leaves alone.
    return tuple((0, int(p), "") if p[0] in "0123456789" else (1, 0, p.casefold()) for p in parts)


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return versions from the newest to the oldest, with `other` at the end."""
    return sorted(versions, key=lambda v: (v != OTHER, natural(v), v), reverse=True)


def ordered(kind: int, counts: Iterable[tuple[str, Count]]) -> list[tuple[str, Count]]:
    """Return values of a key of this type in the order in which people look for them."""
    pairs = sorted(counts, key=lambda pair: (natural(pair[0]), pair[0]))
    if kind == options_pb2.KEY_TYPE_COUNT:
        return pairs
    if kind == options_pb2.KEY_TYPE_VERSION:
        return pairs[::-1]
    if kind == options_pb2.KEY_TYPE_PRODUCT:
        return _products(pairs)
    return sorted(pairs, key=lambda pair: -pair[1].lower)


def _products(pairs: list[tuple[str, Count]]) -> list[tuple[str, Count]]:
    totals: dict[str, int] = {}
    for value, count in pairs:
        totals[product(value)] = totals.get(product(value), 0) + count.lower
    newest = pairs[::-1]  # a stable sort keeps the newest in front
    return sorted(newest, key=lambda pair: (-totals[product(pair[0])], product(pair[0])))


def product(value: str) -> str:
    """Return the product in a value such as `MariaDB 10.11`; a bare product is itself."""
    name, blank, version = value.rpartition(" ")
    return name if blank and version.replace(".", "").isdecimal() else value

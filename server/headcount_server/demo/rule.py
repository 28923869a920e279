"""The rule of publication once more, as readers are told it and by names alone.

Written apart from `publication` on purpose, so that a mistake in one of them
is seen: fractions instead of products, one release at a time instead of sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

Count = tuple[str, ...]
"""What is counted: nothing (reports), a key, or a key with value and release."""

REST = ""
VERSION = "version"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for a week of a project."""

    threshold: int
    own: Mapping[str, int] = field(default_factory=dict)
    """Thresholds that keys ask for."""
    crossed: Collection[str] = ()

    def of(self, key: str) -> int:
        """The threshold of a key."""
        step = self.of(VERSION) if key in self.crossed else self.threshold
        return step * max(1, ceil(Fraction(self.own.get(key, 0), step)))


@dataclass(frozen=True, slots=True)
class Ruled:
    """What should be published of a week."""

    numbers: Mapping[Count, int]
    apart: Collection[tuple[str, str, str]]
    """Key, value and release for each release that is told apart."""
    crossed: Collection[str]

    def without(self, *keys: str) -> Ruled:
        """The same after these keys were taken down; without `version` no release has a name."""
        left = {what: n for what, n in self.numbers.items() if not what or what[0] not in keys}
        summed = self.crossed if VERSION in keys else keys
        return Ruled(left, self.apart, self.crossed).folded(*summed)

    def folded(self, *keys: str) -> Ruled:
        """The same after the releases of these keys were summed up."""
        numbers: Counter[Count] = Counter()
        for what, n in self.numbers.items():
            numbers[(*what[:2], REST) if what[2:] and what[0] in keys else what] += n
        crossed = [key for key in self.crossed if key not in keys]
        return Ruled(dict(numbers), [each for each in self.apart if each[0] in crossed], crossed)


def rule(
    true: Mapping[Count, int],
    conditions: Conditions,
    past: Sequence[Ruled],
    known: Collection[str],
) -> Ruled | None:
    """What should be published of these totals; None if that is nothing at all.

    `past` are the earlier weeks of the project that published anything, the
    last one at the end, `known` the releases with a reserved place.
    """
    if true.get((), 0) < conditions.threshold:
        return None
    apart = set(_apart(conditions, past[-1], known)) if past else set()
    total: Counter[Count] = Counter()
    for what, n in true.items():
        if len(what) > 1 and what not in apart:
            total[what[0], what[1], REST] += n
        else:
            total[what] += n
    numbers = {}
    for what, n in total.items():
        step = conditions.of(what[0]) if what else conditions.threshold
        if n >= step:
            numbers[what] = n // step * step
    shown = {each for each in apart if (each[0],) in numbers}
    return Ruled(numbers, sorted(shown), conditions.crossed)


def _apart(
    conditions: Conditions, source: Ruled, known: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    if (VERSION,) not in source.numbers:
        return
    releases = {what[1]: n for what, n in source.numbers.items() if what[1:] and what[0] == VERSION}
    cells = [w for w in source.numbers if w[1:] and w[0] in source.crossed]
    for key, value in sorted({what[:2] for what in cells if what[0] in conditions.crossed}):
        k = conditions.of(key)
        before = {release for k_, v, release in source.apart if (k_, v) == (key, value)}
        left = source.numbers[()] - sum(releases.get(release, 0) for release in before)
        rest = source.numbers.get((key, value, REST), 0)
        for release in sorted({*before, *releases} & set(known)):
            if release in before:
                chosen = source.numbers.get((key, value, release), 0) >= 2 * k
            else:
                chosen = Fraction(rest * releases[release], left) >= 6 * k
            if chosen:
                yield key, value, release

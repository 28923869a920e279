"""The tightest ranges that the published numbers of a key imply.

A number that was rounded down to a multiple of the threshold k says that the true one lies between
itself and itself + k - 1. A value's number is the sum of one such number for each part of its
partition, absent parts included. What the other values leave of all answers bounds it as well. This
module reads published numbers alone, so everybody can compute the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from headcount.v1 import options_pb2

from headcount_server.counting.tally import Cell
from headcount_server.counting.vocabulary import OPEN_TYPES
from headcount_server.publication.key_terms import threshold_of
from headcount_server.publication.partition import OTHER_RELEASES
from headcount_server.publication.published import PublishedProject


@dataclass(frozen=True, slots=True)
class Range:
    """The reports that hold a value, and their share of the answers to its key in percent."""

    lower: int
    upper: int | None
    """None if there is no bound: some reports with the value may have counted as other."""
    least: float
    most: float | None


@dataclass(frozen=True, slots=True)
class KeyRanges:
    """The bounds of a key's published numbers in a week."""

    threshold: int
    """The key's threshold in the week."""
    answers: tuple[int, int]
    """Fewest and most reports that answered it."""
    values: Mapping[str, Range]
    """The published values, and values that are known to be too rare to be published."""
    whole_values: bool
    """Whether each value was rounded down once instead of in parts."""
    rest: Range
    """Answers that none of the published values holds; it has no meaning for a list."""

    def together(self, chosen: Collection[str]) -> Range:
        """Return the reports that hold one of these values, or a value that is not named here.

        The range has no meaning for a list, whose values overlap.
        """
        high = self.answers[1]
        lower = sum(its.lower for value, its in self.values.items() if value in chosen)
        others = sum(its.lower for value, its in self.values.items() if value not in chosen)
        upper = high - others
        return Range(lower, upper, _percent(lower, high), _percent(upper, high))


def key_ranges(
    published: PublishedProject,
    key: int,
    threshold: int,
    kind: int = 0,
    its: Iterable[tuple[Cell, int]] | None = None,
) -> KeyRanges | None:
    """Return the ranges of a key in a week; None if nothing of the key is published.

    `threshold` is the week's, and `kind` is the key's type, for a week without terms. `its` are
    the key's own numbers, if the caller has them apart from those of other keys.
    """
    if key not in published.publication.answers:
        return None
    every = published.publication.values.items()
    numbers = _Numbers(published, key, threshold, kind, every if its is None else its)
    low, high = numbers.whole
    values = {}
    for value in (*numbers.cells, *numbers.rare()):
        lower, upper, others = numbers.sum(value), numbers.upper(value), numbers.others(value)
        most = None if upper is None else _percent(upper, max(low, upper + others))
        values[value] = Range(lower, upper, _percent(lower, high), most)
    return KeyRanges(
        numbers.threshold, numbers.whole, values, numbers.whole_values(), _rest(numbers)
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _rest(numbers: _Numbers) -> Range:
    low, high = numbers.whole
    printed = sum(map(numbers.sum, numbers.cells))
    # The most that the printed values can hold: each as much as its parts, and all of them
    # no more than all answers.
    bounds = [numbers.in_parts(v) if numbers.in_full(v) else None for v in numbers.cells]
    held = min(high, sum(high if bound is None else bound for bound in bounds))
    lower, upper = max(0, low - held), max(0, high - printed)
    return Range(lower, upper, _percent(lower, low), _percent(upper, high))


class _Numbers:
    """The published numbers of one key in one week."""

    def __init__(
        self,
        published: PublishedProject,
        key: int,
        threshold: int,
        kind: int,
        its: Iterable[tuple[Cell, int]],
    ) -> None:
        self._published, self._key, self._week_threshold = published, key, threshold
        self._terms = published.terms.get(key)
        self._kind = self._terms.kind if self._terms else kind
        self.threshold = threshold_of(published.terms, key, threshold)
        cells: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for cell, n in its:
            if cell.key == key:
                cells[cell.value][cell.release] = n
        self.cells: Mapping[str, Mapping[str, int]] = dict(cells)
        self._all = sum(map(self.sum, self.cells))
        carried, reports = published.publication.answers[key], published.publication.reports
        self.whole = (carried, min(carried + self.threshold, reports + threshold) - 1)

    def sum(self, value: str) -> int:
        """Return the printed number of a value."""
        return sum(self.cells.get(value, {}).values())

    def others(self, value: str) -> int:
        """Return the printed number of the other values, which no report with this one holds."""
        overlapping = self._kind == options_pb2.KEY_TYPE_LIST
        return 0 if overlapping else self._all - self.sum(value)

    def upper(self, value: str) -> int | None:
        """Return the most reports that can hold a value; None if there is no bound."""
        if not self.in_full(value):
            return None
        cut, parts = self.whole[1] - self.others(value), self.in_parts(value)
        return cut if parts is None else min(parts, cut)

    def in_full(self, value: str) -> bool:
        """Return whether no report with the value can have counted as another.

        Weeks without terms had so many places that all their values are taken as counted in full.
        """
        return self._terms is None or self._kind not in OPEN_TYPES or value in self._places()

    def in_parts(self, value: str) -> int | None:
        """Return the most that the parts of a value can hold; None if their number is unknown."""
        if self._terms.folded if self._terms else self._may_be_crossed():
            return None
        apart = self._published.publication.told_apart.get((self._key, value), frozenset())
        rest = self.cells.get(value, {}).get(OTHER_RELEASES, 0) + self.threshold - 1
        cells = {release: self._cell(value, release) for release in apart}
        # Reports of a release beyond its cell do not hold the value either.
        beyond = sum(max(0, self._release(name) - most) for name, most in cells.items())
        reports = self._published.publication.reports + self._week_threshold - 1
        return min(rest + sum(cells.values()), reports - beyond)

    def whole_values(self) -> bool:
        """Return whether each value is one number, with no release told apart."""
        if self._terms.folded if self._terms else self._may_be_crossed():
            return False
        return all(key != self._key for key, _ in self._published.publication.told_apart)

    def _cell(self, value: str, release: str) -> int:
        upper = self.cells.get(value, {}).get(release, 0) + self.threshold - 1
        version = self._published.version_key
        step = threshold_of(self._published.terms, version, self._week_threshold)
        # Only a threshold above that of `version` lets the release bound its cells.
        if not version or self.threshold <= step:
            return upper
        beside = sum(its.get(release, 0) for other, its in self.cells.items() if other != value)
        return min(upper, self._release(release) + step - 1 - beside)

    def _release(self, release: str) -> int:
        """Return the printed number of a release; 0 if nothing is printed."""
        cell = Cell(self._published.version_key, release, OTHER_RELEASES)
        return self._published.publication.values.get(cell, 0)

    def _may_be_crossed(self) -> bool:
        """Return whether a week without terms may have counted the key per release."""
        releases = any(release for its in self.cells.values() for release in its)
        return releases or any(each.name == "version" for each in self._published.retractions)

    def _places(self) -> frozenset[str]:
        return self._published.places.get(self._key, frozenset())

    def rare(self) -> list[str]:
        """Return the values that were counted in full and have no printed number."""
        rare = self._places() - self.cells.keys() if self._terms else frozenset()
        if self._kind == options_pb2.KEY_TYPE_PRODUCT:
            # A bare product is the answer of installations that know no version, so it
            # tells nothing.
            rare = frozenset(
                text for text in rare if text.rpartition(" ")[2].replace(".", "").isdecimal()
            )
        return sorted(rare)

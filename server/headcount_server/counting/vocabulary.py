"""The open vocabularies of a week: versions and texts that are not declared.

They are bounded, so no flood of invented values can fill the database. Half of the places are
reserved for values that were known before the week (see `publication.places`), so no flood can take
them. A network may introduce a few values a day into the other half. A value that finds no place
when its report comes counts as `other`, so it is not tallied. Nothing is evicted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from headcount.v1 import options_pb2

from headcount_server.counting.answers import OTHER, Answer, Answers
from headcount_server.counting.tally import Cell, Tally
from headcount_server.registry.schema import Project

RESERVED = 500
"""Most values of an open key that have a place from the opening of a week on."""
INTRODUCED = 500
"""Most further values of an open key that reports of the week may introduce."""

OPEN_TYPES = frozenset(
    {
        options_pb2.KEY_TYPE_VERSION,
        options_pb2.KEY_TYPE_PRODUCT,
        options_pb2.KEY_TYPE_TEXT,
    }
)


class Allowance(Protocol):
    """The number of new values that each network may introduce; see `store.allowance`."""

    def left(self, network: bytes | None, project: str, key: int) -> bool:
        """Return whether a network may introduce one more value of a key."""
        ...

    def take(self, network: bytes | None, project: str, key: int) -> bool:
        """Let a network introduce a value; return False if it may not."""
        ...


class Report(Protocol):
    """A report, as far as a vocabulary looks at it."""

    @property
    def answers(self) -> Answers:
        """The answers of the report."""
        ...

    @property
    def network(self) -> bytes | None:
        """Prefix of the sender's address; None if nobody limits the sender."""
        ...


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A value without a place that a network would introduce."""

    key: int
    value: str
    network: bytes | None


class Vocabulary:
    """The values that have a place in one week, for each key with an open vocabulary."""

    def __init__(self) -> None:
        self._reserved: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._introduced: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._kept: defaultdict[str, set[Cell]] = defaultdict(set)

    def reserve(self, project: str, key: int, value: str) -> None:
        """Give a value one of the reserved places."""
        self._reserved[project, key].add(value)

    def know(self, project: str, key: int, value: str) -> None:
        """Record a value that was introduced before."""
        if value not in self._reserved[project, key]:
            self._introduced[project, key].add(value)

    def newcomers(
        self, project: Project, reports: Sequence[Report], allowance: Allowance
    ) -> list[Newcomer]:
        """Return the values of these reports that room and allowance would let in."""
        given = {answer for report in reports for answer in report.answers.given}
        # Equal answers are mostly one object, so only a few need a look.
        unknown = {answer for answer in given if self._unknown(project, answer)}
        found = {
            Newcomer(answer.key, value, report.network): None
            for report in (reports if unknown else ())
            for answer in unknown.intersection(report.answers.given)
            for value in self._unknown(project, answer)
            if len(self._introduced[project.name, answer.key]) < INTRODUCED
            and allowance.left(report.network, project.name, answer.key)
        }
        return list(found)

    def introduce(
        self, project: Project, newcomers: Sequence[Newcomer], allowance: Allowance
    ) -> list[tuple[int, str]]:
        """Give places to newcomers, within room and allowance; return the values that got one."""
        introduced = []
        for new in newcomers:
            taken = self._introduced[project.name, new.key]
            if (
                not self._has(project.name, new.key, new.value)
                and len(taken) < INTRODUCED
                and allowance.take(new.network, project.name, new.key)
            ):
                taken.add(new.value)
                introduced.append((new.key, new.value))
        return introduced

    def fold(self, project: Project, tally: Tally) -> Tally:
        """Return the same totals without values that have no place; their answers still count.

        A release without a reserved place is never told apart, so its cells join those of
        unknown releases.
        """
        kept = self._kept[project.name]  # a cell that was kept unchanged once always will be
        values = Counter({cell: n for cell, n in tally.values.items() if cell in kept})
        releases = self._reserved[project.name, project.version_key]
        for cell, n in tally.values.items():
            if cell in kept or not self._places(project, cell):
                continue
            if cell.release and cell.release not in releases:
                values[cell._replace(release=OTHER)] += n
            else:
                values[cell] += n
                kept.add(cell)
        return replace(tally, values=values)

    def _unknown(self, project: Project, answer: Answer) -> list[str]:
        if project.keys[answer.key].declaration.type not in OPEN_TYPES:
            return []
        return [v for v in answer.values if not self._has(project.name, answer.key, v)]

    def _places(self, project: Project, cell: Cell) -> bool:
        open_type = project.keys[cell.key].declaration.type in OPEN_TYPES
        return not open_type or self._has(project.name, cell.key, cell.value)

    def _has(self, project: str, key: int, value: str) -> bool:
        at = (project, key)
        return value in self._reserved[at] or value in self._introduced[at]

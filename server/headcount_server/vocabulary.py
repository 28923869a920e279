"""The open vocabularies of a week: versions and texts that nobody declared.

They are bounded, so that no flood of invented values fills the database: past
the bound a further value counts as `other`, and so is not tallied.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

from headcount.v1 import options_pb2

from headcount_server.answers import OTHER
from headcount_server.schema import Project
from headcount_server.tally import Cell, Tally

MAX_DISTINCT = 1000
"""Distinct values of one key in one week."""
MAX_RELEASES = 100
"""Distinct releases of a project that cross-tabulations tell apart in one week."""

_OPEN_TYPES = frozenset(
    {
        options_pb2.KEY_TYPE_VERSION,
        options_pb2.KEY_TYPE_PRODUCT,
        options_pb2.KEY_TYPE_TEXT,
    }
)


class Vocabulary:
    """The values that one week has seen of each key with an open vocabulary."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._releases: defaultdict[str, set[str]] = defaultdict(set)

    def know(self, project: str, key: int, value: str, release: str) -> None:
        """Take in a value that is tallied already, and the release it is tallied under."""
        self._seen[project, key].add(value)
        if release not in {"", OTHER}:
            self._releases[project].add(release)

    def fold(self, project: Project, tally: Tally) -> Tally:
        """The same totals without values past the bound; their answers still count."""
        values: Counter[Cell] = Counter()
        # The project's own version first: no cell stands under a release that
        # its key does not tally.
        for cell, n in sorted(tally.values.items(), key=lambda item: item[0].release != ""):
            if self._admits(project, cell):
                release = cell.release and self._release(project, cell.release)
                values[cell._replace(release=release)] += n
        return replace(tally, values=values)

    def _admits(self, project: Project, cell: Cell) -> bool:
        if project.keys[cell.key].declaration.type not in _OPEN_TYPES:
            return True
        seen = self._seen[project.name, cell.key]
        if cell.value not in seen:
            if len(seen) >= MAX_DISTINCT:
                return False
            seen.add(cell.value)
        return True

    def _release(self, project: Project, release: str) -> str:
        known = self._releases[project.name]
        tallied = release in self._seen[project.name, project.version_key]
        if release in known or (tallied and len(known) < MAX_RELEASES):
            known.add(release)
            return release
        return OTHER

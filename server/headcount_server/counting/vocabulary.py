"""The open vocabularies of a week: versions and texts that are not declared.

They are bounded, so that no flood of invented values fills the database. Beyond the
bound a new value counts as `other`, and is therefore not tallied.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

from headcount.v1 import options_pb2

from headcount_server.counting.answers import OTHER
from headcount_server.counting.tally import Cell, Tally
from headcount_server.registry.schema import Project

MAX_DISTINCT = 1000
"""Most distinct values of one key in one week."""
MAX_RELEASES = 100
"""Most distinct releases of a project in the cross-tabulations of one week."""

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
        self._kept: defaultdict[str, set[Cell]] = defaultdict(set)

    def know(self, project: str, key: int, value: str, release: str) -> None:
        """Take in a value that is tallied already, and the release it is tallied under."""
        self._seen[project, key].add(value)
        if release not in {"", OTHER}:
            self._releases[project].add(release)

    def fold(self, project: Project, tally: Tally) -> Tally:
        """Return the same totals without values past the bound; their answers still count."""
        kept = self._kept[project.name]  # what was kept as it is once always will be
        values = Counter({cell: n for cell, n in tally.values.items() if cell in kept})
        new = [item for item in tally.values.items() if item[0] not in kept]
        # The project's own version first: no cell stands under a release that
        # its key does not tally.
        for cell, n in sorted(new, key=lambda item: item[0].release != ""):
            if self._admits(project, cell):
                release = cell.release and self._release(project, cell.release)
                values[cell._replace(release=release)] += n
                if release == cell.release:
                    kept.add(cell)
        return replace(tally, values=values)

    def settled(self, project: Project, tally: Tally) -> bool:
        """Return whether `fold` would take in nothing new of these totals."""
        for cell in tally.values:
            seen = self._seen[project.name, cell.key]
            open_type = project.keys[cell.key].declaration.type in _OPEN_TYPES
            if open_type and cell.value not in seen and len(seen) < MAX_DISTINCT:
                return False
            if cell.release and self._may_release(project, cell.release):
                return False
        return True

    def admit(self, project: Project, tally: Tally) -> tuple[list[tuple[int, str]], list[str]]:
        """Take in what the bounds allow; returns the new values by key, and the new releases."""
        name = project.name
        values = {(c.key, c.value) for c in tally.values if c.value not in self._seen[name, c.key]}
        releases = {c.release for c in tally.values} - self._releases[name]
        self.fold(project, tally)
        admitted = {(key, value) for key, value in values if value in self._seen[name, key]}
        return sorted(admitted), sorted(releases & self._releases[name])

    def know_value(self, project: str, key: int, value: str) -> None:
        """Take in a value that was admitted elsewhere."""
        self._seen[project, key].add(value)

    def know_release(self, project: str, release: str) -> None:
        """Take in a release that was admitted elsewhere."""
        self._releases[project].add(release)

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
        if release in known or self._may_release(project, release):
            known.add(release)
            return release
        return OTHER

    def _may_release(self, project: Project, release: str) -> bool:
        known = self._releases[project.name]
        tallied = release in self._seen[project.name, project.version_key]
        return release not in known and tallied and len(known) < MAX_RELEASES

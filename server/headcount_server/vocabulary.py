"""The open vocabularies of a week: versions and texts that nobody declared.

They are bounded, so that no flood of invented values fills the database: past
the bound a further value counts as `other`, and so is not tallied.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from headcount.v1 import options_pb2

from headcount_server.answers import OTHER, Answer, Answers
from headcount_server.schema import Key, Project

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

    def fold(self, project: Project, answers: Answers) -> Answers:
        """The same answers with values past the bound left untallied."""
        folded = tuple(self._fold(project, answer) for answer in answers.given)
        return replace(answers, given=folded, release=self._release(project, answers.release))

    def _release(self, project: Project, release: str) -> str:
        known = self._releases[project.name]
        # No cell stands under a release that its own key does not tally.
        tallied = release in self._seen[project.name, project.version_key]
        if release in known or (tallied and len(known) < MAX_RELEASES):
            known.add(release)
            return release
        return OTHER

    def _fold(self, project: Project, answer: Answer) -> Answer:
        if not _is_open(project.keys[answer.key]):
            return answer
        seen = self._seen[project.name, answer.key]
        for value in answer.values:
            if value not in seen:
                if len(seen) >= MAX_DISTINCT:
                    return replace(answer, values=())
                seen.add(value)
        return answer


def _is_open(key: Key) -> bool:
    return key.declaration.type in _OPEN_TYPES

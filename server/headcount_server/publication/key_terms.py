"""What holds for a key in a week: its threshold, and whether it is counted per release.

Terms are fixed when the week opens. A key's own threshold is rounded up to a
multiple of the week's k, since no other is safe: an exact total would be
proven. That of a crossed key is rounded up to a multiple of `version`'s, since
a cell could exceed its release otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from headcount_server.registry.schema import Project


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """The terms of one key in one week."""

    threshold: int
    """Every number of the key is a multiple of it; a multiple of the week's k."""
    crossed: bool
    """Whether it is counted per release of the project."""
    kind: int
    """Its type, a `KeyType` of the registry; never changes."""
    folded: bool = False
    """Whether a retraction summed its parts up, so that nobody knows how many there were."""


ProjectTerms: TypeAlias = Mapping[int, KeyTerms]
"""The terms of a project's keys by their numbers."""
NO_TERMS: ProjectTerms = MappingProxyType({})
"""Those of a week from before there were any."""


def settle(project: Project, threshold: int) -> ProjectTerms:
    """The terms under which a week with this threshold opens."""
    declared = {
        number: KeyTerms(
            _up(key.declaration.threshold, threshold), key.crossed, key.declaration.type
        )
        for number, key in project.keys.items()
    }
    return _aligned(declared, project.version_key)


def merge(before: ProjectTerms, now: ProjectTerms, version_key: int) -> ProjectTerms:
    """The terms of an open week whose registry was replaced.

    The larger threshold holds, and a key is crossed only if every registry in
    force during the week says so: reports that carried no release for it would
    contradict the cells otherwise.
    """
    merged = {}
    for number in sorted({*before, *now}):
        known = [terms[number] for terms in (before, now) if number in terms]
        merged[number] = replace(
            known[0],
            threshold=max(each.threshold for each in known),
            crossed=len(known) == 2 and all(each.crossed for each in known),  # noqa: PLR2004 - both
        )
    return _aligned(merged, version_key)


def threshold_of(terms: ProjectTerms, key: int, threshold: int) -> int:
    """The threshold of a key; that of the week where it has no terms."""
    found = terms.get(key)
    return found.threshold if found else threshold


def _aligned(terms: Mapping[int, KeyTerms], version_key: int) -> ProjectTerms:
    version = terms.get(version_key)
    if version is None:
        return MappingProxyType(dict(terms))
    return MappingProxyType(
        {
            number: replace(each, threshold=_up(each.threshold, version.threshold))
            if each.crossed
            else each
            for number, each in terms.items()
        }
    )


def _up(number: int, step: int) -> int:
    """The smallest multiple of a step that is at least the number, and at least one step."""
    return max(1, -(-number // step)) * step

"""The terms of a key in a week: its threshold, and whether it is counted per release.

Terms are fixed when the week opens. A key's own threshold is rounded up to a multiple of
the week's k, because any other threshold would prove an exact total. The threshold of a
crossed key is rounded up to a multiple of `version`'s, because a cell could exceed its
release otherwise.
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
    """Divides every published number of the key, and is itself a multiple of the week's k."""
    crossed: bool
    """Whether the key is counted per release of the project."""
    kind: int
    """Type of the key, a `KeyType` of the registry; it never changes."""
    folded: bool = False
    """Whether a retraction summed its parts, so that nobody knows how many there were."""


ProjectTerms: TypeAlias = Mapping[int, KeyTerms]
"""Terms of a project's keys by number."""
NO_TERMS: ProjectTerms = MappingProxyType({})
"""The terms of a week from before terms were kept."""


def settle(project: Project, threshold: int) -> ProjectTerms:
    """Return the terms under which a week with this threshold opens."""
    declared = {
        number: KeyTerms(
            _up(key.declaration.threshold, threshold), key.crossed, key.declaration.type
        )
        for number, key in project.keys.items()
    }
    return _aligned(declared, project.version_key)


def merge(before: ProjectTerms, now: ProjectTerms, version_key: int) -> ProjectTerms:
    """Return the terms of an open week after its registry was replaced.

    The larger threshold holds. A key is crossed only if every registry in force during the
    week says so, because reports that carried no release for it would contradict the cells.
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
    """Return the threshold of a key, or that of the week if the key has no terms."""
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
    """Return the smallest positive multiple of a step that is at least the number."""
    return max(1, -(-number // step)) * step

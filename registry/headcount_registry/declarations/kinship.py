"""Keys that may follow from each other, found by what they name: hints for a reviewer.

If the answer to one key says who answers another, the published numbers of both prove small
counts. No program can know that; but such keys nearly always share a word or values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.declarations.model import Key, Project

_SAYS_NOTHING = frozenset({
    *("version", "versions", "type", "types", "name", "names", "number", "count", "custom"),
    *("default", "enabled", "installed", "used", "module", "modules", "server", "content"),
    *("site", "sites", "tool", "tools", "of", "and", "the", "in", "on", "by"),
})  # fmt: skip
_SHARED = 0.5
"""Share of the smaller set of values from which on two sets are about the same things."""


@dataclass(frozen=True, slots=True)
class Kin:
    """Two keys of a project, by name, and what they share, in words."""

    one: str
    other: str
    why: str


def kin(project: Project, of: frozenset[str]) -> tuple[Kin, ...]:
    """Return the pairs of which at least one is among the names in `of`, sorted by name."""
    keys = sorted(project.keys, key=lambda key: key.name)
    return tuple(
        Kin(one.name, other.name, why)
        for place, one in enumerate(keys)
        for other in keys[place + 1 :]
        if {one.name, other.name} & of
        for why in _reasons(one, other)
    )


def _reasons(one: Key, other: Key) -> Iterator[str]:
    """Yield the first reason to look at two keys, if there is any."""
    values = _values(one) & _values(other)
    smaller = min(len(_values(one)), len(_values(other)))
    words = sorted(_words(one.name) & _words(other.name))
    if smaller and len(values) >= _SHARED * smaller:
        yield f"{len(values)} of {smaller} values are values of both"
    elif words:
        yield f"both names have the word {words[0]}"
    else:
        named = _named(one, other) or _named(other, one)
        if named:
            yield named


def _named(key: Key, other: Key) -> str:
    """Return which value of a key is in the name of another, `""` if none is."""
    wanted = _words(other.name)
    for value in sorted(_values(key)):
        if _words(value) and _words(value) <= wanted:
            return f"{key.name} has the value {value}, which the name {other.name} contains"
    return ""


def _values(key: Key) -> frozenset[str]:
    return frozenset(value.text for value in key.values) | frozenset(key.catalogue)


def _words(text: str) -> frozenset[str]:
    """Return the words of a name that mean something, without digits and a plural's ending."""
    words = (word for word in re.split(r"[^a-z]+", text.lower()) if len(word) > 1)
    return frozenset(word.removesuffix("s") for word in words if word not in _SAYS_NOTHING)

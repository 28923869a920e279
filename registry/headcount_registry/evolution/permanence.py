"""The facts that never change: the type and bounds of a number, the meaning of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.evolution.lock import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.declarations.model import Key
    from headcount_registry.evolution.lock import LockedKey

CHECKS = ("bounds-change", "formerly", "name-taken", "type-change", "value-taken")
"""Names of the findings of numbering; all are errors, so no allowance covers them."""


def wire_type(key: Key) -> str:
    """Return the type in its form in the lock."""
    return CATALOGUE if key.catalogue else key.type.value


def other_bounds(key: Key, line: LockedKey) -> bool:
    """Return whether a count has other bounds than in the lock."""
    return line.type == wire_type(key) and bool(line.buckets) and line.buckets != key.buckets


def problems(
    key: Key, before: LockedKey | None, former: LockedKey | None, declared: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield name and message of a finding for each change that a known number forbids.

    `before` is the key's line in the lock, and `former` the line of its former name.
    """
    if former and key.formerly in declared:
        yield (
            "formerly",
            (
                f"`{key.formerly}` is still declared; remove its lines, or `formerly` from"
                f" `{key.name}`"
            ),
        )
    elif former and before is not former and not other_bounds(key, former):
        yield (
            "formerly",
            (
                f"`{key.name}` had number {before.number if before else 0} of its own before, so it"
                f" cannot take over that of `{key.formerly}`; choose a new name"
            ),
        )
    if before and before.type != wire_type(key):
        yield (
            "type-change",
            (
                f"`{key.name}` has been of type {before.type} under number {before.number}, and a"
                f" number never changes its meaning; declare a new key, such as `{key.name}_2`,"
                f" of type {wire_type(key)} and remove this one"
            ),
        )
    elif before and other_bounds(key, before):
        yield (
            "bounds-change",
            (
                f"`{key.name}` has had the bounds {_listed(before.buckets)} under number"
                f" {before.number}, and bounds are permanent: an answer of an older client would"
                f" be counted in a range that it was not given in. Declare a new key, such as"
                f" `{key.name}_2`, with the bounds {_listed(key.buckets)} and `formerly ="
                f" {key.name}`, and remove this one"
            ),
        )
    yield from _value_problems(key, before)


def _value_problems(key: Key, before: LockedKey | None) -> Iterator[tuple[str, str]]:
    known = {names.identifier(text): text for text in before.values} if before else {}
    squeezed = {names.squeezed(identifier): text for identifier, text in known.items()}
    for value in key.values:
        text = squeezed.get(names.squeezed(value.identifier), value.text)
        if text != value.text:
            yield (
                "value-taken",
                (
                    f"the value `{value.text}` gets the name {value.identifier} in the schema,"
                    f" which is that of the earlier value `{text}`; keep the spelling `{text}`,"
                    f" with `{value.text}` as an alias if both are reported"
                ),
            )


def _listed(bounds: tuple[int, ...]) -> str:
    return ", ".join(map(str, bounds))

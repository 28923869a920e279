"""Conventions: declarations of keys that several projects share, each written once.

A set of them is an `.info` file with the lines `headcount[conventions] = SET` and
`headcount[version] = 1`. A key takes one of its keys with `telemetry[KEY][use] = SET:NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.declarations.model import Convention
from headcount_registry.reading import info
from headcount_registry.reading.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from headcount_registry.reading.info import Pair

SHIPPED = "common"
"""The name of the set that comes with headcount."""

OF_CLIENTS = frozenset({f"{SHIPPED}:installation_age"})
"""Conventions whose keys headcount's clients answer themselves, so that no host has to."""

_LARGEST = 9


@dataclass(frozen=True, slots=True)
class Shared:
    """A convention and the lines that declare it."""

    convention: Convention
    pairs: tuple[Pair, ...]


@cache
def shipped() -> Source:
    """Return the file of the shipped set."""
    text = Path(__file__).with_name(f"{SHIPPED}.info").read_text(encoding="utf-8")
    return Source(f"{SHIPPED}.info", info.parse(text))


def conventions(sets: Iterable[Source]) -> Mapping[str, Shared]:
    """Return all conventions, by the name that `use` gives, such as `common:php_version`.

    A set that states no version in order has version 0.
    """
    found: dict[str, Shared] = {}
    for source in (*sets, shipped()):
        texts = {pair.path: str(pair.value) for pair in source.ours}
        version = number(texts.get(("headcount", "version"), ""))
        for pair in source.ours:
            if pair.path[0] == "telemetry" and len(pair.path) > 2:  # noqa: PLR2004 - key, attribute
                name = f"{source.set_name}:{pair.path[1]}"
                known = found.get(name)
                before = known.pairs if known else ()
                found[name] = Shared(Convention(name, version), (*before, pair))
    return found


def number(text: str) -> int:
    """Return the version of a set that a text says, 0 if it says none."""
    whole = text.isascii() and text.isdigit() and len(text) <= _LARGEST
    return int(text) if whole and not text.startswith("0") else 0

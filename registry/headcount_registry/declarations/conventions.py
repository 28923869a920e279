"""Conventions: declarations that several projects share, each written once.

A key uses a convention with `telemetry[KEY][use] = common:NAME`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.reading import info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount_registry.reading.info import Pair

_SET = "common"
"""The name of the only set, which leaves room for others."""


@cache
def conventions() -> Mapping[str, tuple[Pair, ...]]:
    """Return the lines of each convention, by the name that `use` gives, such as `common:x`."""
    text = Path(__file__).with_name(f"{_SET}.info").read_text(encoding="utf-8")
    found: dict[str, tuple[Pair, ...]] = {}
    for pair in info.parse(text).pairs:
        name = f"{_SET}:{pair.path[1]}"
        found[name] = (*found.get(name, ()), pair)
    return found

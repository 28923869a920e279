"""The comparison of an answer with the expected one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.conformance.vectors import Json

TOLERANCE = 0.001
"""Largest difference of equal numbers: floating point gives seconds that depend on order."""

_SHOWN = 400  # characters


def differences(expected: Json, got: Json, path: str = "answer") -> Iterator[str]:
    """Yield each difference of an answer, in words; members beyond the expected are free."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name, value in expected.items():
            if name in got:
                yield from differences(value, got[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: expected {_shown(value)}, and it is missing"
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for place, (value, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(value, other, f"{path}[{place}]")
    elif not _same(expected, got):
        yield f"{path}: expected {_shown(expected)}, got {_shown(got)}"


def _same(expected: Json, got: Json) -> bool:
    """Return whether two values without parts are the same; true is not 1."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return abs(expected - got) <= TOLERANCE
    return type(expected) is type(got) and bool(expected == got)


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

"""JSON as the doors first read it: objects as pairs, numbers as their text.

Values without a list are then hashable, unlike values differ, and the parser's C code makes
them. So a door recognizes an answer that it knows at once. What it does not recognize becomes
an ordinary value, and only then are its depth and the names in it checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from headcount_server.errors import InvalidReport, Violation

MAX_DEPTH = 16
"""Most levels of objects and lists; a report needs four."""

Pairs: TypeAlias = tuple[tuple[str, Any], ...]
"""An object: its names and values, in their order."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NO_JSON = "not JSON in UTF-8"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: 1 and 1.0 differ, and neither equals true."""

    text: str

    @property
    def value(self) -> int | float:
        """The number. Raises ValueError if it has too many digits."""
        return int(self.text) if self.text.lstrip("-").isdigit() else float(self.text)


def _no_constant(_text: str) -> NoReturn:
    msg = "NaN and infinities are no JSON"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple,
    parse_int=Number,
    parse_float=Number,
    parse_constant=_no_constant,
)


def parse(body: bytes) -> Pairs:
    """Return the object in a body. Raises InvalidReport, which names the fault."""
    try:
        text = body.decode("utf-8")
        parsed = _DECODER.decode(text)
        if _SURROGATE.search(text):
            # Half of a surrogate pair raises.
            json.dumps(plain(parsed), ensure_ascii=False).encode()
    except RecursionError:
        _refuse(f"deeper than {MAX_DEPTH} levels")
    except ValueError:
        _refuse(_NO_JSON)
    if not isinstance(parsed, tuple):
        _refuse("not a JSON object")
    return parsed


def named(pairs: Pairs) -> dict[str, Any]:
    """Return the values of an object by name. Raises InvalidReport if a name is given twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("a name is given twice in one object")
    return found


def plain(value: Any, depth: int = 1) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that stands at this level as `json` would give it. Raises InvalidReport."""
    if isinstance(value, Number):
        try:
            return value.value
        except ValueError:
            _refuse(_NO_JSON)
    if not isinstance(value, tuple | list):
        return value
    if value and depth >= MAX_DEPTH:
        _refuse(f"deeper than {MAX_DEPTH} levels")
    if isinstance(value, tuple):
        return {name: plain(inner, depth + 1) for name, inner in named(value).items()}
    return [plain(inner, depth + 1) for inner in value]


def _refuse(description: str) -> NoReturn:
    raise InvalidReport(Violation("request", description))

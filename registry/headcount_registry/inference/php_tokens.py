"""The tokens of a PHP file. Nothing of the file is ever run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING = re.compile(r"<\?(?:php\b|=)")
# No group may repeat possessively: Python 3.11.2 matches such a group wrongly.
_TOKEN = re.compile(
    r"""
    (?P<blank>\s+ | (?:\#(?!\[)|//)[^\n]*?(?=\?>|$) | /\*.*?\*/)
    | (?P<end>\?>)
    | (?P<text>'[^'\\]*(?:\\.[^'\\]*)*' | "[^"\\]*(?:\\.[^"\\]*)*" | `[^`\\]*(?:\\.[^`\\]*)*`)
    | (?P<long><<<[ \t]*(?P<quote>["']?)(?P<word>\w+)(?P=quote)[ \t]*\r?\n.*?^[ \t]*(?P=word)\b)
    | (?P<open>/\* | ['"`] | <<<[ \t]*["']?\w)
    | (?P<variable>\$\w+)
    | (?P<number>[0-9][\w.]*+)
    | (?P<name>[A-Za-z_\x80-\U0010ffff\\][\w\x80-\U0010ffff\\]*+)
    | (?P<sign>=> | -> | :: | .)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_SINGLE = re.compile(r"\\([\\'])")
_DOUBLE = re.compile(r'\\([nrtvef\\$"]|[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|u\{[0-9A-Fa-f]{1,6}\})')
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f"}
_INSIDE = re.compile(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{]|\{\$)")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of code: its kind (`text`, `long`, `variable`, `number`, `name`, `sign`) and place.

    Lines count from 1; `start` and `end` are offsets into the file.
    """

    kind: str
    code: str
    line: int
    start: int
    end: int

    @property
    def string(self) -> str | None:
        """What a quoted text says; None if it is none, or has a variable inside."""
        if self.kind != "text" or self.code[0] == "`":
            return None
        inner = self.code[1:-1]
        if self.code[0] == "'":
            return _SINGLE.sub(r"\1", inner)
        return None if _INSIDE.search(inner) else _DOUBLE.sub(_unescaped, inner)


def tokens(text: str, file: str) -> Iterator[Token]:
    """Yield the tokens of the code in a file, without blanks and comments.

    Raises `SourceError` with file and line if a text or comment does not end.
    """
    line, place = 1, 0
    while opening := _OPENING.search(text, place):
        line += text.count("\n", place, opening.end())
        place = opening.end()
        while match := _TOKEN.match(text, place):
            place = match.end()
            kind = match.lastgroup or "sign"
            if match["end"]:
                break
            if match["open"]:
                raise SourceError(f"{file}:{line}: {match[0]} begins what never ends")
            if not match["blank"]:
                kind = "long" if match["long"] else kind
                yield Token(kind, match[0], line, match.start(), match.end())
            line += match[0].count("\n")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code in _NAMED:
        return _NAMED[code]
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    if code[0] in "xu" and len(code) > 1:
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"  # noqa: PLR2004 - the last character
    return code

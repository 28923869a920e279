"""The `.info` grammar of Backdrop, which turns a text into located pairs.

A pair is a key, `=` and a value. The grammar has no errors: it skips text that fits no
pair. This parser does exactly the same. It also records every place, so that checks can
report the text that the grammar silently ignores. It takes linear time for any text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Scalar: TypeAlias = str | bool | None
Tree: TypeAlias = "dict[str, Scalar | Tree]"

BLANKS = " \t\n\r\f\v"
_BLANK = re.compile(r"\s*", re.ASCII)
_LINE = re.compile(r"[^\r\n]*")
_WORD = re.compile(r"\w+", re.ASCII)
_STRUCTURE = re.compile(r"[=;\[\]]")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_SPLIT = re.compile(r"\]?\[")
_COMMENT = re.compile(r";[^\n]*")
_HEADER = re.compile(r"^\[(.*)\]\s*$", re.ASCII | re.MULTILINE)


class Style(StrEnum):
    """The way in which a value is written."""

    BARE = "bare"
    DOUBLE = '"'
    SINGLE = "'"


@dataclass(frozen=True, slots=True)
class Pair:
    """One key with its value; offsets count characters from the start of the text."""

    key: str
    value: Scalar
    style: Style
    key_start: int
    value_start: int
    end: int
    """Offset of the end of the line on which the pair ends."""

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the key: `a[b][]` is `("a", "b", "")`."""
        return _path(self.key)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text: its pairs in order, and the lines that fit no pair."""

    text: str
    pairs: tuple[Pair, ...]
    _lines: tuple[int, ...] = field(repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of an offset, both counted from 1."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def skipped(self) -> Iterator[tuple[int, str]]:
        """Return offset and text of every line that no pair covers, without blanks and comments."""
        start = 0
        for pair in (*self.pairs, None):
            stop = len(self.text) if pair is None else pair.key_start
            offset = start
            for line in self.text[start:stop].split("\n"):
                words = line.strip(BLANKS)
                if words and not words.startswith(";"):
                    yield offset + line.index(words[0]), words
                offset += len(line) + 1
            start = stop if pair is None else pair.end

    def tree(self) -> Tree:
        """Return the nested arrays that Backdrop makes from the pairs."""
        root: Tree = {}
        for pair in self.pairs:
            *parents, last = pair.path
            node = root
            for name in parents:
                place = name or str(len(node))
                child = node.get(place)
                if not isinstance(child, dict):
                    # A key keeps the position of its first mention.
                    child = node[place] = {}
                node = child
            node[last or str(len(node))] = pair.value
        return root


def parse(text: str, constants: Mapping[str, Scalar] | None = None) -> Document:
    """Parse a text without sections.

    `constants` maps names to the values that replace them, like PHP's constants; true, false
    and null are always known, in upper or lower case. Decode bytes that are not UTF-8 with
    `surrogateescape`; the grammar's own characters are all ASCII.
    """
    lines = (0, *(match.end() for match in re.finditer("\n", text)))
    return Document(text, tuple(_Scanner(text, constants or {}).pairs()), lines)


def parse_sections(text: str, constants: Mapping[str, Scalar] | None = None) -> Tree:
    """Return the nested arrays of a text with `[Section]` lines, as Backdrop reads them.

    Comments end every line, even inside quotes, and text before the first header shifts
    names and bodies against each other: both are Backdrop's behaviour.
    """
    bare = _COMMENT.sub("", text)
    parts = _HEADER.split(bare)
    if len(parts) == 1:
        return parse(bare, constants).tree()
    if not parts[0].strip(BLANKS):
        del parts[0]
    if not parts[-1]:
        del parts[-1]
    bodies = [*parts[1::2], ""][: len(parts[::2])]
    return {
        name: parse(body, constants).tree() for name, body in zip(parts[::2], bodies, strict=True)
    }


def format_pair(path: tuple[str, ...], value: Scalar) -> str:
    """Return a line that parses to this path and value.

    Raises `ValueError` if the grammar cannot express them: a name with brackets or with blanks
    around it, the text of a constant, or a text that ends in a backslash and needs quotes.
    """
    first, *rest = path
    if not first or first != first.strip(BLANKS) or _STRUCTURE.search(first):
        raise ValueError(f"no name for a key: {first!r}")
    if any("[" in part or "]" in part for part in rest):
        raise ValueError(f"brackets inside brackets: {rest!r}")
    key = first + "".join(f"[{part}]" for part in rest)
    if not isinstance(value, str):
        return f"{key} = {'NULL' if value is None else str(value).upper()}"
    if value.lower() in _CONSTANTS:
        raise ValueError(f"the name of a constant: {value!r}")
    plain = value and value == value.strip(BLANKS) and value[0] not in {'"', "'"}
    if plain and not re.search(r"[\r\n]", value):
        return f"{key} = {value}"
    if value.endswith("\\"):
        raise ValueError("a backslash would hide the closing quote")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key} = "{escaped}"'


class _Scanner:
    """The search for the pairs of a text, which reads each part a fixed number of times at most."""

    def __init__(self, text: str, constants: Mapping[str, Scalar]) -> None:
        self._text = text
        self._constants = constants
        self._marks = [match.start() for match in _STRUCTURE.finditer(text)]
        self._equals = self._equals_after_marks()
        # Equal signs without a value: a carriage return is in the place of the line's end.
        self._barren: set[int] = set()

    def _equals_after_marks(self) -> list[int]:
        """Return, for each mark, the `=` that ends a key running into the mark, or -1.

        The search goes from right to left, so that it reads a long text without any `=` once,
        and not once for each line. Brackets may contain anything except brackets.
        """
        text, marks = self._text, self._marks
        found = [-1] * (len(marks) + 1)
        bracket = -1
        for index in range(len(marks) - 1, -1, -1):
            mark = text[marks[index]]
            if mark == "=":
                found[index] = marks[index]
            elif mark == "[" and bracket >= 0 and text[marks[bracket]] == "]":
                found[index] = found[bracket + 1]
            if mark in "[]":
                bracket = index
        return found

    def pairs(self) -> Iterator[Pair]:
        """Yield each pair, tried from line to line."""
        text, start = self._text, 0
        while start >= 0:
            pair = self._pair(start)
            end = start if pair is None else pair.end
            if pair is not None:
                yield pair
            if pair is not None and text[end - 1] == "\n":
                start = end
            else:
                start = text.find("\n", end) + 1 or -1

    def _pair(self, start: int) -> Pair | None:
        """Return the pair that begins on the line at `start`, if one does."""
        text = self._text
        equals = self._equals[bisect_left(self._marks, start)]
        if equals <= start or equals in self._barren:
            return None
        found = self._value(equals + 1)
        if found is None:
            self._barren.add(equals)
            return None
        style, value_start, raw, end = found
        key_start = _after_blanks(text, start)
        if key_start >= equals:
            # There are only blanks before `=`: the last of them is the key.
            key_start, key = equals - 1, text[equals - 1]
        else:
            key = text[key_start:equals].rstrip(BLANKS)
        return Pair(key, self._constant(raw), style, key_start, value_start, end)

    def _value(self, start: int) -> tuple[Style, int, str, int] | None:
        """Return style, start, text and end of line of the value after an `=`."""
        text = self._text
        first = _after_blanks(text, start)
        if text[first : first + 1] in {'"', "'"}:
            closed = self._closing_quote(first)
            if closed is not None:
                quote, end = closed
                body = _ESCAPE.sub(_unescape, text[first + 1 : quote])
                return Style(text[first]), first, body, end
        line = _LINE.match(text, first)
        raw = line.group().rstrip(BLANKS) if line else ""
        end = self._line_end(first + len(raw))
        if end < 0:
            # Only the empty value is left, if it can be on a line of its own.
            first, raw = text.rfind("\n", start, first), ""
            end = first
        return (Style.BARE, first, raw, end) if end >= 0 else None

    def _closing_quote(self, opening: int) -> tuple[int, int] | None:
        """Return the quote that ends a quoted value, and the end of its line.

        The value runs to the first quote without a backslash before it. If more text follows
        on that line, the last escaped quote that ends a line closes it instead.
        """
        text = self._text
        quote = text[opening]
        closed = None
        place = text.find(quote, opening + 1)
        while place >= 0:
            end = self._line_end(place + 1)
            if end >= 0:
                closed = place, end
            if text[place - 1] != "\\":
                break
            place = text.find(quote, place + 1)
        return closed

    def _line_end(self, start: int) -> int:
        """Return the last end of a line that only blanks separate from `start`, or -1."""
        stop = _after_blanks(self._text, start)
        return stop if stop == len(self._text) else self._text.rfind("\n", start, stop)

    def _constant(self, raw: str) -> Scalar:
        if not _WORD.fullmatch(raw):
            return raw
        if raw.lower() in _CONSTANTS:
            return _CONSTANTS[raw.lower()]
        return self._constants.get(raw, raw)


@lru_cache(maxsize=1 << 14)
def _path(key: str) -> tuple[str, ...]:
    return tuple(_SPLIT.split(key.rstrip("]")))


_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None}


def _after_blanks(text: str, start: int) -> int:
    blanks = _BLANK.match(text, start)
    return blanks.end() if blanks else start


def _unescape(match: re.Match[str]) -> str:
    return "\0" if match[1] == "0" else match[1]

"""A small writer of code: lines, indentation, comments and literals."""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARKER = "Written by headcount-registry"
"""Words in the first line of every generated file; only such files are ever overwritten."""
WIDTH = 100
_LAST_SHORT = 0xFFFF


class Writer:
    """Collects lines; `indent` is what one level of indentation looks like."""

    def __init__(self, indent: str) -> None:
        self._indent = indent
        self._depth = 0
        self._lines: list[str] = []

    def line(self, text: str = "") -> None:
        """Adds one line at the present depth."""
        self._lines.append(self._indent * self._depth + text if text else "")

    def lines(self, texts: Iterable[str]) -> None:
        """Adds several lines."""
        for text in texts:
            self.line(text)

    @contextmanager
    def block(self, opening: str, closing: str = "") -> Iterator[None]:
        """Adds an opening line, indents what follows, and adds the closing line, if any."""
        self.line(opening)
        self._depth += 1
        yield
        self._depth -= 1
        if closing:
            self.line(closing)

    def wrapped(self, text: str, prefix: str = "") -> None:
        """Adds a paragraph, broken between words to the width of a line."""
        width = WIDTH - len(self._indent) * self._depth - len(prefix)
        for line in wrap(text, width):
            self.line(f"{prefix}{line}".rstrip())

    def text(self) -> str:
        """Everything, ended by a line feed."""
        return "\n".join(self._lines) + "\n"


def wrap(text: str, width: int) -> list[str]:
    """A paragraph in lines; words longer than a line stay whole, nothing else remains."""
    line = plain(text)
    if len(line) <= width:
        return [line] if line else []
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)


def plain(text: str) -> str:
    """A text as one line of signs that can be seen; others are replaced."""
    words = " ".join(text.split())
    if words.isprintable():
        return words
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)


def quoted(text: str) -> str:
    """A literal that protobuf's text format and Python read alike, in double quotes.

    Quotes, backslashes and whatever cannot be seen are written as escapes.
    """
    if text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    if character.isascii():
        # Three octal digits: of hexadecimal ones protobuf would take as many as follow.
        return f"\\{code:03o}"
    return f"\\u{code:04x}" if code <= _LAST_SHORT else f"\\U{code:08x}"


def bytes_lines(data: bytes, size: int = 24) -> list[str]:
    """Bytes as literals of Python, a few to a line; neighbours are one value to Python."""
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return ['b"' + chunk.decode("latin-1").translate(_BYTES) + '"' for chunk in chunks]


def _byte(byte: int) -> str:
    plain = ord(" ") <= byte <= ord("~") and byte not in {ord('"'), ord("\\")}
    return chr(byte) if plain else f"\\x{byte:02x}"


_BYTES = {byte: _byte(byte) for byte in range(256)}

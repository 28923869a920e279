"""The forms of a text in a generated file: lines, literals, docstrings."""

from __future__ import annotations

import textwrap

MARKER = "Written by headcount-registry"
"""The words in the first line of every generated file; only such files are overwritten."""
WIDTH = 100
_LAST_SHORT = 0xFFFF


def wrap(text: str, width: int) -> list[str]:
    """Return a paragraph in lines; words longer than a line stay whole."""
    line = plain(text)
    if len(line) <= width:
        return [line] if line else []
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)


def plain(text: str) -> str:
    """Return a text as one line of visible characters; others are replaced."""
    words = " ".join(text.split())
    if words.isprintable():
        return words
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)


def quoted(text: str) -> str:
    """Return a literal in double quotes, which protobuf's text format and Python read alike.

    Quotes, backslashes and invisible characters are written as escapes.
    """
    if text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(_escaped(character) for character in text) + '"'


def python_quoted(text: str) -> str:
    """Return a literal as Python's formatters write it: in single quotes if that saves escapes."""
    literal = quoted(text)
    if text.count('"') <= text.count("'"):
        return literal
    return "'" + literal[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def docstring(text: str) -> str:
    """Return a text as one line that cannot end a docstring."""
    escaped = plain(text).replace("\\", "\\\\").replace('"""', "'''")
    return escaped[:-1] + "'" if escaped.endswith('"') else escaped


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    if character.isascii():
        # Octal escapes have three digits; a hexadecimal escape would take any digits that follow.
        return f"\\{code:03o}"
    return f"\\u{code:04x}" if code <= _LAST_SHORT else f"\\U{code:08x}"


def bytes_lines(data: bytes, size: int = 24) -> list[str]:
    """Return bytes as Python literals, a few to a line; Python joins adjacent literals."""
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return ['b"' + chunk.decode("latin-1").translate(_BYTES) + '"' for chunk in chunks]


def _byte(byte: int) -> str:
    plain = ord(" ") <= byte <= ord("~") and byte not in {ord('"'), ord("\\")}
    return chr(byte) if plain else f"\\x{byte:02x}"


_BYTES = {byte: _byte(byte) for byte in range(256)}

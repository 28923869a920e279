"""Literal values of PHP code: texts, numbers, and arrays of them; all else is said to be none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from headcount_registry.errors import SourceError

if TYPE_CHECKING:
    from headcount_registry.inference.php_tokens import Token

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
_TRANSLATING = frozenset({"t", "st"})
"""Backdrop's functions that return their first argument in the language of the page."""
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class NotLiteral:
    """Code that only PHP can evaluate, and the line on which it begins."""

    line: int
    code: str


@dataclass(frozen=True, slots=True)
class Array:
    """A literal array: its items by key, each with its line, and items whose key is not literal."""

    items: dict[str, tuple[int, Literal]]
    unread: tuple[NotLiteral, ...] = ()


Literal: TypeAlias = "str | NotLiteral | Array"


class Cursor:
    """A place among the tokens of a file."""

    def __init__(self, found: list[Token], text: str, file: str) -> None:
        self.file = file
        self._tokens = found
        self._text = text
        self._place = 0

    @property
    def token(self) -> Token | None:
        """The token here; None at the end."""
        return self.ahead(0)

    def ahead(self, number: int) -> Token | None:
        """Return a later token; None if there are not so many."""
        place = self._place + number
        return self._tokens[place] if place < len(self._tokens) else None

    def is_at(self, *codes: str) -> bool:
        """Return whether the next tokens are these."""
        found = [self.ahead(number) for number in range(len(codes))]
        return [token and token.code.lower() for token in found] == list(codes)

    def take(self, *codes: str) -> bool:
        """Step over these tokens if they are the next ones, and say whether they were."""
        if not self.is_at(*codes):
            return False
        self._place += len(codes)
        return True

    def step(self) -> Token:
        """Return the token here and go on. Raises `SourceError` at the end of the file."""
        token = self.token
        if token is None:
            raise SourceError(f"{self.file}: ends in the middle of a function")
        self._place += 1
        return token

    def skip_to(self, *ends: str) -> None:
        """Go to the next of these signs, or a closing bracket, outside of inner brackets."""
        depth = 0
        while self.token is not None:
            code = self.token.code
            if depth == 0 and (code in ends or code in _CLOSING):
                return
            depth += (code in _OPENING) - (code in _CLOSING)
            self._place += 1

    def skip_statement(self) -> None:
        """Go beyond the next semicolon or block, but not beyond the end of this block."""
        depth = 0
        while not (depth == 0 and self.is_at("}")):
            code = self.step().code
            depth += (code in _OPENING) - (code in _CLOSING)
            if depth <= 0 and code in {";", "}"}:
                return

    def code_since(self, first: Token) -> str:
        """Return the code from a token to the one before this place."""
        return self._text[first.start : self._tokens[max(self._place - 1, 0)].end]


def value(cursor: Cursor, depth: int = 0) -> Literal:
    """Read an expression up to the comma, semicolon or bracket that ends it."""
    first = cursor.token
    if first is None:
        return NotLiteral(0, "")
    if depth > _DEEPEST:
        raise SourceError(
            f"{cursor.file}:{first.line}: arrays are nested more than {_DEEPEST} deep"
        )
    found = _simple(cursor, depth)
    while isinstance(found, str) and cursor.take("."):
        more = _simple(cursor, depth)
        found = found + more if isinstance(more, str) else None
    if found is None or not _ends(cursor):
        cursor.skip_to(",", ";", "=>")
        return NotLiteral(first.line, cursor.code_since(first))
    return found


def _simple(cursor: Cursor, depth: int) -> str | Array | None:
    if cursor.take("array", "("):
        return _array(cursor, ")", depth)
    if cursor.take("["):
        return _array(cursor, "]", depth)
    token = cursor.token
    if token is None:
        return None
    after = cursor.ahead(1)
    if token.code in _TRANSLATING and after and after.code == "(":
        return _translated(cursor)
    if token.string is not None or token.kind == "number":
        return token.string if cursor.step().kind == "text" else token.code
    return None


def _translated(cursor: Cursor) -> str | None:
    """Return the words of `t('words')`; None if there is more in it."""
    words = cursor.ahead(2)
    end = cursor.ahead(3)
    if words is None or words.string is None or end is None or end.code != ")":
        return None
    for _ in range(4):
        cursor.step()
    return words.string


def _array(cursor: Cursor, end: str, depth: int) -> Array:
    """Return an array after its opening; items without a key count from 0."""
    items: dict[str, tuple[int, Literal]] = {}
    unread: list[NotLiteral] = []
    while not cursor.take(end):
        start = cursor.token
        line = start.line if start else 0
        first = value(cursor, depth + 1)
        if not cursor.take("=>"):
            items[str(len(items))] = line, first
        else:
            held = value(cursor, depth + 1)
            if isinstance(first, str):
                items[first] = line, held
            elif start:
                unread.append(NotLiteral(line, cursor.code_since(start)))
        if not cursor.take(",") and not cursor.is_at(end):
            cursor.step()  # code that fits no array: go on, so that the end is reached
    return Array(items, tuple(unread))


def _ends(cursor: Cursor) -> bool:
    token = cursor.token
    return token is None or token.code in {",", ";", "=>", *_CLOSING}

"""A sentence for people: its English text, and the parts by which others are made of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Sentence(str):
    """An English text that remembers its `pattern` and the `values` that were filled in.

    Pure code says what is wrong by such a text. It stays English in files, logs and data;
    `asking.wording.Words.said` says it in a person's language. Values may be sentences too.
    """

    __slots__ = ("pattern", "values")

    pattern: str
    values: dict[str, object]

    def __new__(cls, pattern: str, /, **values: object) -> Self:
        """Fill the names in braces in; a pattern without values stays as it is."""
        made = super().__new__(cls, pattern.format_map(values) if values else pattern)
        made.pattern = pattern
        made.values = values
        return made

    def __reduce__(self) -> tuple[object, ...]:
        """Return the way to make a copy, which old protocols of pickle can't find out."""
        return _made, (self.pattern, self.values)


def _made(pattern: str, values: dict[str, object]) -> Sentence:
    return Sentence(pattern, **values)

"""Checks of one file: values that parse differently from what the author intended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headcount_registry.checks.table import file_check
from headcount_registry.reading.info import BLANKS, Style

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.reading.info import Pair
    from headcount_registry.reading.source import Source

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_COMMENT = re.compile(r"\s;|;$")
_QUOTED_COMMENT = re.compile(r"""(["']).*\1\s*;""", re.DOTALL)
_LOST_BACKSLASH = re.compile(r"""\\(?:\\|(?P<lost>[^\\"'\n]|\Z))""")
# Names that PHP, or Backdrop's own bootstrap, gives a meaning of its own.
_PHP_CONSTANT = re.compile(r"(?:BACKDROP|PHP|E|M|LC)_[A-Z0-9_]+|NAN|INF|DIRECTORY_SEPARATOR")


@file_check("empty-value")
def empty_value(source: Source) -> Problems:
    """A declaration without a value declares nothing."""
    for pair in source.ours:
        if isinstance(pair.value, str) and not pair.value.strip():
            yield source.at(pair.key_start), f"`{pair.key}` is empty; write a value or remove it"


@file_check("unclosed-quote")
def unclosed_quote(source: Source) -> Problems:
    """A value that begins with a quote but does not end with one keeps the quote."""
    for pair in source.ours:
        if _keeps_quote(pair) and not _QUOTED_COMMENT.match(str(pair.value)):
            yield (
                source.at(pair.value_start),
                (
                    "the quote is not closed at the end of the line, so it stays in the value;"
                    " close it and write nothing after it"
                ),
            )


def _keeps_quote(pair: Pair) -> bool:
    return pair.style is Style.BARE and str(pair.value)[:1] in {'"', "'"}


@file_check("trailing-comment")
def trailing_comment(source: Source) -> Problems:
    """`;` after a value is part of the value."""
    for pair in source.ours:
        if pair.style is not Style.BARE:
            continue
        text = str(pair.value)
        pattern = _QUOTED_COMMENT.match if _keeps_quote(pair) else _COMMENT.search
        if pattern(text):
            yield (
                source.at(pair.value_start),
                (
                    "`;` does not begin a comment after a value, it becomes part of it;"
                    " put the comment on a line of its own, or the value in quotes"
                ),
            )


@file_check("doubled-equals-sign")
def doubled_equals_sign(source: Source) -> Problems:
    """The second of two equal signs is part of the value."""
    for pair in source.ours:
        if pair.style is Style.BARE and str(pair.value).startswith("="):
            yield (
                source.at(pair.value_start),
                "the second `=` becomes part of the value; write one, or the value in quotes",
            )


@file_check("lost-backslash")
def lost_backslash(source: Source) -> Problems:
    r"""Inside quotes the grammar drops a backslash, whatever follows it."""
    for pair in source.ours:
        if pair.style is Style.BARE:
            continue
        written = source.document.text[pair.value_start + 1 : pair.end].rstrip(BLANKS)[:-1]
        for match in _LOST_BACKSLASH.finditer(written):
            if match["lost"] is not None:
                yield (
                    source.at(pair.value_start + 1 + match.start()),
                    (
                        f"in quotes `{match[0]}` is read as `{match['lost']}`; write `\\\\` for a"
                        " backslash, or the value without quotes"
                    ),
                )
                break


@file_check("line-break")
def line_break(source: Source) -> Problems:
    """A name or a value is one line."""
    for pair in source.ours:
        if "\n" in pair.key or "\n" in str(pair.value):
            yield (
                source.at(pair.key_start),
                (
                    "a line break in a name or value: is a bracket or a quote closed too late?"
                    " write it on one line"
                ),
            )


@file_check("constant-value")
def constant_value(source: Source) -> Problems:
    """TRUE, FALSE, NULL and PHP's own names are replaced even inside quotes."""
    for pair in source.ours:
        if not isinstance(pair.value, str) or _PHP_CONSTANT.fullmatch(pair.value):
            written = source.document.text[pair.value_start : pair.end].split("\n")[0].strip()
            yield (
                source.at(pair.value_start),
                f"`{written}` is read as a constant of PHP, quoted or not; use another word",
            )


@file_check("control-character")
def control_character(source: Source) -> Problems:
    """A declaration must not contain characters that readers cannot see."""
    for pair in source.ours:
        if _CONTROL.search(f"{pair.key}{pair.value}"):
            yield source.at(pair.key_start), "contains a control character; remove it"

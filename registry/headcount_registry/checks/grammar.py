"""Checks of one file: what the grammar reads otherwise than its writer meant, in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headcount_registry.checks.table import file_check
from headcount_registry.info import Style
from headcount_registry.source import OURS

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.source import Source

_OURS = re.compile(r"(?:telemetry|headcount)\s*\[")
_COMMENTED = re.compile(r"(?:#|//)\s*(?:telemetry|headcount)\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\udc80-\udcff]")


@file_check("joined-text")
def joined_text(source: Source) -> Problems:
    """Text without `=` before a declaration becomes part of its key."""
    for pair in source.document.pairs:
        lines = pair.key.split("\n")
        if len(lines) > 1 and pair.path[0] not in OURS and _OURS.match(lines[-1].lstrip()):
            yield (
                source.at(pair.key_start),
                (
                    f"`{lines[0].strip()}` has no `=`, so it swallows the declaration below it;"
                    " begin the line with `;` or remove it"
                ),
            )


@file_check("hash-comment")
def hash_comment(source: Source) -> Problems:
    """`#` and `//` begin no comment."""
    for pair in source.document.pairs:
        if _COMMENTED.fullmatch(pair.path[0]):
            yield (
                source.at(pair.key_start),
                "`#` and `//` begin no comment in an .info file; begin the line with `;`",
            )


@file_check("misspelt-word")
def misspelt_word(source: Source) -> Problems:
    """A line that nearly declares something declares nothing."""
    for pair in source.document.pairs:
        word = pair.path[0]
        near = word.strip("\ufeff \t").lower()
        if word not in OURS and near in OURS:
            reason = "a byte order mark stands before it" if "\ufeff" in word else "as written"
            yield (
                source.at(pair.key_start),
                (
                    f"`{word.strip()}` is not read ({reason}); write `{near}[...]`"
                    " in lower case, at the very start, without a space"
                ),
            )


@file_check("ignored-line")
def ignored_line(source: Source) -> Problems:
    """A line that fits no pair is skipped without a word."""
    for offset, line in source.document.skipped():
        if _OURS.match(line):
            yield (
                source.at(offset),
                (
                    f"this line is ignored: `{line[:60]}` is not of the form"
                    " `telemetry[key][attribute] = value`; close every bracket and write `=`"
                ),
            )


@file_check("malformed-line")
def malformed_line(source: Source) -> Problems:
    """`telemetry` and `headcount` need brackets."""
    for pair in source.ours:
        if len(pair.path) == 1:
            word = pair.path[0]
            yield (
                source.at(pair.key_start),
                f"`{word}` alone says nothing; write `{word}[name] = ...`",
            )


@file_check("swallowed-line")
def swallowed_line(source: Source) -> Problems:
    """An empty value takes the next line as its value."""
    for pair in source.document.pairs:
        gap = source.document.text[pair.key_start + len(pair.key) : pair.value_start]
        value = pair.value if isinstance(pair.value, str) else ""
        ours = pair.path[0] in OURS or _OURS.match(value)
        if ours and pair.style is Style.BARE and "\n" in gap.partition("=")[2] and value:
            yield (
                source.at(pair.value_start),
                (
                    f"`{pair.key.strip()}` has no value, so it takes this line as its value;"
                    ' write a value after its `=`, or `""`'
                ),
            )


@file_check("empty-value")
def empty_value(source: Source) -> Problems:
    """A declaration without a value declares nothing."""
    for pair in source.ours:
        if isinstance(pair.value, str) and not pair.value.strip():
            yield source.at(pair.key_start), f"`{pair.key}` is empty; write a value or remove it"


@file_check("unclosed-quote")
def unclosed_quote(source: Source) -> Problems:
    """A value that begins with a quote but does not end with it keeps its quotes."""
    for pair in source.ours:
        if pair.style is Style.BARE and str(pair.value)[:1] in {'"', "'"}:
            yield (
                source.at(pair.value_start),
                (
                    "the quote is not closed at the end of the line, so it stays in the value;"
                    " close it and write nothing after it"
                ),
            )


@file_check("trailing-comment")
def trailing_comment(source: Source) -> Problems:
    """`;` after a value is part of the value."""
    for pair in source.ours:
        if pair.style is Style.BARE and re.search(r"\s;", str(pair.value)):
            yield (
                source.at(pair.value_start),
                (
                    "`;` does not begin a comment after a value, it becomes part of it;"
                    " put the comment on a line of its own, or the value in quotes"
                ),
            )


@file_check("line-break")
def line_break(source: Source) -> Problems:
    """Names and values are one line each."""
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
    """TRUE, FALSE and NULL are replaced even inside quotes."""
    for pair in source.ours:
        if not isinstance(pair.value, str):
            written = source.document.text[pair.value_start : pair.end].split("\n")[0].strip()
            yield (
                source.at(pair.value_start),
                f"`{written}` is read as a constant of PHP, quoted or not; use another word",
            )


@file_check("control-character")
def control_character(source: Source) -> Problems:
    """Characters that no reader can see have no place in a declaration."""
    for pair in source.ours:
        text = f"{pair.key}{pair.value}"
        if _SURROGATE.search(text):
            yield source.at(pair.key_start), "not valid UTF-8; save the file as UTF-8"
        elif _CONTROL.search(text):
            yield source.at(pair.key_start), "contains a control character; remove it"

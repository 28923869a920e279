"""Checks of one file: lines that parse differently from what the author intended."""

from __future__ import annotations

import re
from bisect import bisect_right
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import file_check
from headcount_registry.reading.info import Style
from headcount_registry.reading.source import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.findings import Location
    from headcount_registry.reading.info import Pair
    from headcount_registry.reading.source import Source

_OURS = re.compile(r"(?:telemetry|headcount)\s*\[")
_MEANT = re.compile(r"^[ \t]*((?:telemetry|headcount)\s*\[|project\s*=)", re.MULTILINE)
_COMMENTED = re.compile(r"(?:#|//)\s*(?:telemetry|headcount)\s*")
_HASH = ("#", "//")
_NEARLY = re.compile(r"\W*(telemetry|headcount)\b", re.IGNORECASE)
_LONE_RETURN = re.compile(r"\r(?!\n)")
_AFTER_RETURN = re.compile(r"(?:^|[\r\n])[ \t]*(?:telemetry|headcount)\s*\[")
_ALIKE = 0.85
_MARK = "\ufeff"


def _lost(source: Source) -> Iterator[tuple[int, Pair | None]]:
    """Yield the offset of each line that fails to declare, and the pair that contains it."""
    pairs = source.document.pairs
    starts = [pair.key_start for pair in pairs]
    declares = bool(source.ours)
    for match in _MEANT.finditer(source.document.text):
        offset = match.start(1)
        index = bisect_right(starts, offset) - 1
        if index >= 0 and starts[index] == offset:
            continue
        if declares or _OURS.match(match[1]):
            taken = index >= 0 and offset < pairs[index].end
            yield offset, pairs[index] if taken else None


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0].strip()


@file_check("encoding")
def encoding(source: Source) -> Problems:
    """A file must be UTF-8; the grammar reads nothing of a file in UTF-16."""
    text = source.document.text
    mark = text[:2].encode(errors="surrogateescape")
    if mark in {b"\xff\xfe", b"\xfe\xff"} or "\0t\0e\0l\0e" in f"\0{text}":
        yield source.at(0), "the file is UTF-16, of which nothing is read; save it as UTF-8"
        return
    for pair in source.ours:
        if re.search("[\udc80-\udcff]", f"{pair.key}{pair.value}"):
            yield source.at(pair.key_start), "not valid UTF-8; save the file as UTF-8"


@file_check("byte-order-mark")
def byte_order_mark(source: Source) -> Problems:
    """A byte order mark becomes part of the first key."""
    text = source.document.text
    if text.startswith(_MARK) and _MEANT.search(text.replace(_MARK, "", 1)):
        yield (
            source.at(0),
            (
                "the file begins with a byte order mark, which becomes part of the first key;"
                " save it as UTF-8 without one"
            ),
        )


@file_check("carriage-return")
def carriage_return(source: Source) -> Problems:
    """A carriage return alone does not end a line."""
    text = source.document.text
    for line in re.finditer(r"[^\n]*\n?", text):
        lone = _LONE_RETURN.search(line[0])
        if lone and _AFTER_RETURN.search(line[0]):
            yield (
                source.at(line.start() + lone.start()),
                (
                    "a carriage return alone ends no line, so what stands around it is not read;"
                    " save the file with line feeds"
                ),
            )
            return


@file_check("joined-text")
def joined_text(source: Source) -> Problems:
    """Text without `=` before a declaration becomes part of its key."""
    for offset, pair in _lost(source):
        if pair is None or offset >= pair.value_start or pair.key.startswith((*_HASH, _MARK)):
            continue
        first = _first_line(pair.key)
        reason = (
            "is a section, which a declaration cannot have" if first[:1] == "[" else "has no `=`"
        )
        yield (
            source.at(pair.key_start),
            (
                f"`{first}` {reason}, so it swallows the declaration below it;"
                " begin the line with `;` or remove it"
            ),
        )


@file_check("hash-comment")
def hash_comment(source: Source) -> Problems:
    """`#` and `//` do not begin a comment, and may swallow the next line."""
    takers = {
        pair.key_start for offset, pair in _lost(source) if pair and offset < pair.value_start
    }
    for pair in source.document.pairs:
        takes = pair.key_start in takers and pair.key.startswith(_HASH)
        if takes or _COMMENTED.fullmatch(pair.path[0]):
            swallow = ", so this swallows the declaration below it" if takes else ""
            yield (
                source.at(pair.key_start),
                f"`#` and `//` begin no comment in an .info file{swallow}; begin the line with `;`",
            )


@file_check("misspelt-word")
def misspelt_word(source: Source) -> Problems:
    """A line that nearly declares something declares nothing."""
    declares = bool(source.ours)
    for pair in source.document.pairs:
        near = _nearly(pair, declares=declares)
        if near:
            yield (
                source.at(pair.key_start),
                (
                    f"`{_first_line(pair.key)}` is not read; write {near}"
                    " in lower case, at the very start, without a space"
                ),
            )


def _nearly(pair: Pair, *, declares: bool) -> str:
    """Return the word that a key misspells, or an empty text."""
    word = pair.path[0]
    if word in OURS or "\n" in pair.key or word.startswith((*_HASH, _MARK)):
        return ""
    if declares and word.strip().lower() == "project" and pair.key != "project":
        return "`project = ...`"
    begins = _NEARLY.match(pair.key)
    if begins:
        return f"`{begins[1].lower()}[...]`"
    if len(pair.path) > 1 and len(word) < len("telemetry") * 2:
        near = get_close_matches(word.strip().lower(), sorted(OURS), n=1, cutoff=_ALIKE)
        return f"`{near[0]}[...]`" if near else ""
    return ""


@file_check("ignored-line")
def ignored_line(source: Source) -> Problems:
    """A line that fits no pair is silently skipped."""
    text = source.document.text
    for offset, pair in _lost(source):
        if pair is not None:
            continue
        end = text.find("\n", offset)
        line = text[offset : end if end >= 0 else len(text)]
        if not _LONE_RETURN.search(line):
            yield (
                source.at(offset),
                (
                    f"this line is ignored: `{line.strip()[:60]}` is not of the form"
                    " `telemetry[key][attribute] = value`; close every bracket and write `=`"
                ),
            )


@file_check("swallowed-line")
def swallowed_line(source: Source) -> Problems:
    """A value that is empty, or whose quote closes too late, swallows the lines below it."""
    for pair in source.ours:
        gap = source.document.text[pair.key_start + len(pair.key) : pair.value_start]
        if pair.style is Style.BARE and "\n" in gap.partition("=")[2] and pair.value != "":
            yield _swallowed(source, pair, pair.value_start)
    for offset, taker in _lost(source):
        if taker and offset >= taker.value_start and taker.path[0] not in OURS:
            yield _swallowed(source, taker, offset)


def _swallowed(source: Source, pair: Pair, offset: int) -> tuple[Location, str]:
    key = _first_line(pair.key)
    if pair.style is Style.BARE:
        return (
            source.at(offset),
            (
                f"`{key}` has no value, so it takes this line as its value;"
                ' write a value after its `=`, or `""`'
            ),
        )
    return (
        source.at(offset),
        (
            f"the quote that opens the value of `{key}` closes behind this line and swallows it;"
            " close it on its own line"
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

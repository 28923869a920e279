"""Plain words: what each key reports of an installation, and what documents share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headcount_registry.declarations.model import MAX_TEXT, KeyType, Level, Mode
from headcount_registry.emitters.text import plain

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key

LEVELS = {
    Level.BASIC: "Technical facts",
    Level.EXTENDED: "How the software is used",
}
"""The name of each level."""

MODES = {
    Mode.ASK_FIRST: "Nothing is sent until a person says yes.",
    Mode.ON_AFTER_NOTICE: (
        "Reports begin 24 hours after a clear notice was shown, and stop when a person says no."
    ),
}
"""The meaning of each mode of consent."""

_NUMERALS = {1: "part", 2: "two parts", 3: "three parts", 4: "four parts"}
_SENT = {
    KeyType.BOOLEAN: "yes or no",
    KeyType.CHOICE: "one of the values named here; anything else as `other`",
    KeyType.VERSION: "a version, cut to its first {components}",
    KeyType.PRODUCT: (
        "one of the products named here, with its version cut to the first {components}; anything"
        " else as `other`"
    ),
    KeyType.COUNT: "the range that the number falls into, never the number itself",
    KeyType.LIST: (
        "any of the values named here that apply, at most {items}; anything else as `other`,"
        " without its name"
    ),
    KeyType.TEXT: "free text of at most {characters} characters, unchanged",
}
_CATALOGUE = (
    "any items of a published list of {published} that apply, at most {items}; anything else as"
    " `other`, without its name"
)
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|&#~])")


def sent(key: Key) -> str:
    """Return a phrase that says what a report holds for a key, without its set of values."""
    phrase = _SENT[key.type] if not key.catalogue else _CATALOGUE
    return phrase.format(
        components=_NUMERALS.get(key.precision, ""),
        items=key.max_items,
        published=len(key.catalogue),
        characters=MAX_TEXT,
    )


def values(key: Key) -> tuple[str, ...]:
    """Return the values or ranges that a key names; none if it has no closed set."""
    return tuple(value.text for value in key.values) or ranges(key.buckets)


def ranges(buckets: tuple[int, ...]) -> tuple[str, ...]:
    """Return buckets as ranges: `(1, 10, 100)` is `0`, `1-9`, `10-99`, `100+`."""
    if not buckets:
        return ()
    bounds = (0, *buckets)
    closed = (
        str(low) if high - low == 1 else f"{low}-{high - 1}"
        for low, high in zip(bounds, buckets, strict=False)
    )
    return (*closed, f"{buckets[-1]}+")


def convention(key: Key) -> str:
    """Return the convention that a key follows, with its version, an empty text if none."""
    found = key.convention
    return f"{found.name}, version {found.version}" if found else ""


def quantity(number: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def markdown(text: str) -> str:
    """Return Markdown that displays exactly this text, whatever characters it has."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def code(text: str) -> str:
    """Return a text as Markdown code, fenced by more backticks than it contains."""
    shown = plain(text)
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(map(len, re.findall("`+", shown))) + 1)
    return f"{fence} {shown} {fence}"

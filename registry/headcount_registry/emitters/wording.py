"""A declaration in the words of people: what each key lets out of an installation."""

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
"""What a consent level is called."""

MODES = {
    Mode.ASK_FIRST: "Nothing is sent before a yes.",
    Mode.ON_AFTER_NOTICE: "On 24 hours after a clear notice was shown, until a no.",
}
"""What a consent mode means."""

_NUMERALS = {1: "one component", 2: "two components", 3: "three components", 4: "four components"}
_SENT = {
    KeyType.BOOLEAN: "yes or no",
    KeyType.CHOICE: "one of the values named here, anything else as `other`",
    KeyType.VERSION: "a version, cut to {components}",
    KeyType.PRODUCT: (
        "one of the products named here with its version, cut to {components}; anything else as"
        " `other`"
    ),
    KeyType.COUNT: "the range that the number falls into, never the number",
    KeyType.LIST: (
        "those of the values named here that apply, at most {items}; anything else as `other`,"
        " without its name"
    ),
    KeyType.TEXT: "free text of at most {characters} characters, as it stands",
}
_CATALOGUE = (
    "those of the {published} items of a published list that apply, at most {items}; anything"
    " else as `other`, without its name"
)
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|&#~])")


def sent(key: Key) -> str:
    """What a report says about a key, without its set of values: a phrase."""
    phrase = _SENT[key.type] if not key.catalogue else _CATALOGUE
    return phrase.format(
        components=_NUMERALS.get(key.precision, ""),
        items=key.max_items,
        published=len(key.catalogue),
        characters=MAX_TEXT,
    )


def values(key: Key) -> tuple[str, ...]:
    """The values or ranges that a key names; none where it has no closed set."""
    return tuple(value.text for value in key.values) or ranges(key.buckets)


def ranges(buckets: tuple[int, ...]) -> tuple[str, ...]:
    """`(1, 10, 100)` as ranges: `0`, `1-9`, `10-99`, `100+`."""
    if not buckets:
        return ()
    bounds = (0, *buckets)
    closed = (
        str(low) if high - low == 1 else f"{low}-{high - 1}"
        for low, high in zip(bounds, buckets, strict=False)
    )
    return (*closed, f"{buckets[-1]}+")


def markdown(text: str) -> str:
    """A text as Markdown that shows just this text, whatever signs are in it."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def code(text: str) -> str:
    """A text as Markdown in the type of code; longer fences enclose its own backticks."""
    shown = plain(text)
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(map(len, re.findall("`+", shown))) + 1)
    return f"{fence} {shown} {fence}"

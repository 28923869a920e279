"""Checks of one key: anything that could single out an installation or name a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headcount_registry.checks.table import key_check
from headcount_registry.declarations.attributes import DEFAULT_PRECISION, VERSIONED
from headcount_registry.declarations.model import MAX_TEXT, VERSION, KeyType
from headcount_registry.findings import Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import KeyDraft

MOST_MEMBERS = 100
"""Largest number of list items whose combinations do not tell installations apart too well."""

MOST_CELLS = 50
"""Largest number of values of a key that is counted for each release."""

_DOMAINS = (
    "com|org|net|edu|gov|info|biz|dev|app|cloud|site|eu|at|au|be|br|ca|ch|cn|cz|de|dk|es|fi|fr"
    "|hu|ie|in|it|jp|kr|mx|nl|no|nz|pl|pt|ro|ru|se|sk|ua|uk|us"
    "|local|localdomain|lan|internal|intranet|corp|home|private|test|example"
)
_PERSONAL = {
    "an e-mail address": re.compile(r"\S+@\S+\.\w+"),
    "an address on the web": re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE),
    "a host name": re.compile(rf"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{_DOMAINS})|localhost"),
    "an address of a machine": re.compile(
        r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[:/][0-9]+)?"
        r"|(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}"
        r"|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}",
        re.IGNORECASE,
    ),
    "a path": re.compile(r"~?/[\w.-]+(?:/.*)?|[a-z]:[\\/].*|\\\\\w.*", re.IGNORECASE),
    "an identifier": re.compile(
        r"[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
    ),
}


@key_check("text-type", Severity.WARNING)
def text_type(key: KeyDraft) -> Problems:
    """Free text can carry anything, so it is a last resort."""
    stated = key.scalar("type")
    if stated.text == KeyType.TEXT if stated else key.shorthand:
        yield (
            key.location,
            (
                f"`{key.name}` is free text, whose values cannot be foreseen; declare a type, such"
                f" as `telemetry[{key.name}][type] = version`, or a choice with its values"
            ),
        )


@key_check("personal-value", Severity.WARNING)
def personal_value(key: KeyDraft) -> Problems:
    """Declarations are published, so a name copied from somebody's site gives the site away."""
    for location, whole in _published(key):
        text = whole[:MAX_TEXT]
        if what := looks_personal(text):
            yield (
                location,
                (
                    f"`{text}` looks like {what}, and what is declared is public;"
                    " remove it, or write the name of a product"
                ),
            )


def looks_personal(text: str) -> str:
    """Return what a short text looks like if it could name somebody, such as `a path`, or `""`."""
    return next((what for what, pattern in _PERSONAL.items() if pattern.fullmatch(text)), "")


def _published(key: KeyDraft) -> Iterator[tuple[Location, str]]:
    for each in key.items("values"):
        yield each.value_location, each.text
    for each in key.items("aliases"):
        yield each.location, each.path[1]
    for line, item in key.catalogue_items:
        yield Location(key.catalogue_path, line, 1), item


@key_check("large-vocabulary", Severity.WARNING)
def large_vocabulary(key: KeyDraft) -> Problems:
    """The more members a list has, the fewer installations share their combination."""
    size = _members(key)
    if key.type == KeyType.LIST and size > MOST_MEMBERS:
        yield (
            key.location,
            (
                f"`{key.name}` has {size} members, and the combination of theirs tells"
                f" installations apart, even though only single members are counted; declare the"
                f" {MOST_MEMBERS} that decide something"
            ),
        )


@key_check("too-many-cells", Severity.WARNING)
def too_many_cells(key: KeyDraft) -> Problems:
    """A key that is counted for each release falls into small pieces."""
    axes = [each for each in key.items("by") if each.text == VERSION]
    if not axes:
        return
    reason = ""
    if key.type == KeyType.TEXT:
        reason = "free text has no end of values"
    elif key.type in VERSIONED and _precision(key) > DEFAULT_PRECISION:
        reason = f"versions of {_precision(key)} components are many"
    elif _members(key) > MOST_CELLS:
        reason = f"it has {_members(key)} values"
    if reason:
        yield (
            axes[0].location,
            (
                f"`{key.name}` is counted for each release, but {reason}, so most of its cells stay"
                f" below the threshold and are not published; keep {MOST_CELLS} values or fewer,"
                " or remove `by`"
            ),
        )


@key_check("first-range", Severity.WARNING)
def first_range(key: KeyDraft) -> Problems:
    """What is never printed has to be an answer that somebody can give."""
    bounds = key.items("buckets")
    if key.type == KeyType.COUNT and bounds and bounds[0].text == "1":
        yield (
            bounds[0].location,
            (
                f"the first range of `{key.name}` is 0 alone, the one that is never printed; where"
                " no installation has 0 the others add up exactly and prove small counts: begin"
                f" with 2 or more, or write `telemetry[{key.name}][allow][] = first-range` if"
                " many have 0"
            ),
        )


def _members(key: KeyDraft) -> int:
    return max(len(key.values), len(key.catalogue_items), len(key.items("buckets")))


def _precision(key: KeyDraft) -> int:
    text = key.text("precision")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 1 else DEFAULT_PRECISION

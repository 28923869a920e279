"""Checks of one key: its name, the shape of its statements, and attributes in words."""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import key_check
from headcount_registry.declarations import attributes, languages, names
from headcount_registry.declarations.model import MAX_TEXT, VERSION, KeyType, Level

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import KeyDraft, Statement

_URL = re.compile(r"https?://[^\s/]+\S*")
LIMITS = {
    "label": MAX_TEXT,
    "description": 500,
    "purpose": 500,
    "issue": 300,
    "owner": 300,
    "since": MAX_TEXT,
}
"""Largest number of characters of an attribute in words."""

_INDEX = re.compile(r"-?[0-9]+")


@key_check("key-name")
def key_name(key: KeyDraft) -> Problems:
    """A key's name becomes the name of a field, a method and a metric."""
    if not names.is_key_name(key.name):
        better = names.suggestion(key.name)
        remedy = f"; write `{better}`" if better else ""
        yield (
            key.location,
            (
                f"`{key.name}` is no name for a key: lower-case words of letters and digits,"
                f" joined by single underscores, at most 60 characters{remedy}"
            ),
        )


@key_check("reserved-word")
def reserved_word(key: KeyDraft) -> Problems:
    """Some names mean something else in the generated code."""
    if key.name in names.RESERVED:
        yield (
            key.location,
            (
                f"`{key.name}` is reserved in the generated code; write a longer name,"
                f" such as `{key.name}_used`"
            ),
        )


@key_check("implied-key")
def implied_key(key: KeyDraft) -> Problems:
    """The key `version` exists without a declaration, always with one type and precision."""
    if key.name != VERSION or not key.statements:
        return
    shape = (key.type, key.text("precision", "2"), key.text("level", Level.BASIC))
    if shape != (KeyType.VERSION, "2", Level.BASIC) or key.items("by") or key.shorthand:
        yield (
            key.location,
            (
                "`version` is the project's own release: every project has it, of type version,"
                " precision 2, level basic; remove it, or declare only its wording"
            ),
        )


@key_check("mixed-forms")
def mixed_forms(key: KeyDraft) -> Problems:
    """The shorthand and the nested form of a key destroy each other, if they share a file."""
    if key.shorthand is None:
        return
    file = key.shorthand.source.file
    if any(each.path and each.source.file == file for each in key.statements):
        yield (
            key.shorthand.location,
            (
                f"`{key.name}` is declared in the shorthand and in the nested form, and one of them"
                f" is lost; write `telemetry[{key.name}][label] = {key.shorthand.text}` instead"
            ),
        )
    for what, its in (("an allowance", key.allowances), ("a translation", key.translations)):
        if any(each.source.file == file for each in its):
            yield (
                key.shorthand.location,
                (
                    f"{what} of `{key.name}` stands in the same file as its shorthand, and one"
                    f" of them is lost; write the {what.split()[1]} into another file of the"
                    " project"
                ),
            )


@key_check("unknown-attribute")
def unknown_attribute(key: KeyDraft) -> Problems:
    """A misspelt attribute must not go unnoticed."""
    for each in key.statements:
        if each.path and each.path[0] not in attributes.ALL:
            near = get_close_matches(each.path[0].lower(), attributes.ALL, n=1)
            meant = f"did you mean `{near[0]}`?" if near else "it is one of: " + _list()
            yield each.location, f"there is no attribute `{each.path[0]}`; {meant}"


def _list() -> str:
    return ", ".join(sorted(attributes.ALL))


@key_check("attribute-form")
def attribute_form(key: KeyDraft) -> Problems:
    """Each attribute has one form."""
    for each in key.statements:
        if not each.path:
            continue
        name, *rest = each.path
        if name in attributes.TRANSLATED and len(rest) == 1 and languages.is_tag(rest[0]):
            yield (
                each.location,
                (
                    f"`[{name}]` and `[{name}][{rest[0]}]` destroy each other; write"
                    f" `[translations][{rest[0]}][{name}] = ...`"
                ),
            )
        elif name in attributes.SCALAR and rest:
            yield each.location, f"`{name}` takes one value; write `[{name}] = ...`"
        if name in attributes.SEVERAL and rest != [""] and not _is_index(each):
            yield each.location, f"`{name}` takes several values; write `[{name}][] = ...` for each"
        if name in attributes.MAPPED and (len(rest) != 1 or not rest[0]):
            yield (
                each.location,
                f"`{name}` maps spellings; write `[{name}][REPORTED] = Value`, once for each",
            )


def _is_index(statement: Statement) -> bool:
    name, *rest = statement.path
    return name in attributes.SEVERAL and len(rest) == 1 and _INDEX.fullmatch(rest[0]) is not None


@key_check("append-collision")
def append_collision(key: KeyDraft) -> Problems:
    """`[]` uses the number of elements as its index instead of the next free number."""
    for each in key.statements:
        if each.path and _is_index(each):
            name, index = each.path
            yield (
                each.location,
                (
                    f"`[{name}][{index}]` and a `[{name}][]` can get the same place, and one of"
                    f" them is lost; write `[{name}][] = ...` for each"
                ),
            )


@key_check("duplicate-attribute")
def duplicate_attribute(key: KeyDraft) -> Problems:
    """Of two values of one attribute the first is lost."""
    single = [
        each
        for each in key.statements
        if not each.path or each.path[0] in (*attributes.SCALAR, *attributes.MAPPED)
    ]
    counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
    again: dict[tuple[str, tuple[str, ...]], Statement] = {}
    for each in single:
        place = (each.source.file, each.path)
        counts[place] += 1
        if counts[place] > 1:
            again.setdefault(place, each)
    for place, each in again.items():
        what = "[" + "][".join(place[1]) + "]" if place[1] else "the label"
        yield each.location, f"`{key.name}` states {what} {counts[place]} times; keep one"


@key_check("two-files")
def two_files(key: KeyDraft) -> Problems:
    """A key is declared in one file, so that it is clear which file decides."""
    files = sorted({each.source.file for each in key.statements})
    for file in files[1:]:
        first = next(each for each in key.statements if each.source.file == file)
        yield (
            first.location,
            (
                f"`{key.name}` of project `{key.project}` is also declared in {files[0]};"
                " keep one of them, or give one another name or another `project =`"
            ),
        )


@key_check("type")
def known_type(key: KeyDraft) -> Problems:
    """A type is one of seven words."""
    stated = key.scalar("type")
    if stated and stated.text not in list(KeyType):
        near = get_close_matches(stated.text.lower(), list(KeyType), n=1)
        meant = f"did you mean `{near[0]}`?" if near else "it is one of: " + ", ".join(KeyType)
        yield stated.value_location, f"there is no type `{stated.text}`; {meant}"
    elif not (stated or key.shorthand or key.scalar("use") or key.name == VERSION):
        yield (
            key.location,
            (
                f"`{key.name}` has no type; write `telemetry[{key.name}][type] = ...`"
                f" with one of: {', '.join(KeyType)}"
            ),
        )


@key_check("attribute-of-other-type")
def attribute_of_other_type(key: KeyDraft) -> Problems:
    """An attribute that the type cannot use was meant for another type."""
    if key.type not in list(KeyType):
        return
    for name, kinds in attributes.TAKEN_BY.items():
        used = [each for each in key.statements if each.path[:1] == (name,)]
        if used and key.type not in kinds:
            yield (
                used[0].location,
                (
                    f"a key of type {key.type} has no `{name}`, which belongs to type"
                    f" {' or '.join(sorted(kinds))}; remove it or change the type"
                ),
            )


@key_check("level")
def known_level(key: KeyDraft) -> Problems:
    """A consent level is one of two words."""
    stated = key.scalar("level")
    if stated and stated.text not in list(Level):
        yield (
            stated.value_location,
            f"there is no level `{stated.text}`; write one of: {', '.join(Level)}",
        )


@key_check("issue-url")
def issue_url(key: KeyDraft) -> Problems:
    """People follow the issue to read the reasons."""
    stated = key.scalar("issue")
    # A check of its own tells what a draft left to be written.
    if stated and not _URL.fullmatch(stated.text) and not stated.text.startswith("TODO"):
        yield stated.value_location, "`issue` is the address of a page; write https://..."


@key_check("long-text")
def long_text(key: KeyDraft) -> Problems:
    """People read labels and sentences on a small screen."""
    for name, limit in LIMITS.items():
        stated = key.scalar(name)
        if stated and len(stated.text) > limit:
            yield (
                stated.value_location,
                f"`{name}` has {len(stated.text)} characters; say it in {limit}",
            )
    if key.shorthand and len(key.shorthand.text) > MAX_TEXT:
        yield (
            key.shorthand.value_location,
            f"the label has {len(key.shorthand.text)} characters; say it in {MAX_TEXT}",
        )

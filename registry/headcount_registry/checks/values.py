"""Checks of one key: values, catalogue, aliases, buckets and other bounds."""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import key_check
from headcount_registry.declarations import attributes, names
from headcount_registry.declarations.model import BOOLEANS, MAX_TEXT, VERSION, KeyType
from headcount_registry.findings import Location

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import KeyDraft, Statement

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_CANDIDATES = 200
_GUESSES = 20
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\udc80-\udcff]")


@key_check("values-missing")
def values_missing(key: KeyDraft) -> Problems:
    """A closed set needs its members."""
    has_catalogue = key.scalar("catalogue") is not None
    if key.type in {KeyType.CHOICE, KeyType.PRODUCT} and not key.values:
        yield (
            key.location,
            f"a {key.type} has no values; write `telemetry[{key.name}][values][] = ...` for each",
        )
    if key.type == KeyType.LIST and not key.values and not has_catalogue:
        yield (
            key.location,
            (
                f"a list needs its values, or a file of them;"
                f" write `telemetry[{key.name}][values][] = ...` or `[catalogue] = FILE`"
            ),
        )
    if key.values and has_catalogue:
        yield key.location, "a list has `values` or a `catalogue`, not both; remove one"


@key_check("duplicate-value")
def duplicate_value(key: KeyDraft) -> Problems:
    """A value, a bucket or an axis is declared once."""
    for name in attributes.SEVERAL:
        counts: Counter[str] = Counter()
        again: dict[str, Statement] = {}
        for each in key.items(name):
            counts[each.text] += 1
            if counts[each.text] > 1:
                again.setdefault(each.text, each)
        for text, each in again.items():
            yield each.value_location, f"`{text}` stands {counts[text]} times in `{name}`; keep one"


@key_check("reserved-value")
def reserved_value(key: KeyDraft) -> Problems:
    """`other` is the name for every value outside the set."""
    for each in key.items("values"):
        if names.squeezed(names.identifier(each.text)) in {"valueother", "valueunspecified"}:
            yield (
                each.value_location,
                (
                    f"`{each.text}` is there without being declared: what is not declared is"
                    " counted as other; remove it"
                ),
            )


@key_check("value-name")
def value_name(key: KeyDraft) -> Problems:
    """A value needs a name in the schema, made of its letters and digits."""
    for each in key.items("values"):
        if each.text and names.identifier(each.text) == "VALUE_":
            yield (
                each.value_location,
                (
                    f"`{each.text}` has no letter or digit of ASCII to name it by;"
                    " write a value that has one, and this spelling as an alias"
                ),
            )


@key_check("value-clash")
def value_clash(key: KeyDraft) -> Problems:
    """Languages that ignore case and punctuation must tell values apart."""
    first: dict[str, Statement] = {}
    for each in key.items("values"):
        known = first.setdefault(names.squeezed(names.identifier(each.text)), each)
        if known.text != each.text:
            yield (
                each.value_location,
                (
                    f"`{each.text}` and `{known.text}` get the same name in the schema,"
                    f" {names.identifier(each.text)}; spell one of them out, such as"
                    f" `{each.text} (plus)`, with an alias for the short spelling"
                ),
            )


@key_check("long-value")
def long_value(key: KeyDraft) -> Problems:
    """A value is short."""
    for each in (*key.items("values"), *key.items("aliases")):
        longest = max(len(each.text), *(len(part) for part in each.path))
        if longest > MAX_TEXT:
            yield each.value_location, f"has {longest} characters; write {MAX_TEXT} or fewer"
    for line, item in key.catalogue_items:
        if len(item) > MAX_TEXT:
            place = Location(key.catalogue_path, line, 1)
            yield place, f"has {len(item)} characters; write {MAX_TEXT} or fewer"


@key_check("catalogue")
def catalogue(key: KeyDraft) -> Problems:
    """A catalogue is a file with one item on each line."""
    stated = key.scalar("catalogue")
    if stated is None or not stated.text:
        return
    if not key.catalogue_path:
        yield (
            stated.value_location,
            (
                f"`{stated.text}` is outside the folder of the .info file, and a declaration must"
                " not publish other files; put the catalogue beside it"
            ),
        )
    elif key.catalogue is None:
        yield (
            stated.value_location,
            f"there is no file {key.catalogue_path}; the path is relative to the .info file",
        )
    elif not key.catalogue_items:
        yield Location(key.catalogue_path, 1, 1), "the catalogue is empty; write one item a line"
    seen: set[str] = set()
    for line, item in key.catalogue_items:
        place = Location(key.catalogue_path, line, 1)
        if item in seen:
            yield place, f"`{item}` stands in the catalogue before; remove this line"
        if item.lower() == "other":
            yield place, f"`{item}` is what every item outside the catalogue counts as; remove it"
        if _CONTROL.search(item):
            yield (
                place,
                "has a control character or byte order mark, or is not UTF-8; mend the line",
            )
        seen.add(item)


@key_check("alias")
def alias(key: KeyDraft) -> Problems:
    """An alias leads to a declared value, and is not one itself."""
    known = set(key.values) or {item for _, item in key.catalogue_items}
    if key.type == KeyType.BOOLEAN:
        known = set(BOOLEANS)
    # The search for a near value is slow among thousands, and nobody reads a hundred hints.
    candidates = sorted(known)[:_CANDIDATES]
    guesses = iter(range(_GUESSES))
    for each in key.items("aliases"):
        if each.text not in known and known:
            guess = next(guesses, None) is not None
            near = get_close_matches(each.text, candidates, n=1) if guess else []
            remedy = f"did you mean `{near[0]}`?" if near else "declare it, or drop the alias"
            yield each.value_location, f"`{each.text}` is not among the values; {remedy}"
        if each.path[1] in known:
            yield (
                each.location,
                f"`{each.path[1]}` is itself a value, so it needs no alias; remove it",
            )


@key_check("buckets")
def buckets(key: KeyDraft) -> Problems:
    """A count has rising bounds."""
    items = key.items("buckets")
    if key.type == KeyType.COUNT and not items:
        yield (
            key.location,
            f"a count needs buckets; write `telemetry[{key.name}][buckets][] = ...` for each bound",
        )
    last = 0
    for each in items:
        if not _NUMBER.fullmatch(each.text):
            yield each.value_location, f"`{each.text}` is no bound; write a whole number from 1 on"
        elif int(each.text) < last:
            yield (
                each.value_location,
                f"{each.text} comes after {last}; write the bounds in rising order",
            )
        else:
            last = int(each.text)


@key_check("bounds")
def bounds(key: KeyDraft) -> Problems:
    """Precision, the size of a list and a threshold are small whole numbers."""
    limits = {
        "precision": attributes.MAX_PRECISION,
        "max_items": attributes.MAX_ITEMS,
        "threshold": attributes.MAX_THRESHOLD,
    }
    for name, limit in limits.items():
        stated = key.scalar(name)
        if stated and not (_NUMBER.fullmatch(stated.text) and int(stated.text) <= limit):
            yield (
                stated.value_location,
                f"`{stated.text}` is no {name}; write a whole number from 1 to {limit}",
            )


@key_check("cross-tabulation")
def cross_tabulation(key: KeyDraft) -> Problems:
    """The release is the only other axis that exists, and goes with single values alone."""
    for each in key.items("by"):
        if key.type == KeyType.LIST:
            yield (
                each.location,
                "a list cannot be counted for each release, only a key with one value; remove it",
            )
        if each.text != VERSION:
            yield (
                each.value_location,
                f"a key can be counted by `{VERSION}` only, not by `{each.text}`; remove it",
            )

"""The attributes that a declaration may have, with their forms and the types that take them."""

from __future__ import annotations

from headcount_registry.declarations.model import KeyType

DEFAULT_PRECISION = 2
MAX_PRECISION = 4
DEFAULT_MAX_ITEMS = 200
MAX_ITEMS = 10_000
MAX_THRESHOLD = 1_000

VERSIONED = frozenset({KeyType.VERSION, KeyType.PRODUCT})
"""Types whose values have a version."""

CLOSED = frozenset({KeyType.CHOICE, KeyType.PRODUCT, KeyType.LIST})
"""Types whose values are a closed set."""

SCALAR = (
    "use",
    "label",
    "description",
    "purpose",
    "issue",
    "type",
    "level",
    "catalogue",
    "precision",
    "max_items",
    "threshold",
    "since",
    "expires",
    "review",
    "owner",
    "formerly",
    "deprecated",
)
"""Written `telemetry[key][attribute] = value`, once."""

SEVERAL = ("values", "buckets", "by", "allow")
"""Written `telemetry[key][attribute][] = value`, once for each value."""

MAPPED = ("aliases",)
"""Written `telemetry[key][attribute][REPORTED] = value`."""

TRANSLATED = ("label", "description", "purpose")
"""Written `telemetry[key][translations][LANGUAGE][attribute] = value`, in any file of a project.

Not `[label][de]`: to the grammar a key is a text or a table, so the plain label would be lost.
"""

FIXED = ("type", "values", "aliases", "catalogue", "precision", "buckets", "max_items")
"""What settles how a key is counted. A key that takes a convention states none of it itself."""

SHARED = (*TRANSLATED, *(name for name in FIXED if name != "catalogue"), "translations")
"""What a convention consists of. A catalogue belongs to the folder of one project."""

ALL = (*SCALAR, *SEVERAL, *MAPPED, "translations")

TAKEN_BY = {
    "values": CLOSED,
    "aliases": CLOSED | {KeyType.BOOLEAN},
    "catalogue": frozenset({KeyType.LIST}),
    "max_items": frozenset({KeyType.LIST}),
    "precision": VERSIONED,
    "buckets": frozenset({KeyType.COUNT}),
}
"""The types that take an attribute; an attribute that is not named here fits every type."""

RENAMED = "renamed:"
"""Begins the value of `deprecated`; the name of the key that replaces this one follows."""

ABOUT = (
    *("title", "homepage", "recipient", "contact", "endpoint"),
    *("mode", "relay", "oblivious_key", "language", "owner"),
)
"""Written `headcount[attribute] = value`, once for a project."""

ABOUT_SEVERAL = ("ignored",)
"""Written `headcount[attribute][] = value`, once for each value."""

ABOUT_TRANSLATED = ("title", "recipient")
"""Written `headcount[translations][LANGUAGE][attribute] = value`."""

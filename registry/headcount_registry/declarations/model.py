"""The resolved model: what every output is made from.

All values are frozen and sorted where order means nothing. Numbers are 0 until the lock has
given them; digests are empty until they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount_registry.findings import Location

VERSION = "version"
"""Name of the key that every project has: its own release."""

BOOLEANS = ("yes", "no")
"""The values of a boolean, as an alias names them."""

MAX_TEXT = 64
"""Characters that a reported text, a declared value or a catalogue item may have."""


class KeyType(StrEnum):
    """Kind of value that a key holds."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    VERSION = "version"
    PRODUCT = "product"
    COUNT = "count"
    LIST = "list"
    TEXT = "text"


class Level(StrEnum):
    """Consent level: a person who agrees to a level agrees to those before it."""

    BASIC = "basic"
    EXTENDED = "extended"


class Mode(StrEnum):
    """How a project asks for consent."""

    ASK_FIRST = "ask_first"
    ON_AFTER_NOTICE = "on_after_notice"


@dataclass(frozen=True, slots=True)
class Value:
    """One declared value; `identifier` is its enum name, such as `VALUE_APACHE`."""

    text: str
    identifier: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Retired:
    """A number and a name that must never be used again."""

    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a project, with everything that was declared about it.

    `field` is its name on the wire: the first name that it ever had, so that a renamed key
    stays readable to clients of every age. `aliases` pair a reported spelling with a value,
    which is `yes` or `no` for a boolean.
    """

    name: str
    field: str
    label: str
    description: str
    purpose: str
    issue: str
    type: KeyType
    level: Level
    location: Location
    number: int = 0
    values: tuple[Value, ...] = ()
    retired_values: tuple[Retired, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    catalogue: tuple[str, ...] = ()
    precision: int = 0
    buckets: tuple[int, ...] = ()
    max_items: int = 0
    by: tuple[str, ...] = ()
    threshold: int = 0
    """0 where the key asks for none of its own."""
    since: str = ""
    expires: str = ""
    owner: str = ""
    formerly: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project; keys are sorted by number once they have one, by name before.

    `ignored` names keys that clients of old send and nobody wants.
    """

    name: str
    title: str
    homepage: str
    recipient: str
    contact: str
    endpoint: str
    mode: Mode
    keys: tuple[Key, ...]
    retired: tuple[Retired, ...] = ()
    ignored: tuple[str, ...] = ()
    digest: str = ""
    consent_digest: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """All projects, sorted by name."""

    projects: tuple[Project, ...]

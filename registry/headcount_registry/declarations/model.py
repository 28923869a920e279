"""The resolved model, from which every output is made.

All values are frozen. Sequences are sorted if their order means nothing. Numbers are 0
until the lock has given them, and digests are empty until they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount_registry.findings import Location

VERSION = "version"
"""Name of the key that every project has: its release."""

SOURCE_LANGUAGE = "en"
"""The language of a project that names none."""

BOOLEANS = ("yes", "no")
"""The values of a boolean, in the words of an alias."""

MAX_TEXT = 64
"""Largest number of characters of a reported text, a declared value or a catalogue item."""


class KeyType(StrEnum):
    """The type of a key's values."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    VERSION = "version"
    PRODUCT = "product"
    COUNT = "count"
    LIST = "list"
    TEXT = "text"


class Level(StrEnum):
    """A level of consent; a yes to a level includes the levels before it."""

    BASIC = "basic"
    EXTENDED = "extended"


class Mode(StrEnum):
    """The way in which a project asks for consent."""

    ASK_FIRST = "ask_first"
    ON_AFTER_NOTICE = "on_after_notice"


@dataclass(frozen=True, slots=True)
class Value:
    """A declared value; `identifier` is its enum name, such as `VALUE_APACHE`."""

    text: str
    identifier: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Retired:
    """A number and a name that must never be used again."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Translation:
    """Texts in another language than the project's: pairs of an attribute and its text."""

    language: str
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Convention:
    """What a key shares with others: set and name, such as `common:php_version`, and version."""

    name: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a project, with everything that was declared about it.

    `field` is its name on the wire. It is the first name that the key ever had, so that
    clients of every age can read a renamed key. `aliases` pair a reported spelling with a
    value, which is `yes` or `no` for a boolean.
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
    review: str = ""
    """The day by which the maintainers decide whether the key goes on."""
    owner: str = ""
    formerly: str = ""
    successor: str = ""
    """The name of the key that replaces this one."""
    convention: Convention | None = None
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project; its keys are sorted by number once they have numbers, by name before.

    `ignored` names keys that old clients send and nobody wants. If there is a `relay`, reports
    go through it, sealed to `oblivious_key` (a key configuration of RFC 9458 in base64).
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
    language: str = SOURCE_LANGUAGE
    translations: tuple[Translation, ...] = ()
    digest: str = ""
    consent_digest: str = ""
    relay: str = ""
    oblivious_key: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """All projects, sorted by name."""

    projects: tuple[Project, ...]

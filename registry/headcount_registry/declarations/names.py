"""Names as the generated languages want them."""

from __future__ import annotations

import keyword
import re
import unicodedata

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PROJECT_MAX = 40
_KEY_MAX = 60
_NOT_WORD = re.compile(r"[^A-Z0-9]+")

# `report` and `value` would clash with generated messages, the others with the types that
# the methods of a generated Python class are annotated with.
RESERVED = frozenset({*keyword.kwlist, "report", "value", "bool", "int", "str", "tuple"})

_PACKAGE_WORDS = """
abstract array base bool boolean byte callable case catch chan char const crate declare decimal
default delegate do double dyn echo else enum event explicit extends extern fallthrough final
fixed float fn foreach func function goto implements implicit impl include instanceof int
interface internal isset let lock long loop map match mod move mut namespace native new null
object operator out override package params private protected public readonly ref range require
sbyte sealed select self short sizeof static string struct super switch synchronized this throw
throws trait transient type typeof uint ulong unsafe unset unsigned use ushort using var virtual
void volatile where
"""
"""What no package may be called in Java, C#, Go, PHP or Rust."""

# The packages of a project called `headcount` or `google` would hide those of that name from
# themselves, and the metrics of one called `server` would be those of the server itself.
RESERVED_PROJECTS = frozenset(
    {*keyword.kwlist, *_PACKAGE_WORDS.split(), "google", "headcount", "server"}
)


def is_key_name(text: str) -> bool:
    """Return whether a text is lower case words joined by single underscores, at most 60 long."""
    return len(text) <= _KEY_MAX and _KEY.fullmatch(text) is not None


def is_project_name(text: str) -> bool:
    """As `is_key_name`, at most 40 long."""
    return len(text) <= _PROJECT_MAX and _KEY.fullmatch(text) is not None


def suggestion(text: str) -> str:
    """Return the nearest valid name to a text, or an empty text."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_PROJECT_MAX].strip("_")
    return name if is_project_name(name) else ""


def camel(name: str) -> str:
    """`php_version` as a message is named: `PhpVersion`."""
    return "".join(word.capitalize() for word in name.split("_"))


def squeezed(name: str) -> str:
    """What is left of a name where languages ignore case and underscores."""
    return name.replace("_", "").lower()


def identifier(text: str) -> str:
    """Return the enum name of a declared value: `Windows NT` is `VALUE_WINDOWS_NT`.

    Accents are dropped; a text without any letter or digit of ASCII gives `VALUE_`.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return "VALUE_" + _NOT_WORD.sub("_", plain).strip("_")


def metrics(project: str, key: str = "") -> tuple[str, ...]:
    """Names of the series that a project's total, or one of its keys, is published under."""
    if not key:
        return (f"headcount_{project}_reports",)
    endings = ("reports", "answers", "by_version_reports")
    return tuple(f"headcount_{project}_{key}_{ending}" for ending in endings)

"""The names of keys and projects, in the forms that generated languages need."""

from __future__ import annotations

import keyword
import re
import unicodedata

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PROJECT_MAX = 40
_KEY_MAX = 60
_NOT_WORD = re.compile(r"[^A-Z0-9]+")

# `report` and `value` would clash with generated messages, and the others with type
# annotations of a generated Python class.
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
"""Names that no package may have in Java, C#, Go, PHP or Rust."""

# The packages of a project `headcount` or `google` would hide the packages of that name from
# themselves. The metrics of a project `server` would be those of the server itself.
RESERVED_PROJECTS = frozenset(
    {*keyword.kwlist, *_PACKAGE_WORDS.split(), "google", "headcount", "server"}
)


def is_key_name(text: str) -> bool:
    """Return whether a text is lower-case words joined by single underscores, at most 60 long."""
    return len(text) <= _KEY_MAX and _KEY.fullmatch(text) is not None


def is_project_name(text: str) -> bool:
    """Return whether a text is a key's name of at most 40 characters."""
    return len(text) <= _PROJECT_MAX and _KEY.fullmatch(text) is not None


def suggestion(text: str) -> str:
    """Return the nearest valid name to a text, or an empty text."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_PROJECT_MAX].strip("_")
    return name if is_project_name(name) else ""


def camel(name: str) -> str:
    """Return a name in the form of a message's name: `php_version` is `PhpVersion`."""
    return "".join(word.capitalize() for word in name.split("_"))


def squeezed(name: str) -> str:
    """Return a name as languages that ignore case and underscores see it."""
    return name.replace("_", "").lower()


def identifier(text: str) -> str:
    """Return the enum name of a declared value: `Windows NT` is `VALUE_WINDOWS_NT`.

    Accents are dropped. A text without any ASCII letter or digit gives `VALUE_`.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return "VALUE_" + _NOT_WORD.sub("_", plain).strip("_")


def metrics(project: str, key: str = "") -> tuple[str, ...]:
    """Return the names of the series that publish a project's total, or one of its keys."""
    if not key:
        return (f"headcount_{project}_reports",)
    endings = ("reports", "answers", "by_version_reports")
    return tuple(f"headcount_{project}_{key}_{ending}" for ending in endings)

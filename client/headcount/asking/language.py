"""The language of the question: which one a person reads, and our texts in it.

The catalogues beside this package are read with the standard library alone.
"""

from __future__ import annotations

from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH = "en"
"""The language of our own texts, which need no catalogue."""

_FOLDER = Path(__file__).parent.parent / "locales"
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that name a person's languages, the first that is set decides, as for gettext."""


def preferred(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tags of the languages that an environment prefers, the best first."""
    named = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    found = (each.partition(".")[0].partition("@")[0] for each in named.split(":"))
    return tuple(ENGLISH if each in {"C", "POSIX"} else each.replace("_", "-") for each in found)


def lookup(tag: str) -> tuple[str, ...]:
    """Return a tag and the wider ones that it falls back to: `de-AT`, `de`."""
    parts = tag.split("-")
    return tuple("-".join(parts[:length]) for length in range(len(parts), 0, -1))


def chosen(languages: tuple[str, ...]) -> str:
    """Return the first of these languages that has a catalogue; English if none has."""
    known = available()
    return next((each for tag in languages for each in lookup(tag) if each in known), ENGLISH)


def available() -> tuple[str, ...]:
    """Return the tags of all languages that our texts are in."""
    return (ENGLISH, *sorted(path.stem for path in _FOLDER.glob("*.mo")))


def catalogue(tag: str) -> NullTranslations:
    """Return our texts in a language; one without a catalogue stays English."""
    for each in lookup(tag):
        path = _FOLDER / f"{each}.mo"
        # The names of languages come from hosts, and a host may take them from a request.
        if each.isalnum() and path.is_file():
            with path.open("rb") as file:
                return GNUTranslations(file)
    return NullTranslations()

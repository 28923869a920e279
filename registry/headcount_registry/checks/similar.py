"""Checks of names that people confuse, although programs do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.checks.table import key_check, project_check
from headcount_registry.declarations import names
from headcount_registry.declarations.model import MAX_TEXT
from headcount_registry.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import KeyDraft, ProjectDraft

_SHORTEST = 6
"""Length below which one letter more or less makes another word."""


@project_check("similar-keys", Severity.WARNING)
def similar_keys(project: ProjectDraft) -> Problems:
    """People confuse keys that differ in a letter, or in the order of their words."""
    places = {key.name: key.location for key in project.keys}
    for name, known in _alike((key.name, key.name) for key in project.keys):
        yield (
            places[name],
            (
                f"`{name}` and `{known}` are easily confused; give one of them a name that says"
                " what is different"
            ),
        )


@key_check("similar-values", Severity.WARNING)
def similar_values(key: KeyDraft) -> Problems:
    """If two values differ in a letter, one is often a misspelling."""
    stated = {each.text: each for each in key.items("values")}
    named = ((text, names.identifier(text).removeprefix("VALUE_").lower()) for text in stated)
    for text, known in _alike(named):
        yield (
            stated[text].value_location,
            (
                f"`{text}` and `{known}` are easily confused; if they mean the same, declare"
                f" `{known}` with `{text}` as an alias"
            ),
        )


def _alike(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each text whose name is near that of an earlier text, with that text.

    Two names are near if they are equal once a letter of either is left out, or if they have
    the same words in another order. Names that differ in digits are a series, and not near.
    """
    first: dict[str, tuple[str, str]] = {}
    for text, name in pairs:
        squeezed = names.squeezed(name)
        shapes = {shape for shape in _shapes(name, squeezed) if shape}
        for shape in sorted(shapes):
            known, known_squeezed = first.get(shape, (text, squeezed))
            # An equal name is an error of its own.
            if known_squeezed != squeezed:
                yield text, known
                break
        for shape in shapes:
            first.setdefault(shape, (text, squeezed))


def _shapes(name: str, squeezed: str) -> Iterator[str]:
    words = name.split("_")
    if len(words) > 1:
        yield " ".join(sorted(words))
    # A longer name is an error, and has too many neighbours.
    if _SHORTEST <= len(squeezed) <= MAX_TEXT:
        yield squeezed
        for index, sign in enumerate(squeezed):
            if not sign.isdigit():
                yield squeezed[:index] + squeezed[index + 1 :]

"""Checks of translations: a known language, and a text that there is."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.keys import LIMITS
from headcount_registry.checks.table import project_check
from headcount_registry.declarations import attributes, languages
from headcount_registry.declarations.model import MAX_TEXT, SOURCE_LANGUAGE, VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import TypeAlias

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import KeyDraft, ProjectDraft, Statement

_PARTS = 3
"""Parts of a translation's path: `translations`, the language, the attribute."""
_ABOUT_LIMITS = {"title": MAX_TEXT, "recipient": 300}

if TYPE_CHECKING:
    Translated: TypeAlias = tuple[Statement, tuple[str, ...], Collection[str], Mapping[str, int]]
    """A translation, the texts that can have one, those that are stated, and their limits."""


@project_check("project-language")
def project_language(project: ProjectDraft) -> Problems:
    """The language of the declarations has a known tag."""
    stated = project.scalar("language")
    if stated and not languages.is_tag(stated.text):
        yield stated.value_location, _no_language(stated.text)


@project_check("translation")
def translation(project: ProjectDraft) -> Problems:
    """A translation has a known language, and translates a text that there is."""
    source = project.text("language", SOURCE_LANGUAGE)
    before: dict[tuple[str, ...], Statement] = {}
    for each, names, stated, limits in _translated(project):
        if len(each.path) != _PARTS or each.path[2] not in names:
            near = get_close_matches(each.path[-1].lower(), names, n=1)
            meant = f"did you mean `{near[0]}`?" if near else f"x one of: {', '.join(names)}"
            yield (
                each.location,
                f"`{each.pair.key}` translates nothing; write `[translations][de][x]`, {meant}",
            )
            continue
        _, language, name = each.path
        if not languages.is_tag(language):
            yield each.location, _no_language(language)
        elif language == source:
            yield (
                each.location,
                (
                    f"`{language}` is the language of the declarations themselves; remove this"
                    " line, or name theirs with `headcount[language] = ...`"
                ),
            )
        elif name not in stated:
            yield each.location, f"there is no `{name}` to translate; state it, or remove this line"
        elif before.setdefault(each.pair.path, each) is not each:
            first = before[each.pair.path].location
            yield each.location, f"`{each.pair.key}` is stated before, at {first}; keep one"
        elif len(each.text) > limits[name]:
            yield (
                each.value_location,
                f"the {name} has {len(each.text)} characters; say it in {limits[name]}",
            )


@project_check("translation-of-nothing")
def translation_of_nothing(project: ProjectDraft) -> Problems:
    """A translation is about a declared key."""
    for each in project.stray_translations:
        yield (
            each.location,
            f"`{each.pair.path[1]}` is not declared; correct the key's name, or remove this line",
        )


def _translated(project: ProjectDraft) -> Iterator[Translated]:
    about = {name for name in attributes.ABOUT_TRANSLATED if project.text(name)}
    about |= {"title"} if project.info_name else set()
    for each in project.translations:
        yield each, attributes.ABOUT_TRANSLATED, about, _ABOUT_LIMITS
    for key in project.keys:
        stated = _stated(key)
        for each in key.translations:
            yield each, attributes.TRANSLATED, stated, LIMITS


def _stated(key: KeyDraft) -> set[str]:
    if key.name == VERSION:
        return set(attributes.TRANSLATED)
    label = {"label"} if key.shorthand else set()
    return label | {name for name in attributes.TRANSLATED if key.text(name)}


def _no_language(tag: str) -> str:
    return (
        f"`{tag}` is no tag of a known language; write one such as `de`, `es`, `pt-BR`, `zh-Hant`"
    )

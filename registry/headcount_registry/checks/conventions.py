"""Checks of conventions: of the keys that take one, and of sets of them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import draft_check, key_check, set_check
from headcount_registry.declarations import attributes, names
from headcount_registry.declarations.conventions import SHIPPED, number

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import Draft, KeyDraft, ProjectDraft

_ABOUT = ("conventions", "version")


@key_check("convention")
def known_convention(key: KeyDraft) -> Problems:
    """A convention is one of a shipped or given set."""
    stated = key.scalar("use")
    if stated is None or key.convention:
        return
    known = sorted(key.conventions)
    name, _, wanted = stated.text.partition(":")
    of_set = [each for each in known if each.startswith(f"{name}:")]
    near = get_close_matches(stated.text.lower(), known, n=1)
    if near:
        remedy = f"did you mean `{near[0]}`?"
    elif wanted and not of_set:
        remedy = f"give the file of the set `{name}` too, with `headcount[conventions] = {name}`"
    else:
        remedy = f"there are: {', '.join(of_set or known)}"
    yield stated.value_location, f"there is no convention `{stated.text}`; {remedy}"


@key_check("convention-contradicted")
def convention_contradicted(key: KeyDraft) -> Problems:
    """What a convention settles is the same for every project, or their totals do not compare."""
    if not key.convention:
        return
    use = key.scalar("use")
    for name in attributes.FIXED:
        # What is taken has the place of `use`.
        own = [
            each
            for each in key.statements
            if each.path[:1] == (name,) and use and each.location != use.location
        ]
        if own:
            yield (
                own[0].location,
                (
                    f"`{key.convention.name}` settles `{name}`, so that projects compare; remove"
                    f" this line, or remove `use` and declare all of `{key.name}` here"
                ),
            )


@set_check("convention-set")
def convention_set(conventions: ProjectDraft) -> Problems:
    """A set of conventions has a name and a version, and says nothing about a project."""
    place = next(each for each in conventions.statements if each.path == ("conventions",))
    if not names.is_project_name(conventions.name):
        yield (
            place.value_location,
            (
                f"`{conventions.name}` is no name for a set: write lower-case words of letters and"
                " digits, joined by single underscores; at most 40 characters"
            ),
        )
    version = conventions.scalar("version")
    if not number(conventions.text("version")):
        yield (
            version.value_location if version else place.location,
            (
                f"the set `{conventions.name}` has no version; write `headcount[version] = 1`, and"
                " a higher number with each change of what is counted"
            ),
        )
    about = (*conventions.statements, *conventions.translations, *conventions.allowances)
    for each in about:
        if len(each.path) != 1 or each.path[0] not in _ABOUT:
            yield (
                each.location,
                (
                    f"`{each.pair.key}` is about a project, and this file is a set of conventions;"
                    " move the line into a file of the project"
                ),
            )


@set_check("convention-attribute")
def convention_attribute(conventions: ProjectDraft) -> Problems:
    """A convention says what is counted, in words; the rest is for the project that takes it."""
    for key in conventions.keys:
        stated = {each.path[0] for each in key.statements if each.path}
        missing = [name for name in (*attributes.TRANSLATED, "type") if name not in stated]
        if missing:
            yield (
                key.location,
                (
                    f"the convention `{key.name}` does not say its {', '.join(missing)};"
                    f" write `telemetry[{key.name}][{missing[0]}] = ...`"
                ),
            )
        for each in (*key.statements, *key.allowances):
            if each.path and each.path[0] not in attributes.SHARED:
                yield (
                    each.location,
                    (
                        f"a convention has no `{each.path[0]}`, which each project decides; remove"
                        " this line"
                    ),
                )


@draft_check("convention-set-twice")
def convention_set_twice(draft: Draft) -> Problems:
    """A set is one file, so that it has one version."""
    first = {SHIPPED: "headcount"}
    for each in draft.sets:
        file = each.named_at.file
        known = first.setdefault(each.name, file)
        if known != file:
            yield (
                each.named_at,
                f"there is a set `{each.name}` already, of {known}; give this one another name",
            )

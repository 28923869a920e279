"""Checks of what people are told: why a key is asked, and who answers for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headcount_registry.checks.table import key_check, project_check
from headcount_registry.declarations.model import VERSION
from headcount_registry.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import KeyDraft, ProjectDraft, Statement

_EXPLANATION = ("label", "description", "purpose", "issue")
_IN_WORDS = (*_EXPLANATION, "owner")
_ABOUT_IN_WORDS = ("homepage", "recipient", "contact", "endpoint", "owner")
_RESERVED = r"(?:[a-z0-9-]+\.)*(?:example\.(?:com|net|org)|[a-z0-9-]+\.(?:example|invalid|test))"
_PLACEHOLDER = re.compile(
    rf"(?:^|[@/\s])(?P<host>{_RESERVED})(?![\w.-])|\b(?P<word>TODO|TBD|FIXME)\b|(?i:lorem ipsum)"
)
_UNWRITTEN = re.compile(r"\ATODO\b")
_NAMED = 3


@key_check("unexplained")
def unexplained(key: KeyDraft) -> Problems:
    """People can agree only to what is explained to them; only the shorthand cannot explain."""
    # An empty value and a convention that is none are told by checks of their own.
    said = {each.path[0] for each in key.statements if each.path}
    said |= {"label"} if "use" in said else set()
    missing = [name for name in _EXPLANATION if name not in said]
    if missing and key.name != VERSION and key.shorthand is None:
        yield (
            key.location,
            (
                f"`{key.name}` does not say its {', '.join(missing)};"
                f" write `telemetry[{key.name}][{missing[0]}] = ...`"
            ),
        )


@key_check("unwritten")
def unwritten(key: KeyDraft) -> Problems:
    """A draft leaves to a person what only people know."""
    for name in _IN_WORDS:
        stated = key.scalar(name)
        if stated and _UNWRITTEN.match(stated.text):
            yield (
                stated.value_location,
                f"the {name} of `{key.name}` is still to be written; it says `{stated.text}`",
            )


@project_check("placeholder", Severity.WARNING)
def placeholder(project: ProjectDraft) -> Problems:
    """People who are asked follow addresses, and those of examples lead nowhere."""
    found = list(_placeholders(project))
    if found:
        stated, what = found[0]
        more = f", as in {len(found) - 1} more places" if len(found) > 1 else ""
        yield (
            stated.value_location,
            (
                f"`{what}` stands for something else{more}; write what it stands for, or, if it is"
                " meant, `headcount[allow][] = placeholder`"
            ),
        )


def _placeholders(project: ProjectDraft) -> Iterator[tuple[Statement, str]]:
    """Yield each statement with a placeholder, and the placeholder."""
    about = (project.scalar(name) for name in _ABOUT_IN_WORDS)
    keys = (key.scalar(name) for key in project.keys for name in _IN_WORDS)
    for stated in (*about, *keys):
        # What begins with TODO is told by a check of its own.
        match = _PLACEHOLDER.search(_UNWRITTEN.sub("", stated.text, count=1)) if stated else None
        if stated and match:
            yield stated, match["host"] or match["word"] or match[0]


@project_check("owner-unstated", Severity.WARNING)
def owner_unstated(project: ProjectDraft) -> Problems:
    """Somebody answers questions about each key, and decides whether it goes on."""
    if project.text("owner"):
        return
    without = [
        f"`{key.name}`"
        for key in project.keys
        if key.name != VERSION and key.shorthand is None and not key.text("owner")
    ]
    if without:
        more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
        yield (
            project.named_at,
            (
                f"nobody is named who answers for {', '.join(without[:_NAMED])}{more}; write"
                " `headcount[owner] = ...`, or `[owner]` for a key"
            ),
        )

"""The request for a review, in Markdown: what a data steward has to know and to decide.

A steward reads it where the change is proposed. What follows from the declarations is filled
in; what only people know is left to them, as boxes to tick and lines to complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations.kinship import kin
from headcount_registry.declarations.model import VERSION, KeyType, Level
from headcount_registry.emitters import wording
from headcount_registry.emitters.wording import code, markdown, quantity
from headcount_registry.evolution.attribute_changes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount_registry.declarations.model import Key, Project, Registry
    from headcount_registry.evolution.comparison import Change, Comparison

_FEW_RANGES = 3
_MANY_VALUES = 20
_QUESTIONS = (
    "Is each reason a decision that the numbers will change? Name it.",
    "Who reads the numbers, and until when are they needed?",
    "Can any answer single out an installation, or say something about a person?",
    "Would a site owner expect this question of this project?",
    "Is what people read about each key true, whole and in plain words?",
)


def emit(comparison: Comparison, new: Registry, threshold: int) -> str:
    """Return the request; counts below `threshold` are not published by the server."""
    projects = {project.name: project for project in new.projects}
    extent = quantity(len(comparison.changes), "change")
    states = f"From {code(comparison.old)} to {code(comparison.new)}: {extent}."
    lines = ["# Review of a change in what is asked", "", states]
    if not comparison.changes:
        return "\n".join([*lines, "", "Nothing to review."]) + "\n"
    for name in dict.fromkeys(change.project for change in comparison.changes):
        changes = [change for change in comparison.changes if change.project == name]
        lines += ["", f"## {code(name)}", *_project(projects.get(name), changes, threshold)]
    lines += ["", "## For the steward", ""]
    lines += [f"- [ ] {question}" for question in _QUESTIONS]
    lines += ["", "Decision: _accepted, or what has to change_", "", "Name and day: _..._"]
    return "\n".join(lines) + "\n"


def _project(project: Project | None, changes: list[Change], threshold: int) -> Iterator[str]:
    added = {change.key for change in changes if change.kind is Kind.ADDED and change.key}
    keys = sorted(project.keys, key=lambda key: key.name) if project else []
    new = [key for key in keys if key.name in added]
    if new:
        yield from ("", "### What is new")
    for key in new:
        yield from _described(key)
    others = [change for change in changes if change.key not in added or not change.key]
    if others:
        yield from ("", "### What changes", "")
        yield from map(_change, others)
    yield from _asked(changes)
    touched = {change.key for change in changes if change.kind is not Kind.RETIRED} & {
        key.name for key in keys
    }
    if touched:
        yield from _groups([key for key in keys if key.name in touched], threshold)
    if project and touched:
        yield from _kin(project, frozenset(touched))


def _described(key: Key) -> Iterator[str]:
    yield from ("", f"#### {code(key.name)}: {markdown(key.label)}", "")
    texts = wording.values(key) or key.catalogue
    shown = ", ".join(map(code, texts[:_MANY_VALUES]))
    more = f" and {len(texts) - _MANY_VALUES} more" if len(texts) > _MANY_VALUES else ""
    for name, text in (
        ("What", markdown(key.description)),
        ("Why", markdown(key.purpose)),
        ("Decided", markdown(key.issue)),
        ("What leaves an installation", f"{wording.sent(key)} ({code(key.type)})"),
        ("Values", f"{shown}{more}"),
        ("Level", f"{code(key.level)}, {wording.LEVELS[key.level].lower()}"),
        ("Asked until", markdown(key.expires)),
        ("Owner", markdown(key.owner)),
    ):
        if text or name in {"What", "Why", "Decided", "Asked until", "Owner"}:
            yield f"- {name}: {text or '**not said**'}"
    coarser = "; ".join(_coarser(key))
    yield f"- Coarser, and why not: {coarser or 'nothing coarser is left to declare'}: _..._"
    yield "- Other ways to learn it, without asking installations: _..._"


def _coarser(key: Key) -> Iterator[str]:
    """Yield the declarations that would let less leave."""
    if key.precision > 1:
        yield f"`precision` {key.precision - 1}"
    if len(key.buckets) > _FEW_RANGES:
        yield f"fewer ranges than {len(key.buckets) + 1}"
    if key.type is KeyType.TEXT:
        yield "a `choice` of the answers that decide something"
    if key.by:
        yield "without `by`"
    if key.type is KeyType.LIST and len(key.values or key.catalogue) > _MANY_VALUES:
        yield f"fewer members than {len(key.values or key.catalogue)}"
    if key.level is Level.BASIC and key.name != VERSION:
        yield "level `extended`"


def _change(change: Change) -> str:
    subject = f" {code(change.key)}" if change.key else ""
    breaks = f" (**breaks {change.breaks}**)" if change.breaks else ""
    return f"- {change.kind}{subject}: {markdown(change.detail)}{breaks}"


def _asked(changes: list[Change]) -> Iterator[str]:
    yield from ("", "### Who is asked again", "")
    asks = dict.fromkeys(change.key for change in changes if change.asks)
    if not asks:
        yield "Nobody: what people agreed to goes on."
        return
    names = ", ".join(code(name) if name else "the project as a whole" for name in asks)
    yield f"All who said yes, about {names}. Until they answer, they send only what they agreed to."


def _groups(keys: Iterable[Key], threshold: int) -> Iterator[str]:
    yield from ("", "### Smallest group that is published", "")
    yield f"The server's threshold is taken to be {threshold}."
    yield from ("", "| key | installations with the same answer | |", "|---|---|---|")
    for key in keys:
        least = -(-max(key.threshold, 1) // threshold) * threshold
        axis = "also in each release that is told apart" if key.by else ""
        yield f"| {code(key.name)} | {least} | {axis} |"


def _kin(project: Project, touched: frozenset[str]) -> Iterator[str]:
    yield from ("", "### Keys that may follow from each other", "")
    found = kin(project, touched)
    if not found:
        yield "No two share a word or values. Only people can say that none follows from another."
    for pair in found:
        yield f"- [ ] {code(pair.one)} and {code(pair.other)}: {markdown(pair.why)}. Result: _..._"

"""The comparison of two states of a registry: the changes, and what follows for whom.

A change breaks *clients* if an older client's report would be misread. A change breaks
*totals* if an older client's answer would be counted under another value, or dropped,
although the key still exists. People are asked again by the rule that the client follows:
new keys and values, finer versions and ranges, a crossing, another purpose or level. Nobody
is asked because of wording, aliases or the items of a catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.evolution import attribute_changes
from headcount_registry.evolution.attribute_changes import Breaks, Difference, Kind
from headcount_registry.evolution.permanence import wire_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from headcount_registry.declarations.model import Key, Project, Registry


@dataclass(frozen=True, slots=True)
class Change:
    """A change; `key` is the key's name after the change, or empty if the project changed."""

    project: str
    key: str
    kind: Kind
    detail: str
    breaks: Breaks = Breaks.NOTHING
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of a registry; `complete` unless it comes from a lock, which has no words.

    Keys without a number yet have 0.
    """

    origin: str
    registry: Registry
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes from one state to another, by project and key.

    It is `partial` if one side is a lock: only names, numbers, types and values are known.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    partial: bool = False

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break clients or totals."""
        return tuple(change for change in self.changes if change.breaks)

    @property
    def ask_again(self) -> Mapping[str, tuple[str, ...]]:
        """The keys of each project that people must be asked about, again or for the first time."""
        asked: dict[str, dict[str, None]] = {}
        for change in self.changes:
            if change.asks:
                asked.setdefault(change.project, {})[change.key] = None
        return {project: tuple(keys) for project, keys in asked.items()}


def compare(old: Snapshot, new: Snapshot, only: Iterable[str] = ()) -> Comparison:
    """Compare two states; if projects are named, compare only these."""
    wanted = set(only)
    before = {project.name: project for project in old.registry.projects}
    after = {project.name: project for project in new.registry.projects}
    names = sorted((before.keys() | after.keys()) & (wanted or before.keys() | after.keys()))
    complete = old.complete and new.complete
    changes = (
        change
        for name in names
        for change in _project(name, before.get(name), after.get(name), complete=complete)
    )
    return Comparison(old.origin, new.origin, tuple(changes), partial=not complete)


def _project(
    name: str, old: Project | None, new: Project | None, *, complete: bool
) -> Iterator[Change]:
    if new is None:
        yield Change(name, "", Kind.RETIRED, "the project is no longer declared")
        return
    if old is None:
        yield Change(name, "", Kind.ADDED, f"a new project, {new.title}")
        for key in new.keys:
            yield _added(new, key)
        return
    if complete:
        for difference in attribute_changes.project_differences(old, new):
            yield _change(name, "", difference)
    pairs = _pairs(old, new)
    again = {each.name for each in old.retired}
    for key in sorted(new.keys, key=lambda key: key.name):
        before = pairs.get(key.name)
        yield from _reused(old, new, key, before)
        if before is None:
            yield _added(new, key, again)
        else:
            yield from _differences(name, before, key, complete=complete)
    kept = {key.name for key in pairs.values()}
    for key in sorted(old.keys, key=lambda key: key.name):
        if key.name not in kept:
            yield Change(name, key.name, Kind.RETIRED, "no longer asked; its series ends")


def _pairs(old: Project, new: Project) -> dict[str, Key]:
    """Return, by name, each key of the new state with its former state."""
    by_name = {key.name: key for key in old.keys}
    by_field = {key.field: key for key in old.keys}
    pairs = {key.name: by_name[key.name] for key in new.keys if key.name in by_name}
    for key in new.keys:
        # A rename is declared, or seen by the permanent name on the wire. A count with
        # other bounds than its former self is a key of its own.
        before = by_name.get(key.formerly) or by_field.get(key.field)
        if before and before.buckets != key.buckets and before.field != key.field:
            continue
        if key.name not in pairs and before and before.name not in pairs:
            pairs[key.name] = before
    return pairs


def _added(project: Project, key: Key, retired: Iterable[str] = ()) -> Change:
    again = "declared again" if key.field in retired else "a new key"
    label = f", {key.label}" if key.label != key.name else ""
    return Change(project.name, key.name, Kind.ADDED, f"{again}{label} ({key.type})", asks=True)


def _reused(old: Project, new: Project, key: Key, before: Key | None) -> Iterator[Change]:
    """Yield a number that meant another key, live or retired."""
    meanings = {each.number: each.name for each in old.retired}
    meanings |= {each.number: each.field for each in old.keys}
    meant = meanings.get(key.number)
    same = before.field if before else key.field
    if key.number and meant and meant != same:
        detail = f"number {key.number} was that of `{meant}`; restore registry.lock"
        yield Change(new.name, key.name, Kind.REPLACED, detail, Breaks.CLIENTS)


def _differences(project: str, old: Key, new: Key, *, complete: bool) -> Iterator[Change]:
    for difference in _all_differences(project, old, new, complete=complete):
        yield _change(project, new.name, difference)


def _all_differences(project: str, old: Key, new: Key, *, complete: bool) -> Iterator[Difference]:
    if old.name != new.name:
        metric = f"headcount_{project}_{new.name}_reports"
        yield Difference(Kind.RENAMED, f"was `{old.name}`; its metric is now {metric}")
    if old.number and new.number and old.number != new.number:
        yield Difference(
            Kind.REPLACED,
            f"number {old.number} became {new.number}; restore registry.lock",
            Breaks.CLIENTS,
        )
    if wire_type(old) != wire_type(new):
        yield Difference(
            Kind.REPLACED,
            f"type {wire_type(old)} became {wire_type(new)}; declare a new key instead",
            Breaks.CLIENTS,
            asks=True,
        )
        return
    yield from attribute_changes.value_differences(old, new)
    if complete:
        yield from attribute_changes.key_differences(old, new)


def _change(project: str, key: str, difference: Difference) -> Change:
    return Change(
        project, key, difference.kind, difference.detail, difference.breaks, difference.asks
    )

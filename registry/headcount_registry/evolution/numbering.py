"""Numbering: from declarations and the lock to numbered declarations and the next lock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.model import VERSION, Key, Project, Registry, Retired, Value
from headcount_registry.evolution.lock import FIRST_VALUE, Lock, LockedKey, next_number
from headcount_registry.evolution.permanence import other_bounds, problems, wire_type
from headcount_registry.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that a build makes in the lock, sorted: `project.key` or `project.key=value`."""

    added: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbered:
    """The outcome; if a finding is an error, nothing else of it may be used."""

    registry: Registry
    lock: Lock
    findings: tuple[Finding, ...]
    changes: Changes


def number(registry: Registry, lock: Lock) -> Numbered:
    """Give every key and value its permanent number.

    Known keys and values keep their numbers. New keys get the next free numbers in order of
    name, and new values in declared order. The new lock marks as retired the keys and values
    that are no longer declared.
    """
    books = [_ProjectNumbers(project, lock) for project in registry.projects]
    declared = {project.name for project in registry.projects}
    gone = sorted({key.project for key in lock.keys} - declared)
    books += [_ProjectNumbers(None, Lock(lock.of(project))) for project in gone]
    findings = tuple(sorted(finding for book in books for finding in book.findings))
    lines = (line for book in books for line in book.lines)
    return Numbered(
        Registry(tuple(book.numbered() for book in books if book.project)),
        Lock(tuple(sorted(lines, key=lambda line: (line.project, line.number)))),
        findings,
        _changes({(line.project, line.number): line for line in lock.keys}, books),
    )


class _ProjectNumbers:
    """The numbers of one project while they are given out."""

    def __init__(self, project: Project | None, lock: Lock) -> None:
        self.project = project
        self.findings: list[Finding] = []
        before = lock.of(project.name) if project else lock.keys
        self._known = {line.key: line for line in before}
        self._names = {
            names.squeezed(name): line for line in before for name in (line.field, line.key)
        }
        self._declared = {key.name for key in project.keys} if project else set()
        self._lines = {line.number: line for line in before}
        self._assigned: dict[str, LockedKey] = {}
        for key in sorted(project.keys, key=_version_first) if project else ():
            line = self._line(key)
            if line:
                self._lines[line.number] = self._assigned[key.name] = line
        kept = {line.number for line in self._assigned.values()}
        self.lines = [
            line if line.number in kept else replace(line, retired=True)
            for line in self._lines.values()
        ]

    def numbered(self) -> Project:
        """Return the project with its numbers, keys sorted by them."""
        if self.project is None:
            raise AssertionError("only declared projects have a model")
        keys = [
            _numbered_key(key, self._assigned[key.name])
            for key in self.project.keys
            if key.name in self._assigned
        ]
        gone = [Retired(line.field, line.number) for line in self.lines if line.retired]
        return replace(
            self.project,
            keys=tuple(sorted(keys, key=lambda key: key.number)),
            retired=tuple(sorted(gone, key=lambda each: each.number)),
        )

    def _line(self, key: Key) -> LockedKey | None:
        """Return the line of a declared key in the new lock, None if a finding forbids it."""
        before = self._before(key)
        found = list(problems(key, before, self._known.get(key.formerly), self._declared))
        if before is None:
            found += self._taken(key)
        self.findings += [Finding(key.location, *each, Severity.ERROR) for each in found]
        if found:
            return None
        if before is None:
            before = LockedKey(
                project=self.project.name if self.project else "",
                number=next_number(set(self._lines)) if key.name != VERSION else 1,
                key=key.name,
                field=key.name,
                type=wire_type(key),
                values={},
            )
        return _with_values(replace(before, key=key.name, retired=False), key)

    def _before(self, key: Key) -> LockedKey | None:
        """Return the line that a key has in the lock, under its name or its former one.

        If a renamed count has other bounds than before, it is a new key, which takes over
        refusals but nothing else.
        """
        former = self._known.get(key.formerly)
        if former is not None and other_bounds(key, former):
            former = None
        return self._known.get(key.name) or former

    def _taken(self, key: Key) -> Iterator[tuple[str, str]]:
        """Yield the problems of a new key whose names once meant something else."""
        line = self._names.get(names.squeezed(key.name))
        if line:
            yield (
                "name-taken",
                (
                    f"`{key.name}` cannot be told from the name of key `{line.key}`, number"
                    f" {line.number}; give the new key another name"
                ),
            )
        if key.formerly and self._known and key.formerly not in self._known:
            yield (
                "formerly",
                (
                    f"registry.lock knows no key `{key.formerly}`; mend the name, or remove"
                    " `formerly` from a key that is new"
                ),
            )


def _version_first(key: Key) -> tuple[bool, str]:
    return key.name != VERSION, key.name


def _with_values(line: LockedKey, key: Key) -> LockedKey:
    values = dict(line.values)
    for value in key.values:
        values.setdefault(value.text, max(values.values(), default=FIRST_VALUE - 1) + 1)
    gone = values.keys() - {value.text for value in key.values}
    buckets = line.buckets or key.buckets
    return replace(line, values=values, retired_values=frozenset(gone), buckets=buckets)


def _numbered_key(key: Key, line: LockedKey) -> Key:
    values = (Value(each.text, each.identifier, line.values[each.text]) for each in key.values)
    gone = (
        Retired(names.identifier(text), number)
        for text, number in line.values.items()
        if text in line.retired_values
    )
    return replace(
        key,
        number=line.number,
        field=line.field,
        values=tuple(sorted(values, key=lambda value: value.number)),
        retired_values=tuple(gone),
    )


@dataclass(slots=True)
class _Tally:
    added: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)


def _changes(before: dict[tuple[str, int], LockedKey], books: list[_ProjectNumbers]) -> Changes:
    tally = _Tally()
    lines = (line for book in books for line in book.lines)
    for line in sorted(lines, key=lambda line: (line.project, line.number)):
        _compare(before.get((line.project, line.number)), line, tally)
    return Changes(
        added=tuple(tally.added),
        retired=tuple(tally.retired),
        revived=tuple(tally.revived),
        renamed=tuple(tally.renamed),
    )


def _compare(old: LockedKey | None, new: LockedKey, tally: _Tally) -> None:
    name = f"{new.project}.{new.key}"
    if old is None:
        tally.added.append(name)
        return
    if old.key != new.key:
        tally.renamed.append(f"{old.project}.{old.key} to {new.key}")
    if old.retired != new.retired:
        (tally.retired if new.retired else tally.revived).append(name)
        return
    for text in new.values:
        value = f"{name}={text}"
        if text not in old.values:
            tally.added.append(value)
        elif (text in old.retired_values) != (text in new.retired_values):
            (tally.retired if text in new.retired_values else tally.revived).append(value)

"""A state of a registry to compare, read from declarations, a lock, or a descriptor set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.model import (
    Key,
    KeyType,
    Level,
    Mode,
    Project,
    Registry,
    Retired,
    Value,
)
from headcount_registry.declarations.resolve import resolve
from headcount_registry.errors import SourceError
from headcount_registry.evolution.comparison import Snapshot
from headcount_registry.evolution.descriptor_reader import read_registry
from headcount_registry.evolution.lock import (
    CATALOGUE,
    Lock,
    LockedKey,
    lock_path,
    parse_lock,
    read_lock,
)
from headcount_registry.findings import Location
from headcount_registry.pipeline.stages import check_draft, read_draft

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def snapshot(path: Path, lock: Path | None = None) -> Snapshot:
    """Return the state in a path: by its ending a lock or a descriptor set, else declarations.

    Declarations get the numbers of the lock beside them, or of `lock`. Raises `SourceError`,
    `LockError`, and `DeclarationsError` if declarations have errors.
    """
    if path.suffix == ".lock":
        return Snapshot(str(path), _from_lock(parse_lock(_text(path), str(path))), complete=False)
    if path.suffix == ".binpb":
        return Snapshot(str(path), read_registry(_bytes(path), str(path)))
    return Snapshot(str(path), _from_declarations(path, lock or lock_path([path])))


def _from_declarations(path: Path, lock_file: Path) -> Registry:
    draft = read_draft([path])
    check_draft(draft)
    lock = read_lock(lock_file)
    return Registry(
        tuple(_numbered(project, lock.of(project.name)) for project in resolve(draft).projects)
    )


def _numbered(project: Project, lines: tuple[LockedKey, ...]) -> Project:
    """Return a project with the numbers in the lock; new keys and values have none yet."""
    by_name = {line.key: line for line in lines}
    keys, live = [], set()
    for key in project.keys:
        line = by_name.get(key.name) or by_name.get(key.formerly)
        if line:
            live.add(line.number)
            values = (replace(each, number=line.values.get(each.text, 0)) for each in key.values)
            gone = line.values.keys() - {value.text for value in key.values}
            keys.append(
                replace(
                    key,
                    number=line.number,
                    field=line.field,
                    values=tuple(values),
                    retired_values=_retired_values(line, gone),
                )
            )
        else:
            keys.append(key)
    retired = (Retired(line.field, line.number) for line in lines if line.number not in live)
    return replace(project, keys=tuple(keys), retired=tuple(retired))


def _from_lock(lock: Lock) -> Registry:
    projects = sorted({line.project for line in lock.keys if not line.retired})
    return Registry(tuple(_locked_project(name, lock.of(name)) for name in projects))


def _locked_project(name: str, lines: tuple[LockedKey, ...]) -> Project:
    return Project(
        name=name,
        title=name,
        homepage="",
        recipient="",
        contact="",
        endpoint="",
        mode=Mode.ASK_FIRST,
        keys=tuple(_locked_key(line) for line in lines if not line.retired),
        retired=tuple(Retired(line.field, line.number) for line in lines if line.retired),
    )


def _locked_key(line: LockedKey) -> Key:
    return Key(
        name=line.key,
        field=line.field,
        label=line.key,
        description="",
        purpose="",
        issue="",
        type=KeyType.LIST if line.type == CATALOGUE else KeyType(line.type),
        level=Level.BASIC,
        location=Location(""),
        number=line.number,
        values=tuple(
            Value(text, names.identifier(text), number)
            for text, number in line.values.items()
            if text not in line.retired_values
        ),
        retired_values=_retired_values(line, line.retired_values),
        # A lock says that there is a catalogue, but not its items.
        catalogue=("",) if line.type == CATALOGUE else (),
    )


def _retired_values(line: LockedKey, texts: Iterable[str]) -> tuple[Retired, ...]:
    gone = set(texts)
    return tuple(
        Retired(names.identifier(text), number)
        for text, number in line.values.items()
        if text in gone
    )


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error

"""The build: from paths to the text of every file, all or nothing.

    read -> gather -> look -> resolve -> number -> digests -> emit -> compile

Nothing here writes; `output.py` does, once everything is known to be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry import checks
from headcount_registry.declarations.digest import with_digests
from headcount_registry.declarations.draft import gather
from headcount_registry.declarations.resolve import resolve
from headcount_registry.emitters import consent_text, python_client, registry_json, report_proto
from headcount_registry.emitters.descriptor_set import compile_set, wire_schemas
from headcount_registry.errors import DeclarationsError, SourceError
from headcount_registry.evolution import history
from headcount_registry.evolution.lock import Lock, parse_lock
from headcount_registry.evolution.numbering import Changes, Numbered, number
from headcount_registry.reading.source import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from headcount_registry.declarations.model import Registry
    from headcount_registry.evolution.history import Release
    from headcount_registry.findings import Finding

DESCRIPTOR_SET = "registry.binpb"
MODEL = "registry.json"
CLIENTS = "clients"


def _silent(_step: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Build:
    """Everything that a build found out and would write.

    `files` maps a path below the output directory to its bytes; the lock stands elsewhere.
    """

    registry: Registry
    files: Mapping[str, bytes]
    lock: bytes
    findings: tuple[Finding, ...]
    changes: Changes


def build(
    paths: Iterable[Path], lock_file: Path, progress: Callable[[str], None] = _silent
) -> Build:
    """Compiles declarations; `progress` is told what is being done.

    Raises `DeclarationsError` with every finding where one is an error, and `SourceError`,
    `LockError` or `HistoryError` where something cannot be read.
    """
    paths = tuple(paths)
    progress("reading declarations")
    draft = gather(read(paths))
    progress("checking declarations")
    findings = checks.look(draft)
    _refuse_errors(findings)
    if not draft.projects:
        raise nothing_declared(paths)
    outcome = numbered(resolve(draft), lock_file)
    findings = tuple(sorted((*findings, *outcome.findings)))
    _refuse_errors(findings)
    registry = with_digests(outcome.registry)
    return Build(
        registry,
        _files(registry, history.told(registry, lock_file), progress),
        outcome.lock.text().encode(),
        findings,
        outcome.changes,
    )


def _refuse_errors(findings: tuple[Finding, ...]) -> None:
    if any(finding.is_error for finding in findings):
        raise DeclarationsError(findings)


def nothing_declared(paths: Iterable[Path]) -> SourceError:
    """The error to raise where files declare nothing, so that nothing is retired by mistake."""
    return SourceError(
        f"{', '.join(str(path) for path in paths)}: no .info file here declares anything;"
        " write `telemetry[key][label] = ...` into one"
    )


def numbered(registry: Registry, lock_file: Path) -> Numbered:
    """Numbers a registry after a lock; a lock that is not there is empty.

    Raises `SourceError` or `LockError` where the lock cannot be read.
    """
    try:
        text = lock_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return number(registry, Lock())
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{lock_file}: cannot be read: {error}") from error
    return number(registry, parse_lock(text, str(lock_file)))


def _files(
    registry: Registry, releases: tuple[Release, ...], progress: Callable[[str], None]
) -> dict[str, bytes]:
    progress("making schemas")
    protos = {
        report_proto.path(each): report_proto.emit(each, history.of_project(releases, each.name))
        for each in registry.projects
    }
    progress("compiling schemas")
    descriptor_set = compile_set(protos)
    progress("making clients")
    schemas = wire_schemas(descriptor_set)
    texts = dict(protos)
    for project in registry.projects:
        folder = f"{CLIENTS}/{python_client.package(project)}"
        modules = python_client.emit(project, schemas[report_proto.path(project)])
        texts.update({f"{folder}/{name}": text for name, text in modules.items()})
        texts[f"{folder}/{consent_text.FILE}"] = consent_text.emit(project)
    texts[MODEL] = registry_json.emit(registry)
    files = {path: text.encode() for path, text in texts.items()}
    files[DESCRIPTOR_SET] = descriptor_set
    return dict(sorted(files.items()))

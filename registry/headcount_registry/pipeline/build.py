"""The build: from paths to the text of every file, all files or none.

    (stages.py) read -> draft -> check -> resolve -> number -> (here) digests -> emit -> compile

Nothing here writes. `output.py` does, once everything is known to be right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headcount_registry.declarations.digest import with_digests
from headcount_registry.emitters import consent_text, python_client, registry_json, report_proto
from headcount_registry.emitters.descriptor_set import compile_set, wire_schemas
from headcount_registry.evolution import history
from headcount_registry.pipeline.stages import (
    check_draft,
    nothing_declared,
    number_draft,
    read_draft,
    refuse_errors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from headcount_registry.declarations.model import Project, Registry
    from headcount_registry.evolution.history import Release
    from headcount_registry.evolution.numbering import Changes
    from headcount_registry.findings import Finding
    from headcount_registry.reading.memory import Memory

DESCRIPTOR_SET = "registry.binpb"
MODEL = "registry.json"
CLIENTS = "clients"


def _silent(_step: str) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who receives the reports, in place of whom the declarations name; `""` changes nothing.

    For packagers and forks, whose declarations are other people's.
    """

    endpoint: str = ""
    recipient: str = ""

    def of(self, registry: Registry) -> Registry:
        """Return the registry with every project's reports going to this receiver."""
        return replace(registry, projects=tuple(map(self._of, registry.projects)))

    def _of(self, project: Project) -> Project:
        if self.endpoint:  # what is sealed to the key of somebody else would reach nobody
            project = replace(project, endpoint=self.endpoint, relay="", oblivious_key="")
        return replace(project, recipient=self.recipient or project.recipient)


AS_DECLARED = Receiver()


@dataclass(frozen=True, slots=True)
class Build:
    """The result of a build, before it is written.

    `releases` are all of them, oldest first, and then the changes that await one. `files` maps
    a path below the output directory to its bytes. The lock is elsewhere.
    """

    registry: Registry
    releases: tuple[Release, ...]
    files: Mapping[str, bytes]
    lock: bytes
    findings: tuple[Finding, ...]
    changes: Changes


def build(  # noqa: PLR0913 - each of the last four has a usual value
    paths: Iterable[Path],
    lock_file: Path,
    progress: Callable[[str], None] = _silent,
    receiver: Receiver = AS_DECLARED,
    memory: Memory | None = None,
    entry: Release | None = None,
) -> Build:
    """Compile declarations, and report each step to `progress`.

    With an `entry`, the files are those of the release that it names. Raises
    `DeclarationsError` with every finding if one is an error, and `SourceError`, `LockError`
    or `HistoryError` if something cannot be read.
    """
    paths = tuple(paths)
    progress("reading declarations")
    draft = read_draft(paths, memory)
    progress("checking declarations")
    warnings = check_draft(draft)
    if not draft.projects:
        raise nothing_declared(paths)
    numbered = number_draft(draft, lock_file)
    findings = tuple(sorted((*warnings, *numbered.findings)))
    refuse_errors(findings)
    registry = with_digests(receiver.of(numbered.registry))
    releases = (
        history.entered(registry, lock_file, entry)
        if entry
        else history.with_unreleased(registry, lock_file)
    )
    return Build(
        registry,
        releases,
        _files(registry, releases, progress),
        numbered.lock.text().encode(),
        findings,
        numbered.changes,
    )


def _files(
    registry: Registry, releases: tuple[Release, ...], progress: Callable[[str], None]
) -> dict[str, bytes]:
    progress("making schemas")
    protos = {
        report_proto.path(each): report_proto.emit(each, history.for_project(releases, each.name))
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

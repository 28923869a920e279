"""The open-data bundle: everything that is published, in files, with checksums.

The shape (`headcount-bundle 1`), written into README.txt of the bundle too::

    registry.binpb       the descriptor set that the projects and keys are declared in
    registry.json        the same for people and programs: GetRegistryResponse, without policy
    weeks/2026-W47.json  one closed week: WeekStatistics
    statistics.csv       all numbers, one line each
    README.txt           this shape
    SHA256SUMS           a checksum of each file above, for `sha256sum --check`

JSON is the proto3 mapping of the messages in headcount/v1. The same totals
give the same bytes. `read` gives back what pages and metrics are made of.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server import listing, schema, service, sqlite_file, statistics
from headcount_server.errors import StoreError
from headcount_server.publication import Publication
from headcount_server.published import read as read_published
from headcount_server.schema import Schema
from headcount_server.store import PublishedProject, PublishedWeek, Retraction
from headcount_server.tally import Cell
from headcount_server.week import Week

_SUMS = "SHA256SUMS"
_EVERY_WEEK = -1  # as a LIMIT of SQLite


def published(database: Path) -> list[PublishedWeek]:
    """Every closed week of a database, newest first. Raises StoreError."""
    with sqlite_file.reading(database) as connection:
        return read_published(connection, None, None, _EVERY_WEEK)


def write(directory: Path, database: Path, registry: Path) -> int:
    """Write the bundle into a new directory; returns the number of weeks.

    The directory appears when the bundle is whole. Raises StoreError, SchemaError.
    """
    if directory.exists():
        msg = f"{directory}: is there already; name another one, or remove it first"
        raise StoreError(msg)
    known, weeks = schema.load(registry), published(database)
    files = _files(known, registry.read_bytes(), weeks)
    draft = directory.with_name(f"{directory.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        draft.rename(directory)
    except OSError as error:
        msg = f"{directory}: {error.strerror}"
        raise StoreError(msg) from error
    return len(weeks)


def _files(known: Schema, registry: bytes, weeks: list[PublishedWeek]) -> Mapping[str, bytes]:
    answer = statistics.response(weeks, "")
    projects = wire.GetRegistryResponse(projects=map(service.describe, known.projects.values()))
    files = {
        "README.txt": f"{__doc__}".encode(),
        "registry.binpb": registry,
        "registry.json": _json(projects),
        "statistics.csv": listing.as_csv(answer).encode(),
    }
    files |= {f"weeks/{week.week}.json": _json(week) for week in answer.weeks}
    sums = [f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return {**files, _SUMS: "".join(sums).encode()}


def _json(message: wire.GetRegistryResponse | wire.WeekStatistics) -> bytes:
    text = MessageToJson(message, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()


def read(directory: Path) -> tuple[Schema, list[PublishedWeek]]:
    """The registry and the weeks of a bundle, newest first, after checking every checksum.

    Raises StoreError where a file is missing, changed, or not listed.
    """
    try:
        lines = (directory / _SUMS).read_text(encoding="utf-8").splitlines()
        files = {name: (directory / name).read_bytes() for _, name in map(str.split, lines)}
    except (OSError, ValueError) as error:
        msg = f"{directory}: not a whole bundle ({error})"
        raise StoreError(msg) from error
    changed = [
        name for digest, name in map(str.split, lines) if sha256(files[name]).hexdigest() != digest
    ]
    there = {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()}
    changed += sorted(there - {*files, _SUMS})
    if changed:
        msg = f"{directory}: {', '.join(changed)}: not as written; the bundle was changed"
        raise StoreError(msg)
    weeks = [_week(content) for name, content in files.items() if name.startswith("weeks/")]
    return schema.parse(files["registry.binpb"]), sorted(weeks, key=lambda w: w.week, reverse=True)


def _week(content: bytes) -> PublishedWeek:
    try:
        found = Parse(content, wire.WeekStatistics())
    except ParseError as error:
        msg = f"a week of the bundle cannot be read: {error}"
        raise StoreError(msg) from error
    return PublishedWeek(
        week=Week.parse(found.week),
        threshold=found.threshold,
        projects=tuple(map(_project, found.projects)),
        annotation=found.annotation,
    )


def _project(found: wire.ProjectStatistics) -> PublishedProject:
    return PublishedProject(
        name=found.project,
        digests=tuple(found.registry_digests),
        key_names={key.number: key.key for key in found.keys},
        publication=Publication(
            reports=found.reports,
            answers={key.number: key.answers for key in found.keys},
            values={
                Cell(key.number, cell.value, cell.version): cell.reports
                for key in found.keys
                for cell in key.values
            },
        ),
        retractions=tuple(
            Retraction(notice.number, notice.key, notice.reason, notice.date)
            for notice in found.retractions
        ),
    )

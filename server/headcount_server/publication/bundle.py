"""The open-data bundle: everything that is published, as files with checksums."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.counting.tally import Cell
from headcount_server.errors import StoreError
from headcount_server.publication import response as statistics
from headcount_server.publication import table
from headcount_server.publication.draft import drafted
from headcount_server.publication.key_terms import KeyTerms
from headcount_server.publication.published import (
    Coverage,
    PublishedProject,
    PublishedWeek,
    ReadWeeks,
    Retraction,
)
from headcount_server.publication.rounding import Publication
from headcount_server.registry import schema
from headcount_server.registry.response import describe
from headcount_server.registry.schema import Schema
from headcount_server.week import Week

ARCHIVE = ".zip"
"""Ending of a name that asks for one file instead of a folder."""
FOLDER = "headcount-bundle"
"""Folder in an archive that holds all its files."""
MAX_MEMORY = 8 << 20
"""Most bytes of an archive, or of its largest part, that stay in memory; a file holds the rest."""
CHUNK = 1 << 16
"""Bytes of one piece of a file."""
AT_ONCE = 8
"""Weeks that one call reads, so that not all are in memory."""

README = """The open-data bundle: everything that is published, in files, with checksums.

The shape (`headcount-bundle 1`), written into README.txt of the bundle too::

    registry.binpb       the descriptor set that the projects and keys are declared in
    registry.json        the same for people and programs: GetRegistryResponse, without policy
    weeks/2026-W47.json  one closed week: WeekStatistics
    statistics.csv       all numbers, one line each
    README.txt           this shape
    SHA256SUMS           a checksum of each file above, for `sha256sum --check`

JSON is the proto3 mapping of the messages in headcount/v1. The same totals
give the same bytes, in a folder and in a ZIP archive of it.
"""
"""Text of README.txt in a bundle."""

_SUMS = "SHA256SUMS"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP archive can state, for every file

_Add = Callable[[str, Iterable[bytes]], None]


def all_weeks(read_weeks: ReadWeeks) -> Iterator[PublishedWeek]:
    """Yield every closed week, newest first, with only a few in memory at once."""
    found = read_weeks(None, None, AT_ONCE)
    while found:
        yield from found
        found = read_weeks(None, found[-1].week.previous(), AT_ONCE)


def write(place: Path, known: Schema, weeks: Iterable[PublishedWeek]) -> None:
    """Write the bundle into a new folder, or into a file if `place` ends in `.zip`.

    `weeks` are all closed weeks, newest first. The bundle appears once it is complete.
    Raises StoreError.
    """
    if place.exists():
        msg = f"{place}: is there already; name another one, or remove it first"
        raise StoreError(msg)
    try:
        with drafted(place) as draft:
            if place.suffix == ARCHIVE:
                with draft.open("wb") as file:
                    archive(file, known, weeks)
            else:
                _pour(partial(_write, draft), known, weeks)
    except OSError as error:
        msg = f"{place}: {error.strerror}"
        raise StoreError(msg) from error


def archive(file: IO[bytes], known: Schema, weeks: Iterable[PublishedWeek]) -> None:
    """Write the bundle as a ZIP archive; `weeks` are all closed weeks, newest first.

    Only a few weeks are in memory at once, however many there are.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archived:

        def add(name: str, parts: Iterable[bytes]) -> None:
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with archived.open(entry, "w", force_zip64=True) as member:
                for part in parts:
                    member.write(part)

        _pour(add, known, weeks)


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of a file in pieces of at most `CHUNK` bytes."""
    return iter(partial(file.read, CHUNK), b"")


def _write(folder: Path, name: str, parts: Iterable[bytes]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for part in parts:
            file.write(part)


def _pour(add: _Add, known: Schema, weeks: Iterable[PublishedWeek]) -> None:
    """Add every file under its name: each week's once the week is read, the checksums last."""
    sums: dict[str, str] = {}

    def put(name: str, parts: Iterable[bytes]) -> None:
        digest = sha256()

        def seen() -> Iterator[bytes]:
            for part in parts:
                digest.update(part)
                yield part

        add(name, seen())
        sums[name] = digest.hexdigest()

    projects = wire.GetRegistryResponse(projects=map(describe, known.projects.values()))
    put("README.txt", [README.encode()])
    put("registry.binpb", [known.data])
    put("registry.json", [_json(projects)])
    with SpooledTemporaryFile(MAX_MEMORY) as lines:
        lines.write(table.as_csv(wire.GetStatisticsResponse()).encode())
        for week in weeks:
            answer = statistics.response([week], "", known)
            put(f"weeks/{week.week}.json", [_json(answer.weeks[0])])
            lines.write(table.csv_lines(answer).encode())
        lines.seek(0)
        put("statistics.csv", chunks(lines))
    add(_SUMS, [f"{sums[name]}  {name}\n".encode() for name in sorted(sums)])


def _json(message: wire.GetRegistryResponse | wire.WeekStatistics) -> bytes:
    text = MessageToJson(message, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()


def read(directory: Path) -> tuple[Schema, list[PublishedWeek]]:
    """Return the registry and the weeks of a bundle, newest first, once all checksums match.

    Raises StoreError if a file is missing, changed or not listed.
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
        projects=tuple(_project(each, found.threshold) for each in found.projects),
        annotation=found.annotation,
        rule=found.rule or 1,
        coverages=tuple(
            Coverage(its.project, its.installations, its.source) for its in found.coverages
        ),
    )


def _project(found: wire.ProjectStatistics, threshold: int) -> PublishedProject:
    names = {key.number: key.key for key in found.keys}
    too_few = {key.number: key.key for key in found.too_few}
    return PublishedProject(
        name=found.project,
        digests=tuple(found.registry_digests),
        key_names=names,
        publication=Publication(
            reports=found.reports,
            answers={key.number: key.answers for key in found.keys},
            values={
                Cell(key.number, cell.value, cell.version): cell.reports
                for key in found.keys
                for cell in key.values
            },
            told_apart={
                (key.number, each.value): frozenset(each.versions)
                for key in found.keys
                for each in key.told_apart
            },
        ),
        retractions=tuple(
            Retraction(notice.number, notice.key, notice.reason, notice.date)
            for notice in found.retractions
        ),
        terms={
            key.number: _terms(key, threshold) for key in (*found.keys, *found.too_few) if key.type
        },
        places={
            key.number: frozenset(each.value for each in key.ranges if each.HasField("upper"))
            for key in found.keys
        },
        version_key=next(
            (number for number, name in {**names, **too_few}.items() if name == "version"), 0
        ),
        too_few=too_few,
    )


def _terms(found: wire.KeyStatistics, threshold: int) -> KeyTerms:
    return KeyTerms(
        threshold=found.threshold or threshold,
        crossed=found.crossing != wire.CROSSING_UNSPECIFIED,
        kind=found.type,
        folded=found.crossing == wire.CROSSING_FOLDED,
    )

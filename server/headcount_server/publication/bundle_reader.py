"""Reads a bundle again, so that everything that is shown can be made from it alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from google.protobuf.json_format import Parse, ParseError
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.counting.tally import Cell
from headcount_server.errors import StoreError
from headcount_server.publication.bundle import FOLDER, PACKAGE, SUMS, About
from headcount_server.publication.data_package import licence
from headcount_server.publication.key_terms import KeyTerms
from headcount_server.publication.published import (
    Coverage,
    PublishedProject,
    PublishedWeek,
    Retraction,
)
from headcount_server.publication.published_log import SEAL, from_files
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from headcount_server.week import Week

_MAX_BYTES = 1 << 30  # of all files in an archive


@dataclass(frozen=True, slots=True)
class Bundle:
    """The content of a bundle."""

    schema: Schema
    weeks: list[PublishedWeek]
    """Newest first."""
    about: About


def read(place: Path) -> Bundle:
    """Return the content of a bundle, a folder or an archive, once all checksums match.

    Raises StoreError if a file is missing, changed or not listed, and LogError if its log cannot
    be read.
    """
    return parsed(place, files_of(place))


def files_of(place: Path) -> dict[str, bytes]:
    """Return the files of a bundle by name, once all checksums match. Raises StoreError."""
    try:
        there = _archived(place) if place.is_file() else _in_folder(place)
        sums = there.pop(SUMS)
        sealed = {SEAL: there.pop(SEAL)} if SEAL in there else {}
        lines = sums.decode().splitlines()
        files = {name: there.pop(name) for _, name in map(str.split, lines)}
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        msg = f"{place}: not a whole bundle ({error})"
        raise StoreError(msg) from error
    changed = [
        name for digest, name in map(str.split, lines) if sha256(files[name]).hexdigest() != digest
    ]
    changed += sorted(there)
    if changed:
        msg = f"{place}: {', '.join(changed)}: not as written; the bundle was changed"
        raise StoreError(msg)
    return {**files, **sealed, SUMS: sums}


def parsed(place: Path, files: Mapping[str, bytes]) -> Bundle:
    """Return the content of a bundle's files. Raises StoreError and LogError."""
    try:
        policy = Parse(files["policy.json"], wire.Policy())
        about = About(
            Policy(policy.threshold, policy.grace.ToTimedelta()),
            licence(files[PACKAGE].decode()),
            from_files(files),
        )
        known = schema.parse(files["registry.binpb"])
    except (KeyError, ParseError) as error:
        msg = f"{place}: of another version ({error}); export it anew"
        raise StoreError(msg) from error
    schemas = {
        name.removeprefix("schemas/").removesuffix(".json"): content.decode()
        for name, content in files.items()
        if name.startswith("schemas/")
    }
    weeks = [
        _week(content, schemas) for name, content in files.items() if name.startswith("weeks/")
    ]
    return Bundle(known, sorted(weeks, key=lambda w: w.week, reverse=True), about)


def _in_folder(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _archived(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archived:
        entries = [entry for entry in archived.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > _MAX_BYTES:
            msg = f"more than {_MAX_BYTES >> 20} MiB"
            raise ValueError(msg)
        return {
            entry.filename.removeprefix(f"{FOLDER}/"): archived.read(entry) for entry in entries
        }


def _week(content: bytes, schemas: Mapping[str, str]) -> PublishedWeek:
    try:
        found = Parse(content, wire.WeekStatistics())
        week = Week.parse(found.week)
    except (ParseError, ValueError) as error:
        msg = f"a week of the bundle cannot be read: {error}"
        raise StoreError(msg) from error
    return PublishedWeek(
        week=week,
        threshold=found.threshold,
        projects=tuple(_project(each, found.threshold, schemas) for each in found.projects),
        annotation=found.annotation,
        rule=found.rule or 1,
        coverages=tuple(
            Coverage(its.project, its.installations, its.source) for its in found.coverages
        ),
    )


def _project(
    found: wire.ProjectStatistics, threshold: int, schemas: Mapping[str, str]
) -> PublishedProject:
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
        schemas={
            digest: schemas[place]
            for digest in found.registry_digests
            if (place := f"{found.project}/{digest}") in schemas
        },
    )


def _terms(found: wire.KeyStatistics, threshold: int) -> KeyTerms:
    return KeyTerms(
        threshold=found.threshold or threshold,
        crossed=found.crossing != wire.CROSSING_UNSPECIFIED,
        kind=found.type,
        folded=found.crossing == wire.CROSSING_FOLDED,
    )

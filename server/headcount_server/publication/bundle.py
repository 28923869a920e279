"""The open-data bundle: everything that is published, as files with checksums."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from google.protobuf.json_format import MessageToJson
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.errors import StoreError
from headcount_server.publication import response as statistics
from headcount_server.publication import table
from headcount_server.publication.data_package import File, description
from headcount_server.publication.draft import drafted
from headcount_server.publication.published import (
    PublishedWeek,
    ReadWeeks,
)
from headcount_server.publication.published_log import (
    CHECKPOINT,
    KEY,
    LEAVES,
    SALTS,
    SEAL,
    PublishedLog,
)
from headcount_server.publication.terms import Policy
from headcount_server.registry.response import describe
from headcount_server.registry.schema import Schema

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
    schemas/PROJECT/DIGEST.json  what a registry asked that a week names: Project
    statistics.csv       all numbers, one line each
    policy.json          the threshold and the grace of weeks to come: Policy
    log/                 the log of publications, if the operator signs one: its head (checkpoint),
                         the key, leaves and salts, a line each, and a seal on SHA256SUMS
    README.txt           this shape
    datapackage.json     the files above and the columns, for Frictionless, with the licence
    SHA256SUMS           a checksum of each file above, for `sha256sum --check`

JSON is the proto3 mapping of the messages in headcount/v1. The same totals
give the same bytes, in a folder and in a ZIP archive of it.
"""
"""Text of README.txt in a bundle."""

SUMS = "SHA256SUMS"
"""Name of the file of checksums."""
PACKAGE = "datapackage.json"
"""Name of the description for programs."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP archive can state, for every file

Add = Callable[[str, Iterable[bytes]], None]


def all_weeks(read_weeks: ReadWeeks) -> Iterator[PublishedWeek]:
    """Yield every closed week, newest first, with only a few in memory at once."""
    found = read_weeks(None, None, AT_ONCE)
    while found:
        yield from found
        found = read_weeks(None, found[-1].week.previous(), AT_ONCE)


@dataclass(frozen=True, slots=True)
class About:
    """What holds for a bundle as a whole."""

    policy: Policy
    licence: str = ""
    """Licence of the data: an address, a name of SPDX, or nothing."""
    log: PublishedLog | None = None
    """The log of publications; None if the operator signs none."""


def write(place: Path, known: Schema, weeks: Iterable[PublishedWeek], about: About) -> None:
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
                    archive(file, known, weeks, about)
            else:
                pour(partial(_write, draft), known, weeks, about)
    except OSError as error:
        msg = f"{place}: {error.strerror}"
        raise StoreError(msg) from error


def archive(file: IO[bytes], known: Schema, weeks: Iterable[PublishedWeek], about: About) -> None:
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

        pour(add, known, weeks, about)


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of a file in pieces of at most `CHUNK` bytes."""
    return iter(partial(file.read, CHUNK), b"")


def _write(folder: Path, name: str, parts: Iterable[bytes]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for part in parts:
            file.write(part)


def pour(add: Add, known: Schema, weeks: Iterable[PublishedWeek], about: About) -> None:
    """Add every file under its name: each week's once the week is read, the checksums last."""
    files: list[File] = []
    there: set[str] = set()

    def put(name: str, parts: Iterable[bytes]) -> None:
        digest, size = sha256(), 0

        def seen() -> Iterator[bytes]:
            nonlocal size
            for part in parts:
                digest.update(part)
                size += len(part)
                yield part

        add(name, seen())
        files.append(File(name, digest.hexdigest(), size))

    projects = wire.GetRegistryResponse(projects=map(describe, known.projects.values()))
    put("README.txt", [README.encode()])
    put("registry.binpb", [known.data])
    put("registry.json", [_json(projects)])
    policy = wire.Policy(threshold=about.policy.threshold)
    policy.grace.FromTimedelta(about.policy.grace)
    put("policy.json", [_json(policy)])
    with SpooledTemporaryFile(MAX_MEMORY) as rows:
        rows.write(table.as_csv(wire.GetStatisticsResponse()).encode())
        for week in weeks:
            for place, text in week.schemas():
                if place not in there:
                    there.add(place)
                    put(f"schemas/{place}.json", [text.encode()])
            answer = statistics.response([week], "", known)
            put(f"weeks/{week.week}.json", [_json(answer.weeks[0])])
            rows.write(table.csv_lines(answer).encode())
        rows.seek(0)
        put("statistics.csv", chunks(rows))
    log = about.log
    if log is not None:
        put(CHECKPOINT, [log.checkpoint.encode()])
        put(KEY, [log.key.encode()])
        put(LEAVES, (f"{line}\n".encode() for line in log.leaves()))
        put(SALTS, (f"{line}\n".encode() for line in log.salts()))
    described = json.dumps(description(files, about.licence), ensure_ascii=False, indent=2)
    put(PACKAGE, [f"{described}\n".encode()])
    lines = (f"{each.digest}  {each.name}\n" for each in sorted(files, key=_name))
    sums = "".join(lines).encode()
    add(SUMS, [sums])
    if log is not None:
        add(SEAL, [log.seal(sums).encode()])


def _name(file: File) -> str:
    return file.name


def _json(message: wire.GetRegistryResponse | wire.WeekStatistics | wire.Policy) -> bytes:
    text = MessageToJson(message, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode()

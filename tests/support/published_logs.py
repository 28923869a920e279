"""Logs of publications for tests: bundles with one, and what somebody may do to them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from headcount_server.log.head import LogHead, sealed
from headcount_server.log.notes import Checkpoint, SigningKey
from headcount_server.publication import bundle, bundle_reader
from headcount_server.publication.merkle import Tree
from headcount_server.publication.published_log import CHECKPOINT, LEAVES, SEAL
from headcount_server.registry.schema import Schema
from headcount_server.store import published_tables
from headcount_server.store.database import Database

KEY = SigningKey("stats.example.org", bytes(range(32)))
"""A key, the same in every run."""

Files = dict[str, bytes]


def exported(database: Database, schema: Schema, place: Path) -> Path:
    """Write the bundle of a database with its log, and return its place."""
    log = LogHead(database.reading, KEY).read()
    about = bundle.About(published_tables.policy(database), "", log)
    bundle.write(place, schema, published_tables.every_week(database), about)
    return place


def files_of(place: Path) -> Files:
    """Return the files of a bundle."""
    return bundle_reader.files_of(place)


def written(files: Mapping[str, bytes], place: Path) -> Path:
    """Write files as a folder, and return it."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def with_checksums(files: Files) -> Files:
    """Return the files with the checksums that they have now, as anybody can make them."""
    names = sorted(files.keys() - {bundle.SUMS, SEAL})
    lines = (f"{sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    return {**files, bundle.SUMS: "".join(lines).encode()}


def resigned(files: Files) -> Files:
    """Return the files as the operator can make them, with a head and a seal that fit."""
    leaves = files[LEAVES].decode().split("\n")[:-1]
    origin = files[CHECKPOINT].decode().partition("\n")[0]
    tree = Tree(leaf.encode() for leaf in leaves)
    head = KEY.sign(str(Checkpoint(origin, tree.size, tree.root())))
    found = with_checksums({**files, CHECKPOINT: head.encode()})
    return {**found, SEAL: KEY.sign(sealed(origin, found[bundle.SUMS])).encode()}


def edited(files: Files, name: str, edit: Callable[[str], str]) -> Files:
    """Return the files with one of them changed, and nothing else."""
    text = files[name].decode()
    changed = edit(text)
    assert changed != text
    return {**files, name: changed.encode()}


def base64_of(content: bytes) -> str:
    """Return the SHA-256 of bytes as a leaf writes it."""
    return b64encode(sha256(content).digest()).decode()

"""The files of a SQLite store, read as by somebody with a copy of the disk.

Other processes read and copy them: if this process closed a second descriptor of a
database, it would drop SQLite's locks on it.
"""

from __future__ import annotations

import sqlite3
import struct
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from headcount_server.config import Config

Row = tuple[object, ...]


def file_of(config: Config) -> Path:
    """Return the file of a server that keeps its totals in SQLite."""
    return config.database.files[0]


def held(path: Path) -> list[Path]:
    """Return the files that there are of a database: WAL, itself, index, and week keys.

    A server empties the WAL into the database: who reads them in this order misses nothing.
    """
    beside = [path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "", "-shm")]
    keys = path.with_name(f"{path.name}.keys")
    return [file for file in (*beside, *sorted(keys.glob("*"))) if file.is_file()]


def content(files: Sequence[Path]) -> bytes:
    """Return all bytes of these files."""
    return subprocess.run(["/bin/cat", *map(str, files)], check=True, capture_output=True).stdout


def take_copy(path: Path, directory: Path) -> Path:
    """Return a database as it is on the disk this moment, copied into a new directory."""
    directory.mkdir()
    names = (path.name, f"{path.name}-wal", f"{path.name}.keys")
    there = [str(path.with_name(name)) for name in names if path.with_name(name).exists()]
    subprocess.run(["/bin/cp", "-r", *there, str(directory)], check=True)
    return directory / path.name


def rows(path: Path, query: str) -> list[Row]:
    """What a query says of a database."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        return reader.execute(query).fetchall()


def dump(path: Path) -> dict[str, list[Row]]:
    """Return all rows of all tables of a database, by table."""
    tables = rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return {
        str(name): sorted(rows(path, f"SELECT * FROM [{name}]"), key=repr)  # noqa: S608 - our tables
        for (name,) in tables
    }


def commits(wal: bytes) -> list[int]:
    """Where each commit in a write-ahead log ends (https://sqlite.org/fileformat2.html#walformat)."""
    if len(wal) < 32:
        return []
    page = struct.unpack(">I", wal[8:12])[0]
    salt = wal[16:24]
    ends = []
    for start in range(32, len(wal) - 23 - page, 24 + page):
        _, size = struct.unpack(">II", wal[start : start + 8])
        if wal[start + 8 : start + 16] != salt:
            break
        if size:
            ends.append(start + 24 + page)
    return ends

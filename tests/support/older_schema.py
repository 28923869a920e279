"""A database with the first released schema, and its week key."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from support.repository import TESTS

FIRST = TESTS / "server" / "data" / "schema_001.sql"


def make_first(directory: Path) -> Path:
    """Make it in a directory: W46 with ten reports is published, W47 is open with three."""
    script = FIRST.read_text(encoding="utf-8")
    path = directory / "headcount.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL").fetchone()
        database.executescript(script)
    key = re.search(r"week key is ([0-9a-f]{64})", script)
    assert key is not None
    keys = directory / "headcount.db.keys"
    keys.mkdir(mode=0o700)
    (keys / "2026-W47.key").write_bytes(bytes.fromhex(key[1]))
    return path

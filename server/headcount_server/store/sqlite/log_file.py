"""Empties the write-ahead log of a SQLite file, so that the disk keeps nothing of it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from headcount_server.store.sqlite.claim import Claim, beside
from headcount_server.store.sqlite.erasing import overwrite

_LOG_HEADER = 32
"""Bytes before the frames of a log (https://sqlite.org/fileformat2.html#walformat)."""


def empty_log(connection: sqlite3.Connection, path: Path, claim: Claim | None = None) -> bool:
    """Empty the write-ahead log for good; return False if a reader is in the way.

    Truncation alone would give its blocks back to the disk with single reports in them. The
    header is overwritten before the rest. Otherwise SQLite would read a log that begins
    well as far as it is whole, and undo later commits. Nothing reads the log at that point,
    because the database has all of it and is synced. Raises OSError or sqlite3.Error.
    """
    if not _checkpointed(connection, "RESTART"):
        return False
    log = beside(path, "-wal")
    descriptor = os.open(log, os.O_RDWR)
    try:
        if claim is not None and not claim.is_watched(log, descriptor):
            return False
        overwrite(descriptor, first=_LOG_HEADER)
        if not _checkpointed(connection, "TRUNCATE"):
            return False
        # SQLite does not sync the truncation.
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _checkpointed(connection: sqlite3.Connection, how: str) -> bool:
    (busy, _, _) = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    return not busy

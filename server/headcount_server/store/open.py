"""The engines by name: the one place that knows them all."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.store.database import Database
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.claim import real
from headcount_server.store.sqlite.database import SqliteDatabase

_POSTGRES = re.compile(r"postgres(ql)?://", re.IGNORECASE)


def parse(text: str) -> Database:
    """The database written as a path or as a URL.

    Raises StoreError where the driver that the URL needs is not installed, and
    for names that mean something else to SQLite than a file.
    """
    if _POSTGRES.match(text):
        return _postgres(PostgresUrl(text))
    if not text or text.startswith((":", "file:")) or "\0" in text:
        msg = (
            f"--database {text!r}: no file's name; name a file such as headcount.db, since what "
            "is acknowledged has to last (one whose name begins so: ./NAME)"
        )
        raise StoreError(msg)
    return SqliteDatabase(real(Path(text)))


def _postgres(url: PostgresUrl) -> Database:
    missing = [name for name in ("psycopg", "psycopg_pool") if find_spec(name) is None]
    if missing:
        msg = (
            f"--database {url}: PostgreSQL needs a driver that is not installed"
            f" ({', '.join(missing)}); "
            "install it with: pip install 'headcount-server[postgresql]'"
        )
        raise StoreError(msg)
    # Its driver is an extra of this distribution.
    from headcount_server.store.postgres.database import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(url)

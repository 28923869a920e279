"""The engines by name; no other module knows them all."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.store.database import Database
from headcount_server.store.sqlite.claim import real
from headcount_server.store.sqlite.database import SqliteDatabase

_POSTGRES = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_KEYWORDS = re.compile(r"\s*(host|hostaddr|port|dbname|user|\w*password|passfile|service)\s*=")


def parse(text: str) -> Database:
    """Return the database that a path or a URL names.

    Raises StoreError if the driver that the URL needs is not installed, or if SQLite would
    read the name as something other than a file.
    """
    if _POSTGRES.match(text):
        return _postgres(text)
    if _KEYWORDS.match(text):
        # As a file's name it would be shown whole, with its password.
        msg = "--database: write postgresql://USER@HOST/NAME instead of keywords such as host="
        raise StoreError(msg)
    if not text or text.startswith((":", "file:")) or "\0" in text:
        msg = (
            f"--database {text!r}: no file's name; name a file such as headcount.db, since what "
            "is acknowledged has to last (one whose name begins so: ./NAME)"
        )
        raise StoreError(msg)
    return SqliteDatabase(real(Path(text)))


def _postgres(text: str) -> Database:
    missing = [name for name in ("psycopg", "psycopg_pool") if find_spec(name) is None]
    if missing:
        msg = (
            f"--database: PostgreSQL needs a driver that is not installed ({', '.join(missing)}); "
            "install it with: pip install 'headcount-server[postgresql]'"
        )
        raise StoreError(msg)
    # The driver is an extra of this distribution.
    from headcount_server.store.postgres.database import PostgresDatabase  # noqa: PLC0415
    from headcount_server.store.postgres.url import PostgresUrl  # noqa: PLC0415

    return PostgresDatabase(PostgresUrl.parse(text))

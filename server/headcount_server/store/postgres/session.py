"""The session of a server: every setting on which a promise rests, whatever the defaults.

Role, database and environment may have settings of their own, and a pooler between a server
and its database may switch to another session halfway. So a new connection gets each setting, and
each commit of reports asks whether the session is still the same.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import Self
from weakref import WeakKeyDictionary

import psycopg
from psycopg.types.json import Jsonb
from psycopg.types.string import TextLoader

from headcount_server.errors import StoreError
from headcount_server.store.postgres.schema import SEARCH_PATH, PostgresConnection

LOCK_MILLISECONDS = 800
"""Longest wait for a lock: reports may queue behind a session that waits."""

PARAMETERS = {"client_encoding": "UTF8"}
"""Settings of a new connection, which override those of its URL."""

_SETTINGS = {
    "search_path": SEARCH_PATH,
    "lock_timeout": f"{LOCK_MILLISECONDS}ms",
    # No bound on whole statements, because it would end a commit's wait for its standby with
    # an answer that looks like success.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "20s",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    # Otherwise a commit that waited for its standby in vain would give no warning.
    "client_min_messages": "warning",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
}
_LATER = {"transaction_timeout": "0", "idle_session_timeout": "0"}
"""Settings that some releases of PostgreSQL do not have."""
_DURABLE = """
SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
  WHEN 'off' THEN 'on' WHEN 'local' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""
_MARK = "headcount.session"
_DOUBT = "SyncRepWaitForLSN"
"""The function that warns if a wait for a standby was cancelled. The warning's words are in
the server's language, and its SQLSTATE is that of any warning."""
_REPEAT_SECONDS = 60.0
SHARED = (
    "the database's sessions are shared with others: what stands between (a pooler such as "
    "PgBouncer) has to keep one for each connection (pool_mode = session), or connect directly"
)
_TRIES = 5

log = logging.getLogger(__name__)
_marks: WeakKeyDictionary[PostgresConnection, str] = WeakKeyDictionary()
_said: dict[tuple[str | None, str | None], float] = {}


def configure(connection: PostgresConnection) -> None:
    """Apply every setting to a new connection."""
    connection.autocommit = True
    connection.prepare_threshold = None
    # Token hashes are kept as uuid, which takes the fewest bytes, and are texts here.
    connection.adapters.register_loader("uuid", TextLoader)
    _marks[connection] = secrets.token_hex(8)
    settings = {**_SETTINGS, _MARK: _marks[connection]}
    calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    flat = [word for setting in settings.items() for word in setting]
    connection.execute(f"SELECT {calls}".encode(), flat)
    connection.execute(
        "SELECT set_config(name, %s::jsonb ->> name, false) FROM pg_settings WHERE name = ANY (%s)",
        (Jsonb(_LATER), list(_LATER)),
    )
    connection.execute(_DURABLE)
    connection.add_notice_handler(_tell)


ASK = f"SELECT current_setting('{_MARK}', true)"
"""Returns the mark of a configured session; nothing, or another mark, for any other session."""


def mark(connection: PostgresConnection) -> str:
    """Return the mark that a connection's session must have."""
    return _marks.get(connection, "")


def refuse_shared(one: PostgresConnection, other: PostgresConnection, name: str) -> None:
    """Raise StoreError if two connections lead to one session of the database."""
    for _ in range(_TRIES):
        if _process(one) == _process(other):
            raise StoreError(f"{name}: {SHARED}")


def _process(connection: PostgresConnection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


class Warnings:
    """Notices whether a commit on a connection waited for its standby in vain."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection
        self.doubt = False

    def __enter__(self) -> Self:
        self._connection.add_notice_handler(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.remove_notice_handler(self._hear)

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        self.doubt = self.doubt or notice.source_function == _DOUBT


def _tell(notice: psycopg.errors.Diagnostic) -> None:
    """Log a warning without its words, which may hold a statement with its data."""
    if notice.severity_nonlocalized != "WARNING":
        return
    what = (notice.sqlstate, notice.source_function)
    now = time.monotonic()
    if now >= _said.get(what, -_REPEAT_SECONDS) + _REPEAT_SECONDS:
        _said[what] = now
        log.warning("the database warns (%s, %s); its own log has the words", *what)

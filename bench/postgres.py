"""A PostgreSQL server for benchmarks: Debian's, started here, or a named one.

`HEADCOUNT_TEST_POSTGRES` names a database, which is emptied. The processor time of such
a server cannot be measured from here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import servers
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.prepare import drop, prepare
from headcount_server.store.postgres.url import PostgresUrl

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from support.postgres_server import NAMED, PostgresServer

_SETTINGS = "shared_buffers = 256MB\nmax_wal_size = 2GB\n"


class Postgres:
    """A running server with a database of ours."""

    def __init__(self, url: str, pid: int | None) -> None:
        self.url = PostgresUrl(url)
        self._pid = pid

    def empty(self) -> list[str]:
        """Create all tables again; return what was done, in words."""
        with connected(self.url) as connection:
            drop(connection)
        return list(prepare(self.url))

    def ask(self, query: str) -> float:
        """Return the number that a query yields."""
        with connected(self.url) as connection:
            row = connection.execute(query.encode()).fetchone()
        return float((row and row[0]) or 0)

    def written(self) -> float:
        """Return the bytes of write-ahead log so far."""
        return self.ask("SELECT pg_current_wal_lsn() - '0/0'")

    def cpu(self) -> float | None:
        """Return the processor seconds of all its processes so far; None if it is not ours."""
        if self._pid is None:
            return None
        return servers.processor_time(self._pid)

    def pin(self, cores: set[int]) -> None:
        """Restrict it to these cores."""
        for pid in servers.family(self._pid) if self._pid else ():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(pid, cores)


@contextmanager
def running() -> Iterator[Postgres]:
    """Yield the server, which is stopped when the block ends."""
    named = os.environ.get(NAMED)
    if named:
        yield Postgres(named, None)
        return
    server = PostgresServer()
    try:
        server.make()
        with (server.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_SETTINGS)
        server.start()
        yield Postgres(server.url(), server.process.pid if server.process else None)
    finally:
        server.remove()

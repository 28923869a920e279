"""A PostgreSQL server for tests: our own, from Debian's package, or a named one.

`HEADCOUNT_TEST_POSTGRES` names a database that tests may empty at any time. Without it,
tests make a server in a temporary directory, with a socket there. It is as durable as one
in production (`fsync` is on).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from headcount_server.store.postgres import citus
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.prepare import drop
from headcount_server.store.postgres.schema import SCHEMAS, STEPS, PostgresConnection, applied
from headcount_server.store.postgres.url import PostgresUrl

from support.server_process import held_port
from support.waiting import PATIENCE, until

NAMED = "HEADCOUNT_TEST_POSTGRES"
USER = "headcount"
_SETTINGS = """
listen_addresses = '127.0.0.1'
shared_buffers = 32MB
max_connections = 200
logging_collector = off
wal_level = replica
max_wal_senders = 4
autovacuum_naptime = 10s
# Autovacuum gives way only after this time, and a store waits 800 ms for a lock.
deadlock_timeout = 100ms
"""


def binaries() -> Path:
    """Where Debian puts PostgreSQL's programs; fails with the remedy where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "PostgreSQL is missing: run `make system-packages` (package postgresql)"
    return found[-1].parent


def as_its_user(command: Sequence[str | Path]) -> list[str]:
    """Return a command of PostgreSQL, which refuses to be run by root."""
    words = [str(word) for word in command]
    return (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
        if os.geteuid() == 0
        else words
    )


class PostgresServer:
    """A server of our own on a free port of 127.0.0.1 and a socket in its directory."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="headcount-pg-"))
        self.data = self.directory / "data"
        self._held = held_port()
        self.port: int = self._held.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")

    def url(self, name: str = "postgres") -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def make(self) -> None:
        """Make the files of a new server."""
        program = binaries() / "initdb"
        flags = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self.run([program, "-D", self.data, *flags])
        settings = f"{_SETTINGS}port = {self.port}\nunix_socket_directories = '{self.directory}'\n"
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)

    def run(self, command: Sequence[str | Path]) -> None:
        """Run a program of PostgreSQL to its end."""
        done = subprocess.run(
            as_its_user(command),
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
            env=_in_real_time(),
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        log = self.directory / "log"
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                as_its_user([binaries() / "postgres", "-D", self.data]),
                stdout=file,
                stderr=file,
                cwd=self.directory,
                env=_in_real_time(),
            )
        until(self._takes_connections, told=lambda: log.read_text(encoding="utf-8"))

    def _takes_connections(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "log").read_text(encoding="utf-8")
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url()).close()
            return True
        return False

    def end(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT ends sessions, SIGQUIT leaves without a word, as a crash does."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None

    def remove(self) -> None:
        """Stop it at once and remove its files."""
        self.end(signal.SIGQUIT)
        shutil.rmtree(self.directory)
        self._held.close()


def _in_real_time() -> dict[str, str]:
    """Return the environment without libfaketime, which starts for one user alone.

    No timeout of the server would ever fire under it either; see tests/other_days/run.
    """
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


@contextmanager
def running() -> Iterator[PostgresServer]:
    """A server of our own, and nothing of it afterwards."""
    server = PostgresServer()
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.remove()


def has_citus() -> bool:
    """Return whether a database is named that has the extension Citus."""
    named = os.environ.get(NAMED)
    if not named:
        return False
    with connected(PostgresUrl(named)) as connection:
        return citus.version(connection) is not None


def empty(connection: PostgresConnection) -> None:
    """Leave nothing in our tables, which is faster than making them anew."""
    if len(applied(connection)) != len(STEPS):
        drop(connection)
        return
    relations = connection.execute(
        "SELECT oid::regclass::text, relispartition, relkind = 'r' FROM pg_class"
        " WHERE relnamespace = ANY (%s::regnamespace[]) AND relkind IN ('r', 'p')",
        (list(SCHEMAS),),
    ).fetchall()
    with connection.transaction():
        for name, is_partition, plain in relations:
            if is_partition:
                connection.execute(f"DROP TABLE {name}".encode())
            elif plain and name not in {"schema_steps", "revision"}:
                connection.execute(f"DELETE FROM {name}".encode())  # noqa: S608 - from the catalogue

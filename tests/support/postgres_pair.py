"""A PostgreSQL primary with a synchronous standby, and the loss of the primary."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import psycopg

from support import postgres_server
from support.postgres_server import USER, PostgresServer
from support.repository import ROOT
from support.waiting import until

_PAGE = ROOT / "docs" / "operators" / "postgresql.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


class PostgresPair:
    """Two servers of our own; every commit of the first waits for the second."""

    def __init__(self) -> None:
        self.primary = PostgresServer()
        self.standby = PostgresServer()

    @property
    def url(self) -> str:
        """The URL that leads to whichever of them takes writes."""
        hosts, ports = "127.0.0.1,127.0.0.1", f"{self.primary.port},{self.standby.port}"
        where = f"host={hosts}&port={ports}&target_session_attrs=read-write"
        return f"postgresql://{USER}@/postgres?{where}"

    def start(self) -> None:
        """Make both, and start them."""
        self.primary.make()
        self.primary.start()
        self.join()

    def join(self) -> None:
        """Make the standby of the primary, and have commits wait for it."""
        copied = self.standby.data
        self._as_documented("pg_basebackup")
        with (copied / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(
                f"port = {self.standby.port}\n"
                f"unix_socket_directories = '{self.standby.directory}'\n"
            )
        self.standby.start()
        self._as_documented("synchronous_standby_names")
        with psycopg.connect(self.primary.url(), autocommit=True) as connection:
            states = "SELECT sync_state FROM pg_stat_replication"
            until(
                lambda: connection.execute(states).fetchall() == [("sync",)],
                told="the standby did not become synchronous",
            )

    def kill_primary(self) -> None:
        """`kill -9` all processes of the primary."""
        process = self.primary.process
        assert process is not None
        for pid in (process.pid, *_children(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        self.primary.process = None

    def promote(self) -> None:
        """Let the standby take writes; it is the primary now, and has no standby."""
        self._as_documented("pg_promote")
        self.primary, self.standby = self.standby, self.primary

    def _as_documented(self, what: str) -> None:
        """Run the block of docs/operators/postgresql.md that names this."""
        (block,) = [block for block in _BLOCK.findall(_PAGE.read_text("utf-8")) if what in block]
        values = {
            "PATH": f"{postgres_server.binaries()}:{os.environ['PATH']}",
            "PRIMARY": self.primary.url(),
            "STANDBY": self.standby.url(),
            "DATA": str(self.standby.data),
        }
        words = [f"{name}={value}" for name, value in values.items()]
        self.standby.run(["env", *words, "bash", "-euc", block])

    def renew_standby(self) -> None:
        """Make the server that was killed the standby of the other."""
        number = len(list(self.standby.directory.iterdir()))
        self.standby.data = self.standby.directory / f"data-{number}"
        self.join()

    def remove(self) -> None:
        """Stop both and remove their files."""
        for server in (self.primary, self.standby):
            server.remove()


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found

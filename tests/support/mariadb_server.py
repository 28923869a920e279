"""A MariaDB server for tests, from Debian's package, in a temporary directory."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql

from support.server_process import held_port, installed
from support.waiting import PATIENCE, until

USER, PASSWORD = "headcount", "not:shown/anywhere@all"
WORST = (
    "--innodb-buffer-pool-size=32M",
    "--default-storage-engine=MyISAM",
    "--character-set-server=latin1",
    "--sql-mode=",
)
"""The settings of a server whose own defaults are the worst for a destination."""
_QUOTED = quote(PASSWORD, safe="")


class MariadbServer:
    """A server on a free port of 127.0.0.1; each test has a database of its own there."""

    def __init__(self, settings: tuple[str, ...] = WORST) -> None:
        self._settings = settings
        self.directory = Path(tempfile.mkdtemp(prefix="headcount-my-"))
        self.data = self.directory / "data"
        self.socket = self.directory / "socket"
        self._held = held_port()
        self.port: int = self._held.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.directory, "mysql", "mysql")
            self.directory.chmod(0o755)

    def _flags(self) -> list[str]:
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        return ["--no-defaults", *user, f"--datadir={self.data}"]

    def make(self) -> None:
        """Make the files of a new server."""
        done = subprocess.run(
            [
                installed("mariadb-install-db"),
                *self._flags(),
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        log = self.directory / "log"
        # Under libfaketime no timeout of its would ever fire; see tests/other_days/run.
        real = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [
                    installed("mariadbd"),
                    *self._flags(),
                    "--bind-address=127.0.0.1",
                    f"--port={self.port}",
                    f"--socket={self.socket}",
                    f"--pid-file={self.directory / 'pid'}",
                    *self._settings,
                ],
                stdout=file,
                stderr=file,
                env=real,
            )
        until(self._takes_connections, told=lambda: log.read_text(encoding="utf-8"))

    def _takes_connections(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None
        with suppress(OSError), socket.socket(socket.AF_UNIX) as greeted:
            greeted.settimeout(PATIENCE)
            greeted.connect(str(self.socket))
            return bool(greeted.recv(1))  # the server speaks first
        return False

    def query(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of its administrator."""
        with (
            closing(
                pymysql.connect(
                    unix_socket=str(self.socket), user="root", database=database, autocommit=True
                )
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            return list(cursor.fetchall())

    def new_database(self) -> str:
        """Make a database of its own for a test; return its name."""
        name = f"totals_{secrets.token_hex(4)}"
        self.query(f"CREATE DATABASE {name}")
        self.query(f"GRANT ALL ON {name}.* TO '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        return name

    def url(self, name: str, password: str = _QUOTED) -> str:
        """Return the URL of one of its databases, as SQLAlchemy takes it."""
        word = f":{password}" if password else ""
        return f"mariadb+pymysql://{USER}{word}@127.0.0.1:{self.port}/{name}"

    def processor_seconds(self) -> float:
        """Return the processor time that it has taken so far."""
        assert self.process is not None
        times = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").split()
        return (int(times[13]) + int(times[14])) / os.sysconf("SC_CLK_TCK")

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it; SIGKILL is a crash."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None
            self.socket.unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop it at once and remove its files."""
        self.end(signal.SIGKILL)
        shutil.rmtree(self.directory)
        self._held.close()


@contextmanager
def running(settings: tuple[str, ...] = WORST) -> Iterator[MariadbServer]:
    """A server of our own, and nothing of it afterwards."""
    server = MariadbServer(settings)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.remove()

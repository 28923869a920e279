"""A real server process, for the tests that need one.

Its clock stands still at a moment that the test chooses, so that no test depends on the
day of its run.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from support.waiting import PATIENCE, until

BIN = Path(sys.executable).parent
ADDRESS = re.compile(r"^(gRPC|public|operations)\s+(?:https?://)?([^/\s]+).*\n", re.MULTILINE)
THURSDAY = datetime(2026, 11, 19, 12, tzinfo=UTC)
"""A moment for the tests to which one is like another."""


class Process(Protocol):
    """What is needed of a process; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, sig: int, /) -> None: ...


@dataclass
class ServerProcess:
    """`headcount-server serve` on free ports, with a clock that the test sets."""

    registry: Path
    directory: Path
    now: datetime
    flags: tuple[str, ...] = ()
    process: Process | None = None
    program: Path = BIN / "headcount-server"
    addresses: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.set_clock(self.now)

    @property
    def database(self) -> Path:
        return self.directory / "headcount.db"

    @property
    def clock(self) -> Path:
        return self.directory / "clock"

    def set_clock(self, moment: datetime) -> None:
        self.now = moment
        self.clock.write_text(moment.isoformat(), encoding="ascii")

    def arguments(self) -> list[str]:
        listen = [f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations")]
        place = [f"--registry={self.registry}", f"--database={self.database}"]
        clock = f"--test-clock={self.clock}"
        return [str(self.program), "serve", *place, *listen, clock, *self.flags]

    def launch(self) -> Process:
        """Return a process of the server that has just begun to start."""
        log = (self.directory / "stdout").open("w", encoding="utf-8")
        errors = (self.directory / "stderr").open("a", encoding="utf-8")
        with log, errors:
            return subprocess.Popen(self.arguments(), stdout=log, stderr=errors, text=True)

    def start(self) -> None:
        self.process = self.launch()
        self.addresses = until(self._addresses, told=self.errors)

    def _addresses(self) -> dict[str, str] | None:
        assert self.process is not None
        assert self.process.poll() is None, self.errors()
        return doors((self.directory / "stdout").read_text(encoding="utf-8"))

    def errors(self) -> str:
        return (self.directory / "stderr").read_text(encoding="utf-8")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def metrics(self, door: str = "public") -> str:
        return fetch(f"http://{self.addresses[door]}/metrics")

    def wait_for_metric(self, line: str, door: str = "public") -> str:
        """Return the metrics of a door once they have a line that starts so."""

        def found() -> str:
            text = self.metrics(door)
            return text if f"\n{line}" in f"\n{text}" else ""

        return until(found, told=lambda: f"no {line!r} in\n{self.metrics(door)}")


def doors(said: str) -> dict[str, str] | None:
    """Return the addresses of a server's three doors, once it has said them all."""
    found = dict(ADDRESS.findall(said))
    return found if len(found) == 3 else None


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - loopback
        body: bytes = response.read()
    return body.decode()


def installed(program: str) -> str:
    """The path of a program that comes from apt; fails with the remedy where it is missing."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path, f"{program} is missing: run `make system-packages`"
    return path


def held_port() -> socket.socket:
    """Return a socket whose port the system gives to nobody else until it is closed.

    For programs that cannot choose a port and tell it. The socket never listens,
    so a program that is told its number can, if it sets SO_REUSEADDR as servers do.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held

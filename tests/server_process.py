"""A real server process, for the tests that need one.

Its clock stands still at the moment that the test gives it, so that no test
depends on the day on which it runs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

BIN = Path(sys.executable).parent
ADDRESS = re.compile(r"^(gRPC|public|operations)\s+(?:https?://)?([^/\s]+)", re.MULTILINE)
START_SECONDS = 30
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
        """A process of the server that has just begun to start."""
        log = (self.directory / "stdout").open("w", encoding="utf-8")
        errors = (self.directory / "stderr").open("a", encoding="utf-8")
        with log, errors:
            return subprocess.Popen(self.arguments(), stdout=log, stderr=errors, text=True)

    def start(self) -> None:
        self.process = self.launch()
        deadline = time.monotonic() + START_SECONDS
        while len(self.addresses_now()) < 3:
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        self.addresses = self.addresses_now()

    def addresses_now(self) -> dict[str, str]:
        return dict(ADDRESS.findall((self.directory / "stdout").read_text(encoding="utf-8")))

    def errors(self) -> str:
        return (self.directory / "stderr").read_text(encoding="utf-8")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def metrics(self, door: str = "public") -> str:
        return fetch(f"http://{self.addresses[door]}/metrics")

    def wait_for_metric(self, line: str, seconds: float = 10.0) -> str:
        """The public metrics once they have a line that starts so."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.metrics()
            if any(found.startswith(line) for found in text.splitlines()):
                return text
            assert time.monotonic() < deadline, f"no {line!r} in\n{text}"
            time.sleep(0.1)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - loopback
        body: bytes = response.read()
    return body.decode()


def installed(program: str) -> str:
    """The path of a program that comes from apt; fails with the remedy where it is missing."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path, f"{program} is missing: run `make system-packages`"
    return path


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port

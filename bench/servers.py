"""Server processes as people start them, and what can be seen of them from outside."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 60.0
LOOPBACK = "127.0.0.1"
_TICKS = os.sysconf("SC_CLK_TCK")

_ADDRESS = re.compile(r"^(gRPC|public|operations)\s+(?:https?://)?\S+:(\d+)", re.MULTILINE)


class Serving(NamedTuple):
    """A server process of `intake_server.py`."""

    process: subprocess.Popen[str]
    grpc: int
    public: int


def installed(program: str, package: str) -> str:
    """Return the path of a program; end with the remedy if there is none."""
    path = shutil.which(program)
    if path is None:
        sys.exit(f"{program} is missing: install the Debian package {package}")
    return path


def pinned(core: str, command: Sequence[str | Path]) -> list[str]:
    """Return the command, restricted to one core."""
    return ["taskset", "--cpu-list", core, *map(str, command)]


def core(pid: int) -> str:
    """Return the core that a server runs on, or one of them."""
    return str(min(os.sched_getaffinity(pid)))


def load_core(pid: int) -> str:
    """Return a core for the load of a server: one that the server does not run on.

    If it runs on all, the load shares one with it.
    """
    others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(pid)
    return str(max(others)) if others else LOAD_CORE


@contextmanager
def intake(  # noqa: PLR0913 - what a command line says
    mode: str,
    directory: Path,
    registry: Path,
    identity: Sequence[Path] = (),
    script: Path = HERE / "intake_server.py",
    environment: Mapping[str, str] | None = None,
    core: str | None = None,
) -> Iterator[Serving]:
    """Yield one of the servers of `intake_server.py`, which ends with the block.

    It runs where it places itself, unless a core is named.
    """
    words = [str(each) for each in (sys.executable, script, mode, registry, directory, *identity)]
    command = pinned(core, words) if core else words
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        try:
            ports = [int(port) for port in process.stdout.readline().split()]
            if not ports:
                sys.exit(f"{script.name} {mode} did not start")
            yield Serving(process, ports[0], ports[-1])
        finally:
            process.kill()


class Product:
    """A process of `headcount-server serve` on free ports, where it places itself or on a core."""

    def __init__(
        self,
        directory: Path,
        registry: Path,
        *flags: str,
        program: Sequence[str | Path] = (Path(sys.executable).with_name("headcount-server"),),
        environment: Mapping[str, str] | None = None,
        core: str | None = None,
    ) -> None:
        self.database = directory / "headcount.db"
        self._clock = directory / "clock"
        self._log = directory / "stdout"
        self._registry = registry
        self._flags = flags
        self._program = program
        self._environment = environment
        self._core = core
        self._process: subprocess.Popen[bytes] | None = None
        self.ports: Mapping[str, int] = {}

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None  # noqa: S101 - for the type checker
        return self._process.pid

    def set_clock(self, moment: datetime) -> None:
        """Set the server's clock to this time."""
        self._clock.write_text(moment.isoformat(), encoding="ascii")

    def start(self) -> float:
        """Start it; return the seconds until it answers."""
        listen = [f"--{door}={LOOPBACK}:0" for door in ("grpc", "public", "operations")]
        clock = [f"--test-clock={self._clock}"] if self._clock.exists() else []
        place = [f"--registry={self._registry}", f"--database={self.database}"]
        words = [*map(str, self._program), "serve", *place, *listen, *clock, *self._flags]
        command = pinned(self._core, words) if self._core else words
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)
        while True:
            ports = dict(_ADDRESS.findall(self._log.read_text(encoding="utf-8")))
            if len(ports) == 3:  # noqa: PLR2004 - the doors
                break
            if self._process.poll() is not None or time.perf_counter() > began + START_SECONDS:
                sys.exit(f"headcount-server did not start:\n{self._log.read_text('utf-8')}")
            time.sleep(0.002)
        seconds = time.perf_counter() - began
        self.ports = {door: int(port) for door, port in ports.items()}
        return seconds

    def stop(self) -> None:
        """Shut it down in order."""
        assert self._process is not None  # noqa: S101 - for the type checker
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=START_SECONDS)

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()
            self._process.wait()

    def metric(self, name: str) -> float:
        """Return the sum of an operational counter over lines that begin with a text."""
        lines = fetch(self.ports["operations"], "/metrics").decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@contextmanager
def running(product: Product) -> Iterator[Product]:
    """Yield the product, started; it is killed when the block ends."""
    try:
        product.start()
        yield product
    finally:
        product.kill()


def fetch(port: int, path: str) -> bytes:
    """Return the answer of a server on this machine to GET."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=60) as response:
        body: bytes = response.read()
    return body


def listens(port: int) -> bool:
    """Return whether a port of this machine takes connections."""
    with socket.socket() as tried:
        return tried.connect_ex((LOOPBACK, port)) == 0


def memory(pid: int, which: str = "VmRSS") -> float:
    """Return the resident memory of a process in MB: the present (`VmRSS`) or largest (`VmHWM`)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{which}:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None  # noqa: S101 - every Linux has it
    return int(found[1]) * 1024 / 1e6


def processor_time(pid: int) -> float:
    """Return the processor seconds so far of a process and its children, also of ended ones."""
    return sum(map(_spent, family(pid)))


def _spent(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS


def family(parent: int) -> list[int]:
    """Return a process and its children."""
    found = [parent]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def counted(database: Path) -> int:
    """Return the number of reports that a server has counted."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
        (total,) = reader.execute("SELECT sum(reports) FROM open_reports").fetchone()
        return int(total or 0)


def identity(directory: Path) -> tuple[Path, Path]:
    """Return a certificate for loopback and its key (P-256), like those of most sites today."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    command = [
        installed("openssl", "openssl"), "req", "-x509", "-newkey", "ec",
        "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:{LOOPBACK}",
        "-keyout", str(key), "-out", str(certificate),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key

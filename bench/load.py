"""h2load as the load generator: many reports over few connections."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import reports
from results import GENERATOR, SPENT, Result
from servers import LOOPBACK, Serving, installed, load_core, pinned, processor_time

WARM_UP = 1
"""Seconds of warm-up, which are not measured."""
PERCENTILES = (50.0, 99.0, 99.9)

_GRPC = ("--header=content-type: application/grpc", "--header=te: trailers")
_JSON = ("--h1", "--header=content-type: application/json")


class Rate(NamedTuple):
    """The rate of some load, and what it cost."""

    per_second: float
    milliseconds: tuple[float, ...]
    """The latencies at the percentiles."""
    microseconds: float
    """Processor time of the server for each report."""
    busy: float
    """Share of one core's time that the load generator used."""

    def add(self, result: Result, name: str) -> None:
        """Add it to the series of a result."""
        result.add(name, "reports/s", self.per_second)
        for percent, latency in zip(PERCENTILES, self.milliseconds, strict=False):
            result.add(f"{name}, p{percent:g}", "ms", latency)
        result.add(f"{name}, {SPENT}", "µs", self.microseconds)
        result.add(f"{name}, {GENERATOR}", "%", self.busy * 100)


class Load:
    """A body that is sent again and again."""

    def __init__(self, body: Path, *, json: bool = False) -> None:
        self._program = installed("h2load", "nghttp2-client")
        self._headers = _JSON if json else _GRPC
        self._body = body

    def rate(self, pid: int, port: int, seconds: int, connections: int, streams: int) -> Rate:
        """Return the rate of reports that a server answered with 200, and what they cost.

        Processor time counts from the end of the warm-up, as the reports do that it is divided
        by. Ends the program if another status comes, such as for more streams than the server
        takes.
        """
        core = load_core(pid)
        with tempfile.NamedTemporaryFile() as log:
            duration = [f"--duration={seconds}", f"--warm-up-time={WARM_UP}"]
            more = (*duration, f"--log-file={log.name}")
            used, began = _children(), time.perf_counter()
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(self._run, core, port, connections, streams, *more)
                time.sleep(WARM_UP)
                spent = processor_time(pid)
                output = running.result()
                spent = processor_time(pid) - spent
            busy = (_children() - used) / (time.perf_counter() - began)
            per_second = re.search(r"finished in [^,]+, ([\d.]+) req/s", output)
            if per_second is None or not _all_well(output):
                sys.exit(f"not every report was answered with 200:\n{output}")
            latencies = _latencies(Path(log.name))
            each = spent * 1e6 / len(latencies)
            return Rate(float(per_second[1]), percentiles(latencies), each, busy)

    def send(self, server: Serving, reports: int, connections: int, streams: int) -> None:
        """Send this many reports; end the program if one is not answered with 200."""
        core = load_core(server.process.pid)
        output = self._run(core, server.grpc, connections, streams, f"--requests={reports}")
        if f" {reports} succeeded," not in output or not _all_well(output):
            sys.exit(f"not every report was answered with 200:\n{output}")

    def _run(self, core: str, port: int, connections: int, streams: int, *more: str) -> str:
        command = [
            self._program, f"--clients={connections}", f"--max-concurrent-streams={streams}",
            f"--data={self._body}", *self._headers, *more, f"http://{LOOPBACK}:{port}{reports.RPC}",
        ]  # fmt: skip
        done = subprocess.run(pinned(core, command), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"h2load failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def _all_well(output: str) -> bool:
    answered = re.search(r"status codes: [1-9]\d* 2xx, 0 3xx, 0 4xx, 0 5xx", output)
    return answered is not None and " succeeded, 0 failed," in output


def _children() -> float:
    """Return the processor seconds of the programs that were run and have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _latencies(log: Path) -> list[float]:
    rows = (line.split() for line in log.read_text(encoding="ascii").splitlines())
    # Requests of the warm-up have no status, or no line.
    return [int(microseconds) / 1000 for _, status, microseconds in rows if status == "200"]


def percentiles(latencies: Sequence[float]) -> tuple[float, ...]:
    """Return the values below which 50, 99 and 99.9 % lie; none if there are too few."""
    if len(latencies) < 2:  # noqa: PLR2004 - what `quantiles` needs
        return ()
    cut = statistics.quantiles(latencies, n=1000, method="inclusive")
    return tuple(cut[round(each * 10) - 1] for each in PERCENTILES)

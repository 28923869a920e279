"""h2load as the load generator: many reports over few connections."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import reports
from servers import LOAD_CORE, LOOPBACK, installed, pinned

WARM_UP = 1
"""Seconds of warm-up, which are not measured."""
PERCENTILES = (50.0, 99.0, 99.9)

_GRPC = ("--header=content-type: application/grpc", "--header=te: trailers")
_JSON = ("--h1", "--header=content-type: application/json")


class Rate(NamedTuple):
    """The rate that h2load measured."""

    per_second: float
    milliseconds: tuple[float, ...]
    """The latencies at the percentiles."""


class Load:
    """A body that is sent again and again."""

    def __init__(self, body: Path, *, json: bool = False) -> None:
        self._program = installed("h2load", "nghttp2-client")
        self._headers = _JSON if json else _GRPC
        self._body = body

    def rate(self, port: int, seconds: int, connections: int, streams: int) -> Rate:
        """Return the rate of reports that were answered with 200, with their latencies.

        Ends the program if another status comes, such as for more streams than the server takes.
        """
        with tempfile.NamedTemporaryFile() as log:
            duration = [f"--duration={seconds}", f"--warm-up-time={WARM_UP}"]
            output = self._run(port, connections, streams, *duration, f"--log-file={log.name}")
            per_second = re.search(r"finished in [^,]+, ([\d.]+) req/s", output)
            if per_second is None or not _all_well(output):
                sys.exit(f"not every report was answered with 200:\n{output}")
            return Rate(float(per_second[1]), percentiles(_latencies(Path(log.name))))

    def send(self, port: int, reports: int, connections: int, streams: int) -> None:
        """Send this many reports; end the program if one is not answered with 200."""
        output = self._run(port, connections, streams, f"--requests={reports}")
        if f" {reports} succeeded," not in output or not _all_well(output):
            sys.exit(f"not every report was answered with 200:\n{output}")

    def _run(self, port: int, connections: int, streams: int, *more: str) -> str:
        command = [
            self._program, f"--clients={connections}", f"--max-concurrent-streams={streams}",
            f"--data={self._body}", *self._headers, *more, f"http://{LOOPBACK}:{port}{reports.RPC}",
        ]  # fmt: skip
        done = subprocess.run(
            pinned(LOAD_CORE, command), capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"h2load failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def _all_well(output: str) -> bool:
    answered = re.search(r"status codes: [1-9]\d* 2xx, 0 3xx, 0 4xx, 0 5xx", output)
    return answered is not None and " succeeded, 0 failed," in output


def _latencies(log: Path) -> list[float]:
    rows = (line.split() for line in log.read_text(encoding="ascii").splitlines())
    # Requests of the warm-up have no status.
    return [int(microseconds) / 1000 for _, status, microseconds in rows if status == "200"]


def percentiles(latencies: Sequence[float]) -> tuple[float, ...]:
    """Return the values below which 50, 99 and 99.9 % lie; none if there are too few."""
    if len(latencies) < 2:  # noqa: PLR2004 - what `quantiles` needs
        return ()
    cut = statistics.quantiles(latencies, n=1000, method="inclusive")
    return tuple(cut[round(each * 10) - 1] for each in PERCENTILES)

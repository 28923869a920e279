"""Acknowledged-durable reports a second, beside two servers that promise less.

    python intake.py [--seconds S] [--rounds N]

One process serves on one core, h2load loads it from the other; the three
servers (see `intake_server.py`) take turns, so that a machine that changes its
pace changes it for all. Ends with the medians of the ratios of each round.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import schema
from headcount_server.week import Week

HERE = Path(__file__).parent
REGISTRY = HERE.parent / "registry" / "generated" / "registry.binpb"
MODES = ("durable", "no-op", "naive")
SERVER_CORE, LOAD_CORE = "0", "1"


def request() -> bytes:
    """A report of twenty keys in its envelope, as gRPC frames it."""
    project = schema.load(REGISTRY).projects["backdrop"]
    report = project.report_class()
    for number, key in list(project.keys.items())[:20]:
        field = getattr(report, report.DESCRIPTOR.fields_by_number[number].name)
        field.SetInParent()
        names = field.DESCRIPTOR.fields_by_name
        if "values" in names:
            items = list(key.catalogue)[:8] or list(key.values)[:8]
            field.values.extend(items)
        elif "version" in names:
            field.value, field.version = min(key.values), "10.11"
        elif key.values:
            field.value = min(key.values)
        else:
            field.value = "8.2" if key.declaration.precision else 1
    envelope = wire.SubmitReportRequest(week=str(Week.of(datetime.now(UTC))), token=bytes(16))
    envelope.report.Pack(report)
    data = envelope.SerializeToString()
    return b"\0" + len(data).to_bytes(4, "big") + data


@contextmanager
def serving(mode: str, directory: Path) -> Iterator[str]:
    """A server process on its core; yields its port."""
    command = [sys.executable, str(HERE / "intake_server.py"), mode, str(REGISTRY), str(directory)]
    with subprocess.Popen(
        _pinned(SERVER_CORE, command), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def rate(port: str, body: Path, seconds: int, connections: int, streams: int) -> float:
    """Reports a second that were answered with OK, as h2load counts them."""
    load = [
        "h2load", f"--duration={seconds}", "--warm-up-time=1",
        f"--clients={connections}", f"--max-concurrent-streams={streams}", f"--data={body}",
        "--header=content-type: application/grpc", "--header=te: trailers",
        f"http://127.0.0.1:{port}/headcount.v1.TelemetryService/SubmitReport",
    ]  # fmt: skip
    done = subprocess.run(_pinned(LOAD_CORE, load), capture_output=True, text=True, check=True)
    # Requests of the warm-up stand among the failed ones, hence only the 2xx are looked at.
    found = re.search(r"finished in [^,]+, ([\d.]+) req/s", done.stdout)
    if found is None or not re.search(
        r"status codes: [1-9]\d* 2xx, 0 3xx, 0 4xx, 0 5xx", done.stdout
    ):
        sys.exit(f"h2load did not do well:\n{done.stdout}")
    return float(found[1])


def counted(database: Path) -> int:
    """Reports that a server has counted."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
        (total,) = reader.execute("SELECT sum(reports) FROM open_reports").fetchone()
        return int(total)


def _pinned(core: str, command: list[str]) -> list[str]:
    return ["taskset", "--cpu-list", core, *command]


def compare(seconds: int, rounds: int, connections: int, streams: int) -> Mapping[str, list[float]]:
    """Rates of every mode, one a round; modes take turns within a round."""
    rates: dict[str, list[float]] = {mode: [] for mode in MODES}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        body = directory / "request"
        body.write_bytes(request())
        ports = {mode: stack.enter_context(serving(mode, directory)) for mode in MODES}
        for _ in range(rounds):
            for mode in MODES:
                rates[mode].append(rate(ports[mode], body, seconds, connections, streams))
        for mode in ("durable", "naive"):
            # A call that ends with an error is a 200 to HTTP: see that reports were counted.
            if counted(directory / f"{mode}.db") < seconds * sum(rates[mode]):
                sys.exit(f"{mode}: not every report was counted")
    return rates


def main() -> None:
    """Compare, print the rates and end with the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each server")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--streams", type=int, default=32, help="in flight on a connection")
    parser.add_argument("--json", type=Path, help="also write the raw rates to a file")
    arguments = parser.parse_args()
    if not shutil.which("h2load"):
        sys.exit("h2load is missing: install the Debian package nghttp2-client")
    rates = compare(arguments.seconds, arguments.rounds, arguments.connections, arguments.streams)
    if arguments.json:
        arguments.json.write_text(json.dumps(rates))
    for mode, measured in rates.items():
        print(f"{mode:8} {statistics.median(measured):8.0f} reports/s")
    for other in ("no-op", "naive"):
        ratios = [a / b for a, b in zip(rates["durable"], rates[other], strict=True)]
        print(f"durable/{other} {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()

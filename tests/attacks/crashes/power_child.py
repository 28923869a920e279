"""A server that lives through some weeks while it is recorded, for `test_power_loss`.

    power_child.py REGISTRY DIRECTORY CLOCK

Starts on the database in DIRECTORY, takes reports from several callers at once,
closes weeks, takes more, ends and starts again. Every acknowledgement is
written, as `WEEK NUMBER`, to the file `acknowledged` as soon as it is heard; the
file `erased` gets a line whenever the server says that all is wiped.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path

import grpc
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.registry import schema
from headcount_server.store import writer
from headcount_server.store.sqlite.database import SqliteDatabase

DOOR = Address("127.0.0.1", 0)
LIVES = (
    # The server's clock, the week of the reports and their number; one life of the server each.
    (("2026-11-19T12:00:00Z", "2026-W47", 20), ("2026-11-24T12:00:00Z", "2026-W48", 5)),
    (
        ("2026-11-25T12:00:00Z", "2026-W48", 15),
        ("2026-12-01T12:00:00Z", "2026-W48", 5),
        ("2026-12-02T12:00:00Z", "2026-W49", 0),
    ),
)
CALLERS = 4


class Child:
    """The server, its callers, and what they heard."""

    def __init__(self, registry: Path, directory: Path, clock: Path) -> None:
        self._log = directory / "headcount.db-wal"
        self._config = Config(
            registry=registry,
            database=SqliteDatabase(directory / "headcount.db"),
            grpc=DOOR,
            public=DOOR,
            operations=DOOR,
            threshold=1,
        )
        self._clock = clock
        self._toy = schema.load(registry).projects["toy"]
        self._heard = os.open(directory / "acknowledged", os.O_WRONLY | os.O_CREAT, 0o600)
        self._erased = os.open(directory / "erased", os.O_WRONLY | os.O_CREAT, 0o600)
        self._numbers: Iterator[int] = count()

    def live(self, life: tuple[tuple[str, str, int], ...]) -> None:
        self._clock.write_text(life[0][0], encoding="ascii")
        with (
            App(self._config, FileClock(self._clock)) as app,
            grpc.insecure_channel(str(app.grpc)) as channel,
        ):
            for moment, week, reports in life:
                self._clock.write_text(moment, encoding="ascii")
                app.weeks.advance()
                with ThreadPoolExecutor(CALLERS) as callers:
                    for number in islice(self._numbers, reports):
                        callers.submit(self._send, channel, week, number)
            # The last week of a life closes while its reports are still in the log.
            while self._log.stat().st_size or not _says_erased(app):
                time.sleep(0.02)
            os.write(self._erased, f"{moment}\n".encode())

    def _send(self, channel: grpc.Channel, week: str, number: int) -> None:
        request = wire.SubmitReportRequest(week=week, token=number.to_bytes(16))
        request.report.Pack(self._toy.report_class(note={"value": f"text {number}"}))
        submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/headcount.v1.TelemetryService/SubmitReport"
        )
        submit(request.SerializeToString(), timeout=20)
        os.write(self._heard, f"{week} {number}\n".encode())


def _says_erased(app: App) -> bool:
    with urllib.request.urlopen(f"http://{app.operations}/metrics", timeout=10) as response:
        return b"\nheadcount_server_erased 1.0" in response.read()


if __name__ == "__main__":
    writer.ERASE_SECONDS = 0.5
    child = Child(*map(Path, sys.argv[1:]))
    for each in LIVES:
        child.live(each)

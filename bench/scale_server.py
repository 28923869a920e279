"""Serve for the benchmark of scale: the product, on any database.

    python bench/scale_server.py DATABASE SHARDS

h2load always sends the same body. So this program turns every report into one of two
thousand, with a random token, before the service sees it. SHARDS is 64, as in the product,
or fewer. It prints the port of gRPC, and serves until it is killed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import Any

import reports
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import SystemClock
from headcount_server.commands.garbage import collect_seldom
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.service.telemetry_service import Service
from headcount_server.store.open import parse
from headcount_server.store.postgres import batch

ANY = Address("127.0.0.1", 0)
VARIETY = 2000
"""Number of different reports."""


def main() -> None:
    """Serve."""
    batch.SHARDS = int(sys.argv[2])  # type: ignore[attr-defined] # imported there
    numbers, varied = itertools.count(), reports.several(VARIETY)
    submit = Service.submit_report

    def fresh(
        self: Service, request: wire.SubmitReportRequest, *others: Any, **named: Any
    ) -> wire.SubmitReportResponse:
        request.token = os.urandom(reports.TOKEN_BYTES)
        request.report.value = varied[next(numbers) % VARIETY]
        return submit(self, request, *others, **named)

    Service.submit_report = fresh  # type: ignore[method-assign] # see the docstring
    config = Config(
        registry=reports.REGISTRY,
        database=parse(sys.argv[1]),
        grpc=ANY,
        public=ANY,
        operations=ANY,
    )
    with App(config, SystemClock()) as app:
        collect_seldom()  # as `headcount-server serve` does
        print(app.grpc.port, flush=True)
        signal.pause()


if __name__ == "__main__":
    main()

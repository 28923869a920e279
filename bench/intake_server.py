"""A server for the intake benchmark: ours, or one of the two that it is compared with.

    python intake_server.py durable|naive|no-op REGISTRY DIRECTORY

`durable` is the product. `naive` is the product with one commit per report.
`no-op` is a servicer on the same gRPC settings that parses nothing and answers.
h2load sends one body again and again, so every report gets a token of its own
here, before the service sees it. Prints the port and serves until killed.
"""

from __future__ import annotations

import itertools
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import grpc_door, writer
from headcount_server.app import App
from headcount_server.clock import SystemClock
from headcount_server.config import Address, Config
from headcount_server.service import Service

ANY = Address("127.0.0.1", 0)


def main() -> None:
    """Serve in the mode named on the command line."""
    mode, registry, directory = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if mode == "no-op":
        _serve_nothing()
        return
    if mode == "naive":
        writer.GROUP_LIMIT = 1
    numbers = itertools.count()
    submit = Service.submit_report

    def numbered(
        self: Service, request: wire.SubmitReportRequest, *others: Any
    ) -> wire.SubmitReportResponse:
        request.token = next(numbers).to_bytes(16, "big")
        return submit(self, request, *others)

    Service.submit_report = numbered  # type: ignore[method-assign] # see the docstring
    config = Config(
        registry=registry,
        database=directory / f"{mode}.db",
        grpc=ANY,
        public=ANY,
        operations=ANY,
    )
    with App(config, SystemClock()) as app:
        print(app.grpc.port, flush=True)
        signal.pause()


def _serve_nothing() -> None:
    server = grpc.server(
        ThreadPoolExecutor(grpc_door.THREADS),
        options=grpc_door._OPTIONS,  # noqa: SLF001 - the same settings are the point
        maximum_concurrent_rpcs=grpc_door.MAX_CALLS,
    )
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(grpc_door.SERVICE, {"SubmitReport": handler})]
    )
    print(server.add_insecure_port(str(ANY)), flush=True)
    server.start()
    signal.pause()


if __name__ == "__main__":
    main()

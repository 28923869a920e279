"""Serve for the intake benchmark: as the product, or as one of the servers beside it.

    python intake_server.py MODE REGISTRY DIRECTORY [CERTIFICATE KEY]

`durable` is the product, which holds itself to one core as `headcount-server serve` does;
`pinned` is the same, for a core that it is given; `all-cores` is `serve --cores all`.
`naive` is the product with one commit for each report. `no-op`
answers without parsing: a servicer with the same gRPC settings, and an application with
the same HTTP settings, which reads the body. h2load always sends the same body, so this
program gives every report its own token before the service sees it. In `varied`, it also
changes the report. It prints the ports of gRPC and HTTP, and serves until it is killed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import grpc
import reports
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import SystemClock
from headcount_server.commands.cores import hold
from headcount_server.commands.garbage import collect_seldom
from headcount_server.config import Config
from headcount_server.doors import grpc_server
from headcount_server.doors.address import Address
from headcount_server.doors.descriptors import HTTP
from headcount_server.doors.http_server import HttpDoor
from headcount_server.doors.tls import Identity
from headcount_server.service.submission import TOKEN_BYTES, Submission
from headcount_server.service.telemetry_service import SERVICE, Service
from headcount_server.store import writer
from headcount_server.store.contract import Entry
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.week import Week
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANY = Address("127.0.0.1", 0)
VARIETY = 2000
"""Number of different reports."""


def main() -> None:
    """Serve in the mode named on the command line."""
    mode, registry, directory = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    # Servers of one run have one parent, so they draw the same core: cores may differ in pace.
    hold("all" if mode == "all-cores" else 1, Random(os.getppid()))  # noqa: S311 - no secret
    certificate, key = map(Path, sys.argv[4:]) if sys.argv[4:] else (None, None)
    if mode == "no-op":
        _serve_nothing(Identity.of(certificate, key))
        return
    if mode == "naive":
        writer.GROUP_LIMIT = 1
    _count_each(reports.several(VARIETY, registry) if mode == "varied" else ())
    config = Config(
        registry=registry,
        database=SqliteDatabase(directory / f"{mode}.db"),
        grpc=ANY,
        public=ANY,
        operations=ANY,
        tls_certificate=certificate,
        tls_key=key,
    )
    with App(config, SystemClock()) as app:
        collect_seldom()  # as `headcount-server serve` does
        print(app.grpc.port, app.public.port, flush=True)
        signal.pause()


def _count_each(varied: Sequence[bytes]) -> None:
    """Give each report its own token; and if there are some `varied` ones, one of their answers."""
    numbers, turns = itertools.count(), itertools.cycle(varied)
    entry, received = Service._entry, Service.submission  # noqa: SLF001 - see the docstring

    def numbered(
        self: Service, submission: Submission, weeks: Sequence[Week], network: bytes | None
    ) -> Entry:
        token = next(numbers).to_bytes(TOKEN_BYTES, "big")
        # `_replace` takes longer, and its time would be put down to the product.
        return entry(self, Submission(submission[0], token, *submission[2:]), weeks, network)

    def another(self: Service, request: wire.SubmitReportRequest) -> Submission:
        request.report.value = next(turns)
        return received(self, request)

    Service._entry = numbered  # type: ignore[method-assign] # noqa: SLF001
    if varied:
        Service.submission = another  # type: ignore[method-assign]


def _serve_nothing(identity: Identity | None) -> None:
    server = grpc.server(
        ThreadPoolExecutor(grpc_server.THREADS),
        options=grpc_server._OPTIONS,  # noqa: SLF001 - the same settings are the point
        maximum_concurrent_rpcs=grpc_server.MAX_CALLS,
    )
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: b""
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(SERVICE, {"SubmitReport": handler})]
    )
    if identity is None:
        port = server.add_insecure_port(str(ANY))
    else:
        port = server.add_secure_port(str(ANY), identity.for_grpc())
    public = HttpDoor(_answering_nothing(), "--public", ANY, HTTP, identity)
    public.start()
    server.start()
    collect_seldom()
    print(port, public.port, flush=True)
    signal.pause()


def _answering_nothing() -> Starlette:
    async def answer(request: Request) -> Response:
        await request.body()
        return Response(b"{}", media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])


if __name__ == "__main__":
    main()

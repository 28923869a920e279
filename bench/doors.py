"""Measure every door beside a server that parses nothing: new connections, TLS, JSON, Backdrop.

    python bench/doors.py [--seconds S] [--rounds N] [--callers N]

The servers take turns, as in `intake.py`, each on the core that it draws with the load on
another. Callers open a connection for each report (`callers.py`). h2load also measures JSON
over connections that stay open. The product is then asked once more, at a tenth of the rate
that it reached, by callers that come evenly.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import answers
import reports
import results
import servers
from callers import Calls, Crowd, Wire, fresh
from load import Load, Rate, percentiles
from results import SPENT, Result

MODES = ("durable", "no-op")
KEPT_CONNECTIONS = 16
KEPT = f"JSON, {KEPT_CONNECTIONS} connections"
GRPC, GRPC_TLS = "gRPC, a new connection", "gRPC, a new TLS connection"
JSON, BACKDROP = "JSON, a new connection", "Backdrop, HTTP/1.0"
BACKDROP_TLS = "Backdrop, HTTP/1.0, a new TLS connection"
LEAST = {GRPC: None, GRPC_TLS: None, JSON: 0.55, BACKDROP: 0.65, BACKDROP_TLS: None, KEPT: 0.40}
"""Smallest ratio of the product's rate to that of the no-op at each door."""
MOST_OVER_TLS = 1.8
"""Largest ratio of the processor time of a report over TLS to that of a plain one."""
GOOD = {"grpc 0", "http 200"}


class Door(NamedTuple):
    """A way to submit a report, on a new connection."""

    name: str
    public: bool
    """Whether the door speaks HTTP."""
    encrypted: bool
    wire: Wire
    reader: Callable[[], answers.Reader]

    def crowd(self, server: servers.Serving, certificate: Path) -> Crowd:
        """Return callers of a server; the certificate is looked at only over TLS."""
        return Crowd(
            server.public if self.public else server.grpc,
            self.wire,
            self.reader,
            certificate if self.encrypted else None,
            core=servers.load_core(server.process.pid),
        )


def _site() -> bytes:
    return answers.backdrop(secrets.token_urlsafe(32).encode())


def all_doors(registry: Path = reports.REGISTRY) -> list[Door]:
    """Return all doors for a new connection, with a report by this registry."""
    grpc = fresh(answers.grpc(reports.framed(registry)))
    envelope = reports.as_json(registry)
    return [
        Door(GRPC, False, False, grpc, answers.GrpcReader),  # noqa: FBT003 - a table
        Door(GRPC_TLS, False, True, grpc, answers.GrpcReader),  # noqa: FBT003
        Door(JSON, True, False, lambda: answers.with_json(envelope), answers.HttpReader),  # noqa: FBT003
        Door(BACKDROP, True, False, _site, answers.HttpReader),  # noqa: FBT003
        Door(BACKDROP_TLS, True, True, _site, answers.HttpReader),  # noqa: FBT003
    ]  # fmt: skip


def rate_of(name: str, call: Callable[[], Calls], *pids: int) -> Rate:
    """Return the rate of some callers of a server of these processes.

    Ends the program if one of them is not acknowledged.
    """
    before = sum(map(servers.processor_time, pids))
    calls = call()
    spent = sum(map(servers.processor_time, pids)) - before
    if not calls.good or not set(calls.answers) <= GOOD:
        sys.exit(f"{name}: answers {dict(calls.answers)}")
    each = spent * 1e6 / calls.good
    return Rate(calls.good / calls.seconds, percentiles(calls.latencies), each, calls.busy)


class Measurement:
    """The rounds of one run."""

    def __init__(self, result: Result, given: argparse.Namespace) -> None:
        self._result = result
        self._given = given

    def run(self, directory: Path) -> None:
        """Measure every door of every server."""
        body = directory / "envelope.json"
        body.write_bytes(reports.as_json())
        load = Load(body, json=True)
        identity = servers.identity(directory)
        with ExitStack() as stack:
            plain, encrypted = (
                {
                    mode: stack.enter_context(servers.intake(mode, folder, reports.REGISTRY, files))
                    for mode in MODES
                }
                for folder, files in ((directory, ()), (_folder(directory, "tls"), identity))
            )
            doors = all_doors()
            for turn in range(self._given.rounds):
                print(f"round {turn + 1} of {self._given.rounds}", flush=True)
                for door in doors:
                    self._new_connections(door, encrypted if door.encrypted else plain, identity[0])
                self._kept_connections(load, plain)
        self._judge()

    def _new_connections(
        self, door: Door, serving: Mapping[str, servers.Serving], certificate: Path
    ) -> None:
        for mode, server in serving.items():
            crowd = door.crowd(server, certificate)
            name, seconds = f"{mode}, {door.name}", self._given.seconds
            keep = partial(crowd.keep, self._given.callers, seconds)
            rate = self._rate(name, server, keep)
            if mode == "durable":
                few = max(2, round(rate.per_second / 10 * seconds))
                self._rate(f"{name}, at a tenth", server, partial(crowd.come, few, seconds))

    def _rate(self, name: str, server: servers.Serving, call: Callable[[], Calls]) -> Rate:
        """Add the rate of some callers of a server; return it."""
        rate = rate_of(name, call, server.process.pid)
        rate.add(self._result, name)
        return rate

    def _kept_connections(self, load: Load, serving: Mapping[str, servers.Serving]) -> None:
        for mode, server in serving.items():
            rate = load.rate(
                server.process.pid, server.public, self._given.seconds, KEPT_CONNECTIONS, 1
            )
            rate.add(self._result, f"{mode}, {KEPT}")

    def _judge(self) -> None:
        for name, least in LEAST.items():
            self._result.expect(
                f"durable/no-op, {name}", f"durable, {name}", f"no-op, {name}", least=least
            )
        self._result.expect(
            f"{SPENT}, gRPC: a new TLS connection/a new plain one",
            f"durable, {GRPC_TLS}, {SPENT}",
            f"durable, {GRPC}, {SPENT}",
            most=MOST_OVER_TLS,
        )
        self._result.expect(
            f"{SPENT}, gRPC, no-op: a new TLS connection/a new plain one",
            f"no-op, {GRPC_TLS}, {SPENT}",
            f"no-op, {GRPC}, {SPENT}",
        )


def _folder(directory: Path, name: str) -> Path:
    folder = directory / name
    folder.mkdir()
    return folder


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=12, help="measurements of each server")
    parser.add_argument("--callers", type=int, default=32, help="callers at any time")
    given = results.arguments(parser)
    if given.quick:
        given.seconds, given.rounds = 1, 1
    result = results.began(given)
    with tempfile.TemporaryDirectory() as place:
        Measurement(result, given).run(Path(place))
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())

"""Measure every door beside a server that parses nothing: new connections, TLS, JSON, Backdrop.

    python bench/doors.py [--seconds S] [--rounds N] [--callers N]

The servers take turns, as in `intake.py`, each on one core with the load on the other.
Callers open a connection for each report (`callers.py`). h2load also measures JSON over
connections that stay open.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import answers
import reports
import results
import servers
from callers import Calls, Crowd, Wire, fresh
from load import PERCENTILES, Load, percentiles
from results import Result

MODES = ("durable", "no-op")
KEPT_CONNECTIONS = 16
LEAST_OVER_TLS = 0.90
BUSY = 0.90
"""Largest load of the generator; beyond it, the generator and not the server is the limit."""
GOOD = {"grpc 0", "http 200"}


class Door(NamedTuple):
    """A way to submit a report, on a new connection."""

    name: str
    public: bool
    """Whether the door speaks HTTP."""
    encrypted: bool
    wire: Wire
    reader: Callable[[], answers.Reader]


def _site() -> bytes:
    return answers.backdrop(secrets.token_urlsafe(32).encode())


def all_doors() -> list[Door]:
    """Return all doors for a new connection."""
    grpc = fresh(answers.grpc(reports.framed()))
    envelope = reports.as_json()
    return [
        Door("gRPC, a new connection", False, False, grpc, answers.GrpcReader),  # noqa: FBT003 - a table
        Door("gRPC, a new TLS connection", False, True, grpc, answers.GrpcReader),  # noqa: FBT003
        Door("JSON, a new connection", True, False, lambda: answers.with_json(envelope), answers.HttpReader),  # noqa: E501, FBT003
        Door("Backdrop, HTTP/1.0", True, False, _site, answers.HttpReader),  # noqa: FBT003
    ]  # fmt: skip


class Measurement:
    """The rounds of one run."""

    def __init__(self, result: Result, given: argparse.Namespace) -> None:
        self._result = result
        self._given = given
        self._busy: defaultdict[str, float] = defaultdict(float)

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
        self._judge(doors)

    def _new_connections(
        self, door: Door, serving: Mapping[str, servers.Serving], certificate: Path
    ) -> None:
        for mode, server in serving.items():
            crowd = Crowd(
                server.public if door.public else server.grpc,
                door.wire,
                door.reader,
                certificate if door.encrypted else None,
            )
            calls = crowd.keep(self._given.callers, self._given.seconds)
            if not calls.good or set(calls.answers) > GOOD:
                sys.exit(f"{mode}, {door.name}: answers {dict(calls.answers)}")
            self._add(f"{mode}, {door.name}", calls)
            self._busy[door.name] = max(self._busy[door.name], calls.busy)

    def _add(self, name: str, calls: Calls) -> None:
        self._result.add(name, "reports/s", calls.good / calls.seconds)
        for percent, latency in zip(PERCENTILES, percentiles(calls.latencies), strict=False):
            self._result.add(f"{name}, p{percent:g}", "ms", latency)

    def _kept_connections(self, load: Load, serving: Mapping[str, servers.Serving]) -> None:
        for mode, server in serving.items():
            rate = load.rate(server.public, self._given.seconds, KEPT_CONNECTIONS, 1)
            name = f"{mode}, JSON, {KEPT_CONNECTIONS} connections"
            self._result.add(name, "reports/s", rate.per_second)
            for percent, latency in zip(PERCENTILES, rate.milliseconds, strict=False):
                self._result.add(f"{name}, p{percent:g}", "ms", latency)

    def _judge(self, doors: list[Door]) -> None:
        names = {door.name: LEAST_OVER_TLS if door.encrypted else None for door in doors}
        for name, least in (*names.items(), (f"JSON, {KEPT_CONNECTIONS} connections", None)):
            self._result.expect(
                f"durable/no-op, {name}", f"durable, {name}", f"no-op, {name}", least=least
            )
        for name, busy in self._busy.items():
            limit = ", so the no-op might do more and the ratio be lower" if busy > BUSY else ""
            self._result.notes.append(
                f"{name}: the load generator was busy {busy:.0%} of its core at most{limit}."
            )


def _folder(directory: Path, name: str) -> Path:
    folder = directory / name
    folder.mkdir()
    return folder


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each server")
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

"""Measure durable reports a second, beside two servers that promise less.

    python bench/intake.py [--seconds S] [--rounds N] [--connections N ...]

h2load loads each server from a core on which it does not run. The servers (see
`intake_server.py`) take turns, so that a change in the machine's pace affects all of
them. The output ends with the medians of the ratios of each round.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import reports
import results
import servers
from load import Load
from results import Result
from servers import Serving

MODES = ("durable", "no-op", "pinned", "all-cores", "naive")
PINNED = "pinned"
LEAST: Mapping[tuple[str, str], float | None] = {
    ("durable", "no-op"): 0.65,
    ("durable", "naive"): 3.0,
    ("durable", "pinned"): 0.95,
    ("all-cores", "pinned"): None,
}
"""Smallest ratio of the rate of one server to that of another."""
WORDS = {"pinned": "held from outside", "all-cores": "all cores"}


@contextmanager
def everyone(directory: Path, *identity: Path) -> Iterator[dict[str, Serving]]:
    """Yield the servers, all running, with one busy at a time."""
    with ExitStack() as stack:
        serving: dict[str, Serving] = {}
        for mode in MODES:
            core = servers.core(serving["durable"].process.pid) if mode == PINNED else None
            serving[mode] = stack.enter_context(
                servers.intake(mode, directory, reports.REGISTRY, identity, core=core)
            )
        yield serving


def compare(result: Result, given: argparse.Namespace) -> None:
    """Return rates and latencies of every server by round; within a round they take turns."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        body = directory / "request"
        body.write_bytes(reports.framed())
        load = Load(body)
        sent = dict.fromkeys(MODES, 0.0)
        with everyone(directory) as serving:
            for position, connections in enumerate(given.connections):
                at = _at(connections)
                # Only the first number of connections has budgets.
                for _ in range(max(1, given.rounds // 6) if position else given.rounds):
                    for mode, server in serving.items():
                        rate = load.rate(
                            server.process.pid,
                            server.grpc,
                            given.seconds,
                            connections,
                            given.streams,
                        )
                        sent[mode] += rate.per_second * given.seconds
                        rate.add(result, f"{_words(mode)}, {at}")
        for mode in set(MODES) - {"no-op"}:
            # A failed call is also a 200 of HTTP, so check that reports were counted.
            if servers.counted(directory / f"{mode}.db") < sent[mode]:
                sys.exit(f"{mode}: not every report was counted")


def _words(mode: str) -> str:
    return WORDS.get(mode, mode)


def _at(connections: int) -> str:
    return f"{connections} connection{'' if connections == 1 else 's'}"


def main() -> int:
    """Compare, print the rates and end with the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=30, help="measurements of each server")
    parser.add_argument("--connections", type=int, nargs="+", default=[16])
    parser.add_argument("--streams", type=int, default=32, help="in flight on a connection")
    given = results.arguments(parser)
    if given.quick:
        given.seconds, given.rounds = 1, 1
    result = results.began(given)
    compare(result, given)
    first = given.connections[0]
    for connections in given.connections:
        for (one, other), least in LEAST.items():
            result.expect(
                f"{_words(one)}/{_words(other)}, {_at(connections)}",
                f"{_words(one)}, {_at(connections)}",
                f"{_words(other)}, {_at(connections)}",
                least=least if connections == first else None,
            )
    results.tell(result)
    return results.finished(result, given) if given.json else 0


if __name__ == "__main__":
    sys.exit(main())

"""Measure ten thousand callers within ten seconds, each on its own TLS connection.

    python bench/burst.py [--callers N] [--seconds S]

The server is `headcount-server serve` as it is started. The callers come from another
core and from a thousand networks, on time even if earlier callers have no answer yet. No
report may be lost: each acknowledged report is counted exactly once, each refused caller is
told when to return, and memory stays bounded.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import answers
import reports
import results
import servers
from answers import CLOSED
from callers import TURNED_AWAY, Calls, Crowd, fresh
from load import PERCENTILES, percentiles
from results import Result
from servers import Product

NETWORKS = 1000
"""Networks that the callers come from, since one alone is held to its share of connections."""
MEMORY = 500
"""In MB: a server at its start, and as many connections as it holds (4,096, some 100 kB each)."""


def burst(result: Result, given: argparse.Namespace) -> None:
    """Let the callers come, and return what became of each."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        certificate, key = servers.identity(directory)
        flags = (f"--tls-certificate={certificate}", f"--tls-key={key}")
        wire = fresh(answers.grpc(reports.framed()))
        with servers.running(Product(directory, reports.REGISTRY, *flags)) as product:
            core = servers.load_core(product.pid)
            crowd = Crowd(product.ports["gRPC"], wire, answers.GrpcReader, certificate, core=core)
            crowd.keep(1, 0.5)  # the first calls of a server are not measured
            before = servers.counted(product.database)
            result.add("memory before", "MB", servers.memory(product.pid))
            calls = crowd.come(given.callers, given.seconds, NETWORKS)
            result.add("memory after", "MB", servers.memory(product.pid))
            result.add("most memory", "MB", servers.memory(product.pid, "VmHWM"))
            product.stop()
            counted = servers.counted(product.database) - before
        _add(result, calls, counted, given.callers)


def _add(result: Result, calls: Calls, counted: int, callers: int) -> None:
    result.add("callers", "callers", callers)
    result.add("came within", "s", calls.begun)
    result.add("all had an answer within", "s", calls.seconds)
    result.add("callers at one time, at most", "callers", calls.most)
    result.add("acknowledged", "reports", calls.good)
    result.add("counted", "reports", counted)
    left, closed, away = (calls.answers[code] for code in ("", CLOSED, TURNED_AWAY))
    result.add("turned away before TLS began", "callers", away)
    result.add("lost their place to another network", "callers", closed)
    result.add("left waiting", "callers", left)
    result.add("refused", "callers", callers - calls.good - left - closed - away)
    result.add("refused and not told when to return", "callers", calls.refused_untold)
    for percent, latency in zip(PERCENTILES, percentiles(calls.latencies), strict=False):
        result.add(f"until acknowledged, p{percent:g}", "ms", latency)
    wrong = max(0, calls.good - counted) + max(0, counted - calls.good - left - closed)
    result.add("lost, or counted twice", "reports", wrong)
    result.expect("callers left waiting", "left waiting", most=0)
    result.expect("reports lost, or counted twice", "lost, or counted twice", most=0)
    result.expect(
        "callers refused and not told when to return", "refused and not told when to return", most=0
    )
    result.expect("memory of the server in a burst, MB", "most memory", most=MEMORY)
    result.notes.append(f"Answers: {dict(calls.answers)}.")
    result.notes.append(f"The load generator was busy {calls.busy:.0%} of its core.")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = results.arguments(parser)
    if given.quick:
        given.callers, given.seconds = 1000, 2.0
    result = results.began(given)
    burst(result, given)
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())

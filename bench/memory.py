"""Measure the memory of a server that has taken a million reports.

    python bench/memory.py [--reports N ...]

h2load sends them to the product over gRPC. Before the service sees it, each becomes one
of two thousand different reports, with its own token (see `intake_server.py`). Memory is
measured whenever one of the given numbers of reports is reached.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import reports
import results
import servers
from load import Load
from results import Result

CONNECTIONS, STREAMS = 16, 32
AT_ONCE = 50_000
"""Reports of one h2load, few enough to end before the server closes its old connections."""
MOST, GROWTH = 150, 20
"""The budgets: MB, and bytes a report from a tenth of the reports to all of them."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    given = results.arguments(parser)
    if given.quick:
        given.reports = [1000, 3000, 10_000]
    result = results.began(given)
    with tempfile.TemporaryDirectory() as place:
        _measure(result, Path(place), given.reports)
    tenth, last = given.reports[-2:]
    result.expect(f"{_after(last)}, MB", _after(last), most=MOST)
    grown = f"growth of memory from {tenth:,} to {last:,}"
    (before,), (after,) = (result.series[_after(count)].samples for count in (tenth, last))
    result.add(grown, "bytes a report", (after - before) * 1e6 / (last - tenth))
    if not given.quick:  # that few reports measure the warm-up
        result.expect(f"{grown}, bytes a report", grown, most=GROWTH)
    results.tell(result)
    return results.finished(result, given)


def _after(count: int) -> str:
    return f"memory after {count:,} reports"


def _measure(result: Result, directory: Path, counts: list[int]) -> None:
    body = directory / "request"
    body.write_bytes(reports.framed())
    load = Load(body)
    with servers.intake("varied", directory, reports.REGISTRY) as server:
        result.add("memory before", "MB", servers.memory(server.process.pid))
        for before, count in pairwise([0, *counts]):
            print(f"up to {count:,} reports", flush=True)
            for done in range(before, count, AT_ONCE):
                load.send(server, min(AT_ONCE, count - done), CONNECTIONS, STREAMS)
            result.add(_after(count), "MB", servers.memory(server.process.pid))
        result.add("most memory", "MB", servers.memory(server.process.pid, "VmHWM"))
        if servers.counted(directory / "varied.db") != counts[-1]:
            sys.exit("not every report was counted")


if __name__ == "__main__":
    sys.exit(main())

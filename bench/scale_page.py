"""Write docs/generated/scale.md from scale.json: the measurements, and a plan from them.

    python bench/scale_page.py [--check]

Nothing is measured here. The plan is arithmetic on the medians of the samples. The page
states its other assumptions.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import page
from results import Result

ROOT = Path(__file__).resolve().parents[1]
DATA, PAGE = ROOT / "docs" / "generated" / "scale.json", ROOT / "docs" / "generated" / "scale.md"

WEEK_SECONDS = 7 * 24 * 3600
PEAK = 3
"""The peak as a multiple of the mean; clients draw their moments evenly over the week."""
BUSY = 0.5
"""The share of a core, and of a database's measured rate, that a peak may use."""
OPEN_WEEKS = 9 / 7
"""Most weeks whose tokens are kept: one, and two days of grace in the next."""
NODE_CORES, NODE_MEMORY = 16, 64e9
"""Cores, and bytes of memory, of a machine that serves a database."""
AT_ONCE = 64
"""Reports that a server has at work at once (`grpc_server.THREADS`). They wait for each other's
commits at their shards, those of several servers too: no more are in commits at any time."""
INSTALLATIONS = (10**6, 10**8, 10**9)
PLANNED = "PostgreSQL, 2 servers"
"""The server whose costs the plan uses."""

HEAD = """\
# Scale

How far one database goes, measured; and what 10⁶, 10⁸ and 10⁹ installations a week need, worked
out from that. Written by `make bench-scale`, which measures, and from what it measured by
`python bench/scale_page.py`; [scale.json](scale.json) has every sample. How to run servers on
PostgreSQL, with a standby and on Citus: [postgresql.md](../operators/postgresql.md).

Run here: PostgreSQL on one node, with `fsync` on and no standby, on the same machine as the servers
and the load. A Citus cluster was not part of a run unless the notes say so: the statements are the
same and each transaction of theirs stays within one shard, but no figure on this page is a
cluster's. To measure one: `HEADCOUNT_TEST_POSTGRES=postgresql://… make bench-scale`, which empties
that database.
"""
RATES = """\
## Servers on one database

Unary gRPC reports of twenty keys, of two thousand different kinds, acknowledged when they are
durable; 16 connections with 32 streams each, shared out among the servers. The servers, the
database included, have all cores but one; so more servers are no more machinery here: what the
table shows is whether they hinder each other. Rows take turns within each round. Processor time and
log are those of one report; on SQLite the server is the database.
"""
HOT = """\
## Hot rows: one shard and 64

Every report adds to the same few rows. With one shard all servers wait for each other's commit at
those rows, and a server counts on one thread. With 64, as the product has it, a server counts on
two threads, each with half of the shards in its commits, so that one can go on while the other
waits for the disk; more threads would leave fewer reports for each commit, which costs more than
the wait. On Citus each shard has commits of its own, on eight threads. The same database and load,
four servers each, taking turns; what one shard saves in processor time it pays where a commit takes
long, as with a standby:
"""
BYTES = """\
## What a report leaves behind

A week of {reports} reports of two thousand different kinds, counted by the product's store. A
report adds one token while its week is open, and rows of totals only where a value is new to a
shard: they grow with the values, not with the reports, to some times those of SQLite, and on Citus
towards 64 times.
"""
PLAN = """\
## A plan

Worked out from the medians above ({planned}) and these assumptions: one report an
installation a week; a peak of {peak} times the mean; processors like those of this page, at most
{busy:.0%} busy at the peak; tokens of at most {open_weeks:.2f} weeks (two days of grace); machines
for the database with {cores} cores and {memory:.0f} GB, which should hold the tokens' index in
memory. SQLite is named where a peak takes at most {busy:.0%} of its measured rate; one PostgreSQL
where one such machine is enough; else Citus with so many. Reports of the same shards wait for
each other's commits, over all servers: how long a commit may take, a standby included, stands in
the table. A standby needs the same machines again. Figures beyond what was measured are
extrapolation: nobody has run 10⁹ here.
"""


class Costs(NamedTuple):
    """The costs of a report, and of a week."""

    sqlite_rate: float
    server: float
    """Processor seconds of a server."""
    database: float
    """Processor seconds of PostgreSQL."""
    log: float
    """Bytes of write-ahead log."""
    token: float
    """Bytes of a token with its index."""
    key: float
    """Bytes of the index alone."""
    totals: float
    """Bytes of an open week's totals."""
    closed: float
    """Bytes of a closed week."""


def costs(result: Result) -> Costs | None:
    """Return the medians; None if the run could not measure the costs of PostgreSQL."""
    median = {name: series.median for name, series in result.series.items()}
    database = median.get(f"{PLANNED}: processor time of PostgreSQL")
    if database is None:
        return None
    count = median["reports of the week"]
    totals = ("shard_reports", "shard_answers", "shard_values")
    return Costs(
        sqlite_rate=median["SQLite, 1 server"],
        server=median[f"{PLANNED}: processor time of servers"] / 1e6,
        database=database / 1e6,
        log=median[f"{PLANNED}: log"],
        token=median["bytes of tokens in a week"] / count,
        key=median["bytes of the tokens' index in a week"] / count,
        totals=sum(median[f"bytes of {table} in a week"] for table in totals),
        closed=median["bytes that PostgreSQL keeps of a closed week"],
    )


def plan(cost: Costs, installations: int) -> dict[str, str]:
    """Return what this many installations a week need, line by line."""
    mean = installations / WEEK_SECONDS
    peak = PEAK * mean
    server_cores, database_cores = peak * cost.server / BUSY, peak * cost.database / BUSY
    tokens, index = (OPEN_WEEKS * installations * each for each in (cost.token, cost.key))
    nodes = max(1, math.ceil(database_cores / NODE_CORES), math.ceil(index / NODE_MEMORY))
    processes = max(2, math.ceil(server_cores))
    if peak <= BUSY * cost.sqlite_rate:
        choice = "one server on SQLite"
    elif nodes == 1:
        choice = f"{processes} servers on one PostgreSQL"
    else:
        choice = f"{processes} servers on Citus, {nodes} nodes"
    return {
        "mean, reports/s": page.number(mean),
        "peak, reports/s": page.number(peak),
        "peak as a share of SQLite's rate here": f"{peak / cost.sqlite_rate:.1%}",
        "cores for servers": page.number(server_cores),
        "cores for PostgreSQL": page.number(database_cores),
        "a commit with its round trips may take": f"{page.number(1e3 * AT_ONCE / peak)} ms",
        "tokens of open weeks": _size(tokens),
        "of that, index": _size(index),
        "totals of an open week": _size(cost.totals),
        "write-ahead log a day": _size(cost.log * installations / 7),
        "what a closed week keeps": _size(cost.closed),
        "machines for the database, as assumed": str(nodes),
        "so": f"**{choice}**",
    }


def _size(bytes_: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if bytes_ >= size:
            return f"{page.number(bytes_ / size)} {unit}"
    return f"{page.number(bytes_ / 1e3)} kB"


def rendered(data: Mapping[str, Any]) -> str:
    """Return the page of a run."""
    return "\n".join(_page(data["machine"], Result.of_json(data["result"]))).rstrip("\n") + "\n"


def _page(machine: Mapping[str, str], result: Result) -> Iterator[str]:
    yield HEAD
    day = datetime.fromisoformat(result.began).date().isoformat()
    short = ", the short form, whose figures say little" if result.quick else ""
    yield f"`{result.command}`, {day}, {result.seconds:.0f} s{short}.\n"
    if result.notes:
        yield "\n".join(f"- {note}" for note in result.notes) + "\n"
    yield from page.on_machine(machine)
    yield RATES
    everyone = [name for name, series in result.series.items() if series.unit == "reports/s"]
    yield from _rates(result, [name for name in everyone if "shard" not in name])
    yield HOT
    yield from _rates(result, [name for name in everyone if "4 servers" in name])
    yield from _bytes(result)
    yield from _plan(result)


def _rates(result: Result, names: list[str]) -> Iterator[str]:
    columns = {
        "reports/s": "",
        "p50, ms": ", p50",
        "p99, ms": ", p99",
        "servers, µs": ": processor time of servers",
        "PostgreSQL, µs": ": processor time of PostgreSQL",
        "log, bytes": ": log",
        "transactions": ": transactions",
    }
    rows = []
    for name in names:
        cells = [result.series.get(f"{name}{suffix}") for suffix in columns.values()]
        samples = result.series[name].samples
        spread = f"{page.number(min(samples))}–{page.number(max(samples))}"
        medians = ["" if one is None else page.number(one.median) for one in cells]
        rows.append((name, medians[0], spread, *medians[1:]))
    first, *others = columns
    yield from page.table(("median", first, "lowest–highest", *others), rows)


def _bytes(result: Result) -> Iterator[str]:
    median = {name: series.median for name, series in result.series.items()}
    count = median["reports of the week"]
    yield BYTES.format(reports=page.number(count))
    rows = []
    for table in ("tokens", "shard_reports", "shard_answers", "shard_values"):
        size, lines = median[f"bytes of {table} in a week"], median[f"rows of {table} in a week"]
        each = (page.number(lines / count), f"{page.number(size / count)} bytes")
        rows.append((f"`{table}`", page.number(lines), _size(size), *each))
    file = median["bytes of the SQLite file"]
    rows.append(
        ("the SQLite file, all of it", "", _size(file), "", f"{page.number(file / count)} bytes")
    )
    head = ("open week", "rows", "size", "rows a report", "size a report")
    yield from page.table(head, rows)
    closes = [(name, page.number(median[f"{name}: close of the week"])) for name in _DATABASES]
    yield from page.table(("the close of that week", "seconds"), closes)


_DATABASES = ("SQLite", "PostgreSQL")


def _plan(result: Result) -> Iterator[str]:
    cost = costs(result)
    if cost is None:
        yield "No plan: what the named PostgreSQL spends is not seen from here.\n"
        return
    yield PLAN.format(
        planned=PLANNED,
        peak=PEAK,
        busy=BUSY,
        open_weeks=OPEN_WEEKS,
        cores=NODE_CORES,
        memory=NODE_MEMORY / 1e9,
    )
    plans = [plan(cost, installations) for installations in INSTALLATIONS]
    head = ("installations a week", *(f"{installations:,}" for installations in INSTALLATIONS))
    yield from page.table(head, [(line, *(each[line] for each in plans)) for line in plans[0]])


if __name__ == "__main__":
    sys.exit(page.command(__doc__, rendered, DATA, PAGE, "python bench/scale_page.py"))

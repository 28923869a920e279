"""Measure how far one database goes: 1, 2 and 4 servers on one PostgreSQL, beside SQLite.

    python bench/scale.py [--seconds S] [--rounds N] [--reports N] [--quick]

First, the product's own store fills a week on each database, which shows what a report
leaves behind. Then servers take reports from h2load. Servers that are compared take turns
within each round. The servers and the database share all cores except one, which h2load
has. The results go to docs/generated/scale.json, and from there to docs/generated/scale.md;
with `--quick`, both go to .cache/bench. PostgreSQL is Debian's, started here, or the one
that HEADCOUNT_TEST_POSTGRES names, whose headcount tables are destroyed.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import machine
import postgres
import reports
import results
import scale_page
import servers
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.publication.terms import Terms
from headcount_server.registry import schema
from headcount_server.store.contract import Entry, Outcome, Store
from headcount_server.store.open import parse
from headcount_server.store.postgres.schema import SHARDS
from headcount_server.week import Week
from load import WARM_UP, Load
from postgres import Postgres
from results import Result
from support.toy_weeks import Place

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "bench"
WEEK = Week(2026, 45)
CONNECTIONS, STREAMS = 16, 32
SERVERS = (1, 2, 4)
GROUP, VARIETY = 4000, 2000
_SIZE = "SELECT sum({}(relid)) FROM pg_partition_tree('headcount_open.{}') WHERE isleaf"
ROWS = ("shard_reports", "shard_answers", "shard_values", "tokens")


class Serving(NamedTuple):
    """The servers of one database, which take turns with others."""

    name: str
    processes: Sequence[subprocess.Popen[str]]
    ports: Sequence[int]

    def first(self, count: int) -> Serving:
        """Return the first of them, this many."""
        name = f"{self.name}, {count} server{'s' if count > 1 else ''}"
        return Serving(name, self.processes[:count], self.ports[:count])


def fill(result: Result, pg: Postgres, directory: Path, count: int) -> None:
    """Return what a week of this many reports takes on each database."""
    file = directory / "filled.db"
    before = pg.ask("SELECT pg_database_size(current_database())")
    for name, place in (("SQLite", file), ("PostgreSQL", pg.url)):
        store = parse(str(place)).open_store()
        _fill(store, count)
        if name == "PostgreSQL":
            for table in ROWS:
                rows = pg.ask(f"SELECT count(*) FROM headcount_open.{table}")  # noqa: S608 - our names
                size = pg.ask(_SIZE.format("pg_total_relation_size", table))
                result.add(f"rows of {table} in a week", "rows", rows)
                result.add(f"bytes of {table} in a week", "bytes", size)
            index = pg.ask(_SIZE.format("pg_indexes_size", "tokens"))
            result.add("bytes of the tokens' index in a week", "bytes", index)
        else:
            store.wipe_leftovers()
            result.add("bytes of the SQLite file", "bytes", file.stat().st_size)
        began = time.perf_counter()
        store.close_week(WEEK, WEEK.end + timedelta(days=2))
        store.wipe_leftovers()
        result.add(f"{name}: close of the week", "s", time.perf_counter() - began)
        store.close()
    after = pg.ask("SELECT pg_database_size(current_database())")
    result.add("bytes that PostgreSQL keeps of a closed week", "bytes", after - before)
    result.add("reports of the week", "reports", count)


def _fill(store: Store, count: int) -> None:
    known = schema.load(reports.REGISTRY)
    project, reader = known.projects[reports.PROJECT], AnswerCache()
    store.open_week(WEEK, Terms(5, WEEK.end + timedelta(days=2)), known)
    varied = [reader.read(project, one, WEEK.start.date()) for one in reports.several(VARIETY)]
    for begin in range(0, count, GROUP):
        entries = [
            Entry(WEEK, project, secrets.token_bytes(16), varied[number % VARIETY])
            for number in range(begin, min(begin + GROUP, count))
        ]
        lanes: list[list[Entry]] = [[] for _ in range(store.lanes)]
        for entry in entries:
            lanes[store.lane(entry.token)].append(entry)
        with ThreadPoolExecutor(store.lanes) as pool:
            for outcomes in pool.map(store.count, lanes):
                if set(outcomes) - {Outcome.COUNTED}:
                    sys.exit("not every report was counted")


@contextmanager
def serving(name: str, place: Place, count: int, shards: int = SHARDS) -> Iterator[Serving]:
    """Yield this many servers on a database, which end with the block."""
    where = place if isinstance(place, Path) else place.text
    command: list[str | Path] = [sys.executable, HERE / "scale_server.py", str(where), str(shards)]
    cores = ",".join(map(str, sorted(_serving_cores())))
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            words = servers.pinned(cores, command)
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
        ports = [int(process.stdout.readline() or 0) for process in processes if process.stdout]
        if 0 in ports:
            sys.exit(f"{name}: a server did not start")
        yield Serving(name, processes, ports)


def _serving_cores() -> set[int]:
    """Return all cores except that of the load."""
    return set(range(os.cpu_count() or 1)) - {int(servers.LOAD_CORE)} or {0}


def measure(result: Result, who: Serving, pg: Postgres | None, load: Load, seconds: int) -> None:
    """Return the figures of one round of some servers; `pg` is None for SQLite."""
    count, pids = len(who.ports), [process.pid for process in who.processes]
    before = _spent(who, pg)
    with ThreadPoolExecutor(count) as pool:
        rates = list(
            pool.map(
                lambda pid, port: load.rate(pid, port, seconds, CONNECTIONS // count, STREAMS),
                pids,
                who.ports,
            )
        )
    per_second = sum(rate.per_second for rate in rates)
    # The processor time includes the warm-up, which is about as busy.
    taken = per_second * (seconds + WARM_UP)
    result.add(who.name, "reports/s", per_second)
    result.add(f"{who.name}, p50", "ms", max(rate.milliseconds[0] for rate in rates))
    result.add(f"{who.name}, p99", "ms", max(rate.milliseconds[1] for rate in rates))
    for what, unit, scale, was, is_ in zip(
        ("processor time of servers", "processor time of PostgreSQL", "log", "transactions"),
        ("µs a report", "µs a report", "bytes a report", "a report"),
        (1e6, 1e6, 1, 1),
        before,
        _spent(who, pg),
        strict=True,
    ):
        if was is not None and is_ is not None:
            result.add(f"{who.name}: {what}", unit, (is_ - was) * scale / taken)


def _spent(who: Serving, pg: Postgres | None) -> tuple[float | None, ...]:
    ours = sum(servers.processor_time(process.pid) for process in who.processes)
    if pg is None:
        return (ours, None, None, None)
    commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    return (ours, pg.cpu(), pg.written(), pg.ask(commits))


def compare(result: Result, pg: Postgres, directory: Path, given: argparse.Namespace) -> None:
    """Measure the rates of all, by round; then check that all reports were counted."""
    body, file = directory / "request", directory / "headcount.db"
    body.write_bytes(reports.framed())
    load, most = Load(body), max(SERVERS)
    with (
        serving("SQLite", file, 1) as alone,
        serving("PostgreSQL", pg.url, most) as many,
        serving("PostgreSQL with one shard", pg.url, most, 1) as hot,
    ):
        rounds = [(alone.first(1), None), *((many.first(n), pg) for n in SERVERS)]
        rounds.append((hot.first(most), pg))
        for at in range(given.rounds):
            for who, its in rounds:
                print(f"round {at + 1}: {who.name}", flush=True)
                measure(result, who, its, load, given.seconds)
    # A failed call is also a 200 of HTTP, so check that reports were counted.
    found = pg.ask("SELECT sum(reports) FROM headcount_open.shard_reports")
    for name, counted in (("SQLite", servers.counted(file)), ("PostgreSQL", found)):
        sent = sum(
            sum(series.samples) * given.seconds
            for who, series in result.series.items()
            if who.startswith(name) and series.unit == "reports/s"
        )
        if counted < 0.99 * sent:  # rates are rounded
            sys.exit(f"{name}: {counted:,.0f} reports counted of {sent:,.0f}")


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    parser.add_argument("--reports", type=int, default=100_000, help="in the week that is filled")
    given = results.arguments(parser)
    if given.quick:
        given.seconds, given.rounds, given.reports = 1, 1, 8000
    result = results.began(given)
    with postgres.running() as pg, tempfile.TemporaryDirectory() as place:
        pg.pin(_serving_cores())
        result.notes += pg.empty()[1:]
        fill(result, pg, Path(place), given.reports)
        pg.empty()
        compare(result, pg, Path(place), given)
        version = int(pg.ask("SELECT current_setting('server_version_num')::int"))
    results.tell(result)
    status = results.finished(result, given)
    where = {**machine.described(), "PostgreSQL": f"{version // 10000}.{version % 10000}"}
    data = CACHE / scale_page.DATA.name if given.quick else scale_page.DATA
    data.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": where, "result": result.as_json()}
    data.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    data.with_suffix(".md").write_text(scale_page.rendered(found), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())

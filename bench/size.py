"""Measure a week of many reports: bytes, memory, and the time to scrape, show, close and start.

    python bench/size.py [--reports N ...] [--rounds N]

The product's own store fills one database, which is copied at each size. The servers on
the copies run side by side and are queried in turn: once while the week is open (they then
show the week before, of 10,000 reports), and once after it is closed and published.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import reports
import results
import servers
from headcount_server.week import Week
from results import Result
from servers import LOOPBACK, Product

WEEK = Week(2026, 10)
MANY = 1_000_000
"""Number of reports that the budgets refer to."""
BASE = 10_000
"""Number of reports of the week before, which is also the size that others are compared with."""
REPEATS = 10
MOST_BYTES, MOST_TIMES, MOST_MEMORY = 25, 1.2, 150
"""The budgets: bytes a report, the ratio to the time with 10,000 reports, MB."""

HERE = Path(__file__).parent


def filling(what: str, database: Path, week: Week, *count: int) -> list[float]:
    """Run `filling.py`; return the seconds that it prints."""
    command: list[str | Path] = [
        sys.executable,
        HERE / "filling.py",
        what,
        reports.REGISTRY,
        database,
        str(week),
    ]
    done = subprocess.run(
        servers.pinned(servers.SERVER_CORE, [*command, *map(str, count)]),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [float(word) for word in done.stdout.split()]


def copies(sizes: list[int], directory: Path) -> Mapping[int, Path]:
    """Return folders with a database for each size, whose week is open."""
    source = directory / "filled"
    source.mkdir()
    database = source / "headcount.db"
    filling("fill", database, WEEK.previous(), BASE)
    filling("close", database, WEEK.previous())
    found, there = {}, 0
    for size in sorted(sizes):
        print(f"filling up to {size:,} reports", flush=True)
        filling("fill", database, WEEK, size - there)
        there = size
        found[size] = Path(shutil.copytree(source, directory / f"open-{size}"))
        _forget_identity(found[size] / "headcount.db")
    return found


def _forget_identity(copy: Path) -> None:
    """Let the next server give a copy an identity, since copies are not served side by side."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA user_version = 0")


def tokens(database: Path) -> int:
    """Return the bytes of the pages with the week's tokens, which alone grow with the reports."""
    name = f"tokens_{WEEK.year:04}_W{WEEK.number:02}"
    with closing(sqlite3.connect(database)) as connection:
        (size,) = connection.execute(
            "SELECT sum(pgsize) FROM dbstat WHERE name = ?", (name,)
        ).fetchone()
        return int(size)


def in_use(database: Path) -> int:
    """Return the bytes of a database's pages in use."""
    with closing(sqlite3.connect(database)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        return int((pages - free) * size)


class Sizes:
    """The databases of all sizes, and their figures."""

    def __init__(self, result: Result, rounds: int, folders: Mapping[int, Path]) -> None:
        self._result = result
        self._rounds = rounds
        self._folders = folders

    def add(self, what: str, size: int, unit: str, value: float) -> None:
        """Add a sample of one size."""
        self._result.add(f"{what}, {size:,} reports", unit, value)

    def weigh(self) -> None:
        """Measure the bytes of each database."""
        for size, folder in self._folders.items():
            database = folder / "headcount.db"
            self.add("database file", size, "MB", database.stat().st_size / 1e6)
            self.add("bytes a report beyond the totals", size, "B", tokens(database) / size)

    def ask(self, state: str, moment: datetime) -> None:
        """In each round, start a server on each, query them in turn, back up, and end them."""
        products = {
            size: Product(folder, reports.REGISTRY, core=servers.SERVER_CORE)
            for size, folder in self._folders.items()
        }
        for turn in range(self._rounds):
            print(f"{state} week, round {turn + 1} of {self._rounds}", flush=True)
            with _all(products):
                for size, product in products.items():
                    product.set_clock(moment)
                    self.add(f"start-up, {state} week", size, "ms", product.start() * 1000)
                    memory = servers.memory(product.pid)
                    self.add(f"memory after start-up, {state} week", size, "MB", memory)
                for _ in range(REPEATS):
                    for what, asking in QUESTIONS.items():
                        for size, product in products.items():
                            name = f"{what}, {state} week"
                            self.add(name, size, "ms", _timed(asking, product) * 1000)
                for size, product in products.items():
                    self._back_up(state, size, product)

    def _back_up(self, state: str, size: int, product: Product) -> None:
        for flag, name in (((), "backup"), (("--open-weeks",), "backup with open weeks")):
            with tempfile.TemporaryDirectory() as place:
                file = Path(place, "backup")
                program = [Path(sys.executable).with_name("headcount-server"), "backup", file]
                begin = time.perf_counter()
                command = [*program, f"--database={product.database}", *flag]
                subprocess.run(command, check=True, capture_output=True)
                seconds = time.perf_counter() - begin
            self.add(f"{name}, {state} week", size, "ms", seconds * 1000)

    def close(self) -> None:
        """Close the week in copies of each database, and at last in each database itself."""
        for turn in range(self._rounds):
            print(f"close, round {turn + 1} of {self._rounds}", flush=True)
            for size, folder in self._folders.items():
                with tempfile.TemporaryDirectory(dir=folder.parent) as place:
                    last = turn + 1 == self._rounds
                    where = folder if last else Path(shutil.copytree(folder, Path(place, "copy")))
                    seconds, wiping = filling("close", where / "headcount.db", WEEK)
                self.add("close", size, "ms", seconds * 1000)
                self.add("wiping after the close", size, "ms", wiping * 1000)
        for size, folder in self._folders.items():
            database = folder / "headcount.db"
            self.add("in use after the close", size, "kB", in_use(database) / 1000)
            self.add("database file after the close", size, "MB", database.stat().st_size / 1e6)

    def expect(self) -> None:
        """Add the budgets: a million reports, or the most there are, compared with the fewest."""
        first, last = min(self._folders), max(self._folders)
        compared = MANY if MANY in self._folders else last
        few, many = f", {first:,} reports", f", {compared:,} reports"
        for size in self._folders:
            name = f"bytes a report beyond the totals, {size:,} reports"
            self._result.expect(name, name, most=MOST_BYTES)
        for state in ("open", "closed"):
            for what in QUESTIONS:
                name = f"{what}, {state} week"
                self._result.expect(
                    f"{name}: {compared:,} reports/{first:,}", name + many, name + few,
                    most=MOST_TIMES,
                )  # fmt: skip
        for what in ("start-up, open week", "backup, open week", "close"):
            self._result.expect(f"{what}: {compared:,} reports/{first:,}", what + many, what + few)
        self._result.expect(
            f"in use after the close: {last:,} reports/{first:,}",
            f"in use after the close, {last:,} reports",
            f"in use after the close{few}",
            most=MOST_TIMES,
        )
        memory = f"memory after start-up, open week, {last:,} reports"
        self._result.expect(f"{memory}, MB", memory, most=MOST_MEMORY)


@contextmanager
def _all(products: Mapping[int, Product]) -> Iterator[None]:
    try:
        yield
        for product in products.values():
            product.stop()
    finally:
        for product in products.values():
            product.kill()


def _timed(asking: Callable[[Product], object], product: Product) -> float:
    begin = time.perf_counter()
    asking(product)
    return time.perf_counter() - begin


def _statistics(product: Product) -> None:
    address = f"http://{LOOPBACK}:{product.ports['public']}"
    body = json.dumps({"project": reports.PROJECT}).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{address}/headcount.v1.TelemetryService/GetStatistics",
        body,
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - loopback
        if not json.load(response)["weeks"]:
            sys.exit("no statistics")


QUESTIONS: Mapping[str, Callable[[Product], object]] = {
    "scrape": lambda product: servers.fetch(product.ports["public"], "/metrics"),
    "page": lambda product: servers.fetch(
        product.ports["public"], f"/projects/{reports.PROJECT}/"
    ),
    "statistics": _statistics,
}  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [BASE, 100_000, MANY, 3 * MANY]
    parser.add_argument("--reports", type=int, nargs="+", default=sizes)
    parser.add_argument("--rounds", type=int, default=3)
    given = results.arguments(parser)
    if given.quick:
        given.reports, given.rounds = [BASE, 30_000], 1
    result = results.began(given)
    with tempfile.TemporaryDirectory() as place:
        found = Sizes(result, given.rounds, copies(given.reports, Path(place)))
        found.weigh()
        thursday = WEEK.start.astimezone(UTC) + timedelta(days=3)
        found.ask("open", thursday)
        found.close()
        found.ask("closed", thursday + timedelta(weeks=1))
    found.expect()
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())

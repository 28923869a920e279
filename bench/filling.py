"""A process that fills a week of a database, or closes it, by the product's own store.

    python bench/filling.py fill|close REGISTRY DATABASE WEEK [REPORTS]

`fill` counts so many different reports, each with a random token, in groups of
thousands. `close` prints the seconds that the close took, and those that it took
to wipe what was left behind.
"""

from __future__ import annotations

import secrets
import sys
import time
from datetime import timedelta
from pathlib import Path

import reports
from headcount_server.counting.answer_cache import Reader
from headcount_server.registry import schema
from headcount_server.store.contract import Entry, Outcome, Terms
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

GROUP = 5000
VARIETY = 2000
"""Different reports; every value of theirs has come up long before 10,000 are in."""
THRESHOLD = 5
GRACE = timedelta(days=2)


def fill(store: SqliteStore, registry: Path, week: Week, count: int) -> None:
    """Count so many reports more."""
    known = schema.load(registry)
    project, reader = known.projects[reports.PROJECT], Reader()
    store.open_week(week, Terms(THRESHOLD, week.end + GRACE), known)
    varied = [
        reader.read(project, report, week.start.date())
        for report in reports.several(VARIETY, registry)
    ]
    for begin in range(0, count, GROUP):
        entries = [
            Entry(week, project, secrets.token_bytes(16), varied[number % VARIETY])
            for number in range(begin, min(begin + GROUP, count))
        ]
        if set(store.count(entries)) != {Outcome.COUNTED}:
            sys.exit("not every report was counted")


def close(store: SqliteStore, week: Week) -> tuple[float, float]:
    """Seconds of the close and of the wiping after it."""
    began = time.perf_counter()
    store.close_week(week, week.end + GRACE)
    closed = time.perf_counter()
    if not store.erase():
        sys.exit("what the close left behind could not be wiped")
    return closed - began, time.perf_counter() - closed


def main() -> None:
    """Do what the command line says."""
    what, registry, database, week = sys.argv[1], *map(Path, sys.argv[2:4]), sys.argv[4]
    store = SqliteStore(database)
    if what == "fill":
        fill(store, registry, Week.parse(week), int(sys.argv[5]))
    else:
        print(*close(store, Week.parse(week)))
    store.shut()


if __name__ == "__main__":
    main()

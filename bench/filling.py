"""Fill a week of a database, or close it, by the product's own store.

    python bench/filling.py fill|close REGISTRY DATABASE WEEK [REPORTS]

`fill` counts REPORTS different reports, each with a random token, in groups of thousands.
`close` prints the seconds of the close, and the seconds of the wiping after it.
"""

from __future__ import annotations

import secrets
import sys
import time
from datetime import timedelta
from pathlib import Path

import reports
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.publication.terms import Terms
from headcount_server.registry import schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

GROUP = 5000
VARIETY = 2000
"""Number of different reports; each of their values occurs long before the 10,000th report."""
THRESHOLD = 5
GRACE = timedelta(days=2)


def fill(store: SqliteStore, registry: Path, week: Week, count: int) -> None:
    """Count this many more reports."""
    known = schema.load(registry)
    project, reader = known.projects[reports.PROJECT], AnswerCache()
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
    """Return the seconds of the close, and of the wiping after it."""
    began = time.perf_counter()
    store.close_week(week, week.end + GRACE)
    closed = time.perf_counter()
    if not store.wipe_leftovers():
        sys.exit("what the close left behind could not be wiped")
    return closed - began, time.perf_counter() - closed


def main() -> None:
    """Carry out the command line."""
    what, registry, database, week = sys.argv[1], *map(Path, sys.argv[2:4]), sys.argv[4]
    store = SqliteStore(database)
    if what == "fill":
        fill(store, registry, Week.parse(week), int(sys.argv[5]))
    else:
        print(*close(store, Week.parse(week)))
    store.close()


if __name__ == "__main__":
    main()

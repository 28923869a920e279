"""What the log of publications costs: sizes and times, beside what they are added to.

`python bench/log.py WEEKS PROJECTS KEYS` makes a database with so many weeks written straight
into it, and prints a table. Each number is of one run, so compare only numbers of one table.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from headcount.v1 import options_pb2
from headcount_server.log import documents, verification
from headcount_server.log.head import LogHead
from headcount_server.log.notes import SigningKey
from headcount_server.publication import bundle, bundle_reader
from headcount_server.registry import schema
from headcount_server.store import publication_log, published_tables
from headcount_server.store.connection import Connection
from headcount_server.store.sqlite.connections import noting
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

ROOT = Path(__file__).parents[1]
VALUES = ("Apache", "nginx", "LiteSpeed", "Caddy", "IIS")
K = 5
FIRST = Week(2017, 1)

Result = TypeVar("Result")


def timed(what: Callable[[], Result]) -> tuple[float, Result]:
    """Return the processor time of a call, in seconds, and its result."""
    begin = time.process_time()
    found = what()
    return time.process_time() - begin, found


def publish(connection: Connection, week: Week, projects: int, keys: int) -> None:
    """Write a closed week, with five values of each key."""
    at, closed = str(week), week.next().end.isoformat()
    names = [f"project_{number}" for number in range(projects)]
    each = [(at, name, key) for name in names for key in range(1, keys + 1)]
    numbers = [(*its, value, K * (1 + place)) for its in each for place, value in enumerate(VALUES)]
    connection.execute("INSERT INTO weeks VALUES (?, ?, ?, ?)", (at, K, closed, closed))
    connection.executemany(
        "INSERT INTO published_reports VALUES (?, ?, 1000)", [(at, name) for name in names]
    )
    connection.executemany("INSERT INTO published_answers VALUES (?, ?, ?, 990)", each)
    kind = options_pb2.KEY_TYPE_CHOICE
    connection.executemany(
        "INSERT INTO key_terms VALUES (?, ?, ?, ?, 0, ?, 0)", [(*its, K, kind) for its in each]
    )
    connection.executemany("INSERT INTO published_values VALUES (?, ?, ?, ?, '', ?)", numbers)
    connection.executemany(
        "INSERT INTO places VALUES (?, ?, ?, ?, 1)", [number[:4] for number in numbers]
    )


def main() -> None:
    """Measure, and print."""
    weeks, projects, keys = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "headcount.db")
        SqliteStore(database.path).close()
        written = recorded = 0.0
        week = FIRST
        with noting(database.path) as connection:
            connection.executemany(
                "INSERT INTO keys VALUES (?, ?, ?)",
                [
                    (f"project_{number}", key, f"key_{key}")
                    for number in range(projects)
                    for key in range(1, keys + 1)
                ],
            )
            for _ in range(weeks):
                at = week
                written += timed(lambda: publish(connection, at, projects, keys))[0]  # noqa: B023
                recorded += timed(lambda: publication_log.record(connection, at, K))[0]  # noqa: B023
                week = week.next()
        print(f"{weeks} weeks of {projects} projects with {keys} keys")
        tell("leaves of one close, against its rows alone", recorded, written)
        sizes(database)
        reading(database, Path(folder), weeks)


def sizes(database: SqliteDatabase) -> None:
    """Print the sizes of the tables."""
    with database.reading() as connection:
        found = dict(
            connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
        )
    log = sum(size for name, size in found.items() if name.startswith("log_"))
    totals = sum(size for name, size in found.items() if name.startswith(("published_", "places")))
    tell("tables of the log, against those of totals (MB)", log / 1e6, totals / 1e6)


def reading(database: SqliteDatabase, folder: Path, weeks: int) -> None:
    """Print what heads, proofs, bundles and verification take."""
    head = LogHead(database.reading, SigningKey.generate("bench"))
    first, log = timed(head.read)
    assert log is not None  # noqa: S101 - there are weeks
    again, _ = timed(head.read)
    print(f"| the head at the start, of {log.size} leaves | {first:.2f} s | |")
    print(f"| the head when nothing is new | {again * 1000:.1f} ms | |")
    proof, _ = timed(lambda: documents.document(log, f"log/proof/inclusion/{log.size // 2}"))
    print(f"| a proof of inclusion | {proof * 1000:.2f} ms | |")
    known = schema.load(ROOT / "registry" / "generated" / "registry.binpb")
    policy = published_tables.policy(database)
    found = {}
    for name, its in (("without", None), ("with", log)):
        place = folder / f"{name}.zip"
        about = bundle.About(policy, "", its)

        def write(place: Path = place, about: bundle.About = about) -> None:
            with database.reading() as connection:
                read = bundle.all_weeks(lambda *asked: published_tables.read(connection, *asked))
                bundle.write(place, known, read, about)

        found[name] = timed(write)[0], place.stat().st_size / 1e6
    tell(
        "writing the bundle with the log, against without (s)",
        found["with"][0],
        found["without"][0],
    )
    tell("the bundle with the log, against without (MB)", found["with"][1], found["without"][1])
    place = folder / "with.zip"
    plain, _ = timed(lambda: bundle_reader.read(folder / "without.zip"))
    verified, said = timed(lambda: verification.verify(place))
    assert said.weeks == weeks  # noqa: S101 - else something else was measured
    tell("verifying the bundle, against reading one without a log (s)", verified, plain)


def tell(what: str, one: float, other: float) -> None:
    """Print a row of the table."""
    print(f"| {what} | {one:.2f} against {other:.2f} | {one / other:.2f} |", flush=True)


if __name__ == "__main__":
    main()

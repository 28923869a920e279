"""A database with as many published weeks and keys as one asks for, written straight into it."""

from __future__ import annotations

from pathlib import Path

from headcount.v1 import options_pb2
from headcount_server.store.sqlite.connections import noting
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

FIRST = Week(2025, 1)
VALUES = ("Apache", "nginx", "LiteSpeed", "Caddy", "IIS")
_K = 5


def make(path: Path, weeks: int, keys: int) -> list[Week]:
    """Make it, with five values of each key; return its weeks, oldest first."""
    SqliteStore(path).close()
    made = [Week.of(FIRST.back(-number).start) for number in range(weeks)]
    with noting(path) as connection:
        for key in range(1, keys + 1):
            connection.execute("INSERT INTO keys VALUES ('big', ?, ?)", (key, f"key_{key}"))
        for number, week in enumerate(made):
            at = str(week)
            closed = week.next().end.isoformat()
            connection.execute("INSERT INTO weeks VALUES (?, ?, ?, ?)", (at, _K, closed, closed))
            connection.execute("INSERT INTO published_reports VALUES (?, 'big', 1000)", (at,))
            for key in range(1, keys + 1):
                connection.execute(
                    "INSERT INTO key_terms VALUES (?, 'big', ?, ?, 0, ?, 0)",
                    (at, key, _K, options_pb2.KEY_TYPE_CHOICE),
                )
                connection.execute(
                    "INSERT INTO published_answers VALUES (?, 'big', ?, 990)", (at, key)
                )
                for place, value in enumerate(VALUES):
                    reports = _K * (1 + (number + key + place) % 30)
                    row = (at, key, value, reports)
                    connection.execute(
                        "INSERT INTO published_values VALUES (?, 'big', ?, ?, '', ?)", row
                    )
                    connection.execute(
                        "INSERT INTO places VALUES (?, 'big', ?, ?, 1)", (at, key, value)
                    )
    return made

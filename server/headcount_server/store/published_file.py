"""A folder for other programs: a SQLite file of published totals, and its description.

The file is made from published totals and declarations alone, so a program that shows all
of it reveals nothing more. The description has the form that Datasette reads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from headcount.v1 import options_pb2

from headcount_server.errors import StoreError
from headcount_server.publication.draft import drafted
from headcount_server.registry.schema import Schema
from headcount_server.store.database import Database, Row

FILE = "totals.db"
DESCRIPTION = "metadata.json"

_VIEWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "published_weeks": (
        "Weeks that are closed.",
        {
            "week": "ISO week, in UTC",
            "monday": "its first day",
            "threshold": "counts are published in multiples of it",
            "closes": "when it was to close",
            "closed": "when it closed",
            "annotation": "what the operator says about it",
        },
    ),
    "published_totals": (
        "One published number a row; n stands for n to n + threshold - 1 installations.",
        {
            "week": "ISO week, in UTC",
            "monday": "its first day",
            "threshold": "counts of the key are published in multiples of it",
            "project": "the project that was reported on",
            "key": "the question; empty for all reports of the project",
            "measure": "reports of the project, answers to the key, or reports with a value",
            "value": "the answer",
            "version": "the release of the project, if the key is told apart by it",
            "reports": "the number",
            "other_releases": "1 if it is of all releases that were not told apart, else 0",
        },
    ),
    "published_told_apart": (
        "Releases that a value was told apart by, whether or not enough reports had both.",
        {
            "week": "ISO week, in UTC",
            "monday": "its first day",
            "project": "the project that was reported on",
            "key": "the question",
            "value": "the answer",
            "version": "the release",
        },
    ),
    "published_coverages": (
        "Numbers of installations that the operator knows from elsewhere; no report is in them.",
        {
            "week": "ISO week, in UTC",
            "monday": "its first day",
            "project": "the project",
            "installations": "the number",
            "source": "where it comes from",
        },
    ),
    "published_retractions": (
        "Numbers that the operator has taken down.",
        {
            "week": "ISO week, in UTC",
            "monday": "its first day",
            "project": "the project",
            "key": "the question whose numbers are gone",
            "reason": "why",
            "date": "when they were taken down",
        },
    ),
}
"""The views that are copied, each with the meaning of its rows, and its columns."""
_KEYS = (
    "What is asked, in the words of the declarations.",
    {
        "project": "the project that asks",
        "key": "the question",
        "label": "its short name for people",
        "type": "what kind of answer it takes",
        "description": "what is asked",
        "purpose": "what the answer is for",
    },
)
_TABLES = {**_VIEWS, "declared_keys": _KEYS}
_NUMBERS = {"threshold", "reports", "other_releases", "installations"}


def write(place: Path, known: Schema, database: Database) -> int:
    """Write the folder, which appears once it is complete; return its number of weeks.

    Works beside running servers. The same totals give the same bytes. Raises StoreError.
    """
    if place.exists():
        msg = f"{place}: is there already; name another one, or remove it first"
        raise StoreError(msg)
    try:
        with drafted(place) as draft:
            draft.mkdir()
            (draft / DESCRIPTION).write_text(_description(), encoding="utf-8")
            with database.reading() as source, closing(sqlite3.connect(draft / FILE)) as target:
                for view, (_, columns) in _VIEWS.items():
                    # As texts and sorted, so both engines give the same file.
                    names = ", ".join(f"CAST({name} AS TEXT)" for name in columns)
                    rows = source.execute(f"SELECT {names} FROM {view}")  # noqa: S608 - our names
                    _put(target, view, columns, iter(sorted(rows)))
                _put(target, "declared_keys", _KEYS[1], _keys(known))
                target.commit()
                (weeks,) = target.execute("SELECT count(*) FROM published_weeks").fetchone()
    except (OSError, sqlite3.Error) as error:
        msg = f"{place}: {getattr(error, 'strerror', None) or error}"
        raise StoreError(msg) from error
    return int(weeks)


def _put(
    target: sqlite3.Connection, table: str, columns: Mapping[str, str], rows: Iterator[Row]
) -> None:
    kinds = (f"{name} {'INTEGER' if name in _NUMBERS else 'TEXT'} NOT NULL" for name in columns)
    target.execute(f"CREATE TABLE {table} ({', '.join(kinds)})")
    places = ", ".join("?" * len(columns))
    target.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - our names


def _keys(known: Schema) -> Iterator[Row]:
    for name, project in sorted(known.projects.items()):
        for key in sorted(project.keys.values(), key=lambda key: key.number):
            asked = key.declaration
            kind = options_pb2.KeyType.Name(asked.type).removeprefix("KEY_TYPE_").lower()
            yield name, key.name, asked.label, kind, asked.description, asked.purpose


def _description() -> str:
    tables = {
        table: {"description": what, "columns": columns}
        for table, (what, columns) in _TABLES.items()
    }
    about = {
        "title": "Published totals",
        "description": "How many installations told what, week by week, as everybody may read it.",
        "databases": {Path(FILE).stem: {"tables": tables}},
    }
    return json.dumps(about, indent=2) + "\n"

"""Three weeks of the toy project with known answers, by which a maintainer decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from headcount_server.counting import answers
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry
from headcount_server.store.published_tables import every_week
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

YEAR_BEFORE, BEFORE, LAST = Week(2025, 46), Week(2026, 45), Week(2026, 46)
SITES = 200

Counted = Mapping[str, Mapping[Any, int]]
"""How many of the sites give an answer, by key; all others leave the key out."""

THEN: Counted = {
    "version": {"1.28": 120, "1.29": 60, "1.27": 20},
    "php_version": {"7.4": 60, "8.1": 90, "8.2": 50},
    "multisite": {True: 40, False: 160},
    "web_server": {"2 2.4": 120, "3 1.24": 40, "3 1.26": 40},
    "nodes": {50: 150, 5: 50},
    "modules": {(2,): 180, (2, 3): 20},
    "channel": {2: 120, 1: 80},
}
BETWEEN: Counted = {
    "version": {"1.31": 100, "1.30": 60, "1.29": 40},
    "php_version": {"7.4": 6, "8.1": 74, "8.2": 60, "8.3": 60},
    "multisite": {True: 60, False: 140},
    "web_server": {"2 2.4": 80, "3 1.24": 20, "3 1.26": 100},
    "nodes": {50: 90, 500: 110},
    "modules": {(2,): 100, (2, 3): 100},
    "channel": {2: 95, 1: 105},
}
NOW: Counted = {
    "version": {"1.31": 110, "1.30": 57, "1.29": 33},
    "php_version": {"7.4": 3, "8.1": 73, "8.2": 62, "8.3": 62},
    "multisite": {True: 63, False: 137},
    "web_server": {"2 2.4": 78, "3 1.24": 17, "3 1.26": 105},
    "nodes": {50: 80, 500: 120},
    "modules": {(2,): 95, (2, 3): 105},
    "channel": {2: 2, 1: 198},
}


def decided(path: Path, schema: Schema) -> list[PublishedWeek]:
    """Return these weeks as a database publishes them, newest first."""
    return lived(path, schema, {YEAR_BEFORE: THEN, BEFORE: BETWEEN, LAST: NOW})


def lived(path: Path, schema: Schema, weeks: Mapping[Week, Counted]) -> list[PublishedWeek]:
    """Return weeks in which sites answered so, newest first."""
    store = SqliteStore(path)
    for week, counted in weeks.items():
        terms = Terms(5, week.end + timedelta(days=2))
        store.open_week(week, terms, schema)
        store.count(list(_entries(week, schema.projects["toy"], counted)))
        store.close_week(week, terms.closes)
    store.close()
    return every_week(SqliteDatabase(path))


def _entries(week: Week, toy: Project, counted: Counted) -> Iterator[Entry]:
    told = {
        key: [value for value, number in values.items() for _ in range(number)]
        for key, values in counted.items()
    }
    for place in range(max(map(len, told.values()), default=0)):
        fields = {
            key: _field(key, values[place]) for key, values in told.items() if place < len(values)
        }
        report = toy.report_class(**fields).SerializeToString()
        token = place.to_bytes(16)
        yield Entry(week, toy, token, answers.read(toy, report, date(2025, 11, 1)))


def _field(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, str) and key == "web_server":
        number, _, version = value.partition(" ")
        return {"value": int(number), "version": version}
    return {"values" if isinstance(value, tuple) else "value": value}

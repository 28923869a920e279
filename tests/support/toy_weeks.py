"""A database of the toy project with closed weeks and an open one, and commands for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias, TypeVar

import grpc
from click.testing import CliRunner, Result
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.cli import main
from headcount_server.counting import answers
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Schema
from headcount_server.store.contract import Entry, Store
from headcount_server.store.database import Database
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

W45, W46, W47 = (Week(2026, number) for number in (45, 46, 47))
OPEN_SINCE = datetime(2026, 11, 16, tzinfo=UTC)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
CANARY = "77.31"
"""A version of PHP that only the open week has, too rarely to be published."""

Place: TypeAlias = Path | PostgresUrl
"""Where a database is, of either engine."""


def database_at(place: Place) -> Database:
    """Return the database in a place."""
    return SqliteDatabase(place) if isinstance(place, Path) else PostgresDatabase(place)


def live(path: Path, schema: Schema) -> SqliteStore:
    """Twelve reports of W45, 23 of W46, seven of the open W47; the store is still open."""
    store = SqliteStore(path)
    _live(store, schema)
    return store


def _live(store: Store, schema: Schema) -> None:
    for week, reports in ((W45, 12), (W46, 23), (W47, 7)):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), schema)
        store.count([_entry(schema, week, number) for number in range(reports)])
    for week in (W45, W46):
        store.close_week(week, week.end + timedelta(days=2))
    store.wipe_leftovers()


_Place = TypeVar("_Place", bound=Place)


def lived(place: _Place, schema: Schema) -> _Place:
    """Return the same, with the store shut, of either kind; the place itself."""
    store = database_at(place).open_store()
    _live(store, schema)
    store.close()
    return place


def lived_apart(place: _Place, schema: Schema) -> _Place:
    """Return the place with W45 and W46, where W46 tells releases apart, both closed."""
    store = database_at(place).open_store()
    for week in (W45, W46):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), schema)
        store.count([_entry(schema, week, number) for number in range(240)])
        store.close_week(week, week.end + timedelta(days=2))
    store.close()
    return place


def _entry(schema: Schema, week: Week, number: int) -> Entry:
    toy = schema.projects["toy"]
    php = CANARY if week == W47 and number < 3 else "8.2" if number % 3 else "8.3"
    report = toy.report_class(
        version={"value": "1.30" if number % 2 else "1.31"},
        php_version={"value": php},
        multisite={"value": number % 4 != 0},
    )
    token = bytes([week.number]) * 8 + number.to_bytes(8)
    return Entry(week, toy, token, answers.read(toy, report.SerializeToString(), date(2026, 11, 1)))


def command(*arguments: str | Place) -> Result:
    """Run `headcount-server` with these arguments in this process."""
    words = [a.text if isinstance(a, PostgresUrl) else str(a) for a in arguments]
    return CliRunner().invoke(main, words, env={"NO_COLOR": "1"})


def submit(app: App, report: bytes, numbers: range) -> None:
    """Send a toy report to a server, of W47, under tokens that are made of these numbers."""
    with grpc.insecure_channel(str(app.grpc)) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        for number in numbers:
            request = wire.SubmitReportRequest(week=str(W47), token=number.to_bytes(16, "little"))
            request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
            request.report.value = report
            call(request.SerializeToString(), timeout=20)

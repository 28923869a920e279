"""Store, weeks and clock against a plain model: counted exactly once, published as the model says.

Reports, copies of one site, replays that name the other open week, late
reports, a clock that goes forwards and backwards, restarts under other terms
and registries, and crashes: with SQLite the disk is copied before an arbitrary
statement of what the server is doing, and the next server starts from that
copy; with PostgreSQL all its connections are cut before that statement.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import hypothesis
import psycopg
import pytest
from headcount.v1 import options_pb2
from headcount_server.counting import answers
from headcount_server.errors import Unavailable
from headcount_server.metrics.counters import Counters
from headcount_server.publication.terms import Policy
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Project, Schema
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.store.writer import Writer
from headcount_server.week import Week
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support.postgres_server import empty
from support.store_files import rows, take_copy
from support.toy_weeks import Place, database_at

pytestmark = [pytest.mark.slow, pytest.mark.heavy]

START = datetime(2026, 11, 16, 12, tzinfo=UTC)
"""A Monday: two weeks are open."""
PHP = 2
STORIES = int(os.environ.get("HEADCOUNT_POSTGRES_STORIES", "3"))
"""Stories on PostgreSQL, where each takes seconds."""


@dataclass
class Now:
    """A clock that a test sets."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def ahead(self) -> timedelta:
        return timedelta()


@dataclass
class ModelWeek:
    """What a week is, put plainly."""

    threshold: int
    closes: datetime
    digests: set[str] = field(default_factory=set)
    sites: dict[int, str] = field(default_factory=dict)
    """The version of PHP that counts for a site, by its token."""


@dataclass
class Model:
    """What a server is to hold."""

    policy: Policy
    digest: str
    open: dict[Week, ModelWeek] = field(default_factory=dict)
    closed: dict[Week, ModelWeek] = field(default_factory=dict)
    turned_for: Week | None = None

    def turn(self, now: datetime) -> None:
        for week in [week for week, its in self.open.items() if its.closes <= now]:
            self.closed[week] = self.open.pop(week)
        self.turned_for = Week.of(now)
        for week in (self.turned_for.previous(), self.turned_for):
            terms = self.policy.terms(week)
            if week not in self.open and week not in self.closed and terms.closes > now:
                self.open[week] = ModelWeek(terms.threshold, terms.closes)
            if week in self.open and self.open[week].closes > now:
                self.open[week].digests.add(self.digest)

    def report(self, now: datetime, week: Week, site: int, php: str) -> Outcome | None:
        """What becomes of a report; None where its week takes none."""
        current = Week.of(now)
        if current not in self.open and current != self.turned_for:
            self.turn(now)
        takes = week in self.open and now < self.open[week].closes
        if week not in {current, current.previous()} or not takes:
            return None
        if any(site in its.sites for its in self.open.values()):
            return Outcome.DUPLICATE
        self.open[week].sites[site] = php
        return Outcome.COUNTED


class Server:
    """A store with its writer and weeks, without the doors."""

    def __init__(self, database: Place, clock: Now, policy: Policy, schema: Schema) -> None:
        self.store = database_at(database).open_store()
        self.writer = Writer(self.store, Counters())
        self.writer.start()
        self.weeks = WeekCycle(
            self.writer, self.store, clock, policy, CurrentRegistry(schema), on_close=lambda: None
        )
        try:
            self.weeks.advance()
        except BaseException:
            self.writer.stop()
            raise

    def report(self, entry: Entry) -> Outcome | None:
        if entry.week not in self.weeks.open():
            return None
        return self.writer.count(entry.token, lambda: entry).outcome


def copy_before(server: Server, statement: int, path: Path, directory: Path) -> Callable[[], None]:
    """Copy the disk before a statement from now; call it to copy now, if not yet done."""
    assert isinstance(server.store, SqliteStore)
    connection, left = server.store._connection, statement

    def copy_in_time(_sql: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            take_copy(path, directory)

    def copy_at_last() -> None:
        connection.set_trace_callback(None)
        if left > 0:
            take_copy(path, directory)

    connection.set_trace_callback(copy_in_time)
    return copy_at_last


class Disk:
    """A SQLite file that a server may crash on."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._crashes = 0
        (place / "0").mkdir()
        self.database: Place = place / "0" / "headcount.db"

    def crash(self, server: Server, statement: int, doing: Callable[[], object]) -> None:
        self._crashes += 1
        directory = self._place / str(self._crashes)
        assert isinstance(self.database, Path)
        copy_at_last = copy_before(server, statement, self.database, directory)
        doing()
        copy_at_last()
        server.writer.stop()
        self.database = directory / self.database.name


class Remote:
    """A PostgreSQL database that a server may lose all connections to, and end."""

    def __init__(self, url: PostgresUrl) -> None:
        self.database: Place = url
        with connected(url) as connection:
            empty(connection)

    def crash(self, server: Server, statement: int, doing: Callable[[], object]) -> None:
        real, left = psycopg.Cursor.execute, statement

        def execute(cursor: psycopg.Cursor[Any], *arguments: Any, **named: Any) -> object:
            nonlocal left
            left -= 1
            if left <= 0:
                cursor.connection.pgconn.finish()
                raise psycopg.OperationalError("cut")
            return real(cursor, *arguments, **named)

        with patch.object(psycopg.Cursor, "execute", execute), suppress(Unavailable):
            doing()
        server.writer.stop()


OFFSETS = st.sampled_from([0, 0, 0, -1, -1, 1, -2])
SITES = st.integers(0, 11)
PHPS = st.sampled_from(["8.1", "8.2"])


class StoreMachine(RuleBasedStateMachine):
    """The same things happen to a server and to its model."""

    toy: Project
    schema: Schema
    url: PostgresUrl | None = None
    ground: Disk | Remote

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.clock = Now()

    def _schema(self, digest: str) -> Schema:
        declaration = options_pb2.ProjectOptions()
        declaration.CopyFrom(self.toy.declaration)
        declaration.digest = digest
        return replace(self.schema, projects={"toy": replace(self.toy, declaration=declaration)})

    @initialize(threshold=st.integers(1, 4))
    def begin(self, threshold: int) -> None:
        self.model = Model(Policy(threshold, timedelta(days=2)), "d0")
        self.ground = Disk(self.place) if self.url is None else Remote(self.url)
        self._start()

    def _start(self) -> None:
        schema = self._schema(self.model.digest)
        self.server = Server(self.ground.database, self.clock, self.model.policy, schema)
        self.model.turn(self.clock.moment)

    def _entry(self, offset: int, site: int, php: str) -> Entry:
        report = self.toy.report_class(php_version={"value": php})
        week = Week.of(self.clock.moment + timedelta(weeks=offset))
        read = answers.read(self.toy, report.SerializeToString(), self.clock.moment.date())
        return Entry(week, self.toy, site.to_bytes(16), read)

    @rule(offset=OFFSETS, site=SITES, php=PHPS)
    def report(self, offset: int, site: int, php: str) -> None:
        entry = self._entry(offset, site, php)
        expected = self.model.report(self.clock.moment, entry.week, site, php)
        assert self.server.report(entry) is expected

    @rule(which=st.integers(0, 99), php=PHPS)
    def replay_naming_the_other_open_week(self, which: int, php: str) -> None:
        counted = [(week, site) for week, its in self.model.open.items() for site in its.sites]
        if counted:
            week, site = sorted(counted)[which % len(counted)]
            self.report(-1 if week == Week.of(self.clock.moment) else 0, site, php)

    @rule(first=SITES, php=PHPS)
    def many_report(self, first: int, php: str) -> None:
        for site in range(first, first + 5):
            self.report(0, site, php)

    @rule(
        hours=st.sampled_from([1, 1, 24, 24, 72, 120, 168, 400, -24, -168]), noticed=st.booleans()
    )
    def time_passes(self, hours: int, noticed: bool) -> None:  # noqa: FBT001 - drawn
        self.clock.moment += timedelta(hours=hours)
        if noticed:
            self.server.weeks.advance()
            self.model.turn(self.clock.moment)

    @rule(threshold=st.integers(1, 4), hours=st.sampled_from([0, 48]), digest=st.integers(0, 2))
    def restart(self, threshold: int, hours: int, digest: int) -> None:
        self.server.writer.stop()
        self.model.policy = Policy(threshold, timedelta(hours=hours))
        self.model.digest = f"d{digest}"
        self._start()

    @rule(offset=OFFSETS, site=SITES, php=PHPS, statement=st.integers(1, 12))
    def crash_while_reporting(self, offset: int, site: int, php: str, statement: int) -> None:
        """Acknowledged or not, the report counts at most once, and a retry makes it once."""
        entry = self._entry(offset, site, php)
        self._crash(statement, lambda: self.server.report(entry))
        # It may be lost or kept, and the client does not know: so it sends it again.
        outcome = self.server.report(entry)
        expected = self.model.report(self.clock.moment, entry.week, site, php)
        if expected is Outcome.COUNTED:
            assert outcome in {Outcome.COUNTED, Outcome.DUPLICATE}
        else:
            assert outcome is expected

    @rule(hours=st.sampled_from([24, 168, 400]), statement=st.integers(1, 60))
    def crash_while_turning(self, hours: int, statement: int) -> None:
        self.clock.moment += timedelta(hours=hours)
        self._crash(statement, self.server.weeks.advance)

    def _crash(self, statement: int, doing: Callable[[], object]) -> None:
        self.ground.crash(self.server, statement, doing)
        self._start()

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        if isinstance(self.ground.database, Path):
            return rows(self.ground.database, query)
        with database_at(self.ground.database).reading() as connection:
            return connection.execute(query).fetchall()

    @invariant()
    def open_weeks_hold_what_the_model_holds(self) -> None:
        if not hasattr(self, "server"):
            return
        found = set(self._rows("SELECT week, reports FROM open_reports"))
        assert found == {
            (str(week), len(its.sites)) for week, its in self.model.open.items() if its.sites
        }
        values = self._rows("SELECT week, value, reports FROM open_values")
        expected = {
            (str(week), php, n)
            for week, its in self.model.open.items()
            for php, n in Counter(its.sites.values()).items()
        }
        assert set(values) == expected
        for week, its in self.model.open.items():
            tokens = f"tokens_{week.year}_W{week.number:02}"
            assert self._rows(f"SELECT count(*) FROM {tokens}") == [(len(its.sites),)]  # noqa: S608

    @invariant()
    def closed_weeks_are_published_as_the_model_floors_them(self) -> None:
        if not hasattr(self, "server"):
            return
        found = {week.week: week for week in self.server.store.published(None, None, 99)}
        assert set(found) == set(self.model.closed)
        registries = self._rows("SELECT week, digest FROM week_registries")
        for week, its in self.model.closed.items():
            k = its.threshold
            published = found[week]
            assert published.threshold == k
            assert {digest for w, digest in registries if w == str(week)} == its.digests
            reports = len(its.sites) // k * k
            assert [p.publication.reports for p in published.projects] == [reports] * bool(reports)
            for project in published.projects:
                assert set(project.digests) == its.digests
                floors = {php: n // k * k for php, n in Counter(its.sites.values()).items()}
                cells = {c.value: n for c, n in project.publication.values.items() if c.key == PHP}
                assert cells == {php: n for php, n in floors.items() if n}
                assert project.publication.answers == {PHP: reports}

    def teardown(self) -> None:
        if hasattr(self, "server"):
            self.server.writer.stop()
        shutil.rmtree(self.place)


def test_server_and_model_hold_and_publish_the_same(toy: Project, toy_schema: Schema) -> None:
    _run(toy, toy_schema, None, 25)


def test_server_and_model_hold_and_publish_the_same_on_postgresql(
    toy: Project, toy_schema: Schema, postgres_url: PostgresUrl
) -> None:
    _run(toy, toy_schema, postgres_url, STORIES)


def _run(toy: Project, schema: Schema, url: PostgresUrl | None, stories: int) -> None:
    ours = type("ToyMachine", (StoreMachine,), {"toy": toy, "schema": schema, "url": url})
    run_state_machine_as_test(
        ours,
        settings=hypothesis.settings(max_examples=stories, stateful_step_count=20),
    )

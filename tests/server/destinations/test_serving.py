"""A server gives its destinations what is published; their failures are theirs alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.destinations import publisher, sql_tables
from headcount_server.registry.schema import Schema
from headcount_server.store.database import Database
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week
from support import leftovers, many_weeks
from support.foreign_database import NUMBERS, Foreign, published
from support.mariadb_server import MariadbServer
from support.server_process import BIN, fetch
from support.toy_weeks import command, database_at, lived
from support.waiting import until, within

pytestmark = pytest.mark.heavy

NEXT_CLOSE = "2026-11-26T00:00:00Z"
LACKING = "headcount_server_destination_lacking_weeks"
GIVEN = "headcount_server_destination_weeks_total"
FAILURES = "headcount_server_destination_failures_total"
WHY = "It let host names through."


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look and try again soon, so that no test waits long."""
    monkeypatch.setattr(publisher, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(publisher, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(publisher, "LOOK_SECONDS", 0.5)


@dataclass(frozen=True)
class Serving:
    """A server that can be started with destinations, on a database with a past."""

    config: Config
    clock: Path

    @property
    def path(self) -> Path:
        return Path(str(self.config.database))

    @contextmanager
    def to(self, *destinations: Foreign, database: Database | None = None) -> Iterator[App]:
        its = replace(
            self.config,
            database=database or self.config.database,
            destinations=tuple(each.open() for each in destinations),
        )
        with App(its, FileClock(self.clock)) as app:
            yield app

    def close_next_week(self, app: App) -> None:
        self.clock.write_text(NEXT_CLOSE, encoding="ascii")
        app.weeks.advance()


@pytest.fixture(name="serving")
def _serving(config: Config, clock_file: Path) -> Serving:
    return Serving(config, clock_file)


def _metric(app: App, name: str) -> dict[str, float]:
    """The samples of a metric of the operator's, by destination."""
    text = fetch(f"http://{app.operations}/metrics")
    lines = [line for line in text.splitlines() if line.startswith(f"{name}{{")]
    return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}


def _weeks(foreign: Foreign) -> list[str]:
    try:
        rows = foreign.rows("SELECT week FROM headcount_weeks ORDER BY week")
    except sqlalchemy.exc.DBAPIError:  # the tables are not made yet
        return []
    return [week for (week,) in rows]


def _is_given(app: App, *destinations: Foreign) -> bool:
    """Whether a server has looked at each of its destinations and knows that it lacks nothing."""
    return _metric(app, LACKING) == {str(each.url): 0 for each in destinations}


@contextmanager
def _waits_for(foreign: Foreign, week: Week) -> Iterator[None]:
    """A MariaDB that takes every week but this one, which waits until the block ends."""
    with foreign.open().connected():
        pass  # the tables are made
    connection = foreign.open().engine.connect()
    row = {"week": str(week), "monday": week.start.date(), "threshold": 5, "rule": 2}
    try:
        connection.execute(sql_tables.weeks.insert(), {**row, "annotation": "not committed"})
        yield
    finally:
        connection.invalidate()  # rolled back by the server, if that still runs
        connection.close()


def _lacks(foreign: Foreign, key: str) -> bool:
    return not any(row[3] == key for row in foreign.rows(NUMBERS))


def test_earlier_weeks_arrive_once_and_each_week_at_its_close(
    serving: Serving, toy_schema: Schema, mariadb_totals: Foreign
) -> None:
    lived(serving.path, toy_schema)
    name = str(mariadb_totals.url)
    with serving.to(mariadb_totals) as app:
        until(partial(_is_given, app, mariadb_totals))
        assert _weeks(mariadb_totals) == ["2026-W45", "2026-W46"]
        serving.close_next_week(app)
        until(lambda: _weeks(mariadb_totals) == ["2026-W45", "2026-W46", "2026-W47"])
        until(partial(_is_given, app, mariadb_totals))  # it is counted after it is there
        assert _metric(app, GIVEN) == {name: 3}
    with serving.to(mariadb_totals) as app:
        until(partial(_is_given, app, mariadb_totals))
        assert (_metric(app, GIVEN), _metric(app, FAILURES)) == ({name: 0}, {name: 0})
    assert mariadb_totals.rows(NUMBERS) == published(database_at(serving.path))


def test_what_is_taken_down_while_the_server_runs_goes_everywhere_at_once(
    serving: Serving, toy_schema: Schema, mariadb_totals: Foreign, tmp_path: Path
) -> None:
    lived(serving.path, toy_schema)
    beside = Foreign(f"sqlite:///{tmp_path / 'beside.db'}")
    with serving.to(mariadb_totals, beside) as app:
        until(partial(_is_given, app, mariadb_totals, beside))
        what = ("--project=toy", "--key=php_version", f"--reason={WHY}")
        assert command("retract", "--database", serving.path, *what).exit_code == 0
        for foreign in (mariadb_totals, beside):
            until(partial(_lacks, foreign, "php_version"))
            reasons = foreign.rows("SELECT reason FROM headcount_retractions")
            assert reasons == [(WHY,), (WHY,)]
        assert "php_version" not in fetch(f"http://{app.public}/data/weeks/2026-W45.csv")
    assert b"8.2" not in (tmp_path / "beside.db").read_bytes()


def test_a_command_beside_a_running_server_hands_its_notes_to_the_server(
    serving: Serving, toy_schema: Schema, tmp_path: Path
) -> None:
    lived(serving.path, toy_schema)
    beside = Foreign(f"sqlite:///{tmp_path / 'beside.db'}")
    flags = ("--database", serving.path, "--to", beside.text)
    with serving.to():
        assert "given 2 weeks; it has them all" in command("publish", *flags).output
        assert "given 0 weeks; it has them all" in command("publish", *flags).output
    assert "given 0 weeks; it has them all" in command("publish", *flags).output
    assert beside.rows(NUMBERS) == published(database_at(serving.path))


def test_a_destination_that_is_killed_in_the_middle_catches_up_by_itself(
    serving: Serving,
    mariadb: MariadbServer,
    mariadb_totals: Foreign,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    made = many_weeks.make(serving.path, 12, 60)
    other = Foreign(f"sqlite:///{tmp_path / 'other.db'}")
    name = str(mariadb_totals.url)
    with _waits_for(mariadb_totals, made[-1]), serving.to(mariadb_totals, other) as app:
        until(lambda: _weeks(mariadb_totals))
        mariadb.end(signal.SIGKILL)
        until(lambda: _metric(app, FAILURES)[name] >= 2)
        assert _metric(app, LACKING)[name] > 0
        # Neither the close nor another destination waits for it.
        with within(10):
            serving.close_next_week(app)
        assert "2026-W47" in fetch(f"http://{app.public}/weeks/")
        until(lambda: len(_weeks(other)) == len(made) + 1)
        assert "it is tried again, and catches up by itself" in caplog.text
        with leftovers.lasting():
            mariadb.start()
        until(lambda: _weeks(mariadb_totals) == _weeks(other))
        until(lambda: "can be written again" in caplog.text)
    assert mariadb_totals.rows(NUMBERS) == published(database_at(serving.path))
    assert other.rows(NUMBERS) == mariadb_totals.rows(NUMBERS)


def test_a_command_that_is_killed_in_the_middle_goes_on_where_it_was(
    mariadb_totals: Foreign, credentials: Callable[..., Path], tmp_path: Path
) -> None:
    path = tmp_path / "headcount.db"
    made = many_weeks.make(path, 16, 60)
    file = credentials(mariadb_totals.text)
    place = ["--to", str(mariadb_totals.url), "--credentials", str(file)]
    flags = ["--database", str(path), *place]
    with _waits_for(mariadb_totals, made[-1]):
        process = subprocess.Popen([BIN / "headcount-server", "publish", *flags])
        until(lambda: _weeks(mariadb_totals))
        process.kill()
        process.wait()
    there = len(_weeks(mariadb_totals))
    assert there < len(made)
    result = command("publish", *flags)
    given = re.search(r"given (\d+) weeks?; it has them all", result.output)
    # The week that was on its way may have arrived without a note.
    assert given, result.output
    assert int(given[1]) in {len(made) - there, len(made) - there + 1}
    assert mariadb_totals.rows(NUMBERS) == published(database_at(path))


def test_of_several_servers_on_one_database_one_gives_each_week(
    serving: Serving, mariadb_totals: Foreign, emptied_url: PostgresUrl, toy_schema: Schema
) -> None:
    database = PostgresDatabase(lived(emptied_url, toy_schema))
    with (
        serving.to(mariadb_totals, database=database) as one,
        serving.to(mariadb_totals, database=database) as other,
    ):
        serving.close_next_week(one)
        until(lambda: len(_weeks(mariadb_totals)) == 3)
        for app in (one, other):
            until(partial(_is_given, app, mariadb_totals))
        given = [sum(_metric(app, GIVEN).values()) for app in (one, other)]
    assert sum(given) == 3
    assert mariadb_totals.rows(NUMBERS) == published(database)


def test_sixty_weeks_of_three_hundred_keys_take_less_than_a_minute(
    mariadb: MariadbServer,
    mariadb_totals: Foreign,
    credentials: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """Of processor time, of the command and of MariaDB, whatever else the machine does."""
    path = tmp_path / "headcount.db"
    weeks = int(os.environ.get("HEADCOUNT_PUBLISHED_WEEKS", "6"))
    many_weeks.make(path, weeks, 300)
    flags = ("--to", str(mariadb_totals.url), "--credentials", credentials(mariadb_totals.text))
    began = time.process_time() + mariadb.processor_seconds()
    result = command("publish", "--database", path, *flags)
    took = time.process_time() + mariadb.processor_seconds() - began
    assert f"given {weeks} weeks; it has them all" in result.output, result.output
    ((number,),) = mariadb_totals.rows("SELECT count(*) FROM headcount_totals")
    assert number == weeks * (1 + 300 * (1 + 2 * len(many_weeks.VALUES)))
    assert took < weeks, f"{took:.1f} s for {weeks} weeks, of which each may take one"

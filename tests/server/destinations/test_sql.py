"""A foreign database has what is published, number by number, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from headcount_server.destinations import sql_tables
from headcount_server.destinations.ledger import CommandLedger
from headcount_server.destinations.publisher import deliver
from headcount_server.destinations.sql import SqlDestination, SqlWeeks
from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import DeliveryError
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Schema
from headcount_server.store import corrections
from headcount_server.store.published_tables import every_week
from support.foreign_database import NUMBERS, Foreign, published
from support.mariadb_server import MariadbServer
from support.toy_weeks import CANARY, W45, W46, W47, command, database_at, lived_apart

pytestmark = pytest.mark.heavy

WHY = "It let host names through."


@pytest.fixture(name="publish")
def _publish(
    database: Path, foreign: Foreign, credentials: Callable[..., Path]
) -> Callable[..., str]:
    def publish(*more: str) -> str:
        flags = ("--to", str(foreign.url), "--credentials", credentials(foreign.text))
        result = command("publish", "--database", database, *flags, *more)
        assert result.exit_code == 0, result.output
        return result.output

    return publish


def test_each_number_with_its_bounds_is_the_one_that_everybody_reads(
    publish: Callable[..., str], foreign: Foreign, database: Path
) -> None:
    corrections.annotate(database_at(database), W45, "An outage, „Ausfall“ 🕯.")
    assert "given 2 weeks; it has them all" in publish()
    assert foreign.rows(NUMBERS) == published(database_at(database))
    assert len(published(database_at(database))) > 20
    weeks = foreign.rows("SELECT week, monday, threshold, rule, annotation FROM headcount_weeks")
    assert [(week, str(day), *more) for week, day, *more in sorted(weeks)] == [
        ("2026-W45", "2026-11-02", 5, 2, "An outage, „Ausfall“ 🕯."),
        ("2026-W46", "2026-11-09", 5, 2, ""),
    ]


def test_what_is_told_apart_by_release_arrives_with_its_release(
    tmp_path: Path, toy_schema: Schema, foreign: Foreign
) -> None:
    database = lived_apart(tmp_path / "apart.db", toy_schema)
    with foreign.open().connected() as connected:
        for week in every_week(database_at(database)):
            connected.put(week)
    assert foreign.rows(NUMBERS) == published(database_at(database))
    assert {row[6] for row in foreign.rows(NUMBERS)} >= {"other releases", "1.30"}


def test_a_second_run_gives_nothing_and_one_from_scratch_changes_nothing(
    publish: Callable[..., str], foreign: Foreign
) -> None:
    publish()
    before = foreign.rows(NUMBERS)
    assert "given 0 weeks" in publish()
    assert "given 2 weeks" in publish("--anew")
    assert foreign.rows(NUMBERS) == before


def test_a_week_that_is_not_published_is_removed_by_a_run_from_scratch(
    publish: Callable[..., str], foreign: Foreign, database: Path
) -> None:
    publish()
    (week, *_) = every_week(database_at(database))
    with foreign.open().connected() as connected:
        connected.put(type(week)(W47, week.threshold, week.projects))
    publish()
    assert ("2026-W47",) in foreign.rows("SELECT week FROM headcount_weeks")
    publish("--anew")
    assert foreign.rows(NUMBERS) == published(database_at(database))
    assert ("2026-W47",) not in foreign.rows("SELECT week FROM headcount_weeks")


def test_what_was_taken_down_is_gone_there_and_a_notice_says_so(
    publish: Callable[..., str], foreign: Foreign, database: Path
) -> None:
    publish()
    assert any(row[3] == "php_version" for row in foreign.rows(NUMBERS))
    what = ("--project=toy", "--key=php_version", f"--reason={WHY}", "--week=2026-W45")
    assert command("retract", "--database", database, *what).exit_code == 0
    publish()
    rows = foreign.rows(NUMBERS)
    assert rows == published(database_at(database))
    assert not any(row[3] == "php_version" for row in rows if row[0] == "2026-W45")
    (notice,) = foreign.rows("SELECT week, project, key_name, reason FROM headcount_retractions")
    assert notice == ("2026-W45", "toy", "php_version", WHY)


def test_no_byte_of_what_was_taken_down_is_left_in_a_file(tmp_path: Path, database: Path) -> None:
    file, flag = tmp_path / "totals.db", f"--to=sqlite:///{tmp_path / 'totals.db'}"
    assert command("publish", "--database", database, flag).exit_code == 0
    assert b"8.2" in file.read_bytes()
    assert CANARY.encode() not in file.read_bytes()  # of the open week
    what = ("--project=toy", "--key=php_version", f"--reason={WHY}")
    assert command("retract", "--database", database, *what).exit_code == 0
    assert command("publish", "--database", database, flag).exit_code == 0
    assert b"8.2" not in file.read_bytes()


def test_a_correction_goes_out_before_anything_newer(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    put = SqlWeeks.put

    def noted(weeks: SqlWeeks, week: PublishedWeek) -> None:
        given.append(str(week.week))
        put(weeks, week)

    monkeypatch.setattr(SqlWeeks, "put", noted)
    flags = ("--database", database, f"--to=sqlite:///{tmp_path / 'totals.db'}")
    assert command("publish", *flags).exit_code == 0
    assert given == ["2026-W45", "2026-W46"]
    corrections.annotate(database_at(database), W46, "An outage.")
    store = database_at(database).open_store()
    store.close_week(W47, W47.end)
    store.close()
    corrections.annotate(database_at(database), W45, "An outage.")
    given.clear()
    assert command("publish", *flags).exit_code == 0
    assert given == ["2026-W45", "2026-W46", "2026-W47"]


def test_a_correction_while_a_week_is_on_its_way_brings_the_week_again(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, turns = SqlWeeks.put, iter([True])

    def corrected_meanwhile(weeks: SqlWeeks, week: PublishedWeek) -> None:
        if next(turns, False):
            corrections.annotate(database_at(database), week.week, "An outage.")
        put(weeks, week)

    monkeypatch.setattr(SqlWeeks, "put", corrected_meanwhile)
    foreign = SqlDestination.open(
        "--to", DestinationUrl.parse("--to", f"sqlite:///{tmp_path / 'totals.db'}")
    )
    assert deliver(foreign, CommandLedger(database_at(database), lambda _: False)) == 3
    with foreign.engine.connect() as connection:
        query = sqlalchemy.text("SELECT annotation FROM headcount_weeks ORDER BY week")
        assert connection.execute(query).scalars().all() == ["An outage.", ""]


def test_a_newer_programs_tables_are_refused(foreign: Foreign) -> None:
    with foreign.open().connected() as connected, connected.connection.begin():
        connected.connection.execute(sql_tables.schema.insert().values(version=2))
    with (
        pytest.raises(DeliveryError, match=r"tables are version 2, and this program knows 1"),
        foreign.open().connected(),
    ):
        pass


def test_tables_that_were_half_made_are_completed(foreign: Foreign) -> None:
    with foreign.open().connected() as connected, connected.connection.begin():
        sql_tables.totals.drop(connected.connection)
        connected.connection.execute(sql_tables.schema.delete())
    with foreign.open().connected():
        assert foreign.rows("SELECT * FROM headcount_totals") == []
        assert foreign.rows("SELECT version FROM headcount_schema") == [(1,)]


def test_mysql_keeps_the_tables_by_the_engine_that_has_transactions(
    mariadb: MariadbServer, mariadb_totals: Foreign
) -> None:
    with mariadb_totals.open().connected():
        pass
    name = mariadb_totals.text.rpartition("/")[2]
    query = (
        "SELECT DISTINCT engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = database()"
    )
    assert mariadb.query(query, name) == [("InnoDB", "utf8mb4_bin")]
    mariadb.query("ALTER TABLE headcount_totals ENGINE=MyISAM", name)
    said = r"headcount_totals is kept by MyISAM, .*: ALTER TABLE headcount_totals ENGINE=InnoDB"
    with pytest.raises(DeliveryError, match=said), mariadb_totals.open().connected():
        pass


def test_values_that_differ_in_case_or_at_the_end_are_two_values(
    mariadb_totals: Foreign, database: Path
) -> None:
    (week, *_) = every_week(database_at(database))
    (project,) = week.projects
    cell = next(iter(project.publication.values))
    twins = {cell._replace(value=each): 5 for each in ("nginx", "Nginx", "nginx ", "Ngiñx", "💡")}
    publication = replace(project.publication, values=twins)
    with mariadb_totals.open().connected() as connected:
        connected.put(replace(week, projects=(replace(project, publication=publication),)))
    rows = mariadb_totals.rows("SELECT value FROM headcount_totals WHERE measure = 'value'")
    assert {value for (value,) in rows} == {cell.value for cell in twins}
    (found,) = mariadb_totals.rows(
        "SELECT count(*) FROM headcount_totals WHERE measure = 'value' AND value = 'Nginx'"
    )
    assert found == (1,)


def test_the_file_of_a_server_is_no_destination(database: Path, tmp_path: Path) -> None:
    result = command("publish", "--database", database, f"--to=sqlite:///{database}")
    assert result.exit_code == 1
    assert "a server counts in this file; name another one" in result.output
    other = tmp_path / "text.db"
    other.write_text("no database at all, but long enough to be looked at" * 20, encoding="utf-8")
    result = command("publish", "--database", database, f"--to=sqlite:///{other}")
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert re.search(r"--to sqlite:///\S+: file is not a database", result.output)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_memory_is_no_destination(url: str, database: Path) -> None:
    result = command("publish", "--database", database, f"--to={url}")
    assert result.exit_code == 1
    assert "names no file; write sqlite:///totals.db" in result.output


def test_a_driver_that_is_not_installed_is_named(database: Path) -> None:
    result = command("publish", "--database", database, "--to=mysql+mysqldb://u@127.0.0.1/x")
    assert result.exit_code == 1
    assert "needs MySQLdb, which is not installed; install it with: pip install" in result.output


def test_a_server_that_is_away_is_told_in_a_sentence(database: Path) -> None:
    result = command("publish", "--database", database, "--to=mysql+pymysql://u@127.0.0.1:1/x")
    assert result.exit_code == 1
    assert "Error: mysql+pymysql://u@127.0.0.1:1/x: " in result.output
    assert "Traceback" not in result.output

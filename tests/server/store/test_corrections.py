"""What should never have been published is taken down, a week is explained, a lost one given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from headcount_server.counting import answers
from headcount_server.errors import StoreError
from headcount_server.publication.published import Coverage, PublishedProject
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import corrections
from headcount_server.store.contract import Entry
from headcount_server.store.published_tables import every_week
from headcount_server.store.sqlite.audit import audit
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.server_process import ServerProcess
from support.toy_weeks import (
    CANARY,
    OPEN_SINCE,
    W45,
    W46,
    W47,
    command,
    database_at,
    live,
    lived,
    lived_apart,
)

W48 = W47.next()
WHY = "The key let host names through."


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


def _retract(database: Path, key: str, *more: str) -> str:
    what = ("--project=toy", f"--key={key}", f"--reason={WHY}")
    result = command("retract", "--database", database, *what, *more)
    assert result.exit_code == 0, result.output
    return result.output


def _toy(database: Path, week: Week) -> PublishedProject:
    (found,) = [found for found in every_week(database_at(database)) if found.week == week]
    (project,) = found.projects
    return project


def _keys(project: PublishedProject) -> set[str]:
    return set(project.key_names.values())


def _bytes(database: Path) -> bytes:
    return b"".join(
        path.read_bytes() for path in database.parent.glob(f"{database.name}*") if path.is_file()
    )


def test_one_week_of_a_key_is_taken_down_and_leaves_a_notice(database: Path) -> None:
    output = _retract(database, "php_version", "--week=2026-W45")
    assert "toy php_version: taken down from 2026-W45" in output
    taken, kept = _toy(database, W45), _toy(database, W46)
    assert _keys(taken) == {"version", "multisite"}
    assert "php_version" in _keys(kept)
    (notice,) = taken.retractions
    assert (notice.name, notice.reason) == ("php_version", WHY)
    assert kept.retractions == ()
    assert audit(database).findings == ()


def test_a_key_is_taken_down_from_all_weeks_and_from_those_to_come(database: Path) -> None:
    output = _retract(database, "php_version")
    assert "taken down from 2026-W45, 2026-W46" in output
    assert "withheld from every week to come" in output
    store = SqliteStore(database)
    store.close_week(W47, W47.end)
    store.close()
    for week in (W45, W46, W47):
        project = _toy(database, week)
        assert "php_version" not in _keys(project)
        assert "multisite" in _keys(project) or week == W47
        if week != W47:
            assert [notice.name for notice in project.retractions] == ["php_version"]


def test_a_withheld_key_that_is_reported_on_is_named_in_the_notice_of_each_week(
    tmp_path: Path, toy_schema: Schema
) -> None:
    path = tmp_path / "early.db"
    SqliteStore(path).close()
    store = SqliteStore(path)
    store.open_week(W45, Terms(5, W45.end + timedelta(days=2)), toy_schema)
    store.close()
    _retract(path, "php_version")
    live(path, toy_schema).close()
    project = _toy(path, W46)
    assert "php_version" not in _keys(project)
    assert [notice.reason for notice in project.retractions] == [WHY]
    assert _keys(project) == {"version", "multisite"}


def test_no_byte_of_what_was_taken_down_is_left(
    database: Path, toy: Project, toy_schema: Schema, said: Callable[..., bytes]
) -> None:
    """What is looked for is long: the time of a schema's step may have any three bytes."""
    published = "a canary at the well"
    read = answers.read(toy, said(note={"value": published}), OPEN_SINCE.date())
    store = SqliteStore(database)
    store.open_week(W48, Terms(5, W48.end), toy_schema)
    store.count([Entry(W48, toy, number.to_bytes(16), read) for number in range(5)])
    store.close_week(W48, W48.end)
    assert published in {cell.value for cell in _toy(database, W48).publication.values}
    store.close()
    for key, value in (("php_version", CANARY), ("note", published)):
        assert value.encode() in _bytes(database)
        _retract(database, key)
        assert value.encode() not in _bytes(database)


def test_taking_down_the_version_takes_the_releases_out_of_the_other_keys(
    tmp_path: Path, toy_schema: Schema
) -> None:
    database = lived_apart(tmp_path / "apart.db", toy_schema)
    before = _toy(database, W46).publication.values
    by_value: dict[str, int] = {}
    for cell, reports in before.items():
        if cell.release:
            by_value[cell.value] = by_value.get(cell.value, 0) + reports
    assert len(by_value) < sum(1 for cell in before if cell.release)
    _retract(database, "version")
    after = _toy(database, W46).publication.values
    assert {cell.value: n for cell, n in after.items() if cell.key == 2} == by_value
    assert not [cell for cell in after if cell.release or cell.key == 1]


def test_the_notice_is_public(toy_registry: Path, database: Path) -> None:
    _retract(database, "php_version", "--week=2026-W46")
    corrections.annotate(database_at(database), W46, "An outage on Tuesday.")
    shown = command("statistics", "--database", database).output
    assert f": {WHY}" in shown
    assert "note: An outage on Tuesday." in shown
    server = ServerProcess(toy_registry, database.parent, OPEN_SINCE)
    server.start()
    try:
        assert "headcount_toy_php_version" not in server.metrics()
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--project=nobody", "--key=x", "--reason=r"], "--project nobody: this database knows no"),
        (["--project=toy", "--key=x", "--reason=r"], "--key x: toy has no such key; it has "),
        (["--project=toy", "--key=note", "--reason=r", "--week=2026-W45"], "--week 2026-W45: noth"),
        (["--project=toy", "--key=note", "--reason= "], "--reason: one line of 1 to 500 printable"),
        (["--project=toy", "--key=note", "--reason=a\nb"], "--reason: one line"),
    ],
)
def test_a_retraction_of_nothing_is_refused_with_what_there_is(
    database: Path, arguments: list[str], said: str
) -> None:
    before = every_week(database_at(database))
    result = command("retract", "--database", database, *arguments)
    assert result.exit_code == 1
    assert f"Error: {said}" in result.output
    assert every_week(database_at(database)) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["retract", "--project=toy", "--key=note", "--reason=r"],
        ["annotate", "--week=2026-W45", "text"],
        ["coverage", "--project=toy", "--week=2026-W45", "--installations=9", "--source=s"],
        ["discard", "--week=2026-W47"],
    ],
)
def test_a_correction_is_refused_if_another_process_holds_the_file_and_takes_none(
    tmp_path: Path, toy_schema: Schema, arguments: list[str]
) -> None:
    store = live(tmp_path / "headcount.db", toy_schema)
    result = command(*arguments, "--database", tmp_path / "headcount.db")
    assert result.exit_code == 1
    assert "another server has it open; stop that one" in result.output
    store.close()


def test_an_annotation_can_be_replaced_and_taken_back(database: Path) -> None:
    for text in ("First.", "Second.", ""):
        result = command("annotate", "--database", database, "--week=2026-W45", text)
        assert result.exit_code == 0, result.output
        (week,) = [week for week in every_week(database_at(database)) if week.week == W45]
        assert week.annotation == text


def test_an_unknown_week_is_not_annotated(database: Path) -> None:
    result = command("annotate", "--database", database, "--week=2025-W01", "text")
    assert result.exit_code == 1
    assert "has no such week; it has 2026-W45 to 2026-W47" in result.output


def _covered(database: Path, *flags: str) -> str:
    result = command("coverage", "--database", database, "--project=toy", *flags)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_number_of_installations_can_be_replaced_and_taken_back(database: Path) -> None:
    for number, source in ((5000, "downloads"), (4000, "update checks"), (0, "")):
        output = _covered(
            database, "--week=2026-W45", f"--installations={number}", f"--source={source}"
        )
        week, other = every_week(database_at(database))[::-1]
        assert week.coverages == ((Coverage("toy", number, source),) if number else ())
        assert other.coverages == ()
        told = f"{number} installations, source: {source}" if number else "taken back"
        assert output == f"toy 2026-W45: {told}\n"
    assert audit(database).findings == ()


def test_nothing_is_left_of_a_source_that_is_taken_back(database: Path) -> None:
    _covered(database, "--week=2026-W46", "--installations=9", "--source=a canary at the well")
    assert b"a canary at the well" in _bytes(database)
    _covered(database, "--week=2026-W46", "--installations=0")
    assert b"a canary at the well" not in _bytes(database)


def test_a_number_of_installations_waits_for_the_close_and_outlives_a_retraction(
    database: Path, toy_schema: Schema
) -> None:
    _covered(database, f"--week={W47}", "--installations=5000", "--source=downloads")
    assert [week.coverages for week in every_week(database_at(database))] == [(), ()]
    store = SqliteStore(database)
    store.open_week(W47, Terms(5, W47.end), toy_schema)
    store.close_week(W47, W47.end)
    store.close()
    _retract(database, "version")
    newest = every_week(database_at(database))[0]
    assert newest.coverages == (Coverage("toy", 5000, "downloads"),)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--project=nobody", "--week=2026-W45"], "--project nobody: this database knows no such"),
        (["--week=2025-W01"], "has no such week; it has 2026-W45 to 2026-W47"),
        (["--installations=-1"], "--installations -1: a whole number from 1 to 1000000000000, or"),
        (["--installations=1000000000001"], "--installations 1000000000001: a whole number"),
        (["--installations=many"], "'many' is not a number from 0 to 1000000000000"),
        (["--source="], "--source: one line of 1 to 500 printable characters"),
        (["--source=a\nb"], "--source: one line"),
    ],
)
def test_a_wrong_number_of_installations_is_refused(
    database: Path, flags: list[str], said: str
) -> None:
    right = ["--project=toy", "--week=2026-W45", "--installations=5", "--source=downloads"]
    result = command("coverage", "--database", database, *right, *flags)
    assert result.exit_code != 0
    assert said in result.output
    assert every_week(database_at(database))[1].coverages == ()


def test_a_lost_week_key_costs_that_week_alone(database: Path, toy_schema: Schema) -> None:
    published = every_week(database_at(database))
    key = Path(f"{database}.keys") / "2026-W47.key"
    key.unlink()
    with pytest.raises(StoreError, match="headcount-server discard --week 2026-W47"):
        SqliteStore(database)
    result = command("discard", "--database", database, "--week=2026-W47")
    assert result.exit_code == 0, result.output
    assert every_week(database_at(database)) == published
    assert CANARY.encode() not in _bytes(database)
    assert audit(database).findings == ()
    store = SqliteStore(database)
    assert store.open_weeks() == {}
    store.open_week(W47, Terms(5, W47.end), toy_schema)
    store.close_week(W47, W47.end)
    newest = store.published(None, None, 1)[0]
    store.close()
    assert newest.week == W47
    assert newest.annotation.startswith("Reports received before 20")


def test_only_an_open_week_can_be_given_up(database: Path) -> None:
    result = command("discard", "--database", database, "--week=2026-W46")
    assert result.exit_code == 1
    assert "--week 2026-W46: not open; open are 2026-W47" in result.output

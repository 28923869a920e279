"""What nobody was asked is told apart from what too few answered, in every file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from headcount.v1 import options_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.pages.site import Site
from headcount_server.publication import bundle, bundle_reader, response, table
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.publication.terms import Policy
from headcount_server.publication.unasked import Unasked, Why, unasked
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.published_tables import every_week
from headcount_server.week import Week
from support.server_process import fetch
from support.toy_weeks import W46, command, database_at, lived

ADDED, RETIRED = options_pb2.CHANGE_KIND_ADDED, options_pb2.CHANGE_KIND_RETIRED
POLICY = Policy(5, timedelta(days=2))
LANGUAGES = 10
EXPIRED = Unasked("old", Why.EXPIRED, "2026-01-01")


ABOUT = bundle.About(Policy(5, timedelta(days=2)))


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


@pytest.fixture(name="week")
def _week(database: Path) -> PublishedWeek:
    return every_week(database_at(database))[0]


def dated(toy: Project, *changes: tuple[str, options_pb2.ChangeKind, str]) -> Project:
    """The project with a release for each change, in the order of their days."""
    declared = options_pb2.ProjectOptions()
    declared.CopyFrom(toy.declaration)
    for key, kind, day in changes:
        release = declared.releases.add(name=day, date=day)
        release.changes.add(key=key, kind=kind)
    return replace(toy, declaration=declared)


def marks(toy: Project, week: PublishedWeek) -> list[Unasked]:
    return list(unasked(toy, week.week, week.projects[0]))


def without(week: PublishedWeek, key: int) -> PublishedWeek:
    """The week as if the key had not been declared in it."""
    (project,) = week.projects
    terms = {number: its for number, its in project.terms.items() if number != key}
    too_few = {number: name for number, name in project.too_few.items() if number != key}
    return replace(week, projects=(replace(project, terms=terms, too_few=too_few),))


def test_a_key_counts_as_expired_from_the_first_week_that_begins_on_its_day(
    toy_schema: Schema, week: PublishedWeek
) -> None:
    toy = toy_schema.projects["toy"]
    assert EXPIRED in marks(toy, week)
    first, before = Week(2026, 2), Week(2026, 1)
    for when, is_marked in ((first, True), (before, False)):
        assert (EXPIRED in marks(toy, replace(week, week=when))) is is_marked


def test_a_key_that_was_declared_later_is_not_asked_yet_and_named_with_its_day(
    toy_schema: Schema, week: PublishedWeek
) -> None:
    toy = toy_schema.projects["toy"]
    assert [each.key for each in marks(toy, week)] == ["old"]
    newer = without(week, LANGUAGES)
    assert Unasked("languages", Why.NOT_YET, "") in marks(toy, newer)
    released = dated(toy, ("languages", ADDED, "2026-11-20"))
    assert Unasked("languages", Why.NOT_YET, "2026-11-20") in marks(released, newer)
    # A release before the week that did not reach this server in time is no day of asking.
    early = dated(toy, ("languages", ADDED, "2026-11-01"))
    assert Unasked("languages", Why.NOT_YET, "") in marks(early, newer)


def test_a_key_that_was_taken_down_is_not_said_to_be_unasked(
    toy_schema: Schema, week: PublishedWeek
) -> None:
    newer = without(week, LANGUAGES)
    notice = Retraction(LANGUAGES, "languages", "Too much.", "2026-11-20")
    taken = replace(newer, projects=(replace(newer.projects[0], retractions=(notice,)),))
    assert [each.key for each in marks(toy_schema.projects["toy"], taken)] == ["old"]


@pytest.mark.parametrize(
    ("day", "found"), [("2026-11-09", "2026-11-09"), ("", ""), ("2026-11-10", None)]
)
def test_a_retired_key_is_marked_from_its_release_on(
    toy_schema: Schema, week: PublishedWeek, day: str, found: str | None
) -> None:
    retired = dated(toy_schema.projects["toy"], ("gone", RETIRED, day))
    expected = [] if found is None else [Unasked("gone", Why.RETIRED, found)]
    assert [each for each in marks(retired, week) if each != EXPIRED] == expected


def test_a_retired_key_is_not_marked_in_a_week_that_asked_it(
    toy_schema: Schema, week: PublishedWeek
) -> None:
    toy = toy_schema.projects["toy"]
    names = {key: toy.keys[key].name for key in toy.keys}
    answered, few = names[3], names[LANGUAGES]
    for name, number in ((answered, 3), (few, LANGUAGES)):
        left = {key: its for key, its in toy.keys.items() if key != number}
        retired = replace(dated(toy, (name, RETIRED, "2026-11-01")), keys=left)
        assert [each for each in marks(retired, week) if each != EXPIRED] == []
    again = dated(toy, (answered, RETIRED, "2026-10-01"))
    assert [each.key for each in marks(again, week)] == ["old"]


def test_nothing_is_said_of_weeks_from_before_terms_were_kept(
    toy_schema: Schema, week: PublishedWeek
) -> None:
    (project,) = week.projects
    before = replace(week, projects=(replace(project, terms={}, too_few={}),))
    retired = dated(toy_schema.projects["toy"], ("gone", RETIRED, ""))
    assert marks(retired, before) == [EXPIRED]


def test_json_and_csv_mark_both_and_say_why(toy_schema: Schema, week: PublishedWeek) -> None:
    site = Site(toy_schema, [week], POLICY)
    for file, only in (("weeks/2026-W46", ""), ("projects/toy", ""), ("projects/toy/old", "old")):
        found = site.document(f"data/{file}.json")
        lines = site.document(f"data/{file}.csv")
        assert found is not None
        assert lines is not None
        (project,) = json.loads(found.body)["weeks"][0]["projects"]
        assert project["notAsked"] == [
            {"key": "old", "reason": "NOT_ASKED_REASON_EXPIRED", "date": "2026-01-01"}
        ]
        rows = list(csv.DictReader(io.StringIO(lines.body.decode())))
        (mark,) = [row for row in rows if row["measure"] == "not asked"]
        told = [mark[name] for name in ("key", "value", "reports", "lower", "upper")]
        assert told == ["old", "expired 2026-01-01", "0", "0", "0"]
        few = {row["key"]: row["upper"] for row in rows if row["measure"] == "too few"}
        assert set(few) == {each["key"] for each in project.get("tooFew", ())}
        assert ("languages" in few) is (not only)
        assert set(few.values()) <= {"4", "9"}


def test_the_calls_and_the_bundle_tell_what_the_files_tell(  # noqa: PLR0913 - fixtures
    running: App,
    submit: Callable[..., object],
    said: Callable[..., bytes],
    at: Callable[[str], None],
    call: Callable[[str, bytes], bytes],
    toy_schema: Schema,
    tmp_path: Path,
) -> None:
    for number in range(11):
        submit(said(version={"value": "1.30"}), number)
    at("2026-11-25T00:00:00Z")
    service = wire.GetStatisticsResponse.FromString(call("GetStatistics", b""))
    marked = [each.key for each in service.weeks[0].projects[0].not_asked]
    assert marked == ["old"]
    file = fetch(f"http://{running.public}/data/weeks/latest.json")
    assert file == table.as_json(service)
    weeks = every_week(running._config.database)
    bundle.write(tmp_path / "bundle", toy_schema, weeks, ABOUT)
    again = response.response(bundle_reader.read(tmp_path / "bundle").weeks, "", toy_schema)
    assert again == response.response(weeks, "", toy_schema)


def test_the_command_marks_them_if_it_is_told_the_registry(
    database: Path, toy_registry: Path
) -> None:
    asked = ("statistics", "--database", database, f"--week={W46}")
    plain = command(*asked).output.splitlines()
    assert "    languages: fewer than 5 answers" in plain
    assert not [line for line in plain if "not asked" in line]
    marked = command(*asked, "--registry", toy_registry).output.splitlines()
    assert "    old: not asked (expired 2026-01-01)" in marked
    alone = command(*asked, "--registry", toy_registry, "--key=old", "--format=csv").output
    assert [line.split(",")[3:6] for line in alone.splitlines()[2:]] == [
        ["old", "not asked", "expired 2026-01-01"]
    ]

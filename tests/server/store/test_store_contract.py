"""What every store does, on SQLite and on PostgreSQL: the contract in `store.Store`.

Counted exactly once, published once, and everything else forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from headcount.v1 import options_pb2
from headcount_server.counting import answers, vocabulary
from headcount_server.counting.tally import Cell
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome, Store
from headcount_server.week import Week
from support.store_place import Place

W45, W46, W47 = Week(2026, 45), Week(2026, 46), Week(2026, 47)
COUNTED, DUPLICATE, CLOSED = Outcome.COUNTED, Outcome.DUPLICATE, Outcome.CLOSED
NOTE, PHP, VERSION = 8, 2, 1

MakeEntry = Callable[..., Entry]


def _terms(week: Week, threshold: int = 5) -> Terms:
    return Terms(threshold, week.end + timedelta(days=2))


def _closing(week: Week) -> datetime:
    return _terms(week).closes


@pytest.fixture(name="store")
def _store(place: Place, toy_schema: Schema) -> Iterator[Store]:
    store = place.open()
    for week in (W46, W47):
        store.open_week(week, _terms(week), toy_schema)
    yield store
    store.close()


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    """An entry whose token is made of a number, which settles its shard too."""

    def entry(number: int, week: Week = W47, note: str = "hello", **more: dict[str, str]) -> Entry:
        report = said(note={"value": note}, php_version={"value": "8.2"}, **more)
        read = answers.read(toy, report, date(2026, 11, 19))
        return Entry(week, toy, number.to_bytes(16, "little"), read)

    return entry


def _reports(place: Place) -> dict[str, int]:
    rows = place.rows("SELECT week, reports FROM open_reports")
    return {str(week): int(str(n)) for week, n in rows}


def test_a_report_is_counted_with_all_its_answers(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    assert store.count([entry(1), entry(2, note="other")]) == [COUNTED, COUNTED]
    assert _reports(place) == {"2026-W47": 2}
    assert place.rows("SELECT key, answers FROM open_answers ORDER BY key") == [(PHP, 2), (NOTE, 2)]
    assert place.rows("SELECT key, value, release, reports FROM open_values ORDER BY key") == [
        (PHP, "8.2", "other", 2),
        (NOTE, "hello", "", 1),
    ]


@pytest.mark.parametrize("size", [1, 15, 16, 17, 300])
def test_groups_of_any_size_and_variety_are_counted_in_full(
    store: Store, place: Place, entry: MakeEntry, size: int
) -> None:
    for first in (0, 1000):
        group = [entry(first + number, note=f"text {number}") for number in range(size)]
        assert store.count(group) == [COUNTED] * size
        assert store.count(group) == [DUPLICATE] * size
    assert _reports(place) == {"2026-W47": 2 * size}
    expected = {(f"text {number}", 2) for number in range(size)} | {("8.2", 2 * size)}
    assert set(place.rows("SELECT value, reports FROM open_values")) == expected
    answered = place.rows("SELECT key, answers FROM open_answers")
    assert set(answered) == {(PHP, 2 * size), (NOTE, 2 * size)}


def test_a_token_counts_once_within_a_group_and_across_groups(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    assert store.count([entry(1), entry(1), entry(2)]) == [COUNTED, DUPLICATE, COUNTED]
    assert store.count([entry(2), entry(3)]) == [DUPLICATE, COUNTED]
    assert _reports(place) == {"2026-W47": 3}


@pytest.mark.slow
def test_the_first_report_of_a_token_wins(store: Store, place: Place, entry: MakeEntry) -> None:
    store.count([entry(1, note="first"), entry(1, note="second")])
    store.count([entry(1, note="third")])
    assert place.rows("SELECT value FROM open_values WHERE key = 8") == [("first",)]


def test_a_token_is_looked_for_in_every_open_week(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    assert store.count([entry(1, W46), entry(1, W47)]) == [COUNTED, DUPLICATE]
    assert store.count([entry(2, W47), entry(2, W46)]) == [COUNTED, DUPLICATE]
    assert _reports(place) == {"2026-W46": 1, "2026-W47": 1}


@pytest.mark.slow
def test_a_week_that_is_not_open_takes_nothing(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    assert store.count([entry(1, W45), entry(1)]) == [CLOSED, COUNTED]
    assert _reports(place) == {"2026-W47": 1}


def test_a_restart_loses_nothing_and_counts_nothing_twice(
    place: Place, toy_schema: Schema, entry: MakeEntry
) -> None:
    store = place.open()
    store.open_week(W47, _terms(W47), toy_schema)
    store.count([entry(1)])
    store.close()
    again = place.open()
    assert again.open_weeks() == {W47: _terms(W47)}
    assert again.count([entry(1), entry(2)]) == [DUPLICATE, COUNTED]
    assert _reports(place) == {"2026-W47": 2}
    again.close()


def test_the_close_publishes_multiples_of_the_threshold(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    store.count([entry(n, note="often" if n < 7 else "rare") for n in range(11)])
    store.close_week(W47, _closing(W47))
    (week,) = store.published(None, None, 10)
    (project,) = week.projects
    assert (week.week, week.threshold, project.name, project.digests) == (W47, 5, "toy", ("d1",))
    assert project.key_names == {PHP: "php_version", NOTE: "note"}
    assert project.publication == Publication(
        reports=10,
        answers={PHP: 10, NOTE: 10},
        values={Cell(PHP, "8.2", ""): 10, Cell(NOTE, "often", ""): 5},
    )
    assert _reports(place) == {}


def test_a_week_below_the_threshold_publishes_nothing_but_its_close(
    store: Store, entry: MakeEntry
) -> None:
    store.count([entry(n) for n in range(4)])
    store.close_week(W47, _closing(W47))
    (week,) = store.published(None, None, 10)
    assert (week.week, week.projects) == (W47, ())


def test_closing_one_week_leaves_the_other_as_it_is(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    store.count([entry(1, W46), entry(2, W47)])
    store.close_week(W46, _closing(W46))
    assert store.wipe_leftovers()
    assert _reports(place) == {"2026-W47": 1}
    assert store.count([entry(2), entry(1, W46), entry(1)]) == [DUPLICATE, CLOSED, COUNTED]


def test_a_closed_week_never_opens_again(
    place: Place, toy_schema: Schema, entry: MakeEntry
) -> None:
    store = place.open()
    store.open_week(W47, _terms(W47), toy_schema)
    store.close_week(W47, _closing(W47))
    store.open_week(W47, _terms(W47), toy_schema)
    assert store.open_weeks() == {}
    store.close()
    again = place.open()
    again.open_week(W47, _terms(W47), toy_schema)
    assert again.count([entry(1)]) == [CLOSED]
    again.close()


@pytest.mark.slow
def test_terms_are_settled_by_the_first_opening(
    store: Store, toy_schema: Schema, entry: MakeEntry
) -> None:
    store.open_week(W47, Terms(1, W47.end), toy_schema)
    assert store.open_weeks()[W47] == _terms(W47)
    store.count([entry(1)])
    store.close_week(W47, _closing(W47))
    assert store.published(None, None, 1)[0].projects == ()


@pytest.mark.slow
def test_published_weeks_are_given_newest_first_within_bounds(
    store: Store, toy_schema: Schema
) -> None:
    store.open_week(W45, _terms(W45), toy_schema)
    for week in (W45, W46, W47):
        store.close_week(week, _closing(week))

    def weeks(first: Week | None, last: Week | None, limit: int) -> list[Week]:
        return [week.week for week in store.published(first, last, limit)]

    assert weeks(None, None, 10) == [W47, W46, W45]
    assert weeks(None, None, 1) == [W47]
    assert weeks(W46, None, 10) == [W47, W46]
    assert weeks(None, W46, 10) == [W46, W45]
    assert weeks(W47, W45, 10) == []


@pytest.mark.slow
def test_a_token_is_looked_for_in_every_open_week_across_groups(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    assert store.count([entry(1, W46), entry(2, W47)]) == [COUNTED, COUNTED]
    assert store.count([entry(1, W47), entry(2, W46), entry(3)]) == [DUPLICATE, DUPLICATE, COUNTED]
    assert _reports(place) == {"2026-W46": 1, "2026-W47": 2}


@pytest.mark.slow
def test_the_same_token_of_two_projects_counts_for_each(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    first = entry(1)
    twin = Entry(W47, _renamed(first.project, "twin"), first.token, first.answers)
    assert store.count([first, twin]) == [COUNTED, COUNTED]
    assert store.count([twin, first]) == [DUPLICATE, DUPLICATE]
    rows = place.rows("SELECT project, reports FROM open_reports ORDER BY project")
    assert rows == [("toy", 1), ("twin", 1)]


def _renamed(project: Project, name: str) -> Project:
    declaration = options_pb2.ProjectOptions()
    declaration.CopyFrom(project.declaration)
    declaration.name = name
    return replace(project, declaration=declaration)


@pytest.mark.slow
def test_two_snapshots_of_a_registry_in_one_group_add_to_the_same_totals(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    first = entry(64)
    second = Entry(W47, replace(first.project), entry(128).token, first.answers)
    assert first.project is not second.project
    assert store.count([first, second]) == [COUNTED, COUNTED]
    assert _reports(place) == {"2026-W47": 2}


@pytest.mark.slow
def test_values_past_the_bound_are_not_tallied_but_their_answers_are(
    monkeypatch: pytest.MonkeyPatch, store: Store, place: Place, entry: MakeEntry
) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 3)
    for number in range(5):
        store.count([entry(number, note=f"text {number}")])
    store.count([entry(9, note="text 1")])
    query = "SELECT value, reports FROM open_values WHERE key = 8 ORDER BY value"
    assert place.rows(query) == [("text 0", 1), ("text 1", 2), ("text 2", 1)]
    assert place.rows("SELECT answers FROM open_answers WHERE key = 8") == [(6,)]


@pytest.mark.slow
def test_the_bound_holds_for_values_that_come_in_one_group(
    monkeypatch: pytest.MonkeyPatch, store: Store, place: Place, entry: MakeEntry
) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 3)
    store.count([entry(number, note=f"text {number}") for number in range(9)])
    assert place.rows("SELECT count(*) FROM open_values WHERE key = 8") == [(3,)]


@pytest.mark.slow
def test_a_report_of_a_closed_week_puts_no_value_into_the_vocabulary(
    monkeypatch: pytest.MonkeyPatch, store: Store, place: Place, entry: MakeEntry
) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 1)
    assert store.count([entry(1, W45, note="late"), entry(2, note="kept")]) == [CLOSED, COUNTED]
    assert place.rows("SELECT value FROM open_values WHERE key = 8") == [("kept",)]


@pytest.mark.slow
def test_only_releases_that_were_known_before_the_week_have_cells_of_their_own(
    store: Store, place: Place, toy_schema: Schema, entry: MakeEntry
) -> None:
    store.count([entry(number, W46, version={"value": "1.0"}) for number in range(5)])
    store.close_week(W46, _closing(W46))
    later = W47.next()
    store.open_week(later, _terms(later), toy_schema)
    for number in range(4):
        store.count([entry(100 + number, later, version={"value": f"1.{number}"})])
    query = (
        "SELECT release, sum(reports) FROM open_values WHERE key = 2 GROUP BY release ORDER BY 1"
    )
    assert [(release, int(str(n))) for release, n in place.rows(query)] == [
        ("1.0", 1),
        ("other", 3),
    ]
    assert place.rows("SELECT count(*) FROM open_values WHERE key = 1") == [(4,)]


@pytest.mark.slow
def test_a_restart_knows_the_values_that_were_admitted(
    monkeypatch: pytest.MonkeyPatch, place: Place, toy_schema: Schema, entry: MakeEntry
) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 2)
    store = place.open()
    store.open_week(W47, _terms(W47), toy_schema)
    store.count([entry(1, note="one"), entry(2, note="two")])
    store.close()
    again = place.open()
    again.count([entry(3, note="three"), entry(4, note="two")])
    again.close()
    query = "SELECT value, reports FROM open_values WHERE key = 8 ORDER BY value"
    assert place.rows(query) == [("one", 1), ("two", 2)]


@pytest.mark.slow
def test_an_empty_group_counts_nothing(store: Store, place: Place) -> None:
    assert store.count([]) == []
    assert _reports(place) == {}


@pytest.mark.slow
def test_every_token_has_a_lane(store: Store) -> None:
    lanes = {store.lane(bytes([first]) * 16) for first in range(256)}
    assert lanes == set(range(store.lanes))
    assert store.lane(b"") in lanes


@pytest.mark.slow
def test_a_lone_server_is_never_behind_its_own_changes(store: Store, entry: MakeEntry) -> None:
    store.refresh()
    assert not store.may_have_changed()
    store.count([entry(1)])
    assert not store.may_have_changed()


def test_a_store_is_well_and_says_so_without_changing_anything(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    store.count([entry(1)])
    assert store.probe()
    assert store.wipe_leftovers()
    assert store.count([entry(1)]) == [DUPLICATE]
    assert _reports(place) == {"2026-W47": 1}


@pytest.mark.slow
def test_nothing_of_a_closed_week_is_left_and_the_audit_finds_nothing(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    store.count([entry(n, W46, note=f"rare {n}") for n in range(7)])
    store.count([entry(n) for n in range(100, 104)])
    store.close_week(W46, _closing(W46))
    assert store.wipe_leftovers()
    found = place.audit()
    assert found.findings == ()
    assert found.keys == ("2026-W47",)
    assert not [table for table in found.tables if "w46" in table.name.lower()]
    tokens = [table.rows for table in found.tables if table.name.startswith("tokens")]
    assert tokens == [4]
    for name in ("reports", "answers", "values"):
        assert place.rows(f"SELECT DISTINCT week FROM open_{name}") == [("2026-W47",)]  # noqa: S608


@pytest.mark.slow
def test_no_table_but_the_tokens_grows_with_the_reports(
    store: Store, place: Place, entry: MakeEntry
) -> None:
    def sizes() -> dict[str, int]:
        return {table.name: table.rows for table in place.audit().tables}

    store.count([entry(n) for n in range(64)])
    before = sizes()
    store.count([entry(n) for n in range(64, 128)])
    grown = {name.lower() for name, rows in sizes().items() if rows != before[name]}
    assert grown == {"tokens_2026_w47"}


@pytest.mark.slow
def test_the_views_tell_all_that_is_published(store: Store, place: Place, entry: MakeEntry) -> None:
    store.count([entry(n, note="often" if n < 7 else "rare") for n in range(11)])
    store.close_week(W47, _closing(W47))
    columns = "week, monday, threshold, project, key, measure, value, version, reports"
    found = place.rows(f"SELECT {columns} FROM published_totals ORDER BY key, measure, value")  # noqa: S608
    at = ("2026-W47", "2026-11-16", 5, "toy")
    assert [(week, str(monday), *rest) for week, monday, *rest in found] == [
        (*at, "", "reports", "", "", 10),
        (*at, "note", "answers", "", "", 10),
        (*at, "note", "value", "often", "", 5),
        (*at, "php_version", "answers", "", "", 10),
        (*at, "php_version", "value", "8.2", "", 10),
    ]
    weeks = place.rows("SELECT week, monday, threshold, annotation FROM published_weeks")
    assert [(week, str(monday), *rest) for week, monday, *rest in weeks] == [
        ("2026-W47", "2026-11-16", 5, "")
    ]


@pytest.mark.parametrize(
    ("week", "monday"),
    [(Week(2027, 1), "2027-01-04"), (Week(2026, 53), "2026-12-28"), (Week(2024, 1), "2024-01-01")],
)
def test_the_views_know_the_monday_of_every_week(
    place: Place, toy_schema: Schema, week: Week, monday: str
) -> None:
    store = place.open()
    store.open_week(week, _terms(week), toy_schema)
    store.close_week(week, _closing(week))
    store.close()
    assert week.start.date().isoformat() == monday
    assert [str(found) for (found,) in place.rows("SELECT monday FROM published_weeks")] == [monday]

"""An operator sees per project that something is wrong, and nothing of what was answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from headcount_server.app import App
from headcount_server.counting.tally import Cell
from headcount_server.metrics.project_health import ProjectHealth
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.publication.rounding import Publication
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from prometheus_client.parser import text_string_to_metric_families

Submit = Callable[..., object]
Said = Callable[..., bytes]
Fetch = Callable[..., tuple[str, str]]
HOUR = 3600.0
BEGAN = 1_800_000_000.0 - 1_800_000_000.0 % HOUR


@pytest.fixture(name="signals")
def _signals(toy_schema: Schema) -> ProjectHealth:
    return ProjectHealth(CurrentRegistry(toy_schema), lambda: BEGAN + 1234)


def _value(signals: ProjectHealth, name: str, **labels: str) -> float | None:
    found = [
        sample.value
        for family in signals.collect()
        for sample in family.samples
        if sample.name == name and sample.labels == {"project": "toy", **labels}
    ]
    assert len(found) <= 1
    return found[0] if found else None


def _week(number: int, reports: int, *releases: str) -> PublishedWeek:
    values = {Cell(1, release, ""): 5 for release in releases}
    publication = Publication(reports, {1: 5} if releases else {}, values)
    toy = PublishedProject("toy", ("d1",), {1: "version"}, publication)
    return PublishedWeek(Week(2026, number), 5, (toy,) if reports else ())


def test_silence_is_counted_from_the_hour_of_the_last_report(signals: ProjectHealth) -> None:
    name = "headcount_server_last_report_timestamp_seconds"
    assert _value(signals, name) == BEGAN
    signals.understood("toy", "complete", BEGAN + 5 * HOUR + 1801.5)
    assert _value(signals, name) == BEGAN + 5 * HOUR
    signals.understood("toy", "refused", BEGAN + 9 * HOUR)
    assert _value(signals, name) == BEGAN + 5 * HOUR


def test_reports_are_counted_by_how_much_of_them_was_understood(signals: ProjectHealth) -> None:
    for how in ("complete", "complete", "partial", "refused"):
        signals.understood("toy", how, BEGAN - HOUR)
    counted = {
        how: _value(signals, "headcount_server_project_reports_total", understood=how)
        for how in ("complete", "partial", "refused")
    }
    assert counted == {"complete": 2, "partial": 1, "refused": 1}


def test_counters_move_on_the_hour_and_not_with_a_report(toy_schema: Schema) -> None:
    """Else whoever keeps the history of the operations port would have the moment of each."""
    now = [BEGAN + 1234]
    signals = ProjectHealth(CurrentRegistry(toy_schema), lambda: now[0])

    def told() -> float | None:
        return _value(signals, "headcount_server_project_reports_total", understood="complete")

    signals.understood("toy", "complete", now[0])
    assert told() == 0
    now[0] = BEGAN + HOUR - 1
    signals.understood("toy", "complete", now[0])
    assert told() == 0
    now[0] = BEGAN + HOUR
    assert told() == 2, "though no report came since"
    signals.understood("toy", "complete", now[0])
    assert told() == 2
    signals.understood("toy", "complete", BEGAN + 7 * HOUR)
    now[0] = BEGAN + 8 * HOUR
    assert told() == 4


def test_a_jump_is_seen_against_the_median_of_the_weeks_before(signals: ProjectHealth) -> None:
    assert _value(signals, "headcount_server_last_week_reports") is None
    signals.show([_week(46, 400)])
    assert _value(signals, "headcount_server_last_week_reports") == 400
    assert _value(signals, "headcount_server_usual_reports") is None
    signals.show([_week(46, 400), *(_week(n, 100 if n > 42 else 0) for n in range(45, 37, -1))])
    assert _value(signals, "headcount_server_usual_reports") is None  # three weeks old
    signals.show([_week(46, 400), *(_week(n, 100 if n > 41 else 0) for n in range(45, 37, -1))])
    assert _value(signals, "headcount_server_usual_reports") == 100
    history = [_week(number, 100 + number) for number in range(46, 26, -1)]
    signals.show([_week(47, 0), *history])
    assert _value(signals, "headcount_server_last_week_reports") == 0
    assert _value(signals, "headcount_server_usual_reports") == 142.5


@pytest.mark.parametrize(
    ("since", "seen", "missing"),
    [
        ("", ["1.30"], 0),
        ("1.30", [], 1),
        ("1.30", ["1.30"], 0),
        ("1.30.2", ["1.30"], 0),
        ("1.x-1.31.0", ["1.30"], 1),
        ("1.9", ["1.30"], 0),
        ("v1.31", ["other", "1.30"], 1),
        ("soon", ["1.30"], 0),
    ],
)
def test_a_declared_release_that_nobody_reported_is_counted(
    toy_schema: Schema, since: str, seen: list[str], missing: int
) -> None:
    declaration = toy_schema.projects["toy"].keys[3].declaration
    before = declaration.since
    declaration.since = since
    try:
        signals = ProjectHealth(CurrentRegistry(toy_schema), lambda: BEGAN)
        signals.show([_week(46, 10, *seen)])
        assert _value(signals, "headcount_server_unreported_releases") == missing
    finally:
        declaration.since = before


def test_a_running_server_shows_them_without_a_key_a_value_or_a_moment(
    running: App, fetch: Fetch, submit: Submit, said: Said, at: Callable[[str], None]
) -> None:
    for number in range(6):
        submit(said(multisite={"value": True}, note={"value": "canary"}), number)
    submit(said(multisite={"value": True}, note={"value": "x" * 65}), 7)
    at("2026-11-25T00:00:00Z")
    _, body = fetch(running.operations)
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert samples["headcount_server_project_reports_total", "complete", "toy"] == 6
    assert samples["headcount_server_project_reports_total", "partial", "toy"] == 1
    assert samples["headcount_server_last_week_reports", "toy"] == 5
    assert samples["headcount_server_last_report_timestamp_seconds", "toy"] % HOUR == 0
    assert "canary" not in body
    assert "multisite" not in body


def _answered(number: int, **answers: int) -> PublishedWeek:
    by_number = {int(key.removeprefix("key")): count for key, count in answers.items()}
    toy = PublishedProject("toy", ("d1",), {}, Publication(40, by_number, {}))
    return PublishedWeek(Week(2026, number), 5, (toy,))


@pytest.mark.parametrize(
    ("last", "before", "silent"),
    [
        ({"key3": 5}, {"key3": 20}, 0),
        ({}, {"key3": 20}, 1),
        ({}, {"key3": 15}, 0),  # so few that chance explains it
        ({}, {"key3": 20, "key2": 40}, 2),
    ],
)
def test_a_key_that_many_answered_and_nobody_does_any_more_is_counted(
    signals: ProjectHealth, last: dict[str, int], before: dict[str, int], silent: int
) -> None:
    history = [_answered(number, **before) for number in range(46, 42, -1)]
    signals.show([_answered(47, **last), *history])
    assert _value(signals, "headcount_server_silent_keys") == silent
    signals.show([_answered(47, **last), *history[:-1]])
    assert _value(signals, "headcount_server_silent_keys") == 0  # too young to tell

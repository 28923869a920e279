"""Published totals as Prometheus reads them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.counting.tally import Cell
from headcount_server.metrics import published_totals
from headcount_server.metrics.published_totals import PublishedTotals
from headcount_server.metrics.series_limit import MAX_SERIES, shown
from headcount_server.pages.site import Site
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]

W47 = Week(2026, 47)
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
NASTY = 'a "b" \\ c\nd'


def _week(
    answers: Mapping[int, int], values: Mapping[Cell, int], project: str = "toy"
) -> PublishedWeek:
    names = {number: f"key_{number}" for number in answers}
    publication = Publication(20, answers, values)
    return PublishedWeek(W47, 5, (PublishedProject(project, ("d1",), names, publication),))


def _series(families: list[Metric]) -> Series:
    series: Series = {}
    for family in families:
        for sample in family.samples:
            place = (sample.name, tuple(sorted(sample.labels.items())))
            assert place not in series, "a series is exposed twice"
            series[place] = sample.value
    return series


def _encoded(registry: CollectorRegistry, accept: str) -> tuple[str, str]:
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry).decode()


def _read(content_type: str, body: str) -> list[Metric]:
    parse: Any = parse_openmetrics if "openmetrics" in content_type else parse_text
    return list(parse(body))


def _exposed(schema: Schema, week: PublishedWeek | None) -> Series:
    """What both formats say, which has to be the same."""
    totals = PublishedTotals(CurrentRegistry(schema))
    totals.show(week)
    registry = published_totals.registry(totals)
    text = _series(_read(*_encoded(registry, "text/plain")))
    strict = _series(_read(*_encoded(registry, OPENMETRICS)))
    assert text == strict
    return text


def test_nothing_is_exposed_before_the_first_close(toy_schema: Schema) -> None:
    assert _exposed(toy_schema, None) == {}


def test_each_key_is_a_family_named_after_it_with_its_values_as_labels(toy_schema: Schema) -> None:
    week = _week({4: 15}, {Cell(4, "Apache 2.4", ""): 10, Cell(4, "nginx", ""): 5})
    exposed = _exposed(toy_schema, week)
    assert exposed == {
        (
            "headcount_week_start_timestamp_seconds",
            (),
        ): datetime(2026, 11, 16, tzinfo=UTC).timestamp(),
        ("headcount_threshold_reports", ()): 5,
        ("headcount_cut_series", ()): 0,
        ("headcount_toy_reports", ()): 20,
        ("headcount_toy_web_server_answers", ()): 15,
        ("headcount_toy_web_server_reports", (("value", "Apache 2.4"),)): 10,
        ("headcount_toy_web_server_reports", (("value", "nginx"),)): 5,
    }


def test_a_cross_tabulation_has_the_release_as_a_second_label_and_a_margin_that_is_its_sum(
    toy_schema: Schema,
) -> None:
    week = _week({2: 20}, {Cell(2, "8.2", "1.30"): 5, Cell(2, "8.2", "1.31"): 10})
    exposed = _exposed(toy_schema, week)
    by_version = "headcount_toy_php_version_by_version_reports"
    assert exposed[by_version, (("value", "8.2"), ("version", "1.30"))] == 5
    assert exposed[by_version, (("value", "8.2"), ("version", "1.31"))] == 10
    assert exposed["headcount_toy_php_version_reports", (("value", "8.2"),)] == 15


@pytest.mark.parametrize("key", [2, 4], ids=["crossed now", "crossed no more"])
def test_cells_of_both_kinds_are_exposed_without_a_series_twice(
    toy_schema: Schema, key: int
) -> None:
    week = _week({key: 20}, {Cell(key, "x", ""): 5, Cell(key, "x", "1.30"): 5})
    exposed = _exposed(toy_schema, week)
    name = toy_schema.projects["toy"].keys[key].name
    assert exposed[f"headcount_toy_{name}_reports", (("value", "x"),)] == 10


def test_quotes_backslashes_and_newlines_in_values_are_escaped(toy_schema: Schema) -> None:
    exposed = _exposed(toy_schema, _week({11: 5}, {Cell(11, NASTY, ""): 5}))
    assert exposed["headcount_toy_channel_reports", (("value", NASTY),)] == 5


@given(texts=st.sets(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)))
def test_every_text_is_read_back_as_it_was(toy_schema: Schema, texts: set[str]) -> None:
    exposed = _exposed(toy_schema, _week({8: 5}, {Cell(8, text, ""): 5 for text in texts}))
    told = {labels[0][1] for name, labels in exposed if name == "headcount_toy_note_reports"}
    assert told == texts


def test_projects_and_keys_that_the_registry_no_longer_has_are_left_out(
    toy_schema: Schema,
) -> None:
    assert len(_exposed(toy_schema, _week({}, {}, "gone"))) == 3
    assert len(_exposed(toy_schema, _week({77: 5}, {Cell(77, "x", ""): 5}))) == 4


def test_help_says_what_the_declaration_says(toy_schema: Schema) -> None:
    totals = PublishedTotals(CurrentRegistry(toy_schema))
    totals.show(_week({2: 5}, {}))
    helps = {family.name: family.documentation for family in totals.collect()}
    assert "PHP version" in helps["headcount_toy_php_version_reports"]
    assert "Toy" in helps["headcount_toy_reports"]


@pytest.fixture(name="closed_week")
def _closed_week(
    submit: Callable[..., wire.SubmitReportResponse],
    said: Callable[..., bytes],
    at: Callable[[str], None],
) -> None:
    for number in range(5):
        submit(said(channel={"value": 3}), number)
    at("2026-11-25T00:00:00Z")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/plain", "text/plain; version="),
        ("", "text/plain; version="),
        (OPENMETRICS, "application/openmetrics-text; version=1"),
    ],
)
@pytest.mark.usefixtures("closed_week")
def test_the_page_speaks_the_format_that_was_asked_for(
    running: App, fetch: Callable[..., tuple[str, str]], accept: str, content_type: str
) -> None:
    told, body = fetch(running.public, accept)
    assert told.startswith(content_type)
    exposed = _series(_read(told, body))
    assert exposed["headcount_toy_channel_reports", (("value", NASTY),)] == 5


def _long_lists() -> PublishedWeek:
    """A week with 530 items of a catalogue, 1,000 versions in free text, and 40 releases."""
    values = {Cell(6, f"module_{n:03}", ""): 5 * (1 + n % 50) for n in range(530)}
    values |= {Cell(8, f"9.{n}", ""): 5 for n in range(1000)}
    values |= {Cell(2, f"8.{n}", f"1.{m}"): 5 + 5 * (n == m) for n in range(60) for m in range(40)}
    return _week({2: 9000, 6: 300, 8: 5000}, values)


def test_of_a_long_list_the_most_frequent_values_are_exposed_and_the_rest_is_told(
    toy_schema: Schema,
) -> None:
    week = _long_lists()
    exposed = _exposed(toy_schema, week)
    modules = {
        labels[0][1]: n for (name, labels), n in exposed.items() if name.endswith("modules_reports")
    }
    published = {c.value: n for c, n in week.projects[0].publication.values.items() if c.key == 6}
    assert len(modules) == 200
    assert modules.items() <= published.items()
    assert min(modules.values()) >= max(n for v, n in published.items() if v not in modules)
    # Of 1,000 equals those that come first are kept.
    notes = sorted(labels[0][1] for name, labels in exposed if name == "headcount_toy_note_reports")
    assert notes == sorted(f"9.{n}" for n in range(1000))[:200]

    def cut(key: str) -> float:
        return exposed["headcount_cut_values", (("key", key), ("project", "toy"))]

    cells = [labels for name, labels in exposed if name.endswith("by_version_reports")]
    assert len(cells) == 1000
    assert (cut("modules"), cut("note"), cut("php_version")) == (330, 800, 1400)
    assert exposed["headcount_cut_series", ()] == 330 + 800 + 1400


def test_a_value_per_release_that_is_larger_is_kept_before_a_smaller_one(
    toy_schema: Schema,
) -> None:
    exposed = _exposed(toy_schema, _long_lists())
    for number in range(40):
        labels = (("value", f"8.{number}"), ("version", f"1.{number}"))
        assert exposed["headcount_toy_php_version_by_version_reports", labels] == 10


def test_a_margin_is_the_sum_of_all_cells_though_some_are_cut(toy_schema: Schema) -> None:
    exposed = _exposed(toy_schema, _long_lists())
    labels = (("value", "8.50"),)
    assert exposed["headcount_toy_php_version_reports", labels] == 40 * 5


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), most=st.integers(3, 60))
def test_the_number_of_series_is_bounded_and_every_choice_the_same_in_any_order(
    toy_schema: Schema, seed: int, most: int
) -> None:
    values = {Cell(k, f"v{n}", ""): 5 * (1 + n % 3) for k in (4, 6, 8) for n in range(9)}
    values |= {Cell(2, f"8.{n}", f"1.{m}"): 5 for n in range(4) for m in range(4)}
    pairs = list(values.items())
    Random(seed).shuffle(pairs)  # noqa: S311 - no secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headcount_server.metrics.series_limit.MAX_SERIES", most)
        answers = {2: 80, 4: 100, 6: 100, 8: 100}
        first = _exposed(toy_schema, _week(answers, values))
        again = _exposed(toy_schema, _week(answers, dict(pairs)))
    assert first == again
    assert len(first) <= most
    told = {n: v for n, v in first.items() if not n[0].startswith("headcount_cut")}
    assert first["headcount_cut_series", ()] == 2 + 1 + 4 + 27 + 4 + 16 - len(told)
    largest = sorted([5 * (1 + n % 3) for n in range(9)] * 3 + [20] * 4, reverse=True)
    kept = [v for (_, labels), v in told.items() if [name for name, _ in labels] == ["value"]]
    assert sorted(kept, reverse=True) == largest[: len(kept)], "the largest of all keys"


def test_the_bounds_hold_for_a_registry_of_any_size(toy_registry: Path) -> None:
    known = schema.load(toy_registry)
    toy = known.projects["toy"]
    many = {f"p{n}": toy for n in range(40)}
    values = {Cell(8, f"v{n}", ""): 5 for n in range(300)}
    week = _week({8: 100}, values)
    (one,) = week.projects
    week = replace(week, projects=tuple(replace(one, name=name) for name in many))
    chosen = shown(many, week.projects)
    kept = sum(len(key.values) for project in chosen.projects for key in project.keys)
    assert kept == 200 * 40
    more = {f"p{n}": toy for n in range(120)}
    week = replace(week, projects=tuple(replace(one, name=name) for name in more))
    chosen = shown(more, week.projects)
    kept = sum(len(key.values) for project in chosen.projects for key in project.keys)
    assert 3 + 2 * 120 + kept + len(chosen.notices) == MAX_SERIES
    assert chosen.cut == 120 * 300 - kept


def test_prometheus_itself_finds_nothing_to_say_against_it(toy_schema: Schema) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "this test needs promtool: apt-get install prometheus (or make test)"
    week = _long_lists()
    (project,) = week.projects
    cells = {**project.publication.values, Cell(11, NASTY, ""): 5}
    answers = {**project.publication.answers, 11: 5}
    totals = PublishedTotals(CurrentRegistry(toy_schema))
    totals.show(_week(answers, cells))
    _, body = _encoded(published_totals.registry(totals), "text/plain")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=body, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pages_and_files_have_what_the_metrics_cut(toy_schema: Schema) -> None:
    site = Site(toy_schema, [_long_lists()], Policy(5, timedelta(days=2)))
    for key, value in (("modules", "module_050"), ("note", "9.999")):
        for address in (f"projects/toy/{key}/", f"data/projects/toy/{key}.csv"):
            document = site.document(address)
            assert document is not None
            assert value in document.body.decode()


ROUNDS = {"check", "may_have_changed", "probe", "wipe_leftovers"}
"""What the writer and the week's own thread ask of a store now and then."""


class _Watched(SqliteStore):
    """The real store, which notes what it is asked."""

    asked: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - whatever is there
        if not name.startswith("_"):
            _Watched.asked.append(name)
        return super().__getattribute__(name)


def test_a_scrape_asks_the_store_nothing_however_many_reports_there_are(
    config: Config,
    clock_file: Path,
    said: Callable[..., bytes],
    fetch: Callable[..., tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headcount_server.store.sqlite.database.SqliteStore", _Watched)
    with App(config, FileClock(clock_file)) as app, grpc.insecure_channel(str(app.grpc)) as channel:
        call: Any = channel.unary_unary("/headcount.v1.TelemetryService/SubmitReport")
        looks = []
        for number in range(40):
            request = wire.SubmitReportRequest(week="2026-W47", token=number.to_bytes(16))
            request.report.type_url = "x/headcount.projects.toy.v1.Report"
            request.report.value = said(note={"value": f"text {number}"})
            call(request.SerializeToString(), timeout=10)
            if number % 13 == 0:
                app.weeks.advance()
                _Watched.asked.clear()
                looks.append((fetch(app.public), fetch(app.public, OPENMETRICS)))
                assert set(_Watched.asked) <= ROUNDS
    assert len(set(looks)) == 1


def test_a_scrape_makes_nothing_anew_until_a_week_closes_or_the_registry_changes(
    toy_registry: Path,
) -> None:
    in_force = CurrentRegistry(schema.load(toy_registry))
    totals = PublishedTotals(in_force)
    totals.show(_long_lists())
    first = totals.collect()
    assert totals.collect() is first
    in_force.replace(schema.load(toy_registry))
    second = totals.collect()
    assert second is not first
    totals.show(_long_lists())
    assert totals.collect() is not second

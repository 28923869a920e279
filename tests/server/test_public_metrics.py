"""Published totals as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import public_metrics
from headcount_server.app import App
from headcount_server.in_force import InForce
from headcount_server.public_metrics import PublishedTotals
from headcount_server.publication import Publication
from headcount_server.schema import Schema
from headcount_server.store import PublishedProject, PublishedWeek
from headcount_server.tally import Cell
from headcount_server.week import Week
from hypothesis import given
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
    publication = Publication(20, answers, values)
    return PublishedWeek(W47, 5, (PublishedProject(project, ("d1",), {}, publication),))


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
    totals = PublishedTotals(InForce(schema))
    totals.show(week)
    registry = public_metrics.registry(totals)
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
    assert len(_exposed(toy_schema, _week({}, {}, "gone"))) == 2
    assert len(_exposed(toy_schema, _week({77: 5}, {Cell(77, "x", ""): 5}))) == 3


def test_help_says_what_the_declaration_says(toy_schema: Schema) -> None:
    totals = PublishedTotals(InForce(toy_schema))
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

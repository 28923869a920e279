"""Dashboards follow from the declarations, and are what Grafana understands."""

from __future__ import annotations

import copy
import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from headcount_registry.monitoring.dashboard import uid
from support import shop
from support.grafana_model import LATEST_SCHEMA, faults
from support.repository import ROOT
from support.workbench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from click.testing import Result

GENERATED = ROOT / "registry" / "generated" / "grafana"
VARIABLE = re.compile(r"\$\w|\$\{|\[\[")
"""How Grafana finds a variable in a text."""
INSTANCES = 'label_values(headcount_threshold_reports{job=~"$job"}, instance)'
"""The query of a variable by another one, in which no word of a declaration stands."""
METRIC = re.compile(r"(?:headcount_\w+|__name__=)")
PICKED = 'job=~"$job",instance=~"$instance"}'
KEY = "telemetry[{0}][type] = boolean\ntelemetry[{0}][label] = About {0}\n"

Json = dict[str, Any]


def generate(bench: Bench, *options: str) -> Result:
    where = ("--out", str(bench.out))
    return bench.run("generate", "grafana", str(bench.declarations), *where, *options)


def dashboard(path: Path) -> Json:
    loaded: Json = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def panels(of: Json) -> list[Json]:
    return [panel for panel in of["panels"] if panel["type"] != "row"]


@pytest.fixture(scope="module", name="shops")
def _shops(tmp_path_factory: pytest.TempPathFactory) -> Json:
    bench = Bench(tmp_path_factory.mktemp("shop"))
    shop.write(bench.declarations)
    assert generate(bench).exit_code == 0
    return dashboard(bench.out / "shop.json")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.name for path in GENERATED.glob("*.json")))
def test_the_models_of_grafana_take_every_property_of_what_is_shipped(name: str) -> None:
    assert faults(dashboard(GENERATED / name)) == []


@pytest.mark.slow
def test_they_take_a_dashboard_with_every_kind_of_key_and_hostile_words(shops: Json) -> None:
    assert faults(shops) == []
    assert {panel["type"] for panel in panels(shops)} == {
        *("stat", "text", "timeseries", "bargauge", "gauge", "table", "barchart")
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (("schemaversion",), 42, "schemaversion: unknown"),
        (("timezone",), 3, "timezone: 3 is no"),
        (("panels", 1, "gridPos", "w"), "4", "grid_pos.w: '4' is no"),
        (("panels", 1, "options", "colorMode"), "rainbow", "color_mode: 'rainbow' is no"),
        (("panels", 1, "targets", 0, "expression"), "up", "expression: unknown"),
        (("panels", 1, "fieldConfig", "defaults", "units"), "s", "defaults.units: unknown"),
        (("templating", "list", 0, "type"), "source", "type_val: 'source' is no"),
    ],
)
def test_the_models_find_what_is_not_as_grafana_wants_it(
    shops: Json, place: tuple[str | int, ...], value: object, fault: str
) -> None:
    wrong = copy.deepcopy(shops)
    part: Any = wrong
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    assert any(fault in each for each in faults(wrong)), faults(wrong)


def test_the_schema_is_the_one_that_grafana_writes_today(shops: Json) -> None:
    assert shops["schemaVersion"] == LATEST_SCHEMA


def test_every_query_asks_the_data_source_of_the_variable(shops: Json) -> None:
    variable, *_ = shops["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    asked = [target["datasource"] for panel in panels(shops) for target in panel.get("targets", [])]
    assert asked
    assert all(each == {"type": "prometheus", "uid": f"${{{variable['name']}}}"} for each in asked)


@pytest.mark.parametrize("name", [*sorted(each.name for each in GENERATED.glob("*.json")), "shop"])
def test_every_series_is_limited_to_the_servers_that_are_picked(shops: Json, name: str) -> None:
    shown = shops if name == "shop" else dashboard(GENERATED / name)
    _, job, instance = shown["templating"]["list"]
    assert [(each["name"], each["type"], each["multi"]) for each in (job, instance)] == [
        ("job", "query", True),
        ("instance", "query", True),
    ]
    assert 'job=~"$job"' in instance["query"]
    # All of one job at most, and of totals one instance, until the reader picks more.
    assert (job["includeAll"], instance["includeAll"]) == (False, name == "server.json")
    queries = [target["expr"] for panel in panels(shown) for target in panel.get("targets", [])]
    assert queries
    for query in queries:
        assert len(METRIC.findall(query)) == query.count(PICKED), query


@pytest.mark.parametrize("name", [*sorted(each.name for each in GENERATED.glob("*.json")), "shop"])
def test_every_number_has_a_unit_and_a_generated_dashboard_is_not_edited(
    shops: Json, name: str
) -> None:
    shown = shops if name == "shop" else dashboard(GENERATED / name)
    assert shown["editable"] is False
    for panel in panels(shown):
        parts = [panel["fieldConfig"]["defaults"]]
        parts += [
            {each["id"]: each["value"]}
            for over in panel["fieldConfig"]["overrides"]
            for each in over["properties"]
        ]
        assert panel["type"] == "text" or any(part.get("unit") for part in parts), panel["title"]


@pytest.mark.slow
def test_of_very_many_keys_the_reader_picks_one(bench: Bench) -> None:
    bench.write(
        "toy.info",
        "".join(KEY.format(f"k{number}") for number in range(300))
        + 'telemetry[odd][type] = text\ntelemetry[odd][label] = "Odd, $job : one"\n',
    )
    assert generate(bench).exit_code == 0
    path = bench.out / "toy.json"
    shown = dashboard(path)
    assert faults(shown) == []
    assert path.stat().st_size < 50_000
    assert len(panels(shown)) < 15
    picker = shown["templating"]["list"][-1]
    choices = re.findall(r"(?:\\,|[^,])+", picker["query"])  # as Grafana parts them
    assert len(choices) == 302  # with the release
    assert "About k299 (k299) : k299" in picker["query"]
    (odd,) = (each.strip() for each in choices if "Odd" in each)
    assert odd == "Odd\\, $\N{WORD JOINER}job : one (odd) : odd"
    asked = [target["expr"] for panel in panels(shown) for target in panel.get("targets", [])]
    assert sum('__name__="headcount_toy_${key}_reports"' in each for each in asked) == 3


def test_no_word_of_a_declaration_is_taken_for_a_variable(shops: Json) -> None:
    texts = [
        (place, text)
        for place, text in strings(shops)
        if place[-1] not in {"uid", "expr"} and VARIABLE.search(text) and text != INSTANCES
    ]
    # Of the dashboard itself no variable is ever replaced.
    assert [place for place, _ in texts] == [("description",)]


def strings(
    part: object, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(part, str):
        yield place, part
    elif is_json(part):
        for name, value in part.items():
            yield from strings(value, (*place, name))
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from strings(value, (*place, number))


def is_json(part: object) -> TypeGuard[Json]:
    return isinstance(part, dict)


def test_no_word_of_a_declaration_stands_in_a_query_or_legend(shops: Json) -> None:
    legends = set()
    for panel in panels(shops):
        for target in panel.get("targets", []):
            assert "datasource" not in target["expr"]
            legends.add(target["legendFormat"])
    ranges = {"10-99", "100", "101+", "0-9, rare or unknown"}
    assert legends == {"__auto", "reports", "{{value}}", "other, rare or unknown", "yes"} | ranges


def test_words_are_shown_as_they_are_and_make_no_markup(shops: Json) -> None:
    panel = next(each for each in panels(shops) if each["title"].startswith('A "web"'))
    assert panel["title"].replace("\N{WORD JOINER}", "") == (
        'A "web" $datasource ${datasource} [[datasource]] {{x}} \\ <i>'
    )
    assert r"\<s\>" in panel["description"]
    assert r"\[x\](javascript:1)" in panel["description"]
    assert "<https://example.org/%24datasource/%5B%5Bdatasource%5D%5D>" in panel["description"]


def test_the_homepage_is_linked_by_an_address_without_a_variable(shops: Json) -> None:
    assert [link["url"] for link in shops["links"] if link["type"] == "link"] == [
        "https://example.org/?%24datasource"
    ]


def test_a_key_has_its_distribution_and_its_course_and_one_by_release_where_declared(
    shops: Json,
) -> None:
    kinds: dict[str, list[str]] = {}
    for panel in panels(shops):
        kinds.setdefault(panel["title"].partition(", ")[0], []).append(panel["type"])
    assert kinds["Cache"] == ["gauge", "timeseries"]
    assert kinds["Nodes"] == ["bargauge", "timeseries"]
    assert kinds["System"] == ["bargauge", "timeseries"]
    assert kinds["PHP"] == ["bargauge", "timeseries", "barchart"]
    assert kinds["Modules"] == ["bargauge", "timeseries"]
    assert kinds["Languages"] == ["bargauge", "timeseries"]
    assert kinds["Note"] == ["table", "timeseries"]
    assert kinds["A key with a long name"] == ["gauge", "timeseries"]


def test_parts_of_a_whole_are_stacked_and_lists_are_not(shops: Json) -> None:
    stacked = {
        panel["title"]
        for panel in panels(shops)
        if panel["type"] == "timeseries"
        and panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    }
    assert {"Nodes, over time", "System, over time", "PHP, over time"} <= stacked
    assert not {"Modules, over time", "Languages, over time", "Cache, over time"} & stacked


def test_the_ranges_of_a_count_come_in_their_order(shops: Json) -> None:
    (panel,) = (each for each in panels(shops) if each["title"] == "Nodes")
    assert [target["legendFormat"] for target in panel["targets"]] == [
        *("0-9, rare or unknown", "10-99", "100", "101+")
    ]


def test_a_panel_tells_what_the_key_asks_why_and_where_that_was_decided() -> None:
    shipped = dashboard(GENERATED / "backdrop.json")
    (panel,) = (each for each in panels(shipped) if each["title"] == "PHP version")
    model = json.loads((ROOT / "registry" / "generated" / "registry.json").read_text())
    (backdrop,) = (each for each in model["projects"] if each["name"] == "backdrop")
    (key,) = (each for each in backdrop["keys"] if each["name"] == "php_version")
    for attribute in ("description", "purpose", "issue"):
        assert key[attribute]
        assert key[attribute] in panel["description"].replace("\\", "")


@pytest.mark.parametrize("name", sorted(path.name for path in GENERATED.glob("*.json")))
def test_panels_stand_side_by_side_and_none_upon_another(name: str) -> None:
    shown = dashboard(GENERATED / name)["panels"]
    assert len({panel["id"] for panel in shown}) == len(shown)
    taken: set[tuple[int, int]] = set()
    for panel in shown:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = set(itertools.product(columns, range(place["y"], place["y"] + place["h"])))
        assert not cells & taken, panel["title"]
        assert max(columns) < 24
        taken |= cells


def test_addresses_are_short_and_differ_even_where_names_begin_alike() -> None:
    assert uid("backdrop") == "headcount-backdrop"
    long = [uid("a" * 38 + ending) for ending in ("_x", "_y")]
    assert len({*long}) == 2
    assert {len(each) for each in long} == {40}


@pytest.mark.slow
def test_a_key_that_is_added_has_its_panels_with_no_other_edit(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("first"))
    assert generate(bench).output.endswith("2 dashboards\n")
    assert generate(bench, "--check").exit_code == 0
    bench.write("toy.info", KEY.format("first") + KEY.format("second"))
    stale = generate(bench, "--check")
    assert stale.exit_code == 1
    assert f"{bench.out / 'toy.json'}: differs\n" in stale.output
    assert "1 file out of date; run `headcount-registry generate grafana`" in stale.output
    assert generate(bench).exit_code == 0
    titles = {panel["title"] for panel in panels(dashboard(bench.out / "toy.json"))}
    assert {"About second", "About second, over time"} <= titles


@pytest.mark.slow
def test_the_dashboard_of_a_project_that_is_gone_goes_and_foreign_files_stay(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    gone = bench.write("gone.info", KEY.format("k"))
    foreign = bench.out / "mine.json"
    bench.out.mkdir()
    foreign.write_text('{"title": "Mine"}')
    generate(bench)
    assert (bench.out / "gone.json").exists()
    gone.unlink()
    assert "gone.json: of a project that is no longer declared" in generate(bench, "--check").output
    generate(bench)
    assert sorted(path.name for path in bench.out.iterdir()) == [
        *("mine.json", "server.json", "toy.json")
    ]


@pytest.mark.slow
def test_a_file_of_somebody_else_is_never_overwritten(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    theirs = bench.out / "toy.json"
    bench.out.mkdir()
    theirs.write_text("{}")
    refused = generate(bench)
    assert refused.exit_code == 1
    assert f"{theirs}: was not written by headcount-registry" in refused.output
    assert [path.name for path in bench.out.iterdir()] == ["toy.json"]
    assert theirs.read_text() == "{}"


def test_declarations_with_errors_write_nothing_and_are_named(bench: Bench) -> None:
    path = bench.write("toy.info", "telemetry[k][typo] = x\n")
    refused = generate(bench)
    assert refused.exit_code == 1
    assert f"{path}:1:1: error: there is no attribute `typo`" in refused.output
    assert not bench.out.exists()


def test_the_example_of_provisioning_reads_what_the_document_has_written() -> None:
    docs = ROOT / "docs" / "operators"
    provider = (docs / "grafana/provisioning/dashboards/headcount.yml").read_text(encoding="utf-8")
    (path,) = re.findall(r"^      path: (\S+)$", provider, re.MULTILINE)
    assert f"--out {path}\n" in (docs / "dashboards.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_lock_is_read_and_left_as_it_is(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    generate(bench)
    assert not bench.lock.exists()

"""One published number is the same wherever it is told: page, JSON, CSV, bundle, metrics."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from headcount.v1 import options_pb2
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.pages import wording
from headcount_server.registry import schema
from headcount_server.registry.schema import Key, Schema
from headcount_server.store.sqlite.database import SqliteDatabase
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.random_weeks import WEEKS, live
from support.repository import REGISTRY

DOOR = Address("127.0.0.1", 0)
LAST = WEEKS[-1]
OTHERS = "other releases"

Cells = dict[tuple[str, str], int]
"""Numbers by value and release, as they are published."""
Fetch = Callable[..., bytes]


@pytest.fixture(scope="module", name="known")
def _known() -> Schema:
    return schema.load(REGISTRY)


@pytest.fixture(scope="module", name="fetch_public")
def _fetch_public(known: Schema, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fetch]:
    """What a server of the registry that we ship tells after a week."""
    folder = tmp_path_factory.mktemp("agree")
    clock, database = folder / "clock", folder / "headcount.db"
    clock.write_text("2026-11-19T12:00:00Z", encoding="ascii")
    live(database, known, [LAST], 400)
    config = Config(
        registry=REGISTRY,
        database=SqliteDatabase(database),
        grpc=DOOR,
        public=DOOR,
        operations=DOOR,
    )
    with App(config, FileClock(clock)) as app:

        def fetch(path: str, **headers: str) -> bytes:
            request = urllib.request.Request(f"http://{app.public}{path}", headers=headers)
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own
                body: bytes = answer.read()
                return body

        yield fetch


class Tables(HTMLParser):
    """The rows of tables, by the class of the table."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._in = ""
        self._cell = False
        self.feed(page)
        # A long table goes on in a second one.
        self.rows["bars"] = [row for row in self.rows["bars"] if row[0] != "Answer"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._in = dict(attrs).get("class") or ""
        elif tag == "tr":
            self.rows.setdefault(self._in, []).append([])
        elif tag in {"th", "td"}:
            self._cell = True
            self.rows[self._in][-1].append("")
        elif tag == "span":  # marks such as `median` are no part of the value
            self._cell = False

    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td"}:
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[self._in][-1][-1] += data.strip()


def range_of(number: int) -> str:
    return f"{number:,}–{number + 4:,}"


def printed(key: Key, value: str) -> str:
    """A value as pages print it."""
    match key.declaration.type:
        case options_pb2.KEY_TYPE_BOOLEAN:
            return "Yes"
        case options_pb2.KEY_TYPE_COUNT:
            return wording.span(value)
    return value


def in_json(week: dict[str, Any], project: str, key: str) -> tuple[int, Cells]:
    (found,) = (each for each in week["projects"] if each["project"] == project)
    (told,) = (each for each in found["keys"] if each["key"] == key)
    cells = {
        (v["value"], OTHERS if v.get("otherReleases") else v.get("version", "")): int(v["reports"])
        for v in told.get("values", [])
    }
    return int(told["answers"]), cells


def ranges_in_json(week: dict[str, Any], project: str, key: str) -> dict[str, str]:
    """Each value's count as the page prints it, from the bounds in the file."""
    (found,) = (each for each in week["projects"] if each["project"] == project)
    (told,) = (each for each in found["keys"] if each["key"] == key)
    return {each["value"]: range_in_words(each) for each in told.get("ranges", [])}


def range_in_words(bounds: dict[str, str]) -> str:
    lower = int(bounds.get("lower", 0))
    if "upper" not in bounds:
        return f"at least {lower:,}"
    upper = int(bounds["upper"])
    return f"{lower:,}–{upper:,}" if lower else f"fewer than {upper + 1}" if upper else "none"


def in_csv(text: str, project: str, key: str) -> tuple[int, Cells]:
    rows = [
        row
        for row in csv.DictReader(io.StringIO(text))
        if (row["week"], row["project"], row["key"]) == (str(LAST), project, key)
    ]
    (answers,) = (int(row["reports"]) for row in rows if row["measure"] == "answers")
    values = (row for row in rows if row["measure"] == "value")
    return answers, {(row["value"], row["version"]): int(row["reports"]) for row in values}


def test_every_published_value_is_the_same_on_page_in_json_csv_bundle_and_metrics(
    known: Schema, fetch_public: Fetch
) -> None:
    whole = fetch_public("/data/weeks/latest.json")
    (week,) = json.loads(whole)["weeks"]
    table = fetch_public("/data/weeks/latest.csv").decode()
    with zipfile.ZipFile(io.BytesIO(fetch_public("/data/bundle.zip"))) as archive:
        bundled = json.loads(archive.read(f"headcount-bundle/weeks/{LAST}.json"))
        bundled_table = archive.read("headcount-bundle/statistics.csv").decode()
    accept = "application/openmetrics-text; version=1.0.0"
    scraped = fetch_public("/metrics", Accept=accept).decode()
    parse: Any = text_string_to_metric_families
    series = {
        (sample.name, sample.labels.get("value"), sample.labels.get("version")): sample.value
        for family in parse(scraped)
        for sample in family.samples
    }
    assert series["headcount_cut_series", None, None] == 0
    compared = Counter[str]()
    for project in known.projects.values():
        reports = next(p["reports"] for p in week["projects"] if p["project"] == project.name)
        home = fetch_public(f"/projects/{project.name}/").decode()
        assert f">{range_of(int(reports))}</strong> installations" in home
        assert series[f"headcount_{project.name}_reports", None, None] == int(reports)
        for key in project.keys.values():
            place = f"/data/projects/{project.name}/{key.name}"
            answers, cells = in_json(week, project.name, key.name)
            (own,) = json.loads(fetch_public(f"{place}.json"))["weeks"]
            for told in (
                in_json(own, project.name, key.name),
                in_json(bundled, project.name, key.name),
                in_csv(table, project.name, key.name),
                in_csv(bundled_table, project.name, key.name),
                in_csv(fetch_public(f"{place}.csv").decode(), project.name, key.name),
            ):
                assert told == (answers, cells), key.name
            page = fetch_public(f"/projects/{project.name}/{key.name}/").decode()
            check_page(page, key, answers, ranges_in_json(week, project.name, key.name))
            assert {value for value, _ in cells} <= {*ranges_in_json(week, project.name, key.name)}
            check_metrics(series, f"headcount_{project.name}_{key.name}", answers, cells)
            compared["keys"] += 1
            compared["values"] += len(cells)
    assert compared["keys"] == sum(len(project.keys) for project in known.projects.values())
    assert compared["values"] > 400


def check_page(page: str, key: Key, answers: int, ranges: dict[str, str]) -> None:
    assert f"<strong>{range_of(answers)}</strong> of" in page, key.name
    tables = Tables(page).rows
    shown = {row[0]: row[2] for row in tables["bars"]}
    for value, told in ranges.items():
        assert shown.pop(printed(key, value)) == told, key.name
    assert len(shown) == (0 if key.declaration.type == options_pb2.KEY_TYPE_LIST else 1)


def check_metrics(
    series: dict[tuple[str, str | None, str | None], float], name: str, answers: int, cells: Cells
) -> None:
    assert series[f"{name}_answers", None, None] == answers
    margins = Counter[str]()
    for (value, release), number in cells.items():
        margins[value] += number
        if release:
            assert series[f"{name}_by_version_reports", value, release] == number
    told = {v: n for (family, v, _), n in series.items() if family == f"{name}_reports"}
    assert told == margins


def test_percentages_on_a_page_hold_what_follows_from_its_counts(
    known: Schema, fetch_public: Fetch
) -> None:
    looked = 0
    for key in known.projects["backdrop"].keys.values():
        page = fetch_public(f"/projects/backdrop/{key.name}/").decode()
        (bounds,) = re.findall(r"<strong>([0-9,]+)–([0-9,]+)</strong> of", page)
        least, most = (int(bound.replace(",", "")) for bound in bounds)
        rows = Tables(page).rows["bars"]
        overlapping = key.declaration.type == options_pb2.KEY_TYPE_LIST
        named = sum(bounds_of(row[2])[0] for row in rows if not remains(row))
        for row in rows:
            lower, upper = bounds_of(row[2])
            low, high = bounds_of(row[3].removesuffix("%"))
            # What remains is the smallest part of the whole if the whole is small, too.
            assert low <= 100 * lower / (least if remains(row) else most)
            if upper is not None and high is not None:
                beside = 0 if overlapping else named - lower
                whole = most if remains(row) else max(least, upper + beside)
                assert high >= min(100.0, 100 * upper / whole)
            looked += 1
    assert looked > 200


def remains(row: list[str]) -> bool:
    """Whether a row is what remains of all answers."""
    return row[0].endswith(", rare or unknown")


def bounds_of(text: str) -> tuple[float, float | None]:
    """The bounds that a count or a share is printed with; None if there is no upper one."""
    number = text.replace(",", "").rsplit(" ", maxsplit=1)[-1]
    if text.startswith("at least"):
        return float(number), None
    if text.startswith("fewer than"):
        return 0.0, float(number) - 1
    if text.startswith("at most"):
        return 0.0, float(number)
    if text == "none":
        return 0.0, 0.0
    low, _, high = number.partition("–")
    return float(low), float(high or low)

"""The queries that docs/operators/destinations.md offers say what they promise, where they run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from headcount_server.destinations import sql_tables
from headcount_server.publication.published import PublishedWeek
from headcount_server.store.published_tables import every_week
from support.foreign_database import NUMBERS, Foreign
from support.repository import ROOT
from support.server_process import BIN
from support.toy_weeks import database_at

PAGE = (ROOT / "docs" / "operators" / "destinations.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^### (\w+)\n.*?^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUERIES = dict(_BLOCK.findall(PAGE))


@pytest.fixture(name="weeks")
def _weeks(database: Path, foreign: Foreign) -> list[PublishedWeek]:
    weeks = every_week(database_at(database))
    with foreign.open().connected() as connected:
        for week in weeks:
            connected.put(week)
    return weeks


def _asked(name: str, foreign: Foreign) -> Iterator[tuple[Any, ...]]:
    assert "project = 'backdrop'" in QUERIES[name]
    yield from foreign.rows(QUERIES[name].replace("'backdrop'", "'toy'"))


@pytest.mark.slow
def test_grafana_gets_a_series_for_each_value(weeks: list[PublishedWeek], foreign: Foreign) -> None:
    rows = [(str(day), value, number) for day, value, number in _asked("Grafana", foreign)]
    days = [str(week.week.start.date()) for week in reversed(weeks)]
    assert rows == [
        (days[0], "8.2", 5),
        (days[1], "8.2", 15),
        (days[1], "8.3", 5),
    ]
    assert days == sorted(days)
    assert date.fromisoformat(days[0]).weekday() == 0


@pytest.mark.slow
def test_datasette_shows_the_last_week_with_its_bounds(
    weeks: list[PublishedWeek], foreign: Foreign
) -> None:
    assert weeks
    (first, *more) = _asked("Datasette", foreign)
    value, lower, _, percent = first
    assert (value, lower, [row[0] for row in more]) == ("8.2", 15, ["8.3"])
    # Of 20 to 24 answers.
    assert float(percent) == 62.5


@pytest.mark.slow
def test_the_command_that_the_page_begins_with_fills_a_file(database: Path) -> None:
    (line,) = re.findall(r"^headcount-server publish .*$", PAGE, re.MULTILINE)
    done = subprocess.run(
        [BIN / "headcount-server", *line.split()[1:]],
        cwd=database.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "sqlite:///totals.db: given 2 weeks; it has them all\n"
    assert Foreign(f"sqlite:///{database.parent}/totals.db").rows(NUMBERS)


def test_the_page_names_every_column() -> None:
    for table in sql_tables.OF_A_WEEK:
        assert f"`{table.name}`" in PAGE
        for column in table.columns:
            assert f"`{column.name}`" in PAGE, (table.name, column.name)

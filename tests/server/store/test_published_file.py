"""Other programs read published totals from a file of their own, which holds nothing else."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from headcount_server.registry.schema import Schema
from headcount_server.store import corrections
from support.repository import ROOT
from support.toy_weeks import CANARY, W45, Place, command, database_at, lived

VIEWS = (
    "published_weeks",
    "published_totals",
    "published_told_apart",
    "published_coverages",
    "published_retractions",
)


@pytest.fixture(name="database", params=["sqlite", "postgresql"])
def _database(request: pytest.FixtureRequest, tmp_path: Path, toy_schema: Schema) -> Place:
    place: Place = tmp_path / "headcount.db"
    if request.param == "postgresql":
        place = request.getfixturevalue("emptied_url")
    lived(place, toy_schema)
    corrections.annotate(database_at(place), W45, "An outage on Tuesday.")
    corrections.cover(
        database_at(place), W45, project="toy", installations=5000, source="update checks"
    )
    return place


@pytest.fixture(name="export")
def _export(database: Place, toy_registry: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "open-data"
    flags = ("--database", database, "--registry", toy_registry, "--format=sqlite")
    result = command("export", *flags, folder)
    assert result.exit_code == 0, result.output
    assert f"{folder}/totals.db: 2 weeks" in result.output
    return folder


@pytest.fixture(name="totals")
def _totals(export: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{(export / 'totals.db').as_uri()}?mode=ro", uri=True)) as found:
        yield found


@pytest.mark.slow
def test_the_file_has_the_rows_and_columns_of_the_views(
    database: Place, totals: sqlite3.Connection
) -> None:
    with database_at(database).reading() as connection:
        for view in VIEWS:
            wanted = connection.execute(f"SELECT * FROM {view}")  # noqa: S608 - our names
            rows = {tuple(map(str, row)) for row in wanted}
            found = totals.execute(f"SELECT * FROM {view}")  # noqa: S608 - our names
            assert {tuple(map(str, row)) for row in found} == rows
            assert rows or view in {"published_retractions", "published_told_apart"}
    assert totals.execute(
        "SELECT DISTINCT annotation FROM published_totals JOIN published_weeks USING (week)"
        " WHERE week = '2026-W45'"
    ).fetchall() == [("An outage on Tuesday.",)]


@pytest.mark.slow
def test_nothing_of_an_open_week_is_in_the_file(export: Path, totals: sqlite3.Connection) -> None:
    tables = {name for (name,) in totals.execute("SELECT name FROM sqlite_schema WHERE sql > ''")}
    assert tables == {*VIEWS, "declared_keys"}
    content = (export / "totals.db").read_bytes()
    assert CANARY.encode() not in content
    assert b"2026-W47" not in content
    assert {path.name for path in export.iterdir()} == {"totals.db", "metadata.json"}


@pytest.mark.slow
def test_the_file_tells_what_was_taken_down_and_no_longer_holds_it(
    database: Place, toy_registry: Path, tmp_path: Path
) -> None:
    taken = ("--project=toy", "--key=php_version", "--reason=It let names through.")
    assert command("retract", "--database", database, *taken).exit_code == 0
    flags = ("--database", database, "--registry", toy_registry, "--format=sqlite")
    assert command("export", *flags, tmp_path / "later").exit_code == 0
    with closing(sqlite3.connect(tmp_path / "later" / "totals.db")) as totals:
        left = totals.execute("SELECT 1 FROM published_totals WHERE key = 'php_version'")
        assert left.fetchall() == []
        notices = totals.execute("SELECT week, key, reason FROM published_retractions").fetchall()
    assert sorted(notices) == [
        (week, "php_version", "It let names through.") for week in ("2026-W45", "2026-W46")
    ]


@pytest.mark.slow
def test_the_description_names_every_table_and_column(
    export: Path, totals: sqlite3.Connection
) -> None:
    told = json.loads((export / "metadata.json").read_text(encoding="utf-8"))
    described = {
        table: set(about["columns"])
        for table, about in told["databases"]["totals"]["tables"].items()
    }
    assert described == {
        table: {name for _, name, *_ in totals.execute(f"PRAGMA table_info({table})")}
        for table in (*VIEWS, "declared_keys")
    }


@pytest.mark.slow
def test_every_key_is_explained_in_the_words_of_its_declaration(
    totals: sqlite3.Connection, toy_schema: Schema
) -> None:
    toy = toy_schema.projects["toy"]
    rows = totals.execute("SELECT key, purpose FROM declared_keys WHERE project = 'toy'")
    assert dict(rows) == {key.name: key.declaration.purpose for key in toy.keys.values()}


@pytest.mark.slow
def test_the_same_totals_give_the_same_files(
    export: Path, database: Place, toy_registry: Path, tmp_path: Path
) -> None:
    flags = ("--database", database, "--registry", toy_registry, "--format=sqlite")
    assert command("export", *flags, tmp_path / "again").exit_code == 0
    for path in export.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [("there", "is there already"), ("totals.zip", "is a folder in this format")],
)
def test_a_place_that_cannot_be_is_refused_and_left_alone(
    database: Place, toy_registry: Path, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "there").mkdir()
    before = {*tmp_path.iterdir()}
    flags = ("--database", database, "--registry", toy_registry, "--format=sqlite")
    result = command("export", *flags, tmp_path / name)
    assert (result.exit_code, said in result.output) == (1, True)
    assert {*tmp_path.iterdir()} == before


def test_no_document_gives_the_living_file_to_another_program() -> None:
    """It holds exact totals of the open week, and every token."""
    told = [
        line.strip()
        for page in (ROOT / "docs").rglob("*.md")
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith(("datasette ", "sqlite-utils "))
    ]
    assert told
    assert [line for line in told if "open-data/totals.db" not in line] == []


@pytest.mark.index
def test_datasette_shows_what_the_guide_exports_and_nothing_else(
    export: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    binaries = tmp_path / "venv" / "bin"
    pip = (binaries / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    subprocess.run([*pip, "datasette<1", "sqlite-utils"], check=True)
    guide = (ROOT / "docs" / "operators" / "postgresql.md").read_text(encoding="utf-8")
    (shown,) = (line for line in guide.splitlines() if line.startswith("datasette "))
    (asked,) = (line for line in guide.splitlines() if line.startswith("sqlite-utils "))

    def run(line: str, *more: str) -> str:
        words = [str(binaries / shlex.split(line)[0]), *shlex.split(line)[1:], *more]
        done = subprocess.run(words, cwd=export.parent, check=True, capture_output=True, text=True)
        return done.stdout

    tables = json.loads(run(shown, "--get", "/totals.json"))
    assert {table["name"] for table in tables["tables"]} == {*VIEWS, "declared_keys"}
    page = run(shown, "--get", "/totals/published_totals")
    assert "n stands for n to n + threshold - 1" in page
    weeks = {row["week"] for row in json.loads(run(asked))}
    assert weeks == {"2026-W45", "2026-W46"}

"""What is published can be listed and exported, and rebuilt from the export alone."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.counting.tally import Cell
from headcount_server.errors import StoreError
from headcount_server.metrics import published_totals
from headcount_server.metrics.published_totals import PublishedTotals
from headcount_server.publication import bundle, bundle_reader, table
from headcount_server.publication import response as statistics
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema, load
from headcount_server.store import corrections
from headcount_server.store.published_tables import every_week
from headcount_server.week import Week
from prometheus_client import generate_latest
from support.older_schema import make_first
from support.toy_weeks import CANARY, W45, command, database_at, lived

EXPIRED = 9
"""Number of the toy project's key that nobody is asked any more."""


ABOUT = bundle.About(Policy(5, timedelta(days=2)))


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    path = lived(tmp_path / "headcount.db", toy_schema)
    corrections.annotate(database_at(path), W45, "An outage on Tuesday.")
    corrections.cover(
        database_at(path), W45, project="toy", installations=250, source="update checks"
    )
    return path


@pytest.fixture(name="exported")
def _exported(database: Path, toy_registry: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "open-data"
    result = command("export", "--database", database, "--registry", toy_registry, directory)
    assert result.exit_code == 0, result.output
    assert "2 weeks" in result.output
    return directory


def test_the_table_shows_the_last_week_in_ranges(database: Path) -> None:
    result = command("statistics", "--database", database)
    assert result.output.splitlines()[:4] == [
        "2026-W46, in steps of 5",
        "  toy: 20-24 reports",
        "    version: 20-24 answers",
        "      1.30  10-14",
    ]
    assert "      8.2  15-19" in result.output.splitlines()  # no release of it was published before
    assert CANARY not in result.output


def test_the_json_is_what_get_statistics_returns(database: Path) -> None:
    result = command("statistics", "--database", database, "--week=all", "--format=json")
    parsed = Parse(result.output, wire.GetStatisticsResponse())
    assert parsed == statistics.response(every_week(database_at(database)), "")
    assert parsed.weeks[1].annotation == "An outage on Tuesday."
    (known,) = parsed.weeks[1].coverages
    assert (known.project, known.installations, known.source) == ("toy", 250, "update checks")


def test_the_csv_has_one_line_a_number(database: Path) -> None:
    result = command("statistics", "--database", database, "--week=2026-W45", "--format=csv")
    lines = list(csv.DictReader(io.StringIO(result.output)))
    assert lines[1] == {
        "week": "2026-W45",
        "threshold": "5",
        "project": "toy",
        "key": "",
        "measure": "reports",
        "value": "",
        "version": "",
        "reports": "10",
        "lower": "10",
        "upper": "14",
    }
    assert {line["week"] for line in lines} == {"2026-W45"}
    measures = {"installations", "reports", "answers", "value", "range", "too few"}
    assert {line["measure"] for line in lines} == measures


def test_installations_by_another_source_are_in_csv_and_table_with_the_source(
    database: Path,
) -> None:
    asked = ("statistics", "--database", database, "--week=2026-W45")
    assert command(*asked, "--format=csv").output.splitlines()[1] == (
        "2026-W45,5,toy,,installations,update checks,,250,250,250"
    )
    assert "  toy: 250 installations, source: update checks" in command(*asked).output.splitlines()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x"])
def test_no_cell_of_the_csv_is_computed_by_a_spreadsheet(text: str) -> None:
    answer = wire.GetStatisticsResponse()
    key = answer.weeks.add(week="2026-W45").projects.add(project="toy").keys.add(key="note")
    key.values.add(value=text, reports=5)
    assert list(csv.reader(io.StringIO(table.as_csv(answer))))[-1][5] == f"'{text}"


def test_a_key_alone_is_listed_when_asked_for(database: Path) -> None:
    asked = ("statistics", "--database", database, "--project=toy", "--key=multisite")
    result = command(*asked, "--format=csv")
    keys = {line["key"] for line in csv.DictReader(io.StringIO(result.output))}
    assert keys == {"", "multisite"}


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--project=nobody", "--project nobody: nothing of it is published there"),
        ("--key=nothing", "--key nothing: nothing of it is published there"),
        ("--week=2026-W47", "--week 2026-W47: not published"),
        ("--week=2026-W99", "--week 2026-W99: no such week; write 2026-W47, last or all"),
    ],
)
def test_what_is_not_published_is_said_to_be_so(database: Path, flag: str, said: str) -> None:
    result = command("statistics", "--database", database, flag)
    assert result.exit_code == 1
    assert result.output == f"Error: {said}\n"


def test_the_checksums_are_those_that_sha256sum_checks(exported: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],  # noqa: S607 - coreutils
        cwd=exported,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    assert files - {"SHA256SUMS"} == {line.split(":")[0] for line in done.stdout.splitlines()}
    assert "weeks/2026-W45.json" in files
    assert "headcount-bundle 1" in (exported / "README.txt").read_text(encoding="utf-8")


def test_the_same_totals_give_the_same_bytes(
    exported: Path, database: Path, toy_registry: Path, tmp_path: Path
) -> None:
    bundle.write(tmp_path / "again", load(toy_registry), every_week(database_at(database)), ABOUT)
    for path in exported.rglob("*"):
        if path.is_file():
            assert (
                tmp_path / "again" / path.relative_to(exported)
            ).read_bytes() == path.read_bytes()


def test_nothing_of_the_open_week_is_exported(exported: Path) -> None:
    for path in exported.rglob("*"):
        if path.is_file() and path.name != "README.txt":
            content = path.read_bytes()
            assert CANARY.encode() not in content
            assert b"2026-W47" not in content


def test_the_public_metrics_of_the_server_are_rebuilt_from_the_bundle_alone(  # noqa: PLR0913 - fixtures
    running: App,
    fetch: Callable[..., tuple[str, str]],
    submit: Callable[..., object],
    said: Callable[..., bytes],
    at: Callable[[str], None],
    toy_registry: Path,
    tmp_path: Path,
) -> None:
    for number in range(11):
        submit(said(version={"value": "1.30"}, php_version={"value": "8.2"}), number)
    at("2026-11-25T00:00:00Z")
    _, served = fetch(running.public)
    bundle.write(
        tmp_path / "bundle", load(toy_registry), every_week(running._config.database), ABOUT
    )
    found = bundle_reader.read(tmp_path / "bundle")
    schema, weeks = found.schema, found.weeks
    totals = PublishedTotals(CurrentRegistry(schema))
    totals.show(weeks[0])
    assert 'headcount_toy_php_version_reports{value="8.2"} 10.0' in served
    assert generate_latest(published_totals.registry(totals)).decode() == served


def public(week: PublishedWeek) -> PublishedWeek:
    """A week as everybody sees it: nothing is told of what nobody was asked, nor of places
    where there is no number."""
    return replace(
        week,
        projects=tuple(
            replace(
                project,
                terms={key: its for key, its in project.terms.items() if key != EXPIRED},
                too_few={key: its for key, its in project.too_few.items() if key != EXPIRED},
                places={
                    key: project.places.get(key, frozenset()) for key in project.publication.answers
                },
            )
            for project in week.projects
        ),
    )


def test_a_bundle_is_read_back_as_it_was_published(exported: Path, database: Path) -> None:
    weeks = bundle_reader.read(exported).weeks
    assert weeks == [public(week) for week in every_week(database_at(database))]


def test_a_bundle_that_was_changed_is_refused(exported: Path) -> None:
    path = exported / "weeks" / "2026-W45.json"
    week = json.loads(path.read_text(encoding="utf-8"))
    week["projects"][0]["reports"] = "500"
    path.write_text(json.dumps(week), encoding="utf-8")
    (exported / "weeks" / "2026-W44.json").write_text("{}", encoding="ascii")
    with pytest.raises(StoreError, match=r"weeks/2026-W45.json, weeks/2026-W44.json: not as"):
        bundle_reader.read(exported)
    path.unlink()
    with pytest.raises(StoreError, match="not a whole bundle"):
        bundle_reader.read(exported)


def test_a_directory_that_is_there_is_not_overwritten(
    exported: Path, database: Path, toy_registry: Path
) -> None:
    result = command("export", "--database", database, "--registry", toy_registry, exported)
    assert result.exit_code == 1
    assert "is there already" in result.output


def test_an_archive_holds_the_same_files_as_the_folder_in_a_folder_of_its_own(
    exported: Path, database: Path, toy_registry: Path, tmp_path: Path
) -> None:
    flags = ("--database", database, "--registry", toy_registry)
    result = command("export", *flags, tmp_path / "open-data.zip")
    assert result.exit_code == 0, result.output
    assert "2 weeks; it holds SHA256SUMS" in result.output
    with zipfile.ZipFile(tmp_path / "open-data.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
    unpacked = tmp_path / "unpacked" / bundle.FOLDER
    files = {p.relative_to(exported): p.read_bytes() for p in exported.rglob("*") if p.is_file()}
    assert files == {
        p.relative_to(unpacked): p.read_bytes() for p in unpacked.rglob("*") if p.is_file()
    }
    weeks = bundle_reader.read(unpacked).weeks
    assert weeks == [public(week) for week in every_week(database_at(database))]
    again = command("export", *flags, tmp_path / "open-data.zip")
    assert (again.exit_code, "is there already" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("flags", "told"), [((), "1 week; check with: cd "), (("--format", "sqlite"), "1 week; ")]
)
def test_the_export_of_a_single_week_says_so(
    toy_registry: Path, tmp_path: Path, flags: tuple[str, ...], told: str
) -> None:
    database, out = tmp_path / "restored.db", tmp_path / "open-data"
    assert (
        "1 closed week, verified"
        in command("backup", "--database", make_first(tmp_path), database).output
    )
    result = command("export", "--database", database, "--registry", toy_registry, *flags, out)
    assert result.exit_code == 0, result.output
    assert told in result.output


def test_an_archive_says_nothing_of_when_and_where_it_was_made(
    database: Path, toy_registry: Path, tmp_path: Path
) -> None:
    for name in ("one.zip", "two.zip"):
        bundle.write(tmp_path / name, load(toy_registry), every_week(database_at(database)), ABOUT)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}


def test_weeks_are_read_a_few_at_a_time_and_each_once() -> None:
    weeks = [PublishedWeek(Week(2020 + n // 52, 1 + n % 52), 5, ()) for n in range(60)][::-1]
    asked = []

    def read(first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        assert first is None
        asked.append(limit)
        return [week for week in weeks if last is None or week.week <= last][:limit]

    assert list(bundle.all_weeks(read)) == weeks
    assert set(asked) == {bundle.AT_ONCE}


def test_the_memory_for_an_archive_does_not_grow_with_the_number_of_weeks(
    toy_schema: Schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_MEMORY", 1 << 16)

    def weeks(number: int) -> Iterator[PublishedWeek]:
        for n in range(number):
            values = {Cell(8, f"text {n} {m}", ""): 5 for m in range(300)}
            published = Publication(300, {8: 300}, values)
            project = PublishedProject("toy", ("d1",), {8: "note"}, published)
            yield PublishedWeek(Week(2020 + n // 52, 1 + n % 52), 5, (project,))

    def peak(number: int) -> int:
        tracemalloc.start()
        try:
            with (tmp_path / f"{number}.zip").open("wb") as file:
                bundle.archive(file, toy_schema, weeks(number), ABOUT)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2)  # what is only imported or made once
    few, many = peak(5), peak(50)
    assert many < 1.3 * few

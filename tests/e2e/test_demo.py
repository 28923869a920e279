"""The demonstration, as a person sees it: `make demo` and what it says one can do next."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database
from support import prometheus
from support.foreign_database import NUMBERS, Foreign, numbers
from support.mariadb_server import MariadbServer
from support.repository import ROOT
from support.server_process import BIN, fetch, installed
from support.waiting import PATIENCE, until

KNOWN_TABLES = {
    "key_checks",
    "key_terms",
    "places",
    "told_apart",
    "_sqlite_migrations",
    "weeks",
    "week_registries",
    "schemas",
    "keys",
    "open_reports",
    "open_answers",
    "open_values",
    "published_reports",
    "published_answers",
    "published_values",
    "retractions",
    "annotations",
    "coverages",
    "corrected_weeks",
    "deliveries",
    "log_leaves",
    "log_salts",
}
SITES, WEEKS = 120, 3


class Demo:
    """A running demonstration and what it printed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        doors = [f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations")]
        command = [f"{BIN}/headcount-server", "demo", f"--sites={SITES}", f"--weeks={WEEKS}"]
        output = directory / "output"
        with output.open("w", encoding="utf-8") as file:
            self.process = subprocess.Popen(
                [*command, *doors], cwd=directory, stdout=file, stderr=subprocess.STDOUT
            )
        until(
            lambda: (
                " statistics --database " in output.read_text() or self.process.poll() is not None
            ),
            seconds=250,  # it lives through weeks
            told=output.read_text,
        )
        assert self.process.poll() is None, output.read_text(encoding="utf-8")
        self.output = output.read_text(encoding="utf-8")
        self.public, self.operations = re.findall(r"(http://[^/]+)/metrics", self.output)
        self.grpc = "http://" + re.findall(r"grpc://(\S+)", self.output)[0]

    def buf_curl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = (BIN / "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge")
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)

    def submit(self, report: Mapping[str, object], token: str) -> subprocess.CompletedProcess[str]:
        year, week, _ = datetime.now(UTC).isocalendar()
        kind = "type.googleapis.com/headcount.projects.backdrop.v1.Report"
        request = {
            "week": f"{year}-W{week:02}",
            "token": token,
            "report": {"@type": kind, **report},
        }
        url = f"{self.grpc}/headcount.v1.TelemetryService/SubmitReport"
        return self.buf_curl("--data", json.dumps(request), url)


@pytest.fixture(scope="module", name="demo")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(PATIENCE) == 0, "Ctrl-C is how it is meant to end"


def test_it_finds_that_every_published_total_is_what_the_sites_agreed_to_send(demo: Demo) -> None:
    assert "Every published total is what the sites agreed to send." in demo.output
    assert "not counted twice" in demo.output


def test_what_it_says_that_one_can_do_next_works_as_it_is_printed(demo: Demo) -> None:
    for address in re.findall(r"http://\S+", demo.output):
        assert fetch(address)
    _, printed = demo.output.split("In another terminal:\n")
    (command,) = printed.strip().splitlines()
    shown = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 - any bash
        cwd=demo.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "php_version" in shown.stdout


def test_what_it_publishes_is_verified_against_its_log(demo: Demo, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    command = [f"{BIN}/headcount-server", "verify", demo.public, "--keep", str(kept)]
    for more in ([], ["--since", str(kept)]):
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert " weeks: every number is what was published" in done.stdout
    assert kept.read_text(encoding="utf-8") == fetch(f"{demo.public}/log/checkpoint")


@pytest.mark.parametrize("door", ["public", "operations"])
def test_promtool_has_nothing_to_say_about_its_metrics(demo: Demo, door: str) -> None:
    metrics = fetch(f"{getattr(demo, door)}/metrics")
    checked = subprocess.run(
        [installed("promtool"), "check", "metrics"],
        input=metrics,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_real_prometheus_with_the_example_configuration_has_the_series(
    demo: Demo, tmp_path: Path
) -> None:
    example = (ROOT / "docs" / "operators" / "prometheus.yml").read_text(encoding="utf-8")
    assert example.count("127.0.0.1:8080") == example.count("127.0.0.1:8081") == 1
    config = tmp_path / "prometheus.yml"
    config.write_text(
        example.replace("127.0.0.1:8080", demo.public.removeprefix("http://"))
        .replace("127.0.0.1:8081", demo.operations.removeprefix("http://"))
        .replace("60s", "1s")
        .replace("15s", "1s"),
        encoding="utf-8",
    )
    with prometheus.running(config, tmp_path / "data") as watching:
        for query in (
            'headcount_backdrop_php_version_reports{value="8.2"}',
            "headcount_backdrop_reports",
            'headcount_server_reports_total{outcome="counted"}',
        ):
            series = until(partial(watching.series, query), told=query)
            assert sum(float(one["value"][1]) for one in series) >= 5, query


def test_the_services_are_listed_by_reflection(demo: Demo) -> None:
    listed = demo.buf_curl("--list-methods", demo.grpc)
    assert listed.returncode == 0, listed.stderr
    assert "headcount.v1.TelemetryService/SubmitReport" in listed.stdout.split()
    assert "grpc.health.v1.Health/Check" in listed.stdout.split()


def test_a_report_typed_by_hand_is_taken(demo: Demo) -> None:
    report = {"phpVersion": {"value": "8.2"}, "webServer": {"value": "VALUE_NGINX"}}
    taken = demo.submit(report, "AAAAAAAAAAAAAAAAAAAAAA==")
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout)["week"]


def test_an_over_long_value_is_refused_by_the_server_naming_the_field(demo: Demo) -> None:
    refused = demo.submit({"phpVersion": {"value": "8" * 88}}, "AAAAAAAAAAAAAAAAAAAAAQ==")
    assert refused.returncode != 0
    answer = json.loads(refused.stderr)
    assert answer["code"] == "invalid_argument"
    assert answer["message"] == "php_version.value: 88 characters, at most 64"


def test_a_mariadb_that_is_given_what_is_published_has_each_number_that_the_pages_have(
    demo: Demo, mariadb: MariadbServer
) -> None:
    foreign = Foreign(mariadb.url(mariadb.new_database()))
    file = demo.directory / "credentials"
    file.write_text(foreign.text, encoding="utf-8")
    file.chmod(0o600)
    command = [f"{BIN}/headcount-server", "publish", "--database=headcount.db"]
    flags = ["--to", str(foreign.url), "--credentials", str(file)]
    given = subprocess.run(
        [*command, *flags], cwd=demo.directory, capture_output=True, text=True, check=False
    )
    assert given.returncode == 0, given.stderr
    weeks = [week for (week,) in foreign.rows("SELECT week FROM headcount_weeks")]
    assert len(weeks) >= WEEKS
    shown = [
        number
        for week in sorted(weeks, reverse=True)
        for number in numbers(fetch(f"{demo.public}/data/weeks/{week}.csv"))
    ]
    assert foreign.rows(NUMBERS) == shown
    assert len(shown) > 100


def test_nothing_in_the_database_describes_one_installation(demo: Demo) -> None:
    database = Database(demo.directory / "headcount.db", execute_plugins=False)
    tables = set(database.table_names())
    tokens = {name for name in tables if re.fullmatch(r"tokens_\d{4}_W\d{2}", name)}
    assert tables - tokens == KNOWN_TABLES
    year, week, _ = datetime.now(UTC).isocalendar()
    assert [column.name for column in database["key_checks"].columns] == ["week", "key_check"]
    for table in tokens:
        assert [column.name for column in database[table].columns] == ["token"]
    closed = [row["week"] for row in database["weeks"].rows_where("closed IS NOT NULL")]
    assert len(closed) >= WEEKS
    assert f"tokens_{year:04}_W{week:02}" in tokens
    assert not [week for week in closed if f"tokens_{week.replace('-', '_')}" in tokens]
    for table, column in (
        ("published_reports", "reports"),
        ("published_answers", "answers"),
        ("published_values", "reports"),
    ):
        numbers = [row[column] for row in database[table].rows]
        assert numbers
        assert all(number > 0 and number % 5 == 0 for number in numbers), table
    named = {
        tuple(row[column] for column in ("project", "key", "value"))
        for row in database["published_values"].rows
    }
    places = list(database["places"].rows_where("declared = 0"))
    assert places
    assert {(place["project"], place["key"], place["value"]) for place in places} <= named


def test_it_replaces_no_database_but_a_former_demonstrations(tmp_path: Path) -> None:
    database = tmp_path / "headcount.db"
    database.write_bytes(b"somebody's")
    generated = f"--generated={ROOT / 'registry' / 'generated'}"
    ended = subprocess.run(
        [BIN / "headcount-server", "demo", "--exit", f"--database={database}", generated],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "is no demonstration's" in ended.stderr
    assert database.read_bytes() == b"somebody's"


def demonstrated(place: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """A demonstration that ends by itself."""
    doors = [f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations")]
    command = (f"{BIN}/headcount-server", "demo", "--exit", *doors, *flags)
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


TOY = """\
headcount[title] = Toy
headcount[homepage] = https://toy.example
headcount[recipient] = The Toy developers
headcount[contact] = https://toy.example/contact
headcount[endpoint] = https://telemetry.toy.example
"""
KEY = """
telemetry[{name}][label] = {name}
telemetry[{name}][description] = What {name} is.
telemetry[{name}][purpose] = Decide what becomes of it.
telemetry[{name}][issue] = https://toy.example/issues/1
telemetry[{name}][type] = {type}
"""


@pytest.mark.parametrize("sites", [1, 40])
@pytest.mark.parametrize("keys", [{"colour": "boolean"}, {"colour": "boolean", "libc": "version"}])
def test_it_works_with_a_registry_of_few_keys_and_with_few_sites(
    tmp_path: Path, keys: Mapping[str, str], sites: int
) -> None:
    declared = [KEY.format(name=name, type=kind) for name, kind in keys.items()]
    (tmp_path / "toy.info").write_text(TOY + "".join(declared), encoding="utf-8")
    build = f"{BIN}/headcount-registry", "build", "toy.info", "--out", "toy"
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    ended = demonstrated(tmp_path, "--generated=toy", f"--sites={sites}", "--weeks=2")
    assert ended.returncode == 0, ended.stderr
    assert "Every published total is what the sites agreed to send." in ended.stdout
    if sites == 1:
        assert "Nothing is published of fewer than 5 reports." in ended.stdout


def test_without_a_registry_it_says_so_and_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "half").mkdir()
    clients = ROOT / "registry" / "generated" / "clients"
    (tmp_path / "half" / "clients").symlink_to(clients)
    for name in ("empty", "half"):
        ended = demonstrated(tmp_path, f"--generated={name}")
        assert ended.returncode == 1
        assert "make them with headcount-registry build" in ended.stderr.replace(" it ", " them ")
        assert {file.name for file in tmp_path.iterdir()} == {"empty", "half"}


def test_where_no_database_can_be_it_says_so(tmp_path: Path) -> None:
    ended = demonstrated(tmp_path, "--database=nowhere/headcount.db")
    assert ended.returncode == 1
    assert ended.stderr == (
        "Error: --database nowhere/headcount.db: No such file or directory; "
        "name a file that can be written\n"
    )


def test_a_database_with_one_changed_total_is_found_out(tmp_path: Path) -> None:
    # The check has to be able to fail: a server that publishes one total too many is caught.
    program = f"""
import sys
from headcount_server.cli import main
from headcount_server.publication import rounding

rightly = rounding.publish

def publish(tally, threshold, *terms):
    right = rightly(tally, threshold, *terms)
    if not (right and right.values):
        return right
    first = min(right.values)
    values = {{**right.values, first: right.values[first] + threshold}}
    return rounding.Publication(right.reports, right.answers, values)

rounding.publish = publish
sys.argv = ["headcount-server", "demo", "--exit", "--sites=30", "--weeks=2",
    "--database={tmp_path / "headcount.db"}", "--generated={ROOT / "registry" / "generated"}",
    "--grpc=127.0.0.1:0", "--public=127.0.0.1:0", "--operations=127.0.0.1:0"]
main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "the published totals are not what was sent" in ended.stderr
    assert " published, " in ended.stderr

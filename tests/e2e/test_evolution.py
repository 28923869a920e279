"""A year of changes: clients of every age are counted by the newest server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.store.sqlite.database import SqliteDatabase
from support.explained import explained
from support.server_process import BIN

NOW = datetime(2026, 12, 17, 12, tzinfo=UTC)
CLOSED = "2026-12-23T00:00:01Z"
"""The Wednesday after that week."""
ANY_PORT = Address("127.0.0.1", 0)

ABOUT = """\
headcount[title] = Shop
headcount[homepage] = https://example.org/shop
headcount[recipient] = The makers of Shop
headcount[contact] = https://example.org/shop/contact
headcount[endpoint] = grpcs://telemetry.example.org
"""
FIRST = {
    "php_version": ["type = version", "precision = 1"],
    "web_server": ["type = choice", "values[] = Apache", "values[] = nginx"],
    "banner": ["type = boolean"],
    "pages": ["type = count", "buckets[] = 1", "buckets[] = 100"],
    "modules": ["type = list", "values[] = views", "values[] = webform"],
}

Keys = dict[str, list[str]]


def added(keys: Keys) -> Keys:
    return keys | {"cache": ["type = boolean"]}


def widened(keys: Keys) -> Keys:
    server = [*keys["web_server"], "values[] = Caddy"]
    return keys | {"php_version": ["type = version", "precision = 2"], "web_server": server}


def renamed(keys: Keys) -> Keys:
    others = {name: lines for name, lines in keys.items() if name != "banner"}
    return others | {"top_bar": ["type = boolean", "formerly = banner"]}


def retired(keys: Keys) -> Keys:
    return {name: lines for name, lines in keys.items() if name != "pages"}


def expired(keys: Keys) -> Keys:
    return keys | {"modules": [*keys["modules"], "expires = 2026-12-01"]}


YEAR = (added, widened, renamed, retired, expired)

HOST = """
import json, sys
from pathlib import Path
from shop_telemetry import PROJECT, Collectors, Telemetry

place, endpoint, now = sys.argv[1], sys.argv[2], float(sys.argv[3])

def site(answers):
    names = {key.name for key in PROJECT.keys}
    methods = {name: (lambda self, said=said: said)
               for name, said in answers.items() if name in names}
    return type("Site", (Collectors,), methods)()

outcomes = []
for number, answers in enumerate(json.load(sys.stdin)):
    telemetry = Telemetry(site(answers), state_directory=Path(place, str(number)),
                          endpoint=endpoint, environment={}, clock=lambda: now)
    telemetry.grant(level="extended", via="test")
    outcomes.append(str(telemetry.send_now()))
print(json.dumps(outcomes))
"""
SITES = (
    {
        "version": "1.4.2", "php_version": "8.2.7", "web_server": "Caddy", "banner": True,
        "top_bar": True, "pages": 250, "modules": ["views"], "cache": True,
    },
    {
        "version": "1.4.0", "php_version": "7.4.33", "web_server": "nginx", "banner": False,
        "top_bar": False, "pages": 7, "modules": ["views", "webform"], "cache": True,
    },
)  # fmt: skip
"""What the two installations of each generation would answer, under old and new names."""


@dataclass(frozen=True)
class Generation:
    """What was built at one step."""

    name: str
    clients: Path
    registry: Path


@pytest.fixture(name="generations", scope="module")
def _generations(tmp_path_factory: pytest.TempPathFactory) -> list[Generation]:
    """The builds of a year over one lock, each checked by `diff` against the one before."""
    place = tmp_path_factory.mktemp("year")
    source, out = place / "shop", place / "generated"
    source.mkdir()
    keys = FIRST
    generations: list[Generation] = []
    for change in (None, *YEAR):
        keys = change(keys) if change else keys
        (source / "shop.info").write_text(explained(declared(keys)), encoding="utf-8")
        run("build", source, "--out", out)
        kept = place / f"{len(generations)}"
        shutil.copytree(out, kept)
        name = change.__name__ if change else "first"
        built = Generation(name, kept / "clients", kept / "registry.binpb")
        if generations:
            run("diff", generations[-1].registry, built.registry)
        generations.append(built)
    return generations


def declared(keys: Keys) -> str:
    lines = [ABOUT]
    for name, attributes in keys.items():
        lines.append(f"telemetry[{name}][label] = Fact about {name}")
        for attribute in attributes:
            word, bracket, rest = re.split(r"(\[\]| )", attribute, maxsplit=1)
            lines.append(f"telemetry[{name}][{word}]{bracket.strip()} {rest.strip()}")
    return "\n".join(lines) + "\n"


def run(*arguments: str | Path) -> None:
    done = subprocess.run(
        [BIN / "headcount-registry", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def report(generation: Generation, place: Path, endpoint: str) -> list[str]:
    """What became of the reports of a generation's installations."""
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning:__main__"),
            *("-c", HOST, place, endpoint, str(NOW.timestamp())),
        ],
        env={**os.environ, "PYTHONPATH": str(generation.clients)},
        input=json.dumps(SITES),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    outcomes: list[str] = json.loads(done.stdout)
    return outcomes


@dataclass(frozen=True)
class Counted:
    """The metrics of a closed week, and the server that they came from."""

    outcomes: list[list[str]]
    metrics: str

    def value(self, series: str) -> int:
        found = re.search(rf"^{re.escape(series)} (\d+)\.0$", self.metrics, re.MULTILINE)
        return int(found[1]) if found else 0


def counted(registry: Path, generations: list[Generation], place: Path) -> Counted:
    """Let all installations report to one server, close the week, and return what is published."""
    clock = place / "clock"
    clock.write_text(NOW.isoformat(), encoding="ascii")
    config = Config(
        registry=registry,
        database=SqliteDatabase(place / "headcount.db"),
        grpc=ANY_PORT,
        public=ANY_PORT,
        operations=ANY_PORT,
    )
    with App(replace(config, threshold=1), FileClock(clock)) as app:
        outcomes = [
            report(generation, place / generation.name, f"grpc://{app.grpc}")
            for generation in generations
        ]
        clock.write_text(CLOSED, encoding="ascii")
        app.weeks.advance()
        address = f"http://{app.public}/metrics"
        with urllib.request.urlopen(address, timeout=10) as response:
            return Counted(outcomes, response.read().decode())


@pytest.fixture(name="year", scope="module")
def _year(generations: list[Generation], tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """Everybody at the newest server."""
    return counted(generations[-1].registry, generations, tmp_path_factory.mktemp("newest"))


def test_every_report_of_every_generation_is_counted_once(year: Counted) -> None:
    assert year.outcomes == [["SENT", "SENT"]] * 6
    assert year.value("headcount_shop_reports") == 12
    assert year.value('headcount_shop_version_reports{value="1.4"}') == 12


def test_an_added_key_is_counted_from_those_who_know_it(year: Counted) -> None:
    assert year.value("headcount_shop_cache_answers") == 10
    assert year.value('headcount_shop_cache_reports{value="true"}') == 10


def test_widened_keys_take_the_coarse_answers_of_old_clients_as_they_are(year: Counted) -> None:
    php = 'headcount_shop_php_version_reports{{value="{}"}}'
    assert [year.value(php.format(value)) for value in ("7", "7.4", "8", "8.2")] == [2, 4, 2, 4]
    server = 'headcount_shop_web_server_reports{{value="{}"}}'
    # What the first two generations run is no declared value to them, so they say other.
    assert [year.value(server.format(value)) for value in ("nginx", "Caddy")] == [6, 4]
    assert year.value("headcount_shop_web_server_answers") == 12


def test_a_renamed_key_adds_up_what_is_sent_under_both_names(year: Counted) -> None:
    assert year.value("headcount_shop_top_bar_answers") == 12
    assert year.value('headcount_shop_top_bar_reports{value="true"}') == 6
    assert "headcount_shop_banner" not in year.metrics


def test_retired_and_expired_keys_are_sent_by_old_clients_and_counted_nowhere(
    year: Counted,
) -> None:
    assert "headcount_shop_pages" not in year.metrics
    assert "headcount_shop_modules_reports{" not in year.metrics


def test_the_first_server_counts_the_newest_clients_as_far_as_it_understands_them(
    generations: list[Generation], tmp_path: Path
) -> None:
    first = counted(generations[0].registry, generations, tmp_path)
    assert first.outcomes == [["SENT", "SENT"]] * 6
    assert first.value("headcount_shop_reports") == 12
    # It knows one component of a version, and the key by its first name.
    php = 'headcount_shop_php_version_reports{{value="{}"}}'
    assert [first.value(php.format(value)) for value in ("7", "8")] == [6, 6]
    assert first.value('headcount_shop_banner_reports{value="true"}') == 6
    assert first.value('headcount_shop_pages_reports{value="100+"}') == 4
    assert first.value('headcount_shop_modules_reports{value="views"}') == 10
    assert "cache" not in first.metrics


@pytest.mark.parametrize(("end", "old"), [("2026-12-18", 2), ("2026-12-17", 0)])
def test_a_replaced_key_is_counted_beside_its_successor_until_its_end(
    tmp_path: Path, end: str, old: int
) -> None:
    source, out = tmp_path / "shop", tmp_path / "generated"
    source.mkdir()
    banner = ["type = boolean", "deprecated = renamed:top_bar", f"expires = {end}"]
    keys = {"banner": banner, "top_bar": ["type = boolean"]}
    (source / "shop.info").write_text(explained(declared(keys)), encoding="utf-8")
    run("build", source, "--out", out)
    both = Generation("both", out / "clients", out / "registry.binpb")
    week = counted(both.registry, [both], tmp_path)
    assert week.outcomes == [["SENT", "SENT"]]
    assert week.value("headcount_shop_top_bar_answers") == 2
    assert week.value("headcount_shop_banner_answers") == old

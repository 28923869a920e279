"""A year of wider questions: whoever agreed to the first ones is counted in every week."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.store.sqlite.database import SqliteDatabase
from support.explained import explained
from support.server_process import BIN

if TYPE_CHECKING:
    from pathlib import Path


ANY_PORT = Address("127.0.0.1", 0)
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)
SITES = 20

ABOUT = """\
headcount[title] = Shop
headcount[homepage] = https://example.org/shop
headcount[recipient] = The makers of Shop
headcount[contact] = https://example.org/shop/contact
headcount[endpoint] = grpcs://telemetry.example.org
"""
FIRST = """\
telemetry[os][label] = System
telemetry[os][type] = choice
telemetry[os][values][] = Linux
telemetry[os][values][] = Windows
telemetry[php][label] = PHP
telemetry[php][type] = version
telemetry[php][precision] = 1
telemetry[server][label] = Server
telemetry[server][type] = product
telemetry[server][values][] = Apache
telemetry[server][precision] = 1
telemetry[parts][label] = Parts
telemetry[parts][type] = list
telemetry[parts][values][] = views
telemetry[pages][label] = Pages
telemetry[pages][type] = count
telemetry[pages][buckets][] = 1
telemetry[pages][buckets][] = 100
"""
WIDER = (
    ("values", "telemetry[os][values][] = macOS\ntelemetry[parts][values][] = forms\n"),
    ("precision", "telemetry[php][precision] = 2\ntelemetry[server][precision] = 2\n"),
    ("values again", "telemetry[os][values][] = BSD\ntelemetry[server][values][] = nginx\n"),
    ("precision again", "telemetry[php][precision] = 3\n"),
)
KEYS = ("os", "php", "server", "parts", "pages")

HOST = """
import json, sys
from pathlib import Path
from shop_telemetry import Telemetry

place, endpoint, now, first = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]

class Site:
    def __init__(self, number):
        self.number = number
    def version(self):
        return "1.4"
    def os(self):
        return ("Linux", "macOS")[self.number % 2]
    def php(self):
        return "8.2.7"
    def server(self):
        return ("Apache 2.4.1", "nginx 1.24")[self.number % 2]
    def parts(self):
        return ["views", "forms"]
    def pages(self):
        return 42

outcomes = []
for number in range(20):
    telemetry = Telemetry(Site(number), state_directory=Path(place, str(number)),
                          endpoint=endpoint, environment={}, clock=lambda: now)
    if first == "granted":
        telemetry.grant(level="extended", via="test")
    elif first == "told":
        telemetry.notice_shown()
    outcomes.append(str(telemetry.send_now()))
print(json.dumps(sorted(set(outcomes))))
"""


def build(place: Path, text: str, *, mode: str) -> Path:
    """Build the registry that a text declares, over the lock of the one before."""
    (place / "shop").mkdir(exist_ok=True)
    (place / "shop" / "shop.info").write_text(explained(f"{ABOUT}headcount[mode] = {mode}\n{text}"))
    done = subprocess.run(
        [BIN / "headcount-registry", "build", place / "shop", "--out", place / "generated"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "generated"


def report(place: Path, endpoint: str, now: datetime, first: str) -> list[str]:
    """Let twenty installations report; return the outcomes."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HOST, place, endpoint, str(now.timestamp()), first],
        env={**os.environ, "PYTHONPATH": str(place / "generated" / "clients")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    outcomes: list[str] = json.loads(done.stdout)
    return outcomes


def week(place: Path, now: datetime, first: str = "") -> tuple[list[str], str]:
    """Let them report in one week to a server of the same age; return outcomes and metrics."""
    clock = place / "clock"
    clock.write_text(now.isoformat(), encoding="ascii")
    config = Config(
        registry=place / "generated" / "registry.binpb",
        database=SqliteDatabase(place / "headcount.db"),
        grpc=ANY_PORT,
        public=ANY_PORT,
        operations=ANY_PORT,
        threshold=1,
    )
    with App(config, FileClock(clock)) as app:
        outcomes = report(place, f"http://{app.public}", now, first)
        clock.write_text((now + timedelta(days=10)).isoformat(), encoding="ascii")
        app.weeks.advance()
        with urllib.request.urlopen(f"http://{app.public}/metrics", timeout=10) as response:
            return outcomes, response.read().decode()


def value(metrics: str, series: str) -> int:
    found = re.search(rf"^headcount_shop_{re.escape(series)} (\d+)\.0$", metrics, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("mode", ["ask_first", "on_after_notice"])
def test_no_series_ends_and_no_answer_tells_more_than_was_agreed_to(
    tmp_path: Path, mode: str
) -> None:
    text, now = FIRST, MONDAY
    build(tmp_path, text, mode=mode)
    if mode == "ask_first":
        assert week(tmp_path, now, "granted")[0] == ["SENT"]
    else:
        assert week(tmp_path, now, "told")[0] == ["OFF"]
    for name, more in WIDER:
        now += timedelta(days=14)
        kept = [line for line in text.splitlines() if line.split("=")[0] + "=" not in more]
        text = "\n".join(kept) + "\n" + more if "precision" in name else text + more
        build(tmp_path, text, mode=mode)
        outcomes, metrics = week(tmp_path, now)
        assert outcomes == ["SENT"], name
        assert {key: value(metrics, f"{key}_answers") for key in KEYS} == dict.fromkeys(
            KEYS, SITES
        ), name
        assert value(metrics, 'os_reports{value="Linux"}') == SITES / 2
        assert value(metrics, 'os_reports{value="macOS"}') == 0
        assert value(metrics, 'php_reports{value="8"}') == SITES
        assert value(metrics, 'server_reports{value="Apache 2"}') == SITES / 2
        assert value(metrics, 'parts_reports{value="views"}') == SITES
        assert value(metrics, 'parts_reports{value="forms"}') == 0
        assert value(metrics, 'pages_reports{value="1-99"}') == SITES
    # Who agrees to the wider questions is counted on them: by a yes, or by a newer notice.
    now += timedelta(days=14)
    first = "granted" if mode == "ask_first" else "told"
    outcomes, metrics = week(tmp_path, now, first)
    if mode == "on_after_notice":
        assert value(metrics, 'php_reports{value="8"}') == SITES  # its day is not over
        now += timedelta(days=14)
        outcomes, metrics = week(tmp_path, now)
    assert outcomes == ["SENT"]
    assert value(metrics, 'os_reports{value="macOS"}') == SITES / 2
    assert value(metrics, 'php_reports{value="8.2.7"}') == SITES
    assert value(metrics, 'server_reports{value="nginx 1.24"}') == SITES / 2

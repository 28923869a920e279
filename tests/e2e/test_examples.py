"""The examples run as they are printed, against a real server, and are counted."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from headcount_server.week import Week
from support.repository import ROOT
from support.server_process import BIN, ServerProcess
from support.waiting import until

EXAMPLES = ROOT / "examples"

LONG_AGO = """
import sys, time
from acme_telemetry import Collectors, Telemetry
Telemetry(
    Collectors(), state_directory=sys.argv[1], environment={},
    clock=lambda: time.time() - 9 * 86_400,
).grant("extended", via="test")
"""
"""A yes that was given nine days ago, so that a report may leave at once."""

SOON = """
import sys, time
from acme_telemetry import Collectors, Telemetry
Telemetry(
    Collectors(), state_directory=sys.argv[1], environment={}, randomness=lambda: 0.0
).due()
"""
"""Draws this week's moment, and draws the present one."""


@pytest.fixture(name="generated", scope="module")
def _generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the registry makes of the examples' declarations."""
    generated = tmp_path_factory.mktemp("acme")
    subprocess.run(
        [BIN / "headcount-registry", "build", EXAMPLES / "declarations", "--out", generated],
        check=True,
        capture_output=True,
    )
    return generated


class Place:
    """A host's directory, environment and server."""

    def __init__(self, directory: Path, generated: Path, endpoint: str) -> None:
        self.directory = directory
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "PYTHONPATH": os.pathsep.join([
                str(generated / "clients"), str(EXAMPLES / "django_site"), *filter(None, sys.path),
            ]),
            "ACME_STATE": str(directory / "state"),
            "ACME_ENDPOINT": endpoint,
            "ACME_SECRET_KEY": "for the tests",
        }  # fmt: skip

    def run(self, *command: object) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", *(str(part) for part in command)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def make_due(self, state: Path) -> None:
        """Lets a report be due now."""
        self.run("-c", LONG_AGO, state)
        self.run("-c", SOON, state)


@pytest.fixture(name="server")
def _server(serve: Callable[..., ServerProcess], generated: Path) -> ServerProcess:
    return serve(generated / "registry.binpb", "--threshold=1", clock=datetime.now(UTC))


@pytest.fixture(name="place")
def _place(tmp_path: Path, generated: Path, server: ServerProcess) -> Place:
    return Place(tmp_path, generated, f"grpc://{server.addresses['gRPC']}")


def _published(server: ServerProcess, line: str) -> str:
    """Closes the week, and returns what everyone can read then."""
    server.set_clock(Week.of(server.now).end + timedelta(days=2, seconds=1))
    return server.wait_for_metric(line)


def _wait_for(path: Path, text: str) -> None:
    until(lambda: text in path.read_text(), told=path.read_text)


def test_the_command_line_tool_says_what_it_does_and_is_counted_in_the_background(
    place: Place, server: ServerProcess
) -> None:
    tool = EXAMPLES / "command_line" / "acme_cli.py"
    state = place.directory / "state"
    assert place.run(tool, "greet", "Ada") == "Hello, Ada!\n"
    assert place.run(tool, "counting", "status").startswith("Nobody has answered yet")
    assert not state.exists()
    assert '"operatingSystem"' in place.run(tool, "counting", "preview")
    assert place.run(tool, "counting", "yes") == "Agreed to.\n"
    place.run(tool, "counting", "no")
    assert not (state / "acme").exists()
    state = place.directory / "another"
    place.environment["ACME_STATE"] = str(state)
    place.make_due(state)
    assert place.run(tool, "greet", "Ada") == "Hello, Ada!\n"
    _wait_for(state / "acme" / "plan.json", '"sent"')
    metrics = _published(server, "headcount_acme_reports 1.0")
    assert 'headcount_acme_operating_system_reports{value="Linux"} 1.0' in metrics


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_the_cron_script_says_nothing_and_is_counted(
    place: Place, server: ServerProcess, scheme: str
) -> None:
    if scheme == "http":
        place.environment["ACME_ENDPOINT"] = f"http://{server.addresses['public']}"
    script = EXAMPLES / "cron" / "report.py"
    assert place.run(script) == ""
    assert not (place.directory / "state").exists()
    place.make_due(place.directory / "state")
    assert place.run(script) == ""
    assert place.run(script) == ""
    metrics = _published(server, "headcount_acme_reports 1.0")
    version = ".".join(map(str, sys.version_info[:2]))
    assert f'headcount_acme_python_version_reports{{value="{version}"}} 1.0' in metrics


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_host_whose_clock_is_a_week_ahead_is_counted_in_the_servers_week(
    serve: Callable[..., ServerProcess], generated: Path, tmp_path: Path, scheme: str
) -> None:
    week = Week.of(datetime.now(UTC) - timedelta(days=7))
    server = serve(
        generated / "registry.binpb", "--threshold=1", clock=week.end - timedelta(hours=1)
    )
    door = server.addresses["gRPC" if scheme == "grpc" else "public"]
    place = Place(tmp_path, generated, f"{scheme}://{door}")
    place.make_due(tmp_path / "state")
    place.run(EXAMPLES / "cron" / "report.py")
    server.set_clock(week.end + timedelta(days=2, seconds=1))
    server.wait_for_metric("headcount_acme_reports 1.0")


PAGES = """
import django
django.setup()
from acme_site.telemetry import telemetry
from django.test import Client

browser = Client(enforce_csrf_checks=False)
page = browser.get("/install").content.decode()
assert page.count('type="checkbox"') == 2 and "checked" not in page
for key in telemetry().project.keys:
    assert key.label in page and key.purpose in page and key.issue in page

assert browser.post("/install").status_code == 302
assert telemetry().state().rule == "undecided"
assert "<strong>Off.</strong>" in browser.get("/usage-counts").content.decode()

ticked = {"counted": "on", "extended": "on"}
assert browser.post("/install", ticked).status_code == 302
state = telemetry().state()
assert state.on and "accounts" in state.keys
assert telemetry().record().via == "installer"

page = browser.get("/usage-counts").content.decode()
assert "<strong>On.</strong>" in page and "Operating system" in page and "<td>0</td>" in page
browser.post("/usage-counts", {"do": "refuse", "key": "plugins"})
assert "plugins" not in telemetry().state().keys
browser.post("/usage-counts", {"do": "no"})
assert not telemetry().state().on
"""


def test_the_django_site_asks_shows_and_is_counted(place: Place, server: ServerProcess) -> None:
    assert importlib.util.find_spec("django"), "Django is missing: run `make setup`"
    manage = EXAMPLES / "django_site" / "manage.py"
    place.environment["DJANGO_SETTINGS_MODULE"] = "acme_site.settings"
    place.run(manage, "migrate", "--verbosity=0")
    place.run("-c", textwrap.dedent(PAGES))
    assert place.run(manage, "send_telemetry", "--verbosity=2") == "OFF\n"
    shutil.rmtree(place.directory / "state" / "headcount")
    place.make_due(place.directory / "state" / "headcount")
    assert place.run(manage, "send_telemetry") == ""
    assert place.run(manage, "send_telemetry", "--verbosity=2") == "NOT_DUE\n"
    metrics = _published(server, "headcount_acme_reports 1.0")
    assert 'headcount_acme_operating_system_reports{value="Linux"} 1.0' in metrics

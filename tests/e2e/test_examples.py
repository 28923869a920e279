"""The examples run as they are printed, against a real server, and are counted."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import textwrap
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from headcount_server.week import Week
from support.example_hosts import EXAMPLES, Place, build, published
from support.present import present
from support.server_process import ServerProcess
from support.waiting import until


@pytest.fixture(name="generated", scope="module")
def _generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("acme"))


@pytest.fixture(name="server")
def _server(serve: Callable[..., ServerProcess], generated: Path) -> ServerProcess:
    return serve(generated / "registry.binpb", "--threshold=1", clock=present())


@pytest.fixture(name="place")
def _place(tmp_path: Path, generated: Path, server: ServerProcess) -> Place:
    return Place(tmp_path, generated, f"grpc://{server.addresses['gRPC']}")


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
    metrics = published(server, "headcount_acme_reports 1.0")
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
    metrics = published(server, "headcount_acme_reports 1.0")
    version = ".".join(map(str, sys.version_info[:2]))
    assert f'headcount_acme_python_version_reports{{value="{version}"}} 1.0' in metrics


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_host_whose_clock_is_a_week_behind_is_counted_in_the_servers_week(
    serve: Callable[..., ServerProcess], generated: Path, tmp_path: Path, scheme: str
) -> None:
    week = Week.of(present() + timedelta(days=14))
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
import re
import django
django.setup()
from acme_site.telemetry import telemetry
from django.contrib.auth.models import User
from django.test import Client

stranger = Client()
for page in ("/install", "/usage-counts"):
    for answer in (stranger.get(page), stranger.post(page, {"do": "yes", "counted": "on"})):
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
assert "Log in" in stranger.get("/accounts/login/").content.decode()
visitor = Client()
visitor.force_login(User.objects.create_user("ada"))
assert visitor.post("/usage-counts", {"do": "yes"}).status_code == 403
assert telemetry().state().rule == "undecided"

browser = Client()
browser.force_login(User.objects.create_superuser("grace"))
page = browser.get("/install").content.decode()
assert page.count('type="checkbox"') == 2 and "checked" not in page
for key in telemetry().project.keys:
    assert key.label in page and key.purpose in page and key.issue in page

assert browser.post("/install").status_code == 302
assert telemetry().state().rule == "undecided"
assert "<strong>Off.</strong>" in browser.get("/usage-counts").content.decode()

shown = {
    name: re.search(f'name="{name}" value="([^"]+)"', page)[1]
    for name in ("language", "text_digest")
}
ticked = {"counted": "on", "extended": "on", **shown}
assert browser.post("/install", ticked).status_code == 302
state = telemetry().state()
assert state.on and "accounts" in state.keys
record = telemetry().record()
assert record.via == "installer"
assert {"language": record.language, "text_digest": record.text_digest} == shown

page = browser.get("/usage-counts").content.decode()
assert "<strong>On.</strong>" in page and "Operating system" in page and "<td>0</td>" in page
browser.post("/usage-counts", {"do": "refuse", "key": "plugins"})
assert "plugins" not in telemetry().state().keys
page = browser.get("/usage-counts").content.decode()
assert "left out, as you asked" in page and page.count('value="allow"') == 1
browser.post("/usage-counts", {"do": "allow", "key": "plugins"})
assert "plugins" in telemetry().state().keys
browser.post("/usage-counts", {"do": "no"})
assert not telemetry().state().on
"""


def test_the_django_site_asks_shows_and_is_counted(place: Place, server: ServerProcess) -> None:
    assert importlib.util.find_spec("django"), "Django is missing: run `make setup`"
    manage = EXAMPLES / "django_site" / "manage.py"
    place.environment["DJANGO_SETTINGS_MODULE"] = "acme_site.settings"
    place.run(manage, "migrate", "--verbosity=0")
    place.run("-c", textwrap.dedent(PAGES))
    place.environment.pop("ACME_SECRET_KEY")
    key = "from acme_site.settings import SECRET_KEY; print(SECRET_KEY)"
    assert len({place.run("-c", key) for _ in range(2)}) == 1  # each worker has the same
    assert place.run(manage, "send_telemetry", "--verbosity=2") == "OFF\n"
    shutil.rmtree(place.directory / "state" / "headcount")
    place.make_due(place.directory / "state" / "headcount")
    assert place.run(manage, "send_telemetry") == ""
    assert place.run(manage, "send_telemetry", "--verbosity=2") == "NOT_DUE\n"
    metrics = published(server, "headcount_acme_reports 1.0")
    assert 'headcount_acme_operating_system_reports{value="Linux"} 1.0' in metrics

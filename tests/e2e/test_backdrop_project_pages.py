"""The tabs of a project on its own site show what a real server has published, and no more."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.backdrop_site import MODULE, BackdropSite, Json
from support.present import present
from support.repository import REGISTRY, TESTS
from support.server_process import ServerProcess, fetch, installed
from support.waiting import until

PAGES = MODULE.with_name("headcount_project")
PROGRAM = TESTS / "backdrop" / "project_pages.php"
SITES = 6  # 5 is the threshold
pytestmark = pytest.mark.slow


def shown(site: BackdropSite, do: str, project: str = "backdrop") -> Json:
    """Return what a tab shows."""
    site.prepare()
    done = subprocess.run(
        [installed("php"), PROGRAM, site.folder, PAGES, do, project],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return json.loads(done.stdout)


@pytest.fixture(name="new_site")
def _new_site(tmp_path: Path, clean_environment: dict[str, str]) -> Callable[[], BackdropSite]:
    def made() -> BackdropSite:
        folder = tmp_path / f"site{len(list(tmp_path.glob('site*')))}"
        folder.mkdir()
        return BackdropSite(folder, clean_environment)

    return made


def test_the_tabs_show_what_is_published_and_keep_it_for_a_day(
    serve: Callable[..., ServerProcess], new_site: Callable[[], BackdropSite]
) -> None:
    now = present()
    server = serve(REGISTRY, clock=now)
    address = f"http://{server.addresses['public']}"
    own = new_site()
    own.parts["settings"]["headcount_project_server"] = address
    for _ in range(SITES):
        site = new_site()
        site.parts["settings"]["headcount_endpoint"] = address
        site.do("grant", {"level": "basic", "refused": {}})
        assert site.do("send") == {"backdrop": "sent"}
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=0, minute=0)
    server.set_clock(monday + timedelta(days=3))
    year, week, _ = now.isocalendar()
    # Pages have a week a moment after the metrics.
    until(lambda: f"{year}-W{week:02}" in fetch(f"{address}/data/projects/backdrop.json"))

    usage = shown(own, "usage")
    assert usage["weeks"]["#rows"] == [[f"{year}-W{week:02}", 5]]
    page = shown(own, "telemetry")
    assert "5 installations or more" in page["week"]["#markup"]
    assert page["server_os"]["answers"]["#rows"] == [["Linux", 5]]
    assert page["clean_urls"]["answers"]["#rows"] == [["Yes", 5]]
    assert "automated tests run on" in page["server_os"]["why"]["#markup"]
    assert page["install_version"]["answers"]["#rows"] == []  # nobody answered it

    assert shown(own, "access") == [True, False, False]
    assert shown(own, "access", "nobody") == [False, False, False]
    server.kill()
    assert shown(own, "usage") == usage  # kept


def test_without_a_server_nothing_is_shown_and_nothing_fails(
    new_site: Callable[[], BackdropSite],
) -> None:
    site = new_site()
    assert shown(site, "access") == [False, False, False]
    site.parts["settings"]["headcount_project_server"] = "http://127.0.0.1:9"
    assert shown(site, "usage")["weeks"]["#rows"] == []
    assert shown(site, "access") == [False, False, False]


def test_the_address_that_core_links_to_leads_to_the_tab(
    new_site: Callable[[], BackdropSite],
) -> None:
    site = new_site()
    assert shown(site, "redirect") == [301, "node/7/telemetry"]
    assert shown(site, "redirect", "nobody") == 2  # not found
    assert shown(site, "redirect", "away") == 2  # no way to other sites


def test_a_site_whose_project_usage_has_the_tab_keeps_it(
    new_site: Callable[[], BackdropSite],
) -> None:
    site = new_site()
    assert "node/%node/usage" in shown(site, "menu")
    site.parts["modules"]["project_usage"] = {"name": "Usage"}
    assert shown(site, "menu").keys() == {"node/%node/telemetry", "project/%/telemetry"}

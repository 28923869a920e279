"""The module for Backdrop, run by PHP, and a real server: who says yes is counted, nobody else."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.backdrop_site import BackdropSite, Json
from support.present import present
from support.repository import REGISTRY
from support.server_process import ServerProcess
from support.waiting import PATIENCE

DAY = 86_400
YES = {"level": "extended", "refused": {}}
pytestmark = pytest.mark.slow

Serve = Callable[..., ServerProcess]


@pytest.fixture(name="site")
def _site(tmp_path: Path, clean_environment: dict[str, str]) -> BackdropSite:
    folder = tmp_path / "site"
    folder.mkdir()
    return BackdropSite(folder, clean_environment)


def served(serve: Serve, site: BackdropSite, moment: datetime | None = None) -> ServerProcess:
    server = serve(REGISTRY, clock=moment or present())
    site.parts["settings"]["headcount_endpoint"] = f"http://{server.addresses['public']}"
    return server


def counted(server: ServerProcess) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as reader:
        return reader.execute(
            "SELECT project, SUM(reports) FROM open_reports GROUP BY 1"
        ).fetchall()


def kept(site: BackdropSite) -> Json:
    return site.do("state")["projects"]["backdrop"]


def test_a_site_that_says_yes_is_counted_once(serve: Serve, site: BackdropSite) -> None:
    server = served(serve, site)
    site.do("grant", YES)
    assert site.do("send") == {"backdrop": "sent"}
    (entry,) = kept(site)["history"]
    assert (entry["outcome"], entry["code"], entry["ignored"]) == ("sent", "OK", [])
    assert site.do("send") == {"backdrop": "not due"}
    assert counted(server) == [("backdrop", 1)]
    assert 'understood="complete"' in server.metrics("operations")


@pytest.mark.parametrize("answer", ["deny", "state"])
def test_without_a_yes_nothing_arrives(serve: Serve, site: BackdropSite, answer: str) -> None:
    server = served(serve, site)
    site.do(answer)
    site.do("cron")
    assert site.do("send") == {"backdrop": "off"}
    site.later(9 * DAY, "cron")
    assert counted(server) == []
    assert "headcount_reports_total{" not in server.metrics("operations")


def test_cron_sends_once_a_week_at_a_moment_of_its_own(serve: Serve, site: BackdropSite) -> None:
    """Each quarter of a day for a week, as a cron would run, and once more at its very end."""
    site.parts["settings"]["headcount_endpoint"] = "http://127.0.0.1:9"
    site.do("grant", YES)
    # The answer is three weeks old, so that all of a week is drawn from.
    told = kept(site)
    told["record"]["not_before"] -= 22 * DAY
    site.keep("backdrop", told)
    site.do("refresh")
    now = present()
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=0, minute=1)
    server = served(serve, site, monday + timedelta(hours=1))
    for moment in (
        *(monday + timedelta(hours=6 * quarter) for quarter in range(28)),
        monday + timedelta(days=7, minutes=-2),
    ):
        server.set_clock(moment)
        site.later(moment.timestamp() - time.time(), "cron")
    assert counted(server) == [("backdrop", 1)]
    assert len(kept(site)["history"]) == 1


def test_two_runs_of_cron_at_once_send_one_report(serve: Serve, site: BackdropSite) -> None:
    server = served(serve, site)
    site.do("grant", YES)
    told = kept(site)
    told["plan"] = {"week": _week(), "moment": 0, "tries": 0, "done": ""}
    site.keep("backdrop", told)
    site.remember("headcount_due", "0")
    runs = [site.begin("cron") for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0, 0, 0, 0]
    assert counted(server) == [("backdrop", 1)]
    assert len(kept(site)["history"]) == 1


def test_a_copied_database_counts_once(
    serve: Serve, site: BackdropSite, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    server = served(serve, site)
    site.do("grant", YES)
    (tmp_path / "copy").mkdir()
    copy = BackdropSite(tmp_path / "copy", clean_environment, site.parts)
    (copy.folder / "state.json").write_bytes((site.folder / "state.json").read_bytes())
    assert [each.do("send") for each in (site, copy)] == [{"backdrop": "sent"}] * 2
    assert counted(server) == [("backdrop", 1)]


def test_a_clock_that_lags_sends_for_the_week_that_the_server_names(
    serve: Serve, site: BackdropSite
) -> None:
    ahead = present() + timedelta(days=14)
    server = served(serve, site, ahead)
    site.do("grant", YES)
    assert site.do("send") == {"backdrop": "sent"}
    year, week, _ = ahead.isocalendar()
    assert kept(site)["named"] == {_week(): f"{year}-W{week:02}"}
    assert counted(server) == [("backdrop", 1)]


def test_a_server_that_is_silent_costs_cron_less_than_five_seconds(site: BackdropSite) -> None:
    site.parts["settings"]["headcount_endpoint"] = "http://127.0.0.1:9"
    site.do("grant", YES)
    assert site.do("send") == {"backdrop": "later"}
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor() as threads:
        silent.settimeout(PATIENCE)
        site.parts["settings"]["headcount_endpoint"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sending = threads.submit(site.do, "send")
        with silent.accept()[0] as caller:
            came = time.monotonic()
            while caller.recv(4096):  # until it hangs up
                pass
            took = time.monotonic() - came  # without PHP's start and end
        assert sending.result() == {"backdrop": "later"}
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):  # it came once
            silent.accept()
    assert 4 < took < 5


def test_a_no_while_a_report_is_on_its_way_leaves_nothing(site: BackdropSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site.parts["settings"]["headcount_endpoint"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        site.do("grant", YES)
        sending = site.begin("send")
        with silent.accept()[0]:
            told = site.do("deny")["projects"]["backdrop"]
            assert sending.wait(60) == 0
    for left in (told, kept(site)):
        assert (left["secret"], left["report"], left["history"]) == ("", None, [])
        assert left["record"]["decision"] == "denied"


def test_what_is_sent_is_what_was_shown(serve: Serve, site: BackdropSite) -> None:
    site.parts["settings"]["headcount_endpoint"] = "http://127.0.0.1:9"
    site.do("grant", YES)
    site.do("send")
    shown = kept(site)["report"]
    served(serve, site)
    site.parts["rows"]["node"] = 12_345
    assert site.do("send") == {"backdrop": "sent"}
    (entry,) = kept(site)["history"]
    assert (entry["digest"], entry["json"]) == (shown["digest"], shown["json"])
    assert json.dumps(site.do("report")).count(shown["digest"]) == 1


def _week() -> str:
    year, week, _ = datetime.now(UTC).isocalendar()
    return f"{year}-W{week:02}"

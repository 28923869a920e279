"""What takes a while runs beside the event loop of a door: reports are answered meanwhile."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from headcount_server.app import App
from headcount_server.doors.address import Address
from headcount_server.pages.routes import Pages
from headcount_server.pages.site import Site
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store.sqlite.store import SqliteStore
from support.waiting import PATIENCE

METHOD = "/headcount.v1.TelemetryService"


def _post(address: Address, method: str, told: dict[str, Any]) -> int:
    with closing(
        http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
    ) as caller:
        body = json.dumps(told)
        caller.request("POST", f"{METHOD}/{method}", body, {"Content-Type": "application/json"})
        return caller.getresponse().status


def _report(address: Address, number: int, week: str = "2026-W47") -> int:
    told = {
        "week": week,
        "token": base64.b64encode(number.to_bytes(16)).decode(),
        "report": {"@type": "x/headcount.projects.toy.v1.Report"},
    }
    return _post(address, "SubmitReport", told)


@pytest.fixture(name="held")
def _held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., threading.Event]]:
    """Has a method wait until the test is over; the returned event says that it does."""
    free = threading.Event()

    def held(of: type, name: str) -> threading.Event:
        reached, method = threading.Event(), getattr(of, name)

        def waiting(*arguments: Any) -> Any:  # noqa: ANN401 - handed on
            reached.set()
            assert free.wait(PATIENCE)
            return method(*arguments)

        monkeypatch.setattr(of, name, waiting)
        return reached

    yield held
    free.set()


@pytest.mark.parametrize(
    ("of", "name", "path"),
    [(Site, "document", "/"), (Pages, "_present", "/"), (Pages, "_present", "/data/bundle.zip")],
)
def test_a_slow_page_holds_up_no_report(
    running: App, held: Callable[..., threading.Event], of: type, name: str, path: str
) -> None:
    reached = held(of, name)

    def look() -> None:
        with urllib.request.urlopen(f"http://{running.public}{path}", timeout=PATIENCE):
            pass

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    assert reached.wait(PATIENCE)
    assert _report(running.public, 1) == 200
    assert looking.is_alive()


@pytest.mark.parametrize(
    ("question", "of", "name"),
    [("GetRegistry", WeekCycle, "terms"), ("GetStatistics", SqliteStore, "published")],
)
def test_a_slow_question_holds_up_no_report(
    running: App, held: Callable[..., threading.Event], question: str, of: type, name: str
) -> None:
    reached = held(of, name)
    asking = threading.Thread(target=_post, args=(running.public, question, {}), daemon=True)
    asking.start()
    assert reached.wait(PATIENCE)
    assert _report(running.public, 1) == 200
    assert asking.is_alive()


def test_a_week_that_turns_is_opened_beside_the_event_loop(
    running: App, clock_file: Path, held: Callable[..., threading.Event]
) -> None:
    reached = held(WeekCycle, "_look")
    clock_file.write_text("2026-11-23T00:00:00Z", encoding="ascii")
    reporting = threading.Thread(target=_report, args=(running.public, 1, "2026-W48"), daemon=True)
    reporting.start()
    assert reached.wait(PATIENCE)
    with urllib.request.urlopen(f"http://{running.public}/", timeout=PATIENCE) as page:
        assert page.status == 200
    assert reporting.is_alive()

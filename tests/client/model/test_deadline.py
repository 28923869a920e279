"""Where no thread can be started, everything says so and nothing hangs or raises beyond it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.model.deadline import Task
from headcount.model.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


@pytest.fixture(name="threadless")
def _threadless(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make this process a host that has reached its limit of threads."""

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    return lambda: monkeypatch.setattr(threading.Thread, "start", start)


def test_a_task_tells_that_no_thread_can_be_started(threadless: Callable[[], None]) -> None:
    threadless()
    with pytest.raises(HostError, match="lets nobody start a thread: can't start new thread"):
        Task(int)


def test_all_ways_to_send_keep_their_promise_without_threads(
    host: Callable[..., Host], threadless: Callable[[], None]
) -> None:
    site = host()
    site.client.grant()
    site.until_due()
    threadless()
    for send in (site.client.send_if_due, site.client.send_now, site.client.send_in_background):
        outcome = send()
        assert outcome == Outcome.LATER
        assert "start a thread" in outcome.message
    scheduler = site.client.start_scheduler()
    assert not scheduler.running
    scheduler.stop()
    with pytest.raises(HostError):
        site.client.preview()

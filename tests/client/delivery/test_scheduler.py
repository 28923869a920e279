"""A thread sends for services that run for days; hosts of every build send one report."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.delivery.scheduler import LONGEST, SHORTEST, Scheduler
from support.repository import TESTS
from support.sample_project import DAY, Recorder
from support.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


def _has_sent(site: Host, reports: int) -> bool:
    return len(site.transport.requests) == reports


def _scheduler(site: Host) -> Scheduler:
    client = site.client
    return Scheduler(client.next_due, client.send_if_due, lambda: site.now, shortest=0.005)


def test_a_running_scheduler_sends_each_weeks_report(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    scheduler = _scheduler(site)
    site.until_due()
    scheduler.start()
    for week in range(1, 4):
        until(partial(_has_sent, site, week))
        until(lambda: (site.client.next_due() or 0) > site.now)
        scheduler.stop(PATIENCE)
        site.now = site.client.next_due() or 0
        site.until_due()
        scheduler = _scheduler(site)
        scheduler.start()
    scheduler.stop(PATIENCE)
    assert not scheduler.running


def test_the_client_starts_one_and_stopping_it_does_not_wait(host: Callable[..., Host]) -> None:
    site = host()
    scheduler = site.client.start_scheduler()
    assert scheduler.running
    scheduler.stop(PATIENCE)  # and not for the hour until it looks again
    scheduler.stop(PATIENCE)  # once more is no error
    assert not scheduler.running


def test_it_looks_at_the_clock_every_hour_whatever_comes(host: Callable[..., Host]) -> None:
    """After a suspended night or a clock that jumped it is late by an hour at most."""
    site = host()
    scheduler = site.client.start_scheduler()
    scheduler.stop(PATIENCE)
    assert scheduler._pause() == LONGEST  # nobody has answered yet
    site.client.grant()
    assert scheduler._pause() == LONGEST  # due in days
    site.now = (site.client.next_due() or 0) - 600
    assert 599 <= scheduler._pause() <= 600
    site.now += DAY
    assert scheduler._pause() == SHORTEST  # overdue, and no busy loop


def test_a_scheduler_survives_whatever_goes_wrong(host: Callable[..., Host]) -> None:
    site = host()
    calls = []

    def send() -> None:
        calls.append(1)
        raise MemoryError

    scheduler = Scheduler(lambda: site.now, send, lambda: site.now, shortest=0.001)
    scheduler.start()
    until(lambda: len(calls) > 3)
    assert scheduler.running
    scheduler.stop(PATIENCE)


PROGRAM = """
import os, sys, threading, time
sys.path.insert(0, {here!r})
from pathlib import Path
from support.sample_project import Host
from support.waiting import until
from headcount.delivery.scheduler import Scheduler
from headcount.transport.messages import Answer

class Journal:
    def submit(self, request, timeout):
        with open({journal!r}, "a") as file:
            file.write(request.token.hex() + "\\n")
        linger()
        return Answer(code="OK")

site = Host(Path({directory!r}), transport=Journal(), now={now!r})

def linger():
    time.sleep(0.2)  # as a network takes its time

def serve():
    scheduler = Scheduler(site.client.next_due, site.client.send_if_due, lambda: site.now,
                          shortest=0.01)
    scheduler.start()
    return scheduler

def serve_until_it_sends():
    scheduler = serve()
    until(lambda: os.path.exists({journal!r}) and os.path.getsize({journal!r}))
    return scheduler
"""


def _run(
    site: Host, journal: Path, body: str, stdin: IO[bytes] | None = None
) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(
        here=str(TESTS), journal=str(journal), directory=str(site.directory), now=site.now
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program + textwrap.dedent(body)],
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(name="due")
def _due(host: Callable[..., Host]) -> Host:
    site = host()
    site.client.grant()
    site.until_due()
    return site


HOSTS = {
    "a scheduler in each worker of a server that forks": """
        workers = []
        for _ in range(4):
            pid = os.fork()
            if not pid:
                serve()
                until(lambda: not site.client.due())
                os._exit(0)
            workers.append(pid)
        for pid in workers:
            assert os.waitpid(pid, 0)[1] == 0
    """,
    "a scheduler in the master, before it forks": """
        scheduler = serve_until_it_sends()
        pid = os.fork()
        if not pid:
            scheduler.stop(5)  # not running here, and no deadlock
            os._exit(3 if scheduler.running else 0)
        assert os.waitpid(pid, 0)[1] == 0
        until(lambda: not site.client.due())
        assert scheduler.running
    """,
    "a child that is forked after a first report and sends again": """
        print(site.client.send_if_due())
        pid = os.fork()
        if not pid:
            os._exit(0 if site.client.send_now().name == "NOT_DUE" else 3)
        assert os.waitpid(pid, 0)[1] == 0
    """,
    "a daemon that forks twice before it sends": """
        site.client.due()
        if os.fork():
            os.wait()
            os._exit(0)
        os.setsid()
        if os.fork():
            os.wait()
            os._exit(0)
        site.client.send_if_due()
        os._exit(0)
    """,
    "threads that all send at once": """
        threads = [threading.Thread(target=site.client.send_if_due) for _ in range(20)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """,
    "a host with an event loop": """
        import asyncio
        ticked = threading.Event()
        linger = ticked.wait
        async def main():
            sending = asyncio.ensure_future(asyncio.to_thread(site.client.send_if_due))
            for _ in range(5):  # the loop goes on while it sends
                await asyncio.sleep(0.01)
            ticked.set()
            assert (await sending).name == "SENT"
        asyncio.run(main())
    """,
    "a host that ends while its thread sends": """
        serve_until_it_sends()
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("build", HOSTS)
def test_one_report_leaves_and_nothing_is_printed_by(due: Host, tmp_path: Path, build: str) -> None:
    done = _run(due, tmp_path / "journal", HOSTS[build])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in {"", "SENT\n"}
    assert len((tmp_path / "journal").read_text().splitlines()) == 1


@pytest.mark.slow
def test_a_forked_child_does_not_hold_the_lock_of_a_parent_that_was_killed(
    due: Host, tmp_path: Path
) -> None:
    body = """
        import signal
        linger = threading.Event().wait  # for ever
        serve_until_it_sends()  # the lock is held
        if not os.fork():
            os.close(1)
            os.close(2)
            os.read(0, 1)  # until the test is over
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    child_ends, over = os.pipe()
    with os.fdopen(child_ends, "rb") as stdin, os.fdopen(over, "wb"):
        assert _run(due, tmp_path / "journal", body, stdin).returncode == -9
        assert due.client.send_if_due() == Outcome.SENT


def test_a_child_forked_by_a_collector_does_not_release_its_parents_lock(
    host: Callable[..., Host],
) -> None:
    site = host(patience=None)
    lock = site.directory / "sample" / "lock"

    def forks() -> str:
        pid = os.fork()
        if not pid:
            raise SystemExit  # unwinds through all of our code, in the child
        os.waitpid(pid, 0)
        other = host(transport=Recorder())
        assert other.client.send_now() == Outcome.BUSY
        return "8.2"

    site.client.grant()
    site.site.php_version = forks  # type: ignore[attr-defined]
    here = os.getpid()
    try:
        site.client.send_now()
    finally:
        if os.getpid() != here:
            os._exit(0)
    assert lock.exists()
    assert len(site.transport.requests) == 1


def test_an_event_loop_may_call_the_cheap_question_directly(due: Host) -> None:
    async def main() -> bool:
        return due.client.due()

    before = threading.active_count()  # other tests may have left some
    assert asyncio.run(main())
    assert threading.active_count() <= before

"""A disk that is full, read-only, not ours or damaged: nothing is raised, nothing is invented."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.model.errors import StateError
from support.repository import TESTS
from support.sample_project import Recorder
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


PROGRAM = """
import os, resource, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from support.sample_project import Host
from headcount.model.errors import StateError
import headcount.reporting.collectors, headcount.delivery.delivery, headcount.delivery.history
import headcount.reporting.report, headcount.storage.file_lock
import headcount.background_process, json, hmac, hashlib, logging, threading
Host(Path("/nowhere")).client.preview()  # whatever has to be imported is, before rights go

def unprivileged():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

def full(size=0):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

site = Host(Path({directory!r}), now={now!r})
"""


def _run(site: Host, body: str) -> list[str]:
    """What a process prints that ends well and complains of nothing."""
    program = PROGRAM.format(here=str(TESTS), directory=str(site.directory), now=site.now)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program + textwrap.dedent(body)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.fixture(name="due")
def _due(host: Callable[..., Host], open_path: Path) -> Host:
    site = host(open_path / "state")
    site.client.grant()
    site.until_due()
    return site


def _opened(directory: Path, files: int, folders: int) -> None:
    """Set the rights of everything below a directory."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(folders if path.is_dir() else files)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["send_if_due", "send_in_background", "send_now"])
def test_on_a_full_disk_nothing_is_sent_and_nothing_raised(due: Host, way: str) -> None:
    before = {path: path.read_bytes() for path in due.directory.rglob("*") if path.is_file()}
    lines = _run(due, f"full()\nprint(site.client.{way}())\nprint(site.transport.requests)")
    assert lines in (["LATER", "[]"], ["STARTED", "[]"])

    def after() -> dict[Path, bytes]:
        files = {path for path in due.directory.rglob("*") if path.is_file()}
        return {path: path.read_bytes() for path in files if path.exists()}

    # No half a file, no draft; a process in the background takes its moment.
    until(lambda: after() == before, told=after)
    assert due.client.send_if_due() == Outcome.SENT


@pytest.mark.slow
def test_an_answer_that_cannot_be_written_is_said_to_be_lost(host: Callable[..., Host]) -> None:
    site = host()
    body = """
        full()
        try:
            site.client.grant()
        except StateError as error:
            print(error)
        print(site.client.state().rule)
    """
    told, rule = _run(site, body)
    assert str(site.directory / "sample.json") in told
    assert "File too large" in told
    assert rule == "undecided"


@pytest.mark.slow
def test_a_no_that_cannot_be_written_is_said_to_be_lost(due: Host) -> None:
    body = """
        full()
        try:
            site.client.deny()
        except StateError as error:
            print("told")
    """
    assert _run(due, body) == ["told"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["send_if_due", "send_now", "send_in_background"])
def test_in_a_read_only_directory_nothing_is_sent(due: Host, way: str) -> None:
    _opened(due.directory, 0o444, 0o555)
    body = f"unprivileged()\nprint(site.client.{way}())\nprint(site.transport.requests)"
    lines = _run(due, body)
    _opened(due.directory, 0o600, 0o700)
    assert lines in (["LATER", "[]"], ["STARTED", "[]"])
    assert due.client.send_if_due() == Outcome.SENT


@pytest.mark.slow
def test_state_that_cannot_be_read_is_no_consent(due: Host) -> None:
    _opened(due.directory, 0o000, 0o755)
    body = """
        unprivileged()
        print(site.client.due(), site.client.state().rule, site.client.send_if_due())
        print(site.client.send_now(), site.transport.requests, site.client.next_due())
    """
    lines = _run(due, body)
    assert lines == ["False unreadable OFF", "OFF [] None"]


@pytest.mark.slow
def test_a_directory_that_may_not_be_entered_is_no_consent(due: Host) -> None:
    due.directory.chmod(0o000)
    body = """
        unprivileged()
        print(site.client.due(), site.client.state().on, site.client.send_if_due())
    """
    lines = _run(due, body)
    due.directory.chmod(0o700)
    assert lines == ["False False OFF"]


@pytest.mark.slow
def test_without_a_home_nothing_is_needed_but_the_directory_that_was_named(due: Host) -> None:
    body = """
        for name in ("HOME", "USER", "LOGNAME", "TMPDIR", "XDG_STATE_HOME"):
            os.environ.pop(name, None)
        print(site.client.send_if_due(), len(site.transport.requests))
    """
    assert _run(due, body) == ["SENT 1"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"{}", b"null", b"[1]", b'"granted"', b"\x00" * 500, b"\xff\xfe", b"[" * 100_000,
     b'{"format": 1, "decision": "granted"}', b'{"format": 2, "decision": "granted"}'],
)  # fmt: skip
def test_a_decision_that_is_damaged_is_none_and_never_a_yes(due: Host, damage: bytes) -> None:
    (due.directory / "sample.json").write_bytes(damage)
    assert due.client.state().rule == "unreadable"
    assert not due.client.due()
    assert due.client.send_if_due() == Outcome.OFF
    assert due.client.send_now() == Outcome.OFF
    assert not due.transport.requests
    due.client.grant()  # a new answer repairs it
    assert due.client.state().rule == "granted"


@pytest.mark.slow
def test_a_decision_cut_off_anywhere_is_never_a_yes(due: Host) -> None:
    whole = (due.directory / "sample.json").read_bytes()
    for size in range(0, len(whole), 13):
        (due.directory / "sample.json").write_bytes(whole[:size])
        assert not due.client.state().on, size


@pytest.mark.parametrize("name", ["plan.json", "outbox.json", "secret", "notes.json"])
@pytest.mark.parametrize("kind", ["directory", "loop", "huge", "pipe"])
def test_what_stands_in_a_files_place_raises_nothing(due: Host, name: str, kind: str) -> None:
    path = due.directory / "sample" / name
    path.unlink(missing_ok=True)
    if kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(10_000_000_000)
    else:
        os.mkfifo(path)
    transport = Recorder()
    due.client._transport = transport
    due.client.due()
    due.client.next_due()
    assert due.client.send_now() in {Outcome.SENT, Outcome.LATER}
    assert due.client.state().on


def test_a_state_directory_that_is_a_file_is_told_by_its_path(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("mine")
    site = host()
    assert not site.client.state().on
    assert site.client.send_if_due() == Outcome.OFF
    with pytest.raises(StateError, match="state"):
        site.client.grant()
    assert (tmp_path / "state").read_text() == "mine"

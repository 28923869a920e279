"""A process of its own sends for a program that ends, and leaves nothing in its way."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import headcount
import pytest
from headcount import Client, Outcome, background_process
from headcount.delivery import background
from support.doors import HttpDoor, http_door
from support.repository import TESTS
from support.sample_project import DAY, HOUR, MONDAY, SAMPLE, Recorder, Site
from support.waiting import PATIENCE, until, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.sample_project import Host


@pytest.fixture(name="door")
def _door() -> Iterator[HttpDoor]:
    with http_door() as door:
        yield door


@pytest.fixture(name="due")
def _due(door: HttpDoor, tmp_path: Path) -> Callable[..., Client]:
    """Make an installation whose report is due by the real clock."""

    def make(site: object | None = None, **settings: object) -> Client:
        days = [9.0]
        client = Client(
            SAMPLE,
            site or Site(),
            state_directory=tmp_path / "state",
            environment={},
            clock=lambda: time.time() - days[0] * DAY,
            randomness=lambda: 0.0,
            **{"endpoint": f"http://127.0.0.1:{door.port}", **settings},  # type: ignore[arg-type]
        )
        client.grant()
        days[0] = 0.0
        assert client.due()
        return client

    return make


@pytest.fixture(name="patient")
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program wait for what it started as long as that takes on a busy machine."""
    monkeypatch.setattr(background, "_WAIT", PATIENCE)


def _children() -> set[str]:
    """Processes whose parent is this one, zombies among them."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return set(path.read_text().split())


def _done(tmp_path: Path) -> bool:
    plan = tmp_path / "state" / "sample" / "plan.json"
    return bool(json.loads(plan.read_text())["done"])


def test_the_report_arrives_and_is_what_the_collectors_said(
    due: Callable[..., Client], door: HttpDoor, tmp_path: Path
) -> None:
    client = due()
    digest = client.preview().digest
    assert client.send_in_background() == Outcome.STARTED
    until(lambda: _done(tmp_path))
    (request,) = door.requests
    import hashlib  # noqa: PLC0415 - the test's own

    assert hashlib.sha256(request.report.value).hexdigest() == digest
    assert client.send_in_background() == Outcome.NOT_DUE
    # The process removes it after the report is recorded, and then ends.
    until(lambda: not (tmp_path / "state" / "sample" / "errand.json").exists())


@pytest.mark.usefixtures("patient")
def test_the_host_has_no_child_and_no_zombie_afterwards(
    due: Callable[..., Client], tmp_path: Path
) -> None:
    before = _children()  # of other tests, which may end meanwhile
    assert due().send_in_background() == Outcome.STARTED
    assert _children() <= before
    until(lambda: _done(tmp_path))
    assert _children() <= before


def test_a_host_is_not_held_up_by_a_network_that_hangs(
    due: Callable[..., Client], capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = due(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert client.send_in_background() == Outcome.STARTED
        silent.settimeout(PATIENCE)
        caller, _ = silent.accept()
        with caller:
            caller.settimeout(0)
            with pytest.raises(BlockingIOError):  # it waits yet, so the host has not
                list(iter(lambda: caller.recv(65_536), b""))
    assert capfd.readouterr() == ("", "")


def test_the_process_has_a_session_of_its_own_and_no_output(
    due: Callable[..., Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    program = f"""
import os
null = os.stat(os.devnull)
quiet = all(os.path.samestat(os.fstat(number), null) for number in (0, 1, 2))
open({str(seen)!r}, "w").write(f"{{os.getsid(0)}} {{quiet}} {{os.getcwd()}}")
"""
    monkeypatch.setattr(background, "_PROGRAM", program)
    due().send_in_background()
    until(lambda: seen.exists() and seen.read_text())
    session, quiet, place = seen.read_text().split()
    assert int(session) != os.getsid(0)
    assert (quiet, place) == ("True", "/")


def test_a_program_that_ends_at_once_has_sent_and_printed_nothing(
    due: Callable[..., Client], door: HttpDoor, tmp_path: Path
) -> None:
    due()
    program = textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(TESTS)!r})
        from headcount import Client
        from support.sample_project import SAMPLE, Site
        client = Client(SAMPLE, Site(), state_directory={str(tmp_path / "state")!r},
                        environment={{}}, endpoint="http://127.0.0.1:{door.port}")
        outcome = client.send_in_background()
        assert outcome.name == "STARTED", outcome
        assert "grpc" not in sys.modules
        os._exit(0)
    """)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: _done(tmp_path))
    assert len(door.requests) == 1


def test_a_hundred_runs_of_a_program_start_one_process(
    due: Callable[..., Client], door: HttpDoor, tmp_path: Path
) -> None:
    client = due()
    outcomes = [client.send_in_background() for _ in range(100)]
    assert outcomes.count(Outcome.STARTED) == 1
    until(lambda: _done(tmp_path))
    assert len(door.requests) == 1


@pytest.mark.usefixtures("patient")
def test_a_process_that_cannot_begin_is_told_and_the_program_sends_by_itself(
    due: Callable[..., Client], door: HttpDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = due()
    monkeypatch.setattr(background, "_PROGRAM", "import os; os._exit(7)")
    assert client.send_in_background() == Outcome.STARTED
    until(lambda: _done(tmp_path))
    assert len(door.requests) == 1
    note = client.notes()["send_in_background"]
    assert "ended with exit code 7" in note
    assert client.status().notes == client.notes()
    assert "answers" not in (tmp_path / "state" / "sample" / "errand.json").read_text()


@pytest.mark.usefixtures("patient")
def test_a_process_that_is_stopped_is_told_and_after_an_hour_the_program_sends_by_itself(
    host: Callable[..., Host], door: HttpDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = host(endpoint=f"http://127.0.0.1:{door.port}")
    site.client.grant()
    site.until_due()
    monkeypatch.setattr(background, "_PROGRAM", "import os; os._exit(0)")
    assert site.client.send_in_background() == Outcome.STARTED
    assert not site.client.due()
    assert site.client.next_due() == site.now + HOUR
    assert site.client.notes() == {}  # it may still be at it
    site.now += HOUR
    assert "was lost: it was stopped before its end" in site.client.notes()["send_in_background"]
    assert not door.requests
    assert site.client.send_in_background() == Outcome.STARTED
    until(lambda: site.client.next_due() == MONDAY + 7 * DAY)
    assert len(door.requests) == 1
    assert "was lost" in site.client.notes()["send_in_background"]


def test_a_server_that_hangs_holds_a_program_that_sends_by_itself_for_a_second_an_hour(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = host(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        site.client.grant()
        site.until_due()
        monkeypatch.setattr(sys, "executable", "")
        with within(9):  # the attempt takes ten seconds
            assert site.client.send_in_background() == Outcome.STARTED
        assert site.client.send_in_background() == Outcome.NOT_DUE


def test_a_relative_path_to_the_package_is_found_by_the_process(
    due: Callable[..., Client],
    door: HttpDoor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = due()
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "headcount").symlink_to(Path(headcount.__file__).parent)
    monkeypatch.chdir(tmp_path)
    ours = str(Path(headcount.__file__).parents[1])
    monkeypatch.setattr(sys, "path", ["vendor", *(path for path in sys.path if path != ours)])
    assert client.send_in_background() == Outcome.STARTED
    until(lambda: _done(tmp_path))
    assert client.notes() == {}
    assert len(door.requests) == 1


def test_the_process_is_told_where_a_relocated_python_is_and_nothing_else_of_pythons(
    due: Callable[..., Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = due()
    seen = tmp_path / "seen"
    program = f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))"
    monkeypatch.setattr(background, "_PROGRAM", program)
    monkeypatch.setenv("PYTHONHOME", sys.base_prefix)
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    client.send_in_background()
    environment = ast.literal_eval(str(until(lambda: seen.exists() and seen.read_text())))
    assert environment["PYTHONHOME"] == sys.base_prefix
    assert "PYTHONSTARTUP" not in environment


def test_a_no_before_the_process_comes_to_it_stops_it(
    due: Callable[..., Client], door: HttpDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = due()
    monkeypatch.setattr(background, "start", lambda _directory: "")
    monkeypatch.setattr(background_process, "_limit_life", lambda: None)
    client.send_in_background()
    assert (tmp_path / "state" / "sample" / "errand.json").exists()
    client.deny()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["sample.json"]
    background_process.run(str(tmp_path / "state"), "sample")
    assert not door.requests


def test_a_key_refused_meanwhile_is_not_in_the_report(
    due: Callable[..., Client], door: HttpDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headcount.reporting.report import message_class  # noqa: PLC0415 - the test's own

    client = due()
    monkeypatch.setattr(background, "start", lambda _directory: "")
    monkeypatch.setattr(background_process, "_limit_life", lambda: None)
    client.send_in_background()
    client.refuse("php_version")
    background_process.run(str(tmp_path / "state"), "sample")
    (request,) = door.requests
    report = message_class(SAMPLE).FromString(request.report.value)
    names = [field.name for field, _ in report.ListFields()]
    assert "php_version" not in names
    assert "version" in names


def test_collectors_get_a_second_of_the_hosts_time(due: Callable[..., Client]) -> None:
    assert background.PATIENCE == 1
    release = threading.Event()
    site = Site()
    site.php_version = release.wait  # type: ignore[attr-defined] # hangs
    client = due(site)
    with within(10):
        assert client.send_in_background() == Outcome.STARTED
    release.set()
    late = "its collector had not answered after 1 s"
    until(lambda: client.notes() == {"php_version": late})  # written by whoever sends


@pytest.mark.parametrize("name", ["", "/usr/sbin/uwsgi", "C:\\bee\\bee.exe"])
def test_a_program_that_is_no_python_sends_in_a_thread(
    due: Callable[..., Client],
    door: HttpDoor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    client = due()
    monkeypatch.setattr(sys, "executable", name)
    assert client.send_in_background() == Outcome.STARTED
    until(lambda: _done(tmp_path))
    assert len(door.requests) == 1


def test_a_transport_of_the_hosts_own_sends_in_a_thread(
    due: Callable[..., Client], tmp_path: Path
) -> None:
    recorder = Recorder()
    client = due(transport=recorder)
    assert client.send_in_background() == Outcome.STARTED
    until(lambda: _done(tmp_path))
    assert len(recorder.requests) == 1


@pytest.mark.usefixtures("patient")
def test_a_process_that_cannot_be_started_is_no_error_of_the_hosts(
    due: Callable[..., Client],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client = due()
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    assert client.send_in_background() == Outcome.STARTED
    assert "/nowhere/python3: No such file" in client.notes()["send_in_background"]
    until(lambda: _done(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_off_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trap(*_parts: object, **_named: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", trap)
    client = Client(SAMPLE, Site(), state_directory=tmp_path / "state", environment={})
    assert client.send_in_background() == Outcome.OFF
    client.deny()
    assert client.send_in_background() == Outcome.OFF
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["sample.json"]

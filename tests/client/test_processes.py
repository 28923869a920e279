"""Many processes, and processes that die, still send one report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.transport.messages import Answer
from support.repository import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from headcount.transport.messages import Answer
from support.sample_project import Host

class Journal:
    '''Notes each request in a file; dies or lingers as told.'''
    def submit(self, request, timeout):
        with open(sys.argv[3], "a") as file:
            line = [request.week, request.token.hex(), request.report.hex()]
            file.write(json.dumps(line) + "\\n")
        if sys.argv[4] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.3)
        return Answer(code="OK")

site = Host(Path(sys.argv[2]), transport=Journal(), now=float(sys.argv[5]))
if sys.argv[4] == "die":
    site.site.answers["php_version"] = "7.4.33"
print(site.client.send_if_due())
"""


def _start(site: Host, journal: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(TESTS), str(site.directory), str(journal), how,
         repr(site.now)],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def _journal(path: Path) -> list[list[str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_eight_processes_at_once_send_one_report(host: Callable[..., Host], tmp_path: Path) -> None:
    site = host()
    site.client.grant()
    site.until_due()
    processes = [_start(site, tmp_path / "journal", "linger") for _ in range(8)]
    outcomes = [process.communicate()[0].strip() for process in processes]
    assert outcomes.count("SENT") == 1
    assert set(outcomes) <= {"SENT", "BUSY", "NOT_DUE"}
    assert len(_journal(tmp_path / "journal")) == 1


@pytest.mark.slow
def test_a_report_whose_sender_was_killed_is_sent_again_byte_for_byte(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site = host()
    site.client.grant()
    site.until_due()
    killed = _start(site, tmp_path / "journal", "die")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert site.client.due()
    assert site.client.send_if_due() == Outcome.SENT
    ((week, token, report),) = _journal(tmp_path / "journal")
    (request,) = site.transport.requests
    assert (request.week, request.token.hex(), request.report.hex()) == (week, token, report)
    assert b"7.4" in request.report


def test_threads_of_one_process_send_one_report(host: Callable[..., Host]) -> None:
    site = host()
    nested: list[Outcome] = []

    class Reentrant:
        def submit(self, request: object, timeout: float) -> Answer:
            assert request
            assert timeout
            nested.append(site.client.send_now())
            return Answer(code="OK")

    site.client._transport = Reentrant()  # the lock holds between threads as between processes
    site.client.grant()
    assert site.client.send_now() == Outcome.SENT
    assert nested == [Outcome.BUSY]


@pytest.mark.parametrize("clear", [False, True], ids=["history kept", "history cleared"])
def test_a_no_while_a_report_is_on_its_way_leaves_nothing_behind(
    host: Callable[..., Host], *, clear: bool
) -> None:
    site = host()

    class Denier:
        def submit(self, request: object, timeout: float) -> Answer:
            assert request
            assert timeout
            site.client.deny(clear_history=clear)
            return Answer(code="UNAVAILABLE")

    site.client._transport = Denier()
    site.client.grant()
    assert site.client.send_now() == Outcome.OFF
    left = {path.name for path in site.directory.iterdir()}
    assert left == ({"sample.json"} if clear else {"sample.json", "sample.history"})
    assert [entry.outcome for entry in site.client.history()] == ([] if clear else ["UNANSWERED"])


def test_forgetting_while_a_report_is_on_its_way_leaves_nothing_behind(
    host: Callable[..., Host],
) -> None:
    site = host()

    class Forgetter:
        def submit(self, request: object, timeout: float) -> Answer:
            assert request
            assert timeout
            site.client.forget()
            return Answer(code="OK")

    site.client._transport = Forgetter()
    site.client.grant()
    assert site.client.send_now() == Outcome.SENT
    assert not site.directory.exists()


def test_a_transport_that_raises_is_a_failed_attempt(
    host: Callable[..., Host], capfd: pytest.CaptureFixture[str]
) -> None:
    site = host()

    class Broken:
        def submit(self, request: object, timeout: float) -> Answer:
            raise OSError("no network", request, timeout)

    site.client._transport = Broken()
    site.client.grant()
    assert site.client.send_now() == Outcome.LATER
    assert not site.client.due()
    assert capfd.readouterr() == ("", "")


def test_a_state_directory_that_cannot_be_written_sends_nothing_and_raises_nothing(
    host: Callable[..., Host],
) -> None:
    site = host()
    site.client.grant()
    (site.directory / "sample" / "outbox.json").mkdir()  # in the way, for root too
    assert site.client.send_now() == Outcome.LATER
    assert not site.transport.requests


@pytest.mark.parametrize("name", ["plan.json", "outbox.json", "secret"])
@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"\x00" * 40, b'{"week": "2026-W47"}'])
def test_damaged_inner_files_are_made_anew(
    host: Callable[..., Host], name: str, damage: bytes
) -> None:
    site = host()
    site.transport.answers = [Answer(code="UNAVAILABLE")]
    site.client.grant()
    site.client.send_now()
    (site.directory / "sample" / name).write_bytes(damage)
    assert site.client.send_now() == Outcome.SENT


def test_importing_and_asking_brings_in_nothing_heavy(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site = host()
    site.client.grant()
    assert not site.client.due()
    program = textwrap.dedent(f"""
        import sys
        from headcount import Client
        from headcount.model.project import Project
        project = Project(
            name="sample", title="", homepage="", recipient="", contact="", endpoint="",
            mode="ask_first", digest="", consent_digest="", keys=(), schema=bytes,
        )
        for place, now in (
            ({str(site.directory)!r}, {site.now}),
            ({str(tmp_path / "none")!r}, {site.now}),
            ({str(site.directory)!r}, {site.now + 604_800}),  # draws the plan of another week
        ):
            client = Client(
                project, None, state_directory=place, environment={{}}, clock=lambda: now,
                endpoint="grpcs://telemetry.example.org", randomness=lambda: 0.5,
            )
            assert not client.due()
            client.next_due()
        heavy = {{"grpc", "google", "google.protobuf", "dataclasses", "logging", "typing",
                  "datetime", "pathlib", "random", "hashlib", "tempfile", "asyncio"}}
        print(sorted(heavy & sys.modules.keys()))
    """)
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(Path(sys.modules["headcount"].__file__ or "").parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.slow
def test_pure_python_protobuf_builds_the_same_report(host: Callable[..., Host]) -> None:
    program = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(TESTS)!r})
        from pathlib import Path
        from google.protobuf.internal import api_implementation
        from support.sample_project import Host
        assert api_implementation.Type() == "python"
        print(Host(Path("nowhere")).client.preview().digest)
    """)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == host().client.preview().digest

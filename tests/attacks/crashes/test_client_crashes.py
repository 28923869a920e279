"""Killed at any moment, at once in fifty processes, or left without an answer: one count."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.transport.messages import Answer
from support.repository import TESTS
from support.sample_project import HOUR, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host

pytestmark = pytest.mark.slow


FIFTY = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from support.sample_project import Host
from headcount.transport.messages import Answer

class Journal:
    def submit(self, request, timeout):
        with open(sys.argv[3], "a") as file:
            file.write(request.token.hex() + "\\n")
        time.sleep(0.2)
        return Answer(code="OK")

gate_in, gate_out = os.pipe()
children = []
for _ in range(50):
    pid = os.fork()
    if not pid:
        os.close(gate_out)
        os.read(gate_in, 1)  # until all are there
        site = Host(Path(sys.argv[2]), transport=Journal(), now=float(sys.argv[4]))
        outcome = site.client.send_if_due().name
        os._exit({"SENT": 10, "BUSY": 11, "NOT_DUE": 12}.get(outcome, 1))
    children.append(pid)
os.close(gate_out)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
print(codes.count(10), set(codes) <= {10, 11, 12})
"""

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from support.sample_project import Host
from headcount.transport.messages import Answer

directory, journal, now = sys.argv[2:5]
left = 0

def step():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

class Journal:
    def submit(self, request, timeout):
        step()  # on its way
        with open(journal, "a") as file:
            token, report = request.token.hex(), request.report.hex()
            file.write(f"{left_at_first} {request.week} {token} {report}\\n")
        step()  # counted, and the answer on its way
        return Answer(code="OK")

def counted(call):
    def calling(*parts, **named):
        step()  # before
        result = call(*parts, **named)
        step()  # and after
        return result
    return calling

# Imports are no steps.
import headcount.reporting.collectors, headcount.delivery.history, headcount.reporting.report
Host(Path(directory) / "warm").client.preview()

for left_at_first in range(1, 500):
    site = Host(Path(directory) / str(left_at_first), transport=Journal(), now=float(now))
    site.client.grant()
    site.now += 86_400
    pid = os.fork()
    if not pid:
        left = left_at_first
        for name in ("open", "replace", "unlink", "mkdir", "fsync", "rename", "fdopen", "rmdir"):
            setattr(os, name, counted(getattr(os, name)))
        site.client.due()
        site.client.send_now()
        os._exit(0)
    if not os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        break
print(left_at_first)
"""


def test_fifty_processes_at_once_send_one_report(host: Callable[..., Host], tmp_path: Path) -> None:
    site = host()
    site.client.grant()
    site.until_due()
    journal = tmp_path / "journal"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FIFTY,
            str(TESTS),
            str(site.directory),
            str(journal),
            repr(site.now),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1 True\n", "")
    assert len(journal.read_text().splitlines()) == 1


def test_a_process_killed_at_any_step_costs_nothing_and_counts_once(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    """From the draw to the acknowledgement, before and after every change on disk."""
    journal = tmp_path / "journal"
    start = host(tmp_path / "x").now
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(TESTS), str(tmp_path), str(journal), repr(start)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    steps = int(done.stdout)
    assert steps > 30
    before = [line.split() for line in journal.read_text().splitlines()]
    for step in range(1, steps):
        site = host(tmp_path / str(step), now=start + 86_400)
        assert site.client.state().rule == "granted"
        while site.now < start + 5 * 86_400:
            site.client.send_if_due()
            site.now += 6 * HOUR
        site.client.send_now()
        sent = [(week, token, report) for at, week, token, report in before if int(at) == step]
        sent += [(r.week, r.token.hex(), r.report.hex()) for r in site.transport.requests]
        assert 1 <= len(sent) <= 2, step
        assert len(set(sent)) == 1, step  # the server knows the second from the first
        assert site.client.send_now() == Outcome.NOT_DUE


def test_a_lost_answer_is_asked_for_again_with_the_very_same_report(
    host: Callable[..., Host],
) -> None:
    site = host(transport=Recorder(Answer(code="DEADLINE_EXCEEDED"), Answer(code="UNAVAILABLE")))
    site.client.grant()
    site.until_due()
    assert site.client.send_if_due() == Outcome.LATER
    site.site.answers["php_version"] = "5.3"
    for outcome in (Outcome.LATER, Outcome.SENT):
        site.until_due()
        assert site.client.send_if_due() == outcome
    assert len(set(site.transport.requests)) == 1
    assert len(site.transport.requests) == 3


def test_a_process_killed_while_it_answers_the_question_leaves_the_former_answer(
    host: Callable[..., Host],
) -> None:
    site = host()
    site.client.deny()
    before = (site.directory / "sample.json").read_bytes()
    pid = os.fork()
    if not pid:
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        site.client.grant()
        os._exit(0)
    os.waitpid(pid, 0)
    assert (site.directory / "sample.json").read_bytes() == before
    assert site.client.state().rule == "denied"
    site.client.grant()
    assert json.loads((site.directory / "sample.json").read_bytes())["decision"] == "granted"
    site.client.forget()
    assert not site.directory.exists()


@pytest.mark.parametrize("name", ["secret", "plan.json", "outbox.json", "lock"])
def test_a_file_that_vanishes_is_made_anew(host: Callable[..., Host], name: str) -> None:
    site = host(transport=Recorder(Answer(code="UNAVAILABLE")))
    site.client.grant()
    site.client.send_now()
    (site.directory / "sample" / name).unlink()
    assert site.client.send_now() == Outcome.SENT

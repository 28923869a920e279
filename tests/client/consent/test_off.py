"""Off means off: no file, no socket, no process, no thread, no collector; each is a tripwire."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount.consent.state import State
from headcount.v1.telemetry_service_pb2 import SubmitReportRequest
from support.repository import ROOT
from support.sample_project import DAY, NOTICED, SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


RULES = (
    "administrator", "machine", "environment", "automated", "undecided", "unreadable", "denied",
    "notice-pending",
)  # fmt: skip

# Runs with its own eyes open: an audit hook cannot be taken off again, and sees
# what Python does from below. gRPC opens sockets without Python, so its mere
# import trips too.
PROGRAM = """
import json, os, sys, threading
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
from support.sample_project import NOTICED, SAMPLE, Host

rule, place, now, call = sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
site = Host(
    place, project=NOTICED if rule == "notice-pending" else SAMPLE, now=now,
    administrator_off=rule == "administrator", endpoint="https://127.0.0.1:9",
    off_file=os.devnull if rule == "machine" else "",
    environment={"environment": {"DO_NOT_TRACK": "1"}, "automated": {"CI": "1"}}.get(rule, {}),
)
# Modules are loaded beforehand, or the import of one would look like reading a file.
import headcount.status, headcount.asking.form, headcount.asking.terminal
import headcount.delivery.history, headcount.delivery.outcome, headcount.background_process
import headcount.consent.state, headcount.consent.decision
for heavy in [name for name in sys.modules if name.partition(".")[0] == "grpc"]:
    del sys.modules[heavy]  # what the test's own helpers have loaded
tripped = []
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def hook(event, args):
    if event == "open" and (args[2] or 0) & writing:
        tripped.append(f"open for writing: {args[0]}")
    elif event == "import" and args[0].partition(".")[0] == "grpc":
        tripped.append("import grpc")
    elif event.partition(".")[0] in {"socket", "subprocess"} or event in {
        "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.fork", "os.forkpty", "os.link",
        "os.symlink", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "os.utime", "os.chmod",
        "os.truncate", "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp", "fcntl.flock",
        "http.client.connect", "_thread.start_new_thread", "os.putenv",
    }:
        tripped.append(event)
sys.addaudithook(hook)
threads = threading.active_count()
result = eval(call, {"client": site.client, "ask": headcount.asking.terminal.ask})
if threading.active_count() != threads:
    tripped.append("a thread")
print(json.dumps({
    "rule": site.client.state().rule, "tripped": tripped, "called": site.site.called,
    "result": str(result),
}))
"""

CALLS = (
    "client.due()", "client.next_due()", "client.send_if_due()", "client.send_now()",
    "client.send_in_background()", "client.state()", "client.record()", "client.status()",
    "client.history()", "client.changes()", "client.form()", "ask(client)",
)  # fmt: skip


def contents(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with what it holds and when it was written."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [directory, *directory.rglob("*")]
        if path.exists()
    }


def watched(site: Host, rule: str, call: str) -> dict[str, object]:
    """What a call tripped on, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM,
         json.dumps([str(ROOT / "tests"), str(ROOT / "client")]),
         rule, str(site.directory), repr(site.now), call],
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, object] = json.loads(done.stdout)
    return found


def arranged(host: Callable[..., Host], rule: str) -> Host:
    """An installation in which this rule decides, with all that may lie around."""
    site = host(project=NOTICED if rule == "notice-pending" else SAMPLE)
    if rule in {"administrator", "environment", "automated"}:
        site.client.grant()
        site.client.send_now()
    elif rule == "denied":
        site.client.grant()
        site.client.send_now()
        site.client.deny()
    elif rule == "unreadable":
        site.client.grant()
        (site.directory / "sample.json").write_text("{")
    elif rule == "notice-pending":
        site.client.notice_shown()
    site.now += DAY - 1 if rule == "notice-pending" else 30 * DAY
    return site


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_off_trips_on_nothing(host: Callable[..., Host], rule: str) -> None:
    site = arranged(host, rule)
    before = contents(site.directory)
    call = f"[{', '.join(CALLS)}]"
    found = watched(site, rule, call)
    assert (found["rule"], found["tripped"], found["called"]) == (rule, [], [])
    assert contents(site.directory) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "wire"),
    [
        ("client.send_now()", "grpc|socket|http|thread"),
        ("client.send_now()", "open for writing"),
        ("client.grant()", "open for writing"),
        ("client.deny()", "os.rename"),
        ("client.preview()", ""),
    ],
)
def test_the_tripwires_are_there(host: Callable[..., Host], call: str, wire: str) -> None:
    """The same program with a yes trips, or it would prove nothing."""
    site = host()
    site.client.grant()
    found = watched(site, "granted", call)
    tripped = found["tripped"]
    assert isinstance(tripped, list)
    assert not wire or re.search(wire, " ".join(tripped))
    assert bool(found["called"]) == (call in {"client.send_now()", "client.preview()"})


def test_every_rule_that_keeps_things_off_is_tried() -> None:
    known = re.search(r"administrator.*?widened", (State.__doc__ or "").replace("\n", " "))
    assert known is not None
    words = {word.strip() for word in known[0].split(",")}
    assert words - set(RULES) == {"notice", "granted", "widened"}


def test_a_report_never_rides_on_another_request(host: Callable[..., Host]) -> None:
    """It is a request of its own with four fields, and nothing of it is the host's to attach."""
    site = host()
    site.client.grant()
    site.client.send_now()
    (request,) = site.transport.requests
    assert {"week", "token", "registry_digest", "report", "project"} == request.parts().keys()
    fields = {field.name for field in SubmitReportRequest.DESCRIPTOR.fields}
    assert fields == {"week", "token", "registry_digest", "report"}
    privacy = " ".join((ROOT / "PRIVACY.md").read_text(encoding="utf-8").split())
    assert "never rides on another request" in privacy


def test_only_the_transports_know_how_to_open_a_connection() -> None:
    way_out = re.compile(
        r"^\s*(?:import|from) (?:grpc|socket|ssl|http|urllib|asyncio|ftplib|smtplib)\b",
        re.MULTILINE,
    )
    files = (ROOT / "client" / "headcount").glob("*.py")
    able = {path.name for path in files if way_out.search(path.read_text(encoding="utf-8"))}
    assert able <= {"grpc_transport.py", "http_transport.py", "endpoint.py"}


def test_forgetting_leaves_nothing_behind_whatever_there_was(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    site.client.send_now()
    for name in ("sample.json.ab.tmp", "sample.cd.gone"):
        (site.directory / name).write_text("left by a crash")
    (site.directory / "sample" / "anything").write_text("")
    site.client.forget()
    assert not site.directory.exists()
    assert site.client.status().rule == "undecided"


@pytest.mark.slow
def test_reading_makes_no_directory(host: Callable[..., Host]) -> None:
    site = host()
    program = textwrap.dedent("client.status(), client.form(), client.preview()")
    found = watched(site, "undecided", program)
    assert not any("open for writing" in str(item) for item in found["tripped"])  # type: ignore[attr-defined]
    assert not site.directory.exists()

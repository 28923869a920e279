"""Corrections beside a running server: the same commands, with the same outcome."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.corrections import ask
from headcount_server.errors import ConfigError, StoreError
from headcount_server.publication.published import Coverage
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from headcount_server.store.sqlite.audit import audit
from support.server_process import BIN, ServerProcess, fetch
from support.toy_weeks import (
    CANARY,
    OPEN_SINCE,
    SUBMIT,
    W45,
    W46,
    W47,
    command,
    database_at,
    lived,
)
from support.waiting import until

WHY = "The key let host names through."
NOTE = "An outage on Tuesday."


@contextmanager
def _running(registry: Path, place: Path, schema: Schema) -> Iterator[ServerProcess]:
    """A server on a database with published weeks and an open one."""
    lived(place / "headcount.db", schema)
    server = ServerProcess(registry, place, OPEN_SINCE)
    server.start()
    yield server
    assert server.process is not None
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(name="server")
def _server(toy_registry: Path, open_path: Path, toy_schema: Schema) -> Iterator[ServerProcess]:
    with _running(toy_registry, open_path, toy_schema) as server:
        yield server


@pytest.fixture(name="refusing", scope="module")
def _refusing(
    toy_registry: Path, tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema
) -> Iterator[ServerProcess]:
    """One server of all tests after which it is what it was before."""
    with _running(toy_registry, tmp_path_factory.mktemp("refusing"), toy_schema) as server:
        yield server


def _correct(server: ServerProcess, *arguments: str) -> str:
    name, *rest = arguments
    result = command(name, "--database", server.database, *rest)
    assert result.exit_code == 0, result.output
    return result.output


def _send(server: ServerProcess, *numbers: int) -> None:
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        for number in numbers:
            request = wire.SubmitReportRequest(week=str(W47), token=number.to_bytes(16))
            request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
            call(request.SerializeToString(), timeout=20)


def _bytes(server: ServerProcess) -> bytes:
    found = server.directory.glob("headcount.db*")
    return b"".join(path.read_bytes() for path in found if path.is_file())


def test_a_correction_beside_a_server_says_and_does_what_it_does_without_one(
    server: ServerProcess, tmp_path: Path, toy_schema: Schema
) -> None:
    alone = lived(tmp_path / "alone.db", toy_schema)
    for arguments in (
        ["annotate", "--week=2026-W46", NOTE],
        [
            "coverage",
            "--project=toy",
            "--week=2026-W46",
            "--installations=400",
            "--source=downloads",
        ],
        ["retract", "--project=toy", "--key=php_version", f"--reason={WHY}", "--week=2026-W45"],
        ["retract", "--project=toy", "--key=php_version", f"--reason={WHY}"],
        ["discard", "--week=2026-W47"],
    ):
        name, *rest = arguments
        beside = _correct(server, *arguments)
        assert beside == command(name, "--database", alone, *rest).output
    weeks = [every_week(database_at(path)) for path in (server.database, alone)]
    assert weeks[0] == weeks[1]
    assert Coverage("toy", 400, "downloads") in weeks[0][0].coverages + weeks[0][1].coverages
    assert weeks[0][0].annotation == NOTE or weeks[0][1].annotation == NOTE
    server.stop()
    assert audit(server.database).findings == ()


def test_pages_and_metrics_show_a_correction_as_soon_as_the_command_has_ended(
    server: ServerProcess,
) -> None:
    assert "headcount_toy_php_version" in server.metrics()
    _correct(server, "retract", "--project=toy", "--key=php_version", f"--reason={WHY}")
    _correct(server, "annotate", "--week=2026-W46", NOTE)
    assert "headcount_toy_php_version" not in server.metrics()
    assert NOTE in fetch(f"http://{server.addresses['public']}/projects/toy/")
    number = ("--installations=400", "--source=downloads")
    _correct(server, "coverage", "--project=toy", "--week=2026-W46", *number)
    page = fetch(f"http://{server.addresses['public']}/projects/toy/")
    assert "About 5–6% of 400 installations, source: downloads" in page


def test_nothing_is_left_of_what_was_taken_down_beside_a_server(server: ServerProcess) -> None:
    assert CANARY.encode() in _bytes(server)
    _correct(server, "retract", "--project=toy", "--key=php_version", f"--reason={WHY}")
    until(lambda: CANARY.encode() not in _bytes(server))


def test_a_week_that_is_discarded_begins_anew_and_counts_the_same_sites_again(
    server: ServerProcess,
) -> None:
    key = server.directory / "headcount.db.keys" / f"{W47}.key"
    before = key.read_bytes()
    _send(server, *range(20))
    _correct(server, "discard", f"--week={W47}")
    assert key.read_bytes() != before
    _send(server, *range(10))
    server.set_clock(W47.end + timedelta(days=2))
    server.wait_for_metric("headcount_toy_reports", door="public")
    newest = until(lambda: [w for w in every_week(database_at(server.database)) if w.week == W47])
    assert [project.publication.reports for project in newest[0].projects] == [10]
    assert "were lost" in newest[0].annotation


def test_a_week_whose_key_is_deleted_beneath_a_server_is_discarded_and_reports_go_on(
    server: ServerProcess,
) -> None:
    (server.directory / "headcount.db.keys" / f"{W47}.key").unlink()
    with pytest.raises(grpc.RpcError):
        _send(server, 1)
    _correct(server, "discard", f"--week={W47}")
    until(lambda: _served(server))


def _served(server: ServerProcess) -> bool:
    try:
        _send(server, 2)
    except grpc.RpcError:
        return False
    return True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["annotate", "--week=2026-W01", "x"], "this database has no such week"),
        (["annotate", "--week=2026-W46", "x" * 501], "one line of 1 to 500"),
        (
            ["coverage", "--project=x", "--week=2026-W46", "--installations=1", "--source=s"],
            "this database knows no such project",
        ),
        (["discard", "--week=2026-W46"], "not open; open are 2026-W47"),
        (["retract", "--project=toy", "--key=x", "--reason=r"], "toy has no such key"),
    ],
)
def test_a_server_refuses_in_the_words_of_the_command(
    refusing: ServerProcess, arguments: list[str], said: str
) -> None:
    name, *rest = arguments
    result = command(name, "--database", refusing.database, *rest)
    assert result.exit_code == 1
    assert said in result.output
    assert '"error"' not in refusing.errors()
    _correct(refusing, "annotate", "--week=2026-W46", NOTE)


def test_only_the_owner_may_open_the_socket(server: ServerProcess) -> None:
    path = server.directory / "headcount.db.socket"
    status = path.lstat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    knock = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", knock], user="nobody", capture_output=True, check=False
    )
    assert b"PermissionError" in done.stderr


@pytest.mark.heavy
def test_the_file_of_a_killed_server_is_no_obstacle(server: ServerProcess) -> None:
    server.kill()
    assert (server.directory / "headcount.db.socket").exists()
    _correct(server, "annotate", "--week=2026-W46", NOTE)
    server.start()
    _correct(server, "annotate", "--week=2026-W46", "Another.")
    server.stop()
    assert not (server.directory / "headcount.db.socket").exists()


@pytest.mark.heavy
def test_a_server_that_is_killed_in_a_correction_loses_nothing(server: ServerProcess) -> None:
    """It stands still as the command asks; nobody can say whether the correction was made."""
    _send(server, 1)
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    line = [str(BIN / "headcount-server"), "annotate", f"--database={server.database}"]
    asking = subprocess.Popen(
        [*line, "--week=2026-W46", NOTE], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    until(lambda: _is_waiting(asking.pid))
    server.kill()
    _, said = asking.communicate(timeout=60)
    assert asking.returncode == 1
    assert "run the command again, which does no harm" in said
    assert "Traceback" not in said
    _correct(server, "annotate", "--week=2026-W46", NOTE)
    assert audit(server.database).findings == ()


def _is_waiting(pid: int) -> bool:
    """Whether a command has a socket open, and sleeps."""
    links = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            links.append(str(each.readlink()))
    state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    return state == "S" and any(link.startswith("socket:") for link in links)


@pytest.mark.heavy
@pytest.mark.parametrize("kills", range(3))
def test_a_retraction_that_a_kill_meets_is_made_whole_or_not_at_all(
    server: ServerProcess, kills: int
) -> None:
    def retract() -> None:
        what = ("--project=toy", "--key=php_version", f"--reason={WHY}")
        command("retract", "--database", server.database, *what)

    asking = threading.Thread(target=retract)
    asking.start()
    asking.join(timeout=0.01 * kills)
    server.kill()
    asking.join()
    weeks = [week for week in every_week(database_at(server.database)) if week.week in {W45, W46}]
    taken = {bool(project.retractions) for week in weeks for project in week.projects}
    there = {
        "php_version" in project.key_names.values() for week in weeks for project in week.projects
    }
    assert (taken, there) in [({True}, {False}), ({False}, {True})]
    assert audit(server.database).findings == ()


def test_a_path_that_is_too_long_for_a_socket_works_all_the_same(
    toy_registry: Path, tmp_path: Path, toy_schema: Schema
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    lived(deep / "headcount.db", toy_schema)
    server = ServerProcess(toy_registry, deep, OPEN_SINCE)
    server.start()
    try:
        assert len(str(server.database)) > 108
        _correct(server, "annotate", "--week=2026-W46", NOTE)
        assert stat.S_IMODE((deep / "headcount.db.socket").lstat().st_mode) == 0o600
        assert NOTE in fetch(f"http://{server.addresses['public']}/projects/toy/")
    finally:
        server.stop()


def test_a_file_in_the_place_of_the_socket_is_left_alone(config: Config, clock_file: Path) -> None:
    place = config.database.socket
    assert place is not None
    place.write_text("mine", encoding="ascii")
    with pytest.raises(ConfigError, match="not a socket"), App(config, FileClock(clock_file)):
        pass
    assert place.read_text(encoding="ascii") == "mine"


@pytest.mark.parametrize(
    "said", [b"", b"{", b"[]", b"{}", b'{"correction": "x"}', b"\xff" * 100, b"x" * 70_000]
)
def test_nonsense_is_refused_and_the_next_correction_is_made(
    refusing: ServerProcess, said: bytes
) -> None:
    path = refusing.directory / "headcount.db.socket"
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(path))
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        assert "error" in json.loads(connection.recv(4096))
    _correct(refusing, "annotate", "--week=2026-W46", NOTE)


def test_a_correction_that_a_server_does_not_know_is_named(refusing: ServerProcess) -> None:
    path = refusing.directory / "headcount.db.socket"
    with pytest.raises(StoreError, match="another version"):
        ask(path, {"correction": "forget", "week": None, "today": "2026-11-19"})
    assert ask(refusing.directory / "none", {}) is None


def test_the_operations_port_takes_no_corrections(refusing: ServerProcess) -> None:
    for path in ("/", "/annotate", "/metrics", "/corrections"):
        url = f"http://{refusing.addresses['operations']}{path}"
        request = urllib.request.Request(url, data=b"{}")
        with pytest.raises(urllib.error.HTTPError, match=r"40[45]"):
            urllib.request.urlopen(request, timeout=10)  # noqa: S310 - loopback


def test_a_server_without_room_for_a_socket_serves_all_the_same(
    config: Config, clock_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    longest = tmp_path / ("d" * 200)  # its socket's name is too long for any address
    with App(replace(config, database=database_at(longest)), FileClock(clock_file)):
        assert "to correct the database, stop the server" in caplog.text
    assert command("annotate", "--database", longest, "--week=2026-W47", NOTE).exit_code == 0

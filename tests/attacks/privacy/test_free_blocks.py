"""After the close the blocks that files gave back to the disk hold nothing of a report.

A plain ext4 file system in a file, mounted, is searched byte by byte; this needs
root and a loop device. `test_power_record` asks the same of the recorded writes
everywhere.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.registry.schema import Project
from headcount_server.store.token_hash import token_hash
from support.server_process import THURSDAY, ServerProcess, installed
from support.toy_weeks import SUBMIT, W47
from support.waiting import until

REPORTS = 60
SIZE = 64 << 20
CLOSED = W47.end.replace(hour=1, day=25)


class Image:
    """A file system in a file."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "image"
        self.root = directory / "mounted"
        self.root.mkdir()
        with self.file.open("wb") as file:
            file.truncate(SIZE)
        subprocess.run([installed("mkfs.ext4"), "-q", self.file], check=True)

    def mount(self) -> bool:
        """Whether this machine lets us."""
        mounting = subprocess.run(
            [installed("mount"), "-o", "loop", self.file, self.root],
            capture_output=True,
            check=False,
        )
        return mounting.returncode == 0

    def unmount(self) -> None:
        subprocess.run([installed("umount"), self.root], check=True)


@pytest.fixture(name="image")
def _image(tmp_path: Path) -> Iterator[Image]:
    image = Image(tmp_path)
    if os.geteuid() or not image.mount():
        pytest.skip("no file system can be mounted here; test_power_record asks the same")
    yield image
    if os.path.ismount(image.root):
        image.unmount()


def _token(number: int) -> bytes:
    return b"a token: " + number.to_bytes(7)


def _answer(number: int) -> str:
    return f"Canary {number:03} {number * 7919:08}"


@pytest.fixture(name="server")
def _server(image: Image, toy_registry: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(toy_registry, image.root, THURSDAY)
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


def _send(server: ServerProcess, toy: Project, pause: float) -> None:
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        for number in range(REPORTS):
            request = wire.SubmitReportRequest(week=str(W47), token=_token(number))
            request.report.Pack(toy.report_class(note={"value": _answer(number)}))
            call(request.SerializeToString(), timeout=20)
            time.sleep(pause)


def _hashes(server: ServerProcess) -> list[bytes]:
    key = (server.database.with_name("headcount.db.keys") / f"{W47}.key").read_bytes()
    return [token_hash(key, W47, "toy", _token(number)) for number in range(REPORTS)]


def _close(server: ServerProcess, image: Image) -> bytes:
    """The bytes of the disk once the week is closed and all is said to be erased."""
    server.set_clock(CLOSED)
    until(lambda: "is closed and published" in server.errors())
    server.wait_for_metric("headcount_server_erased 1", "operations")
    assert server.stop() == 0
    image.unmount()
    return image.file.read_bytes()


@pytest.mark.parametrize("watched", [False, True], ids=["alone", "with a reader"])
def test_no_answer_and_no_hash_is_left_on_the_disk(
    server: ServerProcess,
    image: Image,
    toy: Project,
    watched: bool,  # noqa: FBT001 - a case
) -> None:
    """Single reports stood there, one by one, in order of arrival."""
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as reader:
        if watched:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM weeks").fetchone()
        _send(server, toy, 0.02)
    hashes = _hashes(server)
    disk = _close(server, image)
    answers = [_answer(number) for number in range(REPORTS) if _answer(number).encode() in disk]
    assert answers == []
    assert [hashed for hashed in hashes if hashed in disk] == []


def test_a_killed_server_leaves_nothing_either_once_the_next_has_closed(
    server: ServerProcess, image: Image, toy: Project
) -> None:
    _send(server, toy, 0.0)
    hashes = _hashes(server)
    server.kill()
    server.start()
    disk = _close(server, image)
    assert [number for number in range(REPORTS) if _answer(number).encode() in disk] == []
    assert [hashed for hashed in hashes if hashed in disk] == []


@pytest.mark.parametrize("command", ["retract", "discard"])
def test_what_a_command_takes_away_is_gone_from_the_disk(
    server: ServerProcess, image: Image, toy: Project, command: str
) -> None:
    _send(server, toy, 0.0)
    hashes = _hashes(server)
    assert server.stop() == 0
    more = {
        "retract": ["--project=toy", "--key=note", "--reason=It let names through."],
        "discard": [f"--week={W47}"],
    }
    arguments = [str(server.program), command, f"--database={server.database}", *more[command]]
    subprocess.run(arguments, check=True, capture_output=True)
    image.unmount()
    disk = image.file.read_bytes()
    assert [number for number in range(REPORTS) if _answer(number).encode() in disk] == []
    if command == "discard":
        assert [hashed for hashed in hashes if hashed in disk] == []

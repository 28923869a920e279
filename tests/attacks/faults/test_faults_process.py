"""Threads that die or cannot be started, and a log that nobody reads."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from support.server_process import THURSDAY, Process, ServerProcess, doors
from support.toy_weeks import SUBMIT
from support.waiting import PATIENCE, until, within

CHILD = Path(__file__).with_name("dying_thread_child.py")
LIMITED = CHILD.with_name("limited_child.py")
CLOSED = datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC)
PIPE_BYTES = 65_536
END_SECONDS = 25.0
OK = grpc.StatusCode.OK


def _send(address: str, number: int, week: str = "2026-W47") -> grpc.StatusCode:
    request = wire.SubmitReportRequest(week=week, token=number.to_bytes(16))
    request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
    with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        try:
            call(request.SerializeToString(), timeout=20)
        except grpc.RpcError as error:
            return error.code()
    return OK


class Deaf(ServerProcess):
    """A server whose log is a pipe that is full, and that nobody reads."""

    def launch(self) -> Process:
        self.reading, writing = os.pipe()
        os.set_blocking(writing, False)
        assert os.write(writing, b"x" * PIPE_BYTES) == PIPE_BYTES
        os.set_blocking(writing, True)
        with (self.directory / "stdout").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(self.arguments(), stdout=log, stderr=writing, text=True)
        os.close(writing)
        return process

    def errors(self) -> str:
        return "(nobody reads its log)"


@pytest.fixture(name="deaf")
def _deaf(toy_registry: Path, tmp_path: Path) -> Iterator[Deaf]:
    server = Deaf(toy_registry, tmp_path, THURSDAY)
    server.start()
    yield server
    server.kill()
    os.close(server.reading)


def test_a_log_that_nobody_reads_holds_up_neither_intake_nor_close_nor_end(deaf: Deaf) -> None:
    address = deaf.addresses["gRPC"]
    assert _send(address, 1) is OK
    assert deaf.process is not None
    for _ in range(20):
        deaf.process.send_signal(signal.SIGHUP)
        time.sleep(0.01)
    deaf.set_clock(CLOSED)
    until(lambda: _send(address, 2, "2026-W48") is OK)
    deaf.wait_for_metric("headcount_server_closed_week_start_timestamp_seconds", "operations")
    with within(END_SECONDS):
        assert deaf.stop() == 0


@pytest.mark.parametrize("thread", ["writer", "weeks", "patience", "http --public", "(_serve)"])
def test_a_server_that_lost_a_thread_ends_within_seconds_and_says_which(
    toy_registry: Path, tmp_path: Path, thread: str
) -> None:
    server = ServerProcess(toy_registry, tmp_path, THURSDAY)
    errors = tmp_path / "stderr"
    with (tmp_path / "stdout").open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, CHILD, thread, *server.arguments()[1:]],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            text=True,
        )
    assert process.stdin is not None
    found = until(lambda: doors((tmp_path / "stdout").read_text()), told=errors.read_text)
    assert _send(found["gRPC"], 1) is OK
    process.stdin.write("now\n")
    process.stdin.close()
    assert process.wait(PATIENCE) == 1
    assert f"the thread {thread.replace('(_serve)', 'Thread-')}" in errors.read_text()
    assert "has ended, without which there is no service" in errors.read_text()


def test_a_server_that_cannot_start_its_threads_says_so_and_ends(
    toy_registry: Path, tmp_path: Path
) -> None:
    server = ServerProcess(toy_registry, tmp_path, THURSDAY)
    limited = ["sh", "-c", 'ulimit -v 700000; exec "$@"', "sh", *server.arguments()]
    ended = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "not all threads can be started that the server needs; give it room" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(name="nobody")
def _nobody(toy_registry: Path) -> Iterator[ServerProcess]:
    """A server of a user that a limit on processes holds for; root is above it."""
    user = pwd.getpwnam("nobody").pw_uid
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)
    registry = shutil.copy(toy_registry, place)
    server = ServerProcess(Path(registry), place, THURSDAY)
    server.program = place / "as-nobody"
    # It may also read what the interpreter lies in.
    capabilities = "--inh-caps=-all,+dac_override --ambient-caps=-all,+dac_override"
    server.program.write_text(
        f"#!/bin/sh\nexec setpriv --reuid={user} --clear-groups {capabilities} "
        f'{sys.executable} {LIMITED} {place / "now"} "$@"\n'
    )
    server.program.chmod(0o755)
    try:
        if os.geteuid():
            pytest.skip("only root can start what is limited so")
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.kill()
        shutil.rmtree(place)


def test_a_server_that_can_start_no_further_thread_goes_on_and_ends_in_time(
    nobody: ServerProcess,
) -> None:
    """What was started with the server is enough for all that it does."""
    assert nobody.process is not None
    (nobody.directory / "now").touch()
    until(lambda: "no further thread" in (nobody.directory / "stdout").read_text())
    address = nobody.addresses["gRPC"]
    with ThreadPoolExecutor(96) as callers:
        codes = list(callers.map(lambda number: _send(address, number), range(96)))
    assert set(codes) <= {OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
    assert codes.count(OK) > 0
    assert _send(address, 1000) is OK
    with within(END_SECONDS + 3):
        assert nobody.stop() in {0, 1}
    assert "Traceback" not in nobody.errors()


def test_the_end_comes_though_the_main_thread_is_held_up(
    serve: Callable[..., ServerProcess], toy_registry: Path
) -> None:
    """By a checkpoint that waits for a disk that hangs, say: here the whole process stands."""
    server = serve(toy_registry, clock=THURSDAY)
    assert server.process is not None
    pid = server.process.pid
    server.process.send_signal(signal.SIGTERM)
    until(lambda: "ending" in server.errors())
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(2, os.kill, (pid, signal.SIGCONT))
    timer.start()
    with within(END_SECONDS):
        assert server.process.wait(PATIENCE) == 0
    timer.join()

"""A service manager is told that the server is ready, lives and ends, as sd_notify(3) says."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from headcount_server.commands.service_manager import ServiceManager
from support.server_process import THURSDAY, ServerProcess
from support.waiting import PATIENCE


@pytest.fixture(name="manager")
def _manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
        yield manager


def test_a_server_says_that_it_is_ready_once_its_doors_are_open_and_that_it_ends(
    serve: Callable[..., ServerProcess], toy_registry: Path, manager: socket.socket
) -> None:
    server = serve(toy_registry, clock=THURSDAY)
    assert manager.recv(100) == b"READY=1"
    assert "headcount_server_" in server.metrics("operations")
    assert server.stop() == 0
    assert manager.recv(100) == b"STOPPING=1"
    manager.settimeout(0)
    with pytest.raises(BlockingIOError):  # nobody watches it
        manager.recv(100)


def test_a_server_that_is_watched_says_that_it_lives_until_it_is_stuck(
    serve: Callable[..., ServerProcess],
    toy_registry: Path,
    manager: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    server = serve(toy_registry, clock=THURSDAY)
    said = set(iter(lambda: manager.recv(100), b"READY=1"))  # it lives while it starts
    assert said <= {b"WATCHDOG=1"}
    assert manager.recv(100) == b"WATCHDOG=1"
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)
    while select.select([manager], [], [], 0)[0]:
        manager.recv(100)
    assert not select.select([manager], [], [], 3)[0]
    server.process.send_signal(signal.SIGCONT)
    manager.settimeout(PATIENCE)
    assert manager.recv(100) == b"WATCHDOG=1"


def test_the_word_that_a_server_is_ready_waits_for_a_manager_that_is_behind(
    manager: socket.socket,
) -> None:
    watched = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "1"}, 1)
    for _ in range(1000):  # more than the manager's socket holds
        watched.lives()
    with ThreadPoolExecutor(1) as pool:
        telling = pool.submit(watched.ready)
        assert not wait([telling], 0.2).done
        said = set(iter(lambda: manager.recv(100), b"READY=1"))
        telling.result(PATIENCE)
    assert said == {b"WATCHDOG=1"}


def test_an_address_without_a_file_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0headcount-{os.getpid()}")
        ServiceManager({"NOTIFY_SOCKET": f"@headcount-{os.getpid()}"}, 1).ready()
        assert manager.recv(100) == b"READY=1"


def test_a_watch_over_another_process_a_manager_that_is_gone_and_none_are_borne(
    tmp_path: Path, manager: socket.socket
) -> None:
    address = str(manager.getsockname())
    other = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    ServiceManager(other, 2).lives()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 1).ready()
    ServiceManager({}, 1).ends()
    ServiceManager(other, 1).lives()
    assert manager.recv(100) == b"WATCHDOG=1"

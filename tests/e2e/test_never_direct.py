"""A host whose relay is down, or answers nonsense, opens no connection but to the relay.

The kernel is asked, by strace: every connection of the host and of what it starts.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Self

import pytest
from support.backdrop_site import BackdropSite
from support.repository import ROOT
from support.server_process import held_port, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

KEY = "AQAgMeHwWnQBAhFSIOmvkY9zhnSuyV9U224E63Baro55gVUACAABAAEAAQAD"
PORT = re.compile(r"connect\(\d+, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\)")
DAY = 86_400
HOST = """
import contextlib, os, sys, time
from headcount import Client
from headcount.cli.main import main, run
from headcount.model.errors import HeadcountError
from support.sample_project import SAMPLE, Site

endpoint, relay, key, place, *bare = sys.argv[1:]
if bare:
    sys.modules["pyhpke"] = None
project = SAMPLE.replaced(endpoint=endpoint, relay=relay, oblivious_key=key)
now = [time.time() - 9 * 86400]
client = Client(
    project, Site(), state_directory=place, environment={}, off_file="",
    clock=lambda: now[0], randomness=lambda: 0.0,
)
client.grant()
now[0] = time.time()

def due():
    now[0] = max(now[0], client.next_due() or 0)

due()
print("background", client.send_in_background().name)
for _ in range(600):
    if not os.path.exists(f"{place}/sample/errand.json"):
        break
    time.sleep(0.1)
for _ in range(3):
    due()
    print("due", client.send_if_due().name)
print("now", client.send_now().name)
with contextlib.suppress(HeadcountError):
    client.ask_server()
for words in (["status", "--ask-server"], ["check"], ["preview"], ["form"], ["send"]):
    assert main(client, words) != 2
    run(project, [*words, "--state", place], environment={})  # some need the host, and say so
client.check()
scheduler = client.start_scheduler()
time.sleep(0.5)
scheduler.stop()
"""


class _Nonsense(BaseHTTPRequestHandler):
    """A relay that answers each call in another wrong way."""

    ways: tuple[tuple[int, dict[str, str], bytes], ...] = (
        (502, {}, b""),
        (302, {"Location": "{endpoint}"}, b""),
        (307, {"Location": "{endpoint}"}, b""),
        (200, {"Content-Type": "application/proto"}, b""),
        (200, {"Content-Type": "message/ohttp-res", "Alt-Svc": 'h2="{place}"'}, b"x" * 80),
        (404, {}, b""),
        (400, {"Content-Type": "application/problem+json"}, b"{}"),
    )
    calls = 0
    endpoint = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, fields, body = self.ways[_Nonsense.calls % len(self.ways)]
        _Nonsense.calls += 1
        self.send_response_only(status)
        place = self.endpoint.partition("://")[2]
        for name, value in fields.items():
            self.send_header(name, value.format(endpoint=self.endpoint, place=place))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server:
    """A listener at the endpoint, which hangs up on everybody who comes, and counts them."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.callers = 0
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                caller.close()
                self.callers += 1


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture(name="relay", params=["down", "nonsense"])
def _relay(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    if request.param == "down":
        with held_port() as held:
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
        return
    _Nonsense.endpoint = f"http://{server.address}"
    with HTTPServer(("127.0.0.1", 0), _Nonsense) as relay:
        thread = threading.Thread(target=relay.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{relay.server_port}"
        relay.shutdown()
        thread.join()


def _traced(program: list[str], log: Path, environment: dict[str, str]) -> tuple[str, set[str]]:
    """What a program printed, and the ports that it and what it started connected to."""
    strace = [installed("strace"), "-f", "-qq", "--trace=connect", f"--output={log}"]
    done = subprocess.run(
        [*strace, *program], env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, set(PORT.findall(log.read_text(encoding="utf-8")))


def _host(tmp_path: Path, environment: dict[str, str], *words: str) -> tuple[str, set[str]]:
    program = [sys.executable, "-c", HOST, *words]
    paths = filter(None, [str(ROOT / "tests"), environment.get("PYTHONPATH")])
    return _traced(program, tmp_path / "log", environment | {"PYTHONPATH": os.pathsep.join(paths)})


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def test_a_host_in_python_connects_to_nothing_but_the_relay(
    server: Server, relay: str, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    endpoint = f"http://{server.address}"
    said, ports = _host(tmp_path, clean_environment, endpoint, relay, KEY, str(tmp_path / "state"))
    assert ports == {_port(relay)}, said
    assert server.callers == 0
    assert said.startswith("background STARTED\ndue LATER\n")
    assert "now LATER\n" in said
    assert "SENT" not in said


def test_a_host_without_the_extra_connects_to_nothing(
    server: Server, relay: str, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    words = (f"http://{server.address}", relay, KEY, str(tmp_path / "state"), "bare")
    said, ports = _host(tmp_path, clean_environment, *words)
    assert server.callers == 0
    assert ports <= {_port(relay)}, said  # the process in the background has the extra


def test_the_same_host_without_a_relay_is_seen_to_connect(
    server: Server, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    words = (f"http://{server.address}", "", "", str(tmp_path / "state"))
    _, ports = _host(tmp_path, clean_environment, *words)
    assert ports == {_port(server.address)}
    assert server.callers


class _Php:
    """A Backdrop site whose runs are traced."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir()
        self.log = folder / "log"
        strace = (
            installed("strace"), "-f", "-qq", "--trace=connect", f"--output={self.log}",
            "--output-append-mode",
        )  # fmt: skip
        self.site = BackdropSite(folder, environment, php=(*strace, installed("php")))

    def lives(self) -> None:
        self.site.do("grant", {"level": "extended", "refused": {}})
        self.site.do("visit")
        for do in ("form", "report", "requirements", "send", "send", "cron"):
            self.site.do(do)
        for days in range(2, 14):
            self.site.later(days * DAY, "cron")

    @property
    def ports(self) -> set[str]:
        return set(PORT.findall(self.log.read_text(encoding="utf-8")))


@pytest.fixture(name="php")
def _php(tmp_path: Path, clean_environment: dict[str, str]) -> _Php:
    return _Php(tmp_path / "site", clean_environment)


def test_a_backdrop_site_connects_to_nothing_but_the_relay(
    server: Server, relay: str, php: _Php
) -> None:
    endpoint = f"http://{server.address}"
    php.site.declare("backdrop", endpoint=endpoint, relay=relay, oblivious_key=KEY)
    php.lives()
    assert php.ports == {_port(relay)}
    assert server.callers == 0


def test_a_backdrop_site_with_an_endpoint_of_its_own_connects_to_nothing(
    server: Server, relay: str, php: _Php
) -> None:
    endpoint = f"http://{server.address}"
    php.site.declare("backdrop", endpoint=endpoint, relay=relay, oblivious_key=KEY)
    php.site.parts["settings"]["headcount_endpoint"] = endpoint
    php.lives()
    assert php.ports == set()
    assert server.callers == 0


def test_the_same_backdrop_site_without_a_relay_is_seen_to_connect(
    server: Server, php: _Php
) -> None:
    php.site.declare("backdrop", endpoint=f"http://{server.address}")
    php.lives()
    assert php.ports == {_port(server.address)}
    assert server.callers

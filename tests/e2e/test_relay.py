"""A report through a real relay, captured on both sides: each sees its half and no more."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from backdrop_telemetry import PROJECT
from headcount import Client, Outcome
from headcount.transport.connect import opened
from headcount.transport.messages import Request
from headcount.v1.telemetry_service_pb2 import GetRegistryResponse
from support.hpke_client import sealed
from support.relay import Relay
from support.repository import REGISTRY, ROOT
from support.server_process import BIN, ServerProcess, installed
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

DEPLOY = ROOT / "docs" / "operators" / "deploy"
CLIENTS, SERVERS = "127.0.0.1", "127.0.0.7"
"""The address that clients come from, and the relay's own towards the server."""
FORGED = "told-by-the-site"


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _nginx(folder: Path, port: int, server: str) -> list[str]:
    """The documented configuration, on the loopback and without TLS; return the command."""
    text = (DEPLOY / "relay-nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"\n    listen \[::\].*|\n    ssl_.*|\n        proxy_ssl_.*", "", text)
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    text = text.replace("server telemetry.example.org:443", f"server {server}")
    text = text.replace("proxy_pass https://", f"proxy_bind {SERVERS};\n        proxy_pass http://")
    text = text.replace("/var/log/nginx/relay-error.log", str(folder / "error.log"))
    paths = "".join(
        f"    {kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'pid'};\nworker_processes 1;\n"
        f"error_log {folder / 'error.log'} emerg;\nevents {{}}\nhttp {{\n{paths}{text}\n}}\n",
        encoding="utf-8",
    )
    return [installed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    said = (folder / "said").open("w+")
    program = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
    try:
        until(lambda: _listens(port), told=(folder / "said").read_text)
        yield
    finally:
        program.terminate()
        program.wait(timeout=20)
        said.close()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


class Way:
    """A client's way: `front` records what the relay is told, `back` what the server is told."""

    def __init__(self, folder: Path, serve: Callable[..., ServerProcess]) -> None:
        self.folder = folder
        self.key = folder / "oblivious.key"
        made = subprocess.run(
            [BIN / "headcount-server", "oblivious-key", "new", self.key],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.pinned = made.stdout.partition(" = ")[2].strip()
        flags = (f"--oblivious-key={self.key}", f"--relay={SERVERS}")
        self.server = serve(REGISTRY, *flags, clock=datetime.now(UTC))

    def open(self, stack: ExitStack) -> None:
        self.back = stack.enter_context(Relay(self.server.addresses["public"], source=SERVERS))
        port = _free_port()
        command = _nginx(self.folder, port, self.back.address)
        stack.enter_context(_running(command, self.folder, port))
        self.front = stack.enter_context(Relay(f"127.0.0.1:{port}"))
        self.port = port

    @property
    def url(self) -> str:
        return f"http://{self.front.address}/headcount"

    def client(self, directory: Path, answers: object) -> Client:
        project = PROJECT.replaced(relay=self.url, oblivious_key=self.pinned)
        client = Client(
            project, answers, state_directory=directory, environment={}, patience=None, off_file=""
        )
        client.grant()
        return client

    def written(self) -> str:
        """Everything that relay and server wrote about what happened."""
        files = [path for path in self.folder.rglob("*") if path.suffix in {".log", ""}]
        texts = [path.read_bytes() for path in files if path.is_file() and path != self.key]
        texts += [(self.server.directory / name).read_bytes() for name in ("stdout", "stderr")]
        return b"\n".join(texts).decode(errors="replace")


@pytest.fixture(name="way")
def _way(tmp_path: Path, serve: Callable[..., ServerProcess]) -> Iterator[Way]:
    folder = tmp_path / "relay"
    folder.mkdir()
    way = Way(folder, serve)
    with ExitStack() as stack:
        way.open(stack)
        yield way


class Site:
    def php_version(self) -> str:
        return "8.2.7"


def _posted(port: int, body: bytes, headers: dict[str, str]) -> int:
    import http.client  # noqa: PLC0415 - the one test that forges headers

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/headcount", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_each_side_sees_its_half_and_neither_writes_anything_down(way: Way, tmp_path: Path) -> None:
    client = way.client(tmp_path / "site", Site())
    assert client.send_now() == Outcome.SENT
    until(lambda: 'outcome="counted"} 1.0' in way.server.metrics("operations"))
    (entry,) = client.history()
    told_relay = b"".join(each.request for each in way.front.connections)
    told_server = b"".join(each.request for each in way.back.connections)
    # The relay: who, and no byte of the report.
    assert {each.caller for each in way.front.connections} == {CLIENTS}
    assert entry.report
    for part in (entry.digest.encode(), b"php", b"backdrop", b"SubmitReport", b"application/proto"):
        assert part not in told_relay
    # The server: the relay's address, and no header but those of the relay.
    assert {each.caller for each in way.back.connections} == {SERVERS}
    head = told_server.partition(b"\r\n\r\n")[0].decode().lower()
    names = {line.partition(":")[0] for line in head.splitlines()[1:]}
    assert names <= {"host", "content-type", "content-length", "connection", "accept-encoding"}
    assert "host: telemetry.example.org" in head
    assert CLIENTS not in head
    written = way.written()
    for trace in (CLIENTS + ":", "oblivious", "SubmitReport", "8.2", "message/ohttp"):
        assert trace not in written.replace(f"{CLIENTS}:{way.port}", "").replace(
            way.server.addresses["public"], ""
        ).replace(way.server.addresses["gRPC"], "").replace(
            way.server.addresses["operations"], ""
        ).replace(way.back.address, "")


def test_a_header_of_the_caller_does_not_reach_the_server(way: Way) -> None:
    import base64  # noqa: PLC0415

    body = sealed(base64.b64decode(way.pinned), b"\0", b"e" * 32).data
    headers = {
        "Content-Type": "message/ohttp-req",
        "User-Agent": FORGED,
        "Cookie": FORGED,
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "Via": FORGED,
    }
    assert _posted(way.port, body, headers) == 200
    told = b"".join(each.request for each in way.back.connections)
    assert FORGED.encode() not in told
    assert b"203.0.113.9" not in told
    assert b"127.0.0.1" not in told.partition(b"\r\n\r\n")[0].replace(
        way.back.address.encode(), b""
    )


def test_the_open_weeks_are_asked_for_through_the_relay(way: Way) -> None:
    transport: Any = opened(
        "https://telemetry.example.org", relay=way.url, oblivious_key=way.pinned
    )
    answer, data = transport.describe("backdrop", 10)
    assert answer.code == "OK"
    assert GetRegistryResponse.FromString(data).policy.open_weeks
    assert len(way.front.connections) == 1


def test_a_stale_key_is_told_and_the_report_is_kept_for_later(way: Way, tmp_path: Path) -> None:
    way.key.rename(way.folder / "old.key")
    other = subprocess.run(
        [BIN / "headcount-server", "oblivious-key", "new", way.folder / "other.key"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    way.pinned = other.stdout.partition(" = ")[2].strip()
    outcome = way.client(tmp_path / "site", Site()).send_now()
    assert outcome == Outcome.LATER
    assert "400" in outcome.message


def test_nginx_limits_each_caller(way: Way) -> None:
    statuses = [_posted(way.port, b"x", {"Content-Type": "message/ohttp-req"}) for _ in range(40)]
    assert statuses.count(429) >= 7
    assert statuses.count(400) >= 30
    assert len(way.back.connections) <= 34
    request = Request(
        week="2026-W47", token=bytes(16), registry_digest="", project="backdrop", report=b""
    )
    limited = opened("https://telemetry.example.org", relay=way.url, oblivious_key=way.pinned)
    assert limited.submit(request, 10).code == "RESOURCE_EXHAUSTED"


def test_nothing_but_sealed_posts_passes(way: Way) -> None:
    import http.client  # noqa: PLC0415

    for method, path in (("GET", "/headcount"), ("POST", "/post"), ("GET", "/")):
        connection = http.client.HTTPConnection("127.0.0.1", way.port, timeout=10)
        connection.request(method, path)
        assert connection.getresponse().status in {403, 404}
        connection.close()
    assert way.back.connections == []

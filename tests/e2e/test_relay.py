"""A report through a real relay, captured on both sides: each sees its half and no more."""

from __future__ import annotations

import base64
import http.client
import os
import re
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from backdrop_telemetry import PROJECT
from headcount import Client, Outcome
from headcount.transport.connect import opened
from headcount.transport.messages import Request
from headcount.v1.telemetry_service_pb2 import GetRegistryResponse
from support.backdrop_site import BackdropSite
from support.hpke_client import sealed
from support.present import present
from support.relay import Relay
from support.repository import REGISTRY, ROOT
from support.server_process import BIN, ServerProcess, held_port, installed
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.slow

DEPLOY = ROOT / "docs" / "operators" / "deploy"
CLIENTS, SERVERS = "127.0.0.9", "127.0.0.7"
"""The address at which a relay meets clients, and its own towards the server."""
FORGED = "told-by-the-site"
SEALED = {"Content-Type": "message/ohttp-req"}
ANSWER = re.compile(r"(?<!\d)8\.2(?!\d)")
"""The answer, as a number of its own: a time of the log, such as 58.266, holds it too."""
HEAD = re.compile(rb"(?:post|get) /[\s\S]*?\r\n\r\n|http/1\.\d [1-5][\s\S]*?\r\n\r\n")
"""What of a request or response is not sealed."""


def _here(name: str, changes: dict[str, str]) -> str:
    """A documented configuration, with what differs here."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for documented, here in changes.items():
        text, count = re.subn(documented, here, text)
        assert count, documented
    return text


def _nginx(folder: Path, port: int, server: str) -> list[str]:
    """The documented configuration, on the loopback and without TLS; return the command."""
    changes = {
        r"\n    listen \[::\].*|\n    ssl_.*|\n        proxy_ssl_.*": "",
        "listen 443 ssl": f"listen 127.0.0.1:{port}",
        "server telemetry.example.org:443": f"server {server}",
        "proxy_pass https://": f"proxy_bind {SERVERS};\n        proxy_pass http://",
        "/var/log/nginx/relay-error.log": str(folder / "error.log"),
    }
    paths = "".join(
        f"    {kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'pid'};\nworker_processes 1;\n"
        f"error_log {folder / 'error.log'} emerg;\nevents {{}}\nhttp {{\n{paths}"
        f"{_here('relay-nginx.conf', changes)}\n}}\n",
        encoding="utf-8",
    )
    return [installed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, port: int, server: str) -> list[str]:
    """The documented configuration, on the loopback and without TLS; return the command."""
    changes = {
        r"\n\{\n": "\n{\n\tadmin off\n",
        "\nrelay.example.net ": f"\nhttp://127.0.0.1:{port} ",
        "https://telemetry.example.org": server,
    }
    file = folder / "relay.Caddyfile"
    file.write_text(_here("relay.Caddyfile", changes), encoding="utf-8")
    return [installed("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]


RELAYS = {"nginx": _nginx, "caddy": _caddy}
OWN = {"nginx": SERVERS, "caddy": "127.0.0.1"}
"""The address that each comes from here; Debian's Caddy cannot choose one."""


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

    def __init__(self, folder: Path, serve: Callable[..., ServerProcess], kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.key = folder / "oblivious.key"
        made = subprocess.run(
            [BIN / "headcount-server", "oblivious-key", "new", self.key],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.pinned = made.stdout.partition(" = ")[2].strip()
        flags = (f"--oblivious-key={self.key}", f"--relay={SERVERS}")
        self.server = serve(REGISTRY, *flags, clock=present())

    def open(self, stack: ExitStack) -> None:
        self.back = stack.enter_context(Relay(self.server.addresses["public"], source=SERVERS))
        port: int = stack.enter_context(held_port()).getsockname()[1]
        command = RELAYS[self.kind](self.folder, port, self.back.address)
        stack.enter_context(_running(command, self.folder, port))
        self.front = stack.enter_context(Relay(f"127.0.0.1:{port}", source=CLIENTS))
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


@pytest.fixture(name="kind", params=sorted(RELAYS))
def _kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="way")
def _way(tmp_path: Path, serve: Callable[..., ServerProcess], kind: str) -> Iterator[Way]:
    folder = tmp_path / "relay"
    folder.mkdir()
    way = Way(folder, serve, kind)
    with ExitStack() as stack:
        way.open(stack)
        yield way


class Site:
    def php_version(self) -> str:
        return "8.2.7"


def _asked(
    way: Way, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
) -> int:
    source = (CLIENTS, 0)
    connection = http.client.HTTPConnection(
        "127.0.0.1", way.port, timeout=10, source_address=source
    )
    connection.request(method, path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def _posted(way: Way, body: bytes, headers: Mapping[str, str] = SEALED) -> int:
    return _asked(way, "POST", "/headcount", body, headers)


def _told_server(way: Way) -> str:
    """What the relay told the server before the first sealed byte, in lower case."""
    told = b"".join(each.request for each in way.back.connections)
    return told.partition(b"\r\n\r\n")[0].decode().lower()


def _each_saw_its_half(way: Way, *parts: bytes) -> None:
    """Assert it of a report with these parts, and that nobody wrote anything down."""
    # The relay: who, and no byte of the report or of what the server said.
    calls = way.front.connections
    assert calls
    told_relay = b"".join(chunk for each in calls for chunk in (*each.sent, *each.received)).lower()
    for part in (*parts, b"php_version", b"backdrop", b"submitreport", b"application/"):
        assert part not in told_relay
    # Sealed bytes hold three letters by chance.
    heads = HEAD.findall(told_relay)
    assert len(heads) >= 2 * len(calls)
    assert b"php" not in b"".join(heads)
    # The server: the relay's address, and no header but those of the relay.
    assert {each.caller for each in way.back.connections} == {OWN[way.kind]}
    head = _told_server(way)
    names = {line.partition(":")[0] for line in head.splitlines()[1:]}
    assert names <= {"host", "content-type", "content-length", "connection", "accept-encoding"}
    assert "host: telemetry.example.org" in head
    assert CLIENTS not in head
    written = way.written()
    for trace in (CLIENTS, "/oblivious", "SubmitReport", "message/ohttp"):
        assert trace not in written
    assert not ANSWER.search(written)


def test_each_side_sees_its_half_and_neither_writes_anything_down(way: Way, tmp_path: Path) -> None:
    client = way.client(tmp_path / "site", Site())
    assert client.send_now() == Outcome.SENT
    until(lambda: 'outcome="counted"} 1.0' in way.server.metrics("operations"))
    (entry,) = client.history()
    assert entry.report
    _each_saw_its_half(way, entry.digest.encode())


def test_a_backdrop_site_is_counted_and_each_side_sees_its_half(
    way: Way, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    site = BackdropSite(folder, clean_environment)
    site.declare("backdrop", relay=way.url, oblivious_key=way.pinned)
    site.do("grant", {"level": "extended", "refused": {}})
    assert site.do("send") == {"backdrop": "sent"}
    until(lambda: 'outcome="counted"} 1.0' in way.server.metrics("operations"))
    (entry,) = site.do("state")["projects"]["backdrop"]["history"]
    assert (entry["code"], entry["ignored"]) == ("OK", [])
    _each_saw_its_half(way, entry["digest"].encode(), b"mariadb", b"boxton")


def test_no_header_and_no_query_of_the_caller_reaches_the_server(way: Way) -> None:
    body = sealed(base64.b64decode(way.pinned), b"\0", b"e" * 32).data
    names = (
        "User-Agent", "Cookie", "Via", "Referer", "Authorization", "TE", "Accept-Encoding",
        "Upgrade", "X-Real-IP", "X-Forwarded-Host", "Site", "!odd", "_site", "Trailer", "Expect-CT",
    )  # fmt: skip
    headers = {
        **SEALED,
        **dict.fromkeys(names, FORGED),
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "Connection": "Upgrade",
    }
    path = f"/headcount?{FORGED}"
    assert _asked(way, "POST", path, body, headers) == 200
    head = _told_server(way)
    assert head.startswith("post /oblivious http/1.1\r\n")
    assert "message/ohttp-req" in head
    for trace in (FORGED, "203.0.113.9", CLIENTS, "upgrade", "trailer"):
        assert trace not in head


def test_trailers_of_the_caller_do_not_reach_the_server(way: Way) -> None:
    with socket.create_connection(("127.0.0.1", way.port), timeout=10) as caller:
        caller.sendall(
            b"POST /headcount HTTP/1.1\r\nHost: 127.0.0.1\r\nTrailer: Site\r\n"
            b"Content-Type: message/ohttp-req\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n0\r\nSite: " + FORGED.encode() + b"\r\n\r\n"
        )
        assert caller.recv(100).startswith(b"HTTP/1.1 4")
    told = b"".join(each.request for each in way.back.connections)
    assert FORGED.encode() not in told
    assert b"trailer" not in told.lower()


def test_what_fails_is_written_nowhere_either(way: Way) -> None:
    assert _posted(way, bytes(70_000)) in {413, 502}
    way.back.__exit__(None, None, None)
    assert _posted(way, b"x") == 502
    assert CLIENTS not in way.written()


def test_the_open_weeks_are_asked_for_through_the_relay(way: Way) -> None:
    transport: Any = opened(
        "https://telemetry.example.org", relay=way.url, oblivious_key=way.pinned
    )
    answer, data = transport.describe("backdrop", 10)
    assert answer.code == "OK"
    assert GetRegistryResponse.FromString(data).policy.open_weeks
    assert len(way.front.connections) == 1


@pytest.mark.parametrize("kind", ["nginx"])
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


@pytest.mark.parametrize("kind", ["nginx"])
def test_nginx_limits_each_caller(way: Way) -> None:
    statuses = [_posted(way, b"x") for _ in range(40)]
    assert statuses.count(429) >= 7
    assert statuses.count(400) >= 30
    assert len(way.back.connections) <= 34
    request = Request(
        week="2026-W47", token=bytes(16), registry_digest="", project="backdrop", report=b""
    )
    limited = opened("https://telemetry.example.org", relay=way.url, oblivious_key=way.pinned)
    assert limited.submit(request, 10).code == "RESOURCE_EXHAUSTED"


def test_nothing_but_sealed_posts_passes(way: Way) -> None:
    for method, path in (("GET", "/headcount"), ("POST", "/post"), ("GET", "/")):
        assert _asked(way, method, path) in {403, 404}
    assert way.back.connections == []

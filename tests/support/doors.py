"""Servers and proxies on the loopback, each for one test."""

from __future__ import annotations

import json
import select
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from headcount.transport.messages import SUBMIT_REPORT, Request
from headcount.v1.telemetry_service_pb2 import SubmitReportRequest, SubmitReportResponse

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

REQUEST = Request(
    week="2026-W47", token=b"t" * 16, registry_digest="d", project="sample", report=b"\x0a\x00"
)


Refusal: TypeAlias = tuple[int, str, bytes, dict[str, str]]
"""Status, content type, body and headers."""


class HttpDoor(ThreadingHTTPServer):
    """Keeps what it got and answers as told: `(status, content type, body, headers)`."""

    daemon_threads = True

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[SubmitReportRequest] = []
        self.headers: list[dict[str, str]] = []
        self.lines: list[str] = []
        self.answers: list[Refusal] = []
        self.response = SubmitReportResponse()
        self.port = self.server_address[1]
        if trust is not None:
            self.socket = trust.wrap_socket(self.socket, server_side=True)

    def refuse(self, code: str, *, status: int = 400, weeks: str = "", header: str = "") -> None:
        """The next answer is a refusal as the service writes it."""
        body = json.dumps({"code": code, "message": f"because of {code}"}).encode()
        headers = {header: weeks} if header else {}
        self.answers.append((status, "application/json", body, headers))

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: HttpDoor

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.lines.append(self.requestline)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.requests.append(SubmitReportRequest.FromString(body))
        answer: Refusal = (200, "application/proto", self.server.response.SerializeToString(), {})
        if self.server.answers:
            answer = self.server.answers.pop(0)
        status, kind, data, headers = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def http_door(trust: ssl.SSLContext | None = None) -> Iterator[HttpDoor]:
    """An HTTP server that takes reports; over TLS where `trust` is given."""
    door = HttpDoor(trust)
    thread = threading.Thread(target=door.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield door
    finally:
        door.shutdown()
        thread.join()
        door.server_close()


class _Relay(BaseHTTPRequestHandler):
    """A proxy: CONNECT as a tunnel, and POST to an absolute address."""

    server: Proxy

    def do_CONNECT(self) -> None:
        self.server.seen.append(self.requestline)
        self.server.credentials.append(self.headers.get("Proxy-Authorization", ""))
        with socket.create_connection(("127.0.0.1", self.server.behind)) as far:
            self.send_response(200)
            self.end_headers()
            _pump(self.connection, far)
        self.close_connection = True

    def do_POST(self) -> None:
        self.server.seen.append(self.requestline)
        parts = urlsplit(self.path)
        assert parts.path == SUBMIT_REPORT
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/proto")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    """A proxy that leads every tunnel to one port of this machine."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.behind = behind
        self.seen: list[str] = []
        self.credentials: list[str] = []
        self.port = self.server_address[1]

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what some tests are about."""


@contextmanager
def proxy_to(behind: int) -> Iterator[Proxy]:
    """A proxy in front of a port."""
    proxy = Proxy(behind)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def _pump(near: socket.socket, far: socket.socket) -> None:
    """Carry bytes both ways until one side has enough."""
    with suppress(OSError):
        while True:
            ready, _, _ = select.select([near, far], [], [], 10)
            for source in ready:
                data = source.recv(65_536)
                if not data:
                    return
                (far if source is near else near).sendall(data)
            if not ready:
                return


def is_open(connection: socket.socket) -> bool:
    """Return whether the other end keeps a connection open; reads what it has said."""
    connection.settimeout(0)
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def certificate(directory: Path, name: str = "localhost", *, kind: str = "ec") -> tuple[Path, Path]:
    """Files with a fresh key and a certificate for a name, as PEM."""
    openssl = shutil.which("openssl")
    assert openssl, "install openssl"
    key, chain = directory / "key.pem", directory / "chain.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", kind,
         *(["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []), "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", str(key), "-out", str(chain)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return key, chain

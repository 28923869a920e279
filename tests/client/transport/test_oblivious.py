"""The client's way through a relay: sealed as the RFCs say, and never around the relay."""

from __future__ import annotations

import socket
import sys
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from headcount import Client, Outcome
from headcount.cli.main import main
from headcount.model.errors import EndpointError, ServerError
from headcount.transport import binary_http
from headcount.transport.connect import obstacle, opened
from headcount.transport.encapsulation import Sealed
from headcount.transport.messages import Request
from headcount.transport.oblivious_key import AES_128_GCM, ObliviousKey
from headcount.v1.telemetry_service_pb2 import SubmitReportRequest, SubmitReportResponse
from headcount_server.doors.oblivious.binary_http import BinaryResponse, padded, parse
from headcount_server.doors.oblivious.encapsulation import Gateway, GatewayKey
from support import oblivious_vectors as rfc
from support.sample_project import SAMPLE, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PINNED = b64encode(rfc.CONFIGURATION).decode()
GATEWAY = Gateway([GatewayKey(1, rfc.PRIVATE)])
REQUEST = Request(
    week="2026-W47", token=b"t" * 16, registry_digest="d", project="sample", report=b"\x0a\x00"
)
EVERYTHING_DIRECT = "https://telemetry.example/v1"


def test_the_example_of_the_rfc_is_reproduced_to_the_byte() -> None:
    key = ObliviousKey.parse(PINNED).replaced(cipher=AES_128_GCM)
    sealed = Sealed(key, rfc.REQUEST, rfc.EPHEMERAL)
    assert sealed.data == rfc.SEALED_REQUEST
    assert sealed.opened(rfc.SEALED_RESPONSE) == rfc.RESPONSE
    for damaged in (b"", rfc.SEALED_RESPONSE[:20], rfc.SEALED_RESPONSE[:-1] + b"\0"):
        with pytest.raises(ValueError, match="sealed response"):
            sealed.opened(damaged)


def test_the_responses_of_the_rfc_are_read() -> None:
    final = binary_http.parse(rfc.INTERIM_RESPONSE)
    assert (final.status, final.fields["server"]) == (200, "Apache")
    assert final.content == b"Hello World! My content includes a trailing CRLF.\r\n"
    chunked = binary_http.parse(rfc.CHUNKED_RESPONSE)
    assert chunked.content == b"This content contains CRLF.\r\n"
    assert binary_http.parse(rfc.RESPONSE).status == 200
    for damaged in (b"", rfc.REQUEST, rfc.CHUNKED_RESPONSE[:9], rfc.RESPONSE + b"\0\0\0\1"):
        with pytest.raises(ValueError, match="response"):
            binary_http.parse(damaged)


@pytest.mark.parametrize(
    ("content", "size"), [(0, 1024), (900, 1024), (1000, 4096), (64000, 65536)]
)
def test_a_request_has_one_of_few_sizes_and_sealing_adds_fewer_than_200_bytes(
    content: int, size: int
) -> None:
    target = ("https", "telemetry.example", "/v1/headcount.v1.TelemetryService/SubmitReport")
    fields = [("content-type", "application/proto")]
    request = binary_http.padded("POST", target, fields, b"x" * content)
    assert len(request) == size
    assert len(Sealed(ObliviousKey.parse(PINNED), request, b"e" * 32).data) - size == 55
    told = parse(request)
    assert (told.method, told.scheme, told.authority, told.path) == ("POST", *target)
    assert (dict(told.fields), told.content) == (dict(fields), b"x" * content)


def test_a_report_beyond_the_largest_size_is_not_sent() -> None:
    with pytest.raises(ValueError, match="at most 65536"):
        binary_http.padded("POST", ("https", "a", "/"), [], b"x" * 65536)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "====", b64encode(rfc.CONFIGURATION[:-1]).decode(),
     b64encode(rfc.CONFIGURATION[:35] + b"\0\4\0\1\0\2").decode(),
     b64encode(b"\1\0\x10" + rfc.CONFIGURATION[3:]).decode()],
)  # fmt: skip
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(EndpointError, match="oblivious key"):
        ObliviousKey.parse(text)


class _Relay(HTTPServer):
    """A relay and its server in one: it keeps what each of them sees."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, bytes]] = []
        self.status = 200
        self.answer = BinaryResponse(
            200,
            (("content-type", "application/proto"),),
            SubmitReportResponse().SerializeToString(),
        )
        self.url = f"http://127.0.0.1:{self.server_port}/to/headcount"


class _Handler(BaseHTTPRequestHandler):
    server: _Relay

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, fields, body))
        data = b"no"
        if self.server.status == 200:
            sealed = GATEWAY.opened(body)
            told = parse(sealed.request)
            self.server.asked.append((told.path, told.content))
            data = sealed.sealed(padded(self.server.answer), bytes)
        self.send_response_only(self.server.status)
        self.send_header("Content-Type", "message/ohttp-res")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="relay")
def _relay() -> Iterator[_Relay]:
    with _Relay() as relay:
        thread = threading.Thread(target=relay.serve_forever, args=(0.05,))
        thread.start()
        yield relay
        relay.shutdown()
        thread.join()


@pytest.fixture(name="connections")
def _connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that this process connects to, or asks the names of."""
    found: list[object] = []
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def connecting(self: socket.socket, address: tuple[str, int]) -> None:
        found.append(address[1])
        connect(self, address)

    def resolving(host: str, *more: object, **options: object) -> object:
        found.append(host)
        return resolve(host, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    return found


def _client(tmp_path: Path, relay: str, key: str = PINNED) -> Client:
    project = SAMPLE.replaced(endpoint=EVERYTHING_DIRECT, relay=relay, oblivious_key=key)
    client = Client(
        project, Site(), state_directory=tmp_path, environment={}, patience=None, off_file=""
    )
    client.grant()
    return client


def test_a_report_goes_to_the_relay_and_only_the_server_reads_it(
    relay: _Relay, tmp_path: Path, connections: list[object]
) -> None:
    assert _client(tmp_path, relay.url).send_now() == Outcome.SENT
    ((path, fields, body),) = relay.seen
    assert path == "/to/headcount"
    assert set(fields) <= {
        "host", "content-type", "content-length", "accept-encoding",
    }  # fmt: skip
    head = sum(len(f"{name}: {value}\r\n") for name, value in fields.items())
    assert len(f"POST {path} HTTP/1.1\r\n\r\n") + head + len(body) - 1024 <= 200
    ((target, content),) = relay.asked
    assert target == "/v1/headcount.v1.TelemetryService/SubmitReport"
    report = SubmitReportRequest.FromString(content)
    assert report.token not in body
    assert report.report.value[:8] not in body
    assert set(connections) == {"127.0.0.1", relay.server_port}


def test_every_call_goes_through_the_relay(
    relay: _Relay, tmp_path: Path, connections: list[object]
) -> None:
    client = _client(tmp_path, relay.url)
    with pytest.raises(ServerError, match="policy"):
        client.ask_server()
    assert [path for path, _ in relay.asked] == ["/v1/headcount.v1.TelemetryService/GetRegistry"]
    assert set(connections) == {"127.0.0.1", relay.server_port}


def test_a_refusal_inside_is_a_refusal_and_names_the_open_weeks(relay: _Relay) -> None:
    fields = (("content-type", "application/json"), ("headcount-open-weeks", "2026-W48,2026-W47"))
    content = b'{"code": "failed_precondition", "message": "not open"}'
    relay.answer = BinaryResponse(400, fields, content)
    answer = opened(EVERYTHING_DIRECT, relay=relay.url, oblivious_key=PINNED).submit(REQUEST, 5)
    assert (answer.code, answer.open_weeks) == ("FAILED_PRECONDITION", ("2026-W48", "2026-W47"))


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "UNAVAILABLE"), (404, "UNAVAILABLE"), (429, "RESOURCE_EXHAUSTED"), (502, "UNAVAILABLE")],
)
def test_what_anybody_on_the_way_could_say_gives_no_report_up(
    relay: _Relay, status: int, code: str, connections: list[object]
) -> None:
    relay.status = status
    answer = opened(EVERYTHING_DIRECT, relay=relay.url, oblivious_key=PINNED).submit(REQUEST, 5)
    assert answer.code == code
    assert set(connections) == {"127.0.0.1", relay.server_port}


def test_a_relay_that_is_down_is_not_gone_around(
    relay: _Relay, tmp_path: Path, connections: list[object]
) -> None:
    port = relay.server_port
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert _client(tmp_path, f"http://127.0.0.1:{port}").send_now() == Outcome.LATER
    assert set(connections) == {"127.0.0.1", port}


@pytest.fixture(name="bare")
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment into which nobody installed the extra."""
    monkeypatch.setitem(sys.modules, "pyhpke", None)


@pytest.mark.usefixtures("bare")
def test_without_the_extra_nothing_is_sent_and_the_remedy_is_said(
    tmp_path: Path, connections: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    client = _client(tmp_path, "https://relay.example")
    outcome = client.send_now()
    assert outcome == Outcome.DROPPED
    with pytest.raises(EndpointError, match=r"headcount\[oblivious\]"):
        client.ask_server()
    main(client, ["status"])
    told = " ".join(capsys.readouterr().out.split())
    assert "install 'headcount[oblivious]'" in told
    assert "a relay, relay.example, which somebody else runs. The relay sees the address" in told
    assert connections == []


@pytest.mark.parametrize(
    ("relay", "key", "why"),
    [
        ("grpcs://relay.example", PINNED, "no relay"),
        ("http://relay.example", PINNED, "unencrypted"),
        ("https://relay.example", "", "oblivious key"),
    ],
)
def test_a_relay_that_cannot_be_used_is_an_obstacle(relay: str, key: str, why: str) -> None:
    assert why in obstacle(EVERYTHING_DIRECT, relay=relay, oblivious_key=key)
    with pytest.raises(EndpointError, match=why):
        opened(EVERYTHING_DIRECT, relay=relay, oblivious_key=key)


def test_a_host_cannot_name_an_endpoint_that_goes_around_the_relay(tmp_path: Path) -> None:
    project = SAMPLE.replaced(relay="https://relay.example", oblivious_key=PINNED)
    with pytest.raises(EndpointError, match="through the relay"):
        Client(project, Site(), state_directory=tmp_path, endpoint="https://other.example")

"""Reports travel over real gRPC, and each status means what the table says."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from headcount import Outcome
from headcount.model.errors import EndpointError
from headcount.reporting.report import message_class
from headcount.transport.endpoint import Endpoint
from headcount.transport.grpc_transport import GrpcTransport
from headcount.transport.messages import OPEN_WEEKS, SUBMIT_REPORT
from headcount.v1.telemetry_service_pb2 import SubmitReportRequest, SubmitReportResponse
from support.doors import REQUEST, certificate, proxy_to
from support.sample_project import DAY, HOUR, MONDAY, SAMPLE
from support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.sample_project import Host


class Door(grpc.GenericRpcHandler):
    """A server that keeps what it got and answers as it is told; OK where nothing is told."""

    def __init__(self) -> None:
        self.requests: list[SubmitReportRequest] = []
        self.codes: list[grpc.StatusCode] = []
        self.open_weeks = ""
        self.response = SubmitReportResponse()
        self.endpoint = ""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[SubmitReportRequest, SubmitReportResponse] | None:
        if handler_call_details.method != SUBMIT_REPORT:
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._submit,
            request_deserializer=SubmitReportRequest.FromString,
            response_serializer=SubmitReportResponse.SerializeToString,
        )

    def _submit(
        self, request: SubmitReportRequest, context: grpc.ServicerContext
    ) -> SubmitReportResponse:
        self.requests.append(request)
        if self.codes:
            code = self.codes.pop(0)
            if self.open_weeks:
                context.set_trailing_metadata(((OPEN_WEEKS, self.open_weeks),))
            context.abort(code, f"because of {code.name}")
        return self.response


@pytest.fixture(name="door")
def _door() -> Iterator[Door]:
    yield from _serve(lambda server: server.add_insecure_port("127.0.0.1:0"), "grpc")


def _serve(listen: Callable[[grpc.Server], int], scheme: str) -> Iterator[Door]:
    door = Door()
    server = grpc.server(ThreadPoolExecutor(max_workers=4), handlers=[door])
    door.endpoint = f"{scheme}://localhost:{listen(server)}"
    server.start()
    yield door
    server.stop(None).wait()


@pytest.fixture(name="sender")
def _sender(door: Door, host: Callable[..., Host]) -> Host:
    """An installation that has said yes and talks to the door."""
    site = host(endpoint=door.endpoint)
    site.client.grant()
    return site


@pytest.mark.slow
def test_a_report_arrives_as_it_was_previewed(door: Door, sender: Host) -> None:
    digest = sender.client.preview().digest
    assert sender.client.send_now() == Outcome.SENT
    (request,) = door.requests
    assert request.week == "2026-W47"
    assert len(request.token) == 16
    assert request.report.type_url == ("type.googleapis.com/headcount.projects.sample.v1.Report")
    report = message_class(SAMPLE).FromString(request.report.value)
    assert report.php_version.value == "8.2"  # type: ignore[attr-defined] # a dynamic message
    assert sender.client.preview().digest == digest


def test_left_out_keys_come_back_by_name(door: Door, sender: Host) -> None:
    door.response.ignored.add(
        key="motto", number=9, reason="IGNORED_REASON_OUT_OF_BOUNDS", message="motto: too long"
    )
    (ignored,) = sender.client.send_now().ignored
    assert (ignored.key, ignored.number) == ("motto", 9)
    assert ignored.reason == "IGNORED_REASON_OUT_OF_BOUNDS"
    assert ignored.message == "motto: too long"


RETRIED = {
    "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED", "CANCELLED",
    "DATA_LOSS", "RESOURCE_EXHAUSTED",
}  # fmt: skip


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
)
def test_every_status_is_retried_or_given_up_as_the_table_says(
    door: Door, sender: Host, code: grpc.StatusCode
) -> None:
    # A server that is merely away for a moment is tried three times at once.
    tries = 3 if code.name == "UNAVAILABLE" else 1
    door.codes = [code] * tries
    outcome = sender.client.send_now()
    assert outcome == (Outcome.LATER if code.name in RETRIED else Outcome.DROPPED)
    assert f"because of {code.name}" in outcome.message
    assert not sender.client.due()
    assert sender.client.send_if_due() == Outcome.NOT_DUE
    if code.name in RETRIED:
        waited = (sender.client.next_due() or 0) - sender.now
        assert waited == (6 * HOUR if code.name == "RESOURCE_EXHAUSTED" else HOUR)
        sender.until_due()
        assert sender.client.send_if_due() == Outcome.SENT
        assert len(door.requests) == tries + 1
        assert door.requests[0] == door.requests[-1]
    else:
        assert sender.client.send_now() == Outcome.NOT_DUE
        assert sender.client.next_due() == MONDAY + 7 * DAY


@pytest.mark.slow
def test_a_server_that_is_away_for_a_moment_costs_no_attempt(door: Door, sender: Host) -> None:
    door.codes = [grpc.StatusCode.UNAVAILABLE] * 2
    assert sender.client.send_now() == Outcome.SENT
    assert len(door.requests) == 3
    assert len({request.SerializeToString() for request in door.requests}) == 1


def test_where_another_week_is_open_only_week_and_token_change(door: Door, sender: Host) -> None:
    door.codes = [grpc.StatusCode.FAILED_PRECONDITION]
    door.open_weeks = "2026-W48,2026-W47"
    assert sender.client.send_now() == Outcome.SENT
    first, second = door.requests
    assert (first.week, second.week) == ("2026-W47", "2026-W48")
    assert first.token != second.token
    assert first.report == second.report


def test_a_week_that_is_refused_twice_is_given_up(door: Door, sender: Host) -> None:
    door.codes = [grpc.StatusCode.FAILED_PRECONDITION] * 2
    door.open_weeks = "2026-W48"
    assert sender.client.send_now() == Outcome.DROPPED
    assert len(door.requests) == 2


def test_a_week_that_a_clock_ahead_has_reached_before_the_server_waits_for_it(
    door: Door, sender: Host
) -> None:
    door.codes = [grpc.StatusCode.FAILED_PRECONDITION]
    door.open_weeks = "2026-W46,2026-W45"
    assert sender.client.send_now() == Outcome.LATER
    assert [request.week for request in door.requests] == ["2026-W47"]


@pytest.mark.parametrize("weeks", ["nonsense", "2026-W99", ","])
def test_a_week_that_is_none_is_not_tried(door: Door, sender: Host, weeks: str) -> None:
    door.codes = [grpc.StatusCode.FAILED_PRECONDITION]
    door.open_weeks = weeks
    assert sender.client.send_now() == Outcome.DROPPED
    assert len(door.requests) == 1


@pytest.mark.slow
def test_attempts_back_off_until_the_grace_is_over(door: Door, sender: Host) -> None:
    door.codes = [grpc.StatusCode.INTERNAL] * 20
    waits = []
    while (outcome := sender.client.send_now()) == Outcome.LATER:
        moment = sender.client.next_due()
        assert moment is not None
        waits.append((moment - sender.now) / HOUR)
        sender.now = moment
    assert outcome == Outcome.DROPPED
    assert waits == [1, 6, *[24] * 8]
    assert {request.week for request in door.requests} == {"2026-W47"}
    assert len({request.SerializeToString() for request in door.requests}) == 1
    assert MONDAY + 8 * DAY <= sender.now < MONDAY + 9 * DAY


@pytest.mark.slow
def test_nobody_listening_is_unavailable(host: Callable[..., Host]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        site = host(endpoint=f"grpc://127.0.0.1:{unused.getsockname()[1]}")
        site.client.grant()
        outcome = site.client.send_now()
    assert outcome == Outcome.LATER
    assert outcome.message.startswith("UNAVAILABLE")


@pytest.mark.slow
def test_a_server_that_never_answers_meets_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = GrpcTransport(f"grpc://127.0.0.1:{silent.getsockname()[1]}")
        answer = transport.submit(REQUEST, 0.3)
    assert answer.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}


@pytest.mark.slow
def test_grpc_goes_through_the_proxy_that_the_variables_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upper case counts too, and so does the file that SSL_CERT_FILE names."""
    for name in ("grpc_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    key, chain = certificate(tmp_path, "telemetry.test")
    trust = grpc.ssl_server_credentials([(key.read_bytes(), chain.read_bytes())])
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    for door in _serve(lambda server: server.add_secure_port("127.0.0.1:0", trust), "grpcs"):
        port = door.endpoint.rpartition(":")[2]
        with proxy_to(int(port)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://site:secret@127.0.0.1:{proxy.port}")
            answer = GrpcTransport(f"grpcs://telemetry.test:{port}").submit(REQUEST, PATIENCE)
        assert answer.code == "OK", answer.message
        assert proxy.seen == [f"CONNECT telemetry.test:{port} HTTP/1.1"]
        assert proxy.credentials == ["Basic c2l0ZTpzZWNyZXQ="]
        assert len(door.requests) == 1


@pytest.mark.slow
def test_encrypted_reports_need_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    key, chain = (path.read_bytes() for path in certificate(tmp_path))
    trust = grpc.ssl_server_credentials([(key, chain)])
    for door in _serve(lambda server: server.add_secure_port("127.0.0.1:0", trust), "grpcs"):
        trusting = GrpcTransport(door.endpoint, root_certificates=chain)
        wary = GrpcTransport(door.endpoint)
        assert trusting.submit(REQUEST, PATIENCE).code == "OK"
        assert wary.submit(REQUEST, PATIENCE).code == "UNAVAILABLE"
        assert len(door.requests) == 1


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("grpcs://telemetry.example.org", "telemetry.example.org:443"),
        ("grpcs://telemetry.example.org:8443/", "telemetry.example.org:8443"),
        ("grpc://localhost:50051", "localhost:50051"),
        ("grpc://127.0.0.1", "127.0.0.1:80"),
        ("grpc://127.8.8.8:1", "127.8.8.8:1"),
        ("grpc://[::1]:50051", "[::1]:50051"),
        ("grpcs://[2001:db8::1]", "[2001:db8::1]:443"),
        ("https://telemetry.example.org/counts/", "telemetry.example.org:443"),
        ("http://localhost", "localhost:80"),
    ],
)
def test_endpoints_name_scheme_host_and_port(text: str, target: str) -> None:
    assert Endpoint.parse(text).target == target


@pytest.mark.parametrize(
    "text",
    ["", "telemetry.example.org", "ftp://x", "grpcs://", "grpcs://:443", "grpcs://host:0",
     "grpcs://host:99999", "grpcs://host:port", "grpcs://user@host", "grpcs://host/path",
     "grpc://example.org", "grpc://10.0.0.1:50051", "grpc://127.0.0.1.example.org",
     "grpc://localhost.example.org", "grpcs://a b", "http://example.org", "https://",
     "https://host?x=1", "https://host/a b", "https://user@host", "grpcs://[]:1"],
)  # fmt: skip
def test_a_bad_endpoint_is_refused_at_once_with_the_remedy(
    host: Callable[..., Host], text: str
) -> None:
    with pytest.raises(EndpointError, match=r"(grpc|http)s://"):
        host(endpoint=text)


def test_plaintext_beyond_the_loopback_must_be_asked_for() -> None:
    endpoint = Endpoint.parse("grpc://collector.internal:50051", allow_plaintext=True)
    assert endpoint.target == "collector.internal:50051"

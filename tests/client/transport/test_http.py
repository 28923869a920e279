"""Reports travel over HTTP as they do over gRPC, from the standard library alone."""

from __future__ import annotations

import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from headcount import Outcome
from headcount.reporting.report import message_class
from headcount.transport.grpc_transport import GrpcTransport
from headcount.transport.http_transport import HttpTransport
from headcount.transport.messages import SUBMIT_REPORT
from support.doors import REQUEST, HttpDoor, certificate, http_door, proxy_to
from support.repository import TESTS
from support.sample_project import HOUR, SAMPLE
from support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.sample_project import Host

RETRIED = {
    "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED", "CANCELLED",
    "DATA_LOSS", "RESOURCE_EXHAUSTED",
}  # fmt: skip
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network of whoever runs the tests decides nothing in them."""
    for name in (*PROXIES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(name="door")
def _door() -> Iterator[HttpDoor]:
    with http_door() as door:
        yield door


@pytest.fixture(name="sender")
def _sender(door: HttpDoor, host: Callable[..., Host]) -> Host:
    """An installation that has said yes and talks to the door."""
    site = host(endpoint=f"http://localhost:{door.port}")
    site.client.grant()
    return site


@pytest.fixture(name="chain", scope="module")
def _chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a server called telemetry.test, beside its key."""
    return certificate(tmp_path_factory.mktemp("tls"), "telemetry.test")[1]


@pytest.fixture(name="secure")
def _secure(chain: Path) -> Iterator[HttpDoor]:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(chain, chain.with_name("key.pem"))
    with http_door(trust) as door:
        yield door


def test_a_report_arrives_as_it_was_previewed(door: HttpDoor, sender: Host) -> None:
    digest = sender.client.preview().digest
    door.response.ignored.add(
        key="motto", number=9, reason="IGNORED_REASON_OUT_OF_BOUNDS", message="motto: too long"
    )
    outcome = sender.client.send_now()
    assert outcome == Outcome.SENT
    assert [ignored.key for ignored in outcome.ignored] == ["motto"]
    (request,) = door.requests
    assert (request.week, len(request.token)) == ("2026-W47", 16)
    report = message_class(SAMPLE).FromString(request.report.value)
    assert report.php_version.value == "8.2"  # type: ignore[attr-defined] # a dynamic message
    assert sender.client.preview().digest == digest
    assert door.lines == [f"POST {SUBMIT_REPORT} HTTP/1.1"]


def test_no_header_tells_anything_about_the_host(door: HttpDoor, sender: Host) -> None:
    sender.client.send_now()
    (headers,) = door.headers
    assert 0 < int(headers.pop("connect-timeout-ms")) <= 10_000
    assert int(headers.pop("content-length")) > 40
    assert headers == {
        "host": f"localhost:{door.port}",
        "accept-encoding": "identity",
        "connection": "close",
        "connect-protocol-version": "1",
        "content-type": "application/proto",
    }


@pytest.mark.parametrize(
    "code", [code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
)
def test_every_refusal_is_retried_or_given_up_as_over_grpc(
    door: HttpDoor, sender: Host, code: str
) -> None:
    door.refuse("canceled" if code == "CANCELLED" else code.lower(), status=500)
    outcome = sender.client.send_now()
    assert outcome == (Outcome.LATER if code in RETRIED else Outcome.DROPPED)
    assert outcome.message.startswith(f"{code}: because of ")
    if code in RETRIED:
        waited = (sender.client.next_due() or 0) - sender.now
        assert waited == (6 * HOUR if code == "RESOURCE_EXHAUSTED" else HOUR)
        sender.until_due()
        assert sender.client.send_if_due() == Outcome.SENT
        assert door.requests[0] == door.requests[1]


@pytest.mark.parametrize("header", ["headcount-open-weeks", "trailer-headcount-open-weeks"])
def test_where_another_week_is_open_only_week_and_token_change(
    door: HttpDoor, sender: Host, header: str
) -> None:
    door.refuse("failed_precondition", header=header, weeks="2026-W48, 2026-W47")
    assert sender.client.send_now() == Outcome.SENT
    first, second = door.requests
    assert (first.week, second.week) == ("2026-W47", "2026-W48")
    assert first.token != second.token
    assert first.report == second.report


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, "text/html", b"<h1>Please log in</h1>", {}), Outcome.LATER),
        ((302, "text/html", b"", {"Location": "https://portal.example/"}), Outcome.LATER),
        ((403, "text/html", b"blocked", {}), Outcome.LATER),
        ((404, "text/plain", b"no such page", {}), Outcome.DROPPED),
        ((429, "text/plain", b"slow down", {}), Outcome.LATER),
        ((502, "text/html", b"<h1>Bad gateway</h1>", {}), Outcome.LATER),
        ((500, "application/json", b'{"code": "nonsense"}', {}), Outcome.LATER),
        ((500, "application/json", b"[[[", {}), Outcome.LATER),
        ((500, "application/json", b"[1]", {}), Outcome.LATER),
        ((200, "application/proto", b"\xff\xff\xff", {}), Outcome.LATER),
        ((200, "application/proto", b"\x00" * 300_000, {}), Outcome.LATER),
    ],
)
def test_what_no_headcount_server_says_is_never_taken_for_a_count(
    door: HttpDoor, sender: Host, answer: tuple[int, str, bytes, dict[str, str]], outcome: Outcome
) -> None:
    door.answers = [answer]
    assert sender.client.send_now() == outcome


def test_a_path_before_the_service_is_kept(door: HttpDoor) -> None:
    transport = HttpTransport(f"http://localhost:{door.port}/counts/")
    assert transport.submit(REQUEST, PATIENCE).code == "OK"
    assert door.lines == [f"POST /counts{SUBMIT_REPORT} HTTP/1.1"]


def test_encrypted_reports_need_a_certificate_that_is_trusted(
    secure: HttpDoor, chain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE and given roots work alike; the name counts, and a proxy leads there."""
    address = f"https://telemetry.test:{secure.port}"
    with proxy_to(secure.port) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        wary = HttpTransport(address).submit(REQUEST, PATIENCE)
        assert wary.code == "UNAVAILABLE"
        assert "certificate verify failed" in wary.message
        trusting = HttpTransport(address, root_certificates=chain.read_bytes())
        assert trusting.submit(REQUEST, PATIENCE).code == "OK"
        monkeypatch.setenv("SSL_CERT_FILE", str(chain))
        assert HttpTransport(address).submit(REQUEST, PATIENCE).code == "OK"
        stranger = HttpTransport(f"https://elsewhere.test:{secure.port}")
        assert "not valid for 'elsewhere.test'" in stranger.submit(REQUEST, PATIENCE).message
        monkeypatch.setenv("SSL_CERT_FILE", str(chain.with_name("none.pem")))
        lost = HttpTransport(address).submit(REQUEST, PATIENCE)
        assert lost.code == "UNAVAILABLE"
        assert "none.pem: No such file or directory; name a PEM file" in lost.message
    assert len(secure.requests) == 2
    assert f"CONNECT telemetry.test:{secure.port} HTTP/1" in proxy.seen[0]


def test_a_proxy_gets_the_credentials_that_its_address_holds(
    secure: HttpDoor, chain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy_to(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://site:p%40ss@127.0.0.1:{proxy.port}")
        transport = HttpTransport(
            f"https://telemetry.test:{secure.port}", root_certificates=chain.read_bytes()
        )
        assert transport.submit(REQUEST, PATIENCE).code == "OK"
    assert proxy.credentials == ["Basic c2l0ZTpwQHNz"]


def test_plaintext_goes_through_a_proxy_by_its_whole_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with proxy_to(0) as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        transport = HttpTransport("http://telemetry.test:81", allow_plaintext=True)
        assert transport.submit(REQUEST, PATIENCE).code == "OK"
    assert proxy.seen == [f"POST http://telemetry.test:81{SUBMIT_REPORT} HTTP/1.1"]


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_what_is_meant_for_the_loopback_goes_through_no_proxy(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with proxy_to(0) as proxy, http_door() as door:
        for name in PROXIES[:-1]:
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        transport = (HttpTransport if scheme == "http" else GrpcTransport)(
            f"{scheme}://localhost:{door.port}"
        )
        code = transport.submit(REQUEST, PATIENCE if scheme == "http" else 1).code
        assert scheme == "grpc" or code == "OK"  # no gRPC is spoken here; only the way matters
    assert not proxy.seen


def test_a_proxy_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    answer = HttpTransport("https://telemetry.test").submit(REQUEST, 5)
    assert answer.code == "UNAVAILABLE"
    assert "the proxy socks5://127.0.0.1 is not an http:// one" in answer.message


def test_no_proxy_is_taken_where_the_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_to(0) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", ".invalid")
        answer = HttpTransport("https://telemetry.invalid").submit(REQUEST, 5)
        assert answer.code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    assert not proxy.seen


def test_sending_over_http_brings_in_no_grpc(door: HttpDoor, tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(TESTS)!r})
        from pathlib import Path
        from support.sample_project import Host
        site = Host(Path({str(tmp_path / "state")!r}), endpoint="http://127.0.0.1:{door.port}")
        site.client.grant()
        print(site.client.send_now(), "grpc" in sys.modules)
    """)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("SENT False\n", "")
    assert len(door.requests) == 1

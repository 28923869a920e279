"""Authorities are trusted in every form in which hosts have them, over both ways."""

from __future__ import annotations

import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from headcount import Client
from headcount.model.errors import ServerError
from headcount.transport.connect import obstacle, opened
from headcount.transport.messages import SUBMIT_REPORT
from headcount.transport.trust import certificates, trusted
from headcount.v1.telemetry_service_pb2 import SubmitReportResponse
from support.doors import REQUEST, certificate, http_door
from support.sample_project import SAMPLE, Site
from support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMS: dict[str, Callable[[bytes, Path], bytes]] = {
    "PEM": lambda pem, _: pem,
    "comments in UTF-8": lambda pem, _: "# Főtanúsítvány\n".encode() + pem + b"\xff\xfe the end",
    "CRLF": lambda pem, _: pem.replace(b"\n", b"\r\n"),
    "its key besides": lambda pem, chain: chain.with_name("key.pem").read_bytes() + pem,
    "twice": lambda pem, _: pem + pem,
    "DER": lambda pem, _: ssl.PEM_cert_to_DER_cert(pem.decode()),
    "trusted by OpenSSL": lambda _, chain: subprocess.run(
        ["openssl", "x509", "-in", chain, "-trustout", "-addtrust", "serverAuth"],  # noqa: S607 - where a system has it
        capture_output=True, check=True,
    ).stdout,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(name="chain", scope="module")
def _chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))[1]


@pytest.fixture(name="doors", scope="module")
def _doors(chain: Path) -> Iterator[tuple[str, str]]:
    """An https and a grpcs endpoint with that certificate."""
    key = chain.with_name("key.pem")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(chain, key)
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: SubmitReportResponse().SerializeToString()
    )
    service, method = SUBMIT_REPORT.strip("/").split("/")
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    handlers = grpc.method_handlers_generic_handler(service, {method: handler})
    server.add_generic_rpc_handlers((handlers,))
    pair = (key.read_bytes(), chain.read_bytes())
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    server.start()
    with http_door(trust) as door:
        yield f"https://localhost:{door.port}", f"grpcs://localhost:{port}"
    server.stop(None).wait()


def _codes(doors: tuple[str, str], roots: bytes | None = None) -> list[str]:
    return [opened(door, root_certificates=roots).submit(REQUEST, PATIENCE).code for door in doors]


@pytest.mark.parametrize("form", FORMS)
def test_given_roots_are_trusted_in_every_form(
    doors: tuple[str, str], chain: Path, form: str
) -> None:
    assert _codes(doors, FORMS[form](chain.read_bytes(), chain)) == ["OK", "OK"]


@pytest.mark.parametrize("form", FORMS)
def test_the_file_of_the_variable_is_trusted_in_every_form(
    doors: tuple[str, str],
    chain: Path,
    form: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = tmp_path / "store"
    store.write_bytes(FORMS[form](chain.read_bytes(), chain))
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    assert _codes(doors) == ["OK", "OK"]


def test_the_directories_of_the_variable_are_trusted_whatever_else_is_in_them(
    doors: tuple[str, str], chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "two" / "ours.crt").write_bytes(chain.read_bytes())
    (tmp_path / "two" / "link").symlink_to("ours.crt")
    (tmp_path / "two" / "gone").symlink_to("nowhere")
    (tmp_path / "two" / "README").write_text("no certificate")
    (tmp_path / "two" / "folder").mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    assert _codes(doors) == ["OK", "OK"]
    assert len(trusted(None) or ()) == 1


@pytest.mark.slow
def test_a_store_of_strangers_trusts_nobody(doors: tuple[str, str], tmp_path: Path) -> None:
    stranger = certificate(tmp_path, "elsewhere.test")[1]
    assert _codes(doors, stranger.read_bytes()) == ["UNAVAILABLE", "UNAVAILABLE"]


@pytest.mark.parametrize("roots", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n", b"\x30\x82"])
def test_what_holds_no_certificate_is_told(
    doors: tuple[str, str], roots: bytes, tmp_path: Path
) -> None:
    for door in doors:
        answer = opened(door, root_certificates=roots).submit(REQUEST, PATIENCE)
        assert answer.code == "UNAVAILABLE"
        assert "root_certificates hold no certificate; give PEM or DER" in answer.message
        assert "hold no certificate" in obstacle(door, root_certificates=roots)
        client = Client(
            SAMPLE, Site(), state_directory=tmp_path, endpoint=door, root_certificates=roots,
            environment={},
        )  # fmt: skip
        client.grant()
        with pytest.raises(ServerError, match="hold no certificate"):
            client.ask_server()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_place_that_is_not_there_is_named(
    doors: tuple[str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    for door in doors:
        assert f"{name} names {tmp_path / 'nowhere'}: No such file" in obstacle(door)
        assert opened(door).submit(REQUEST, PATIENCE).code == "UNAVAILABLE"


def test_a_length_that_leads_beyond_the_end_reads_as_none() -> None:
    assert certificates(b"\x30\x84\xff\xff\xff\xff") == ()
    assert certificates(b"\x30\x00\x30\x01\x00") == (b"\x30\x00", b"\x30\x01\x00")

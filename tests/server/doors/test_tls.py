"""The certificate of both doors, and its renewal while the server runs."""

from __future__ import annotations

import http.client
import logging
import os
import socket
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import tls
from headcount_server.doors.address import Address
from headcount_server.doors.http_application import MAX_HEADER_BYTES
from headcount_server.doors.tls import Identity, rsa_bits
from headcount_server.errors import ConfigError
from headcount_server.registry.schema import Project
from support.doors import certificate
from support.server_process import THURSDAY, ServerProcess
from support.waiting import PATIENCE

Make = Callable[[str], tuple[Path, Path]]

EVERYWHERE = Address("0.0.0.0", 0)  # noqa: S104 - that is the case


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    """Make a certificate for localhost and its key, under a name."""

    def make(name: str) -> tuple[Path, Path]:
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        command = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
            f" -subj /CN={name} -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
        ).split()
        subprocess.run(
            [*command, "-keyout", key, "-out", certificate], check=True, capture_output=True
        )
        return certificate, key

    return make


def _over_http(address: Address, certificate: Path) -> int:
    trust = ssl.create_default_context(cafile=str(certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", address.port, timeout=10, context=trust)
    try:
        connection.request("POST", "/post", b"{}", {"X-Site-Key": "s"})
        return connection.getresponse().status
    finally:
        connection.close()


def _over_grpc(address: Address, certificate: Path) -> grpc.StatusCode:
    trust = grpc.ssl_channel_credentials(certificate.read_bytes())
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(f"localhost:{address.port}", trust, options) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/headcount.v1.TelemetryService/GetRegistry"
        )
        future = call.future(b"", timeout=10)
        return future.code()


def _replace(old: tuple[Path, Path], new: tuple[Path, Path]) -> None:
    for there, here in zip(old, new, strict=True):
        os.replace(here, there)  # noqa: PTH105 - as an ACME client does it


def test_both_doors_speak_tls_and_follow_a_renewal_without_a_restart(
    config: Config, clock_file: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LOOK_SECONDS", 0.0)
    certificate, key = make("first")
    first = certificate.with_name("first-kept.pem")
    first.write_bytes(certificate.read_bytes())
    second = certificate.with_name("second-kept.pem")
    config = replace(config, tls_certificate=certificate, tls_key=key)
    with App(config, FileClock(clock_file)) as app:
        assert _over_http(app.public, first) == 400
        assert _over_grpc(app.grpc, first) is grpc.StatusCode.OK
        renewed = make("second")
        second.write_bytes(renewed[0].read_bytes())
        _replace((certificate, key), renewed)
        assert _over_http(app.public, second) == 400
        assert _over_grpc(app.grpc, second) is grpc.StatusCode.OK
        with pytest.raises(ssl.SSLCertVerificationError):
            _over_http(app.public, first)


@pytest.mark.parametrize("days", [0, 365])
def test_browsers_are_told_to_insist_on_tls_if_the_operator_says_so(
    config: Config, make: Make, tmp_path: Path, days: int
) -> None:
    certificate, key = make("own")
    clock = tmp_path / "clock"
    clock.write_text("2026-11-19T12:00:00Z", encoding="ascii")
    insisting = replace(config, tls_certificate=certificate, tls_key=key, hsts=timedelta(days=days))
    trust = ssl.create_default_context(cafile=str(certificate))
    with App(insisting, FileClock(clock)) as app:
        too_long = f"/?{'x' * MAX_HEADER_BYTES}"
        for path in ("/", "/privacy", "/nothing", "/metrics", too_long):
            connection = http.client.HTTPSConnection(
                "127.0.0.1", app.public.port, timeout=10, context=trust
            )
            with closing(connection):
                connection.request("GET", path)
                told = connection.getresponse().headers["strict-transport-security"]
            assert told == (f"max-age={365 * 86400}" if days else None)


def test_to_insist_on_tls_without_any_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="--hsts-days: means nothing without --tls-certificate"):
        replace(config, hsts=timedelta(days=1))


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384"])
def test_no_door_takes_a_suite_of_cbc(
    config: Config, make: Make, tmp_path: Path, suite: str
) -> None:
    certificate, key = make("old")
    clock = tmp_path / "clock"
    clock.write_text("2026-11-19T12:00:00Z", encoding="ascii")
    caller = ssl.create_default_context(cafile=str(certificate))
    caller.maximum_version = ssl.TLSVersion.TLSv1_2
    with App(replace(config, tls_certificate=certificate, tls_key=key), FileClock(clock)) as app:
        for address in (app.public, app.grpc):
            for chosen, taken in ((suite, False), ("ECDHE-ECDSA-AES128-GCM-SHA256", True)):
                caller.set_ciphers(chosen)
                caller.set_alpn_protocols(["h2" if address is app.grpc else "http/1.1"])
                with socket.create_connection((address.host, address.port), timeout=10) as plain:
                    try:
                        caller.wrap_socket(plain, server_hostname="localhost").close()
                    except ssl.SSLError:
                        assert not taken
                    else:
                        assert taken


def _handshakes(address: str, certificate: Path, number: int) -> int:
    """So many handshakes, one after the other, and how many of them went well."""
    host, _, port = address.rpartition(":")
    trust = ssl.create_default_context(cafile=str(certificate))
    trust.set_alpn_protocols(["h2"])
    done = 0
    for _ in range(number):
        try:
            with socket.create_connection((host, int(port)), timeout=10) as plain:
                trust.wrap_socket(plain, server_hostname=host).close()
        except OSError:
            continue
        done += 1
    return done


@pytest.mark.heavy
def test_a_crowd_of_new_connections_does_not_end_the_server(
    serve: Callable[..., ServerProcess], toy_registry: Path, make: Make
) -> None:
    # It did, while each handshake was handed the certificate anew.
    certificate, key = make("first")
    server = serve(
        toy_registry, f"--tls-certificate={certificate}", f"--tls-key={key}", clock=THURSDAY
    )
    with ThreadPoolExecutor(32) as crowd:
        address = server.addresses["gRPC"]
        done = crowd.map(lambda _: _handshakes(address, certificate, 60), range(32))
        assert sum(done) == 32 * 60
    assert server.process is not None
    assert server.process.poll() is None


def test_the_last_good_pair_stays_in_force_halfway_through_a_renewal(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "LOOK_SECONDS", 0.0)
    certificate, key = make("first")
    identity = Identity(certificate, key)
    good = identity._context
    new_certificate, new_key = make("second")
    for path, change in (
        (certificate, lambda: os.replace(new_certificate, certificate)),  # noqa: PTH105 - as above
        (key, key.unlink),
        (key, lambda: key.write_text("nonsense", encoding="ascii")),
    ):
        change()
        for _ in range(3):
            identity._refresh()
        assert identity._context is good, path
    assert caplog.text.count("the last certificate is kept") >= 3
    os.replace(new_key, key)  # noqa: PTH105 - as above
    identity._refresh()
    assert identity._context is not good


def test_files_are_looked_at_no_more_than_once_a_second(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tls.LOOK_SECONDS <= 1
    monkeypatch.setattr(tls, "LOOK_SECONDS", PATIENCE)  # longer than a certificate takes to make
    certificate, key = make("first")
    identity = Identity(certificate, key)
    good = identity._context
    _replace((certificate, key), make("second"))
    identity._refresh()
    assert identity._context is good
    monkeypatch.setattr(tls, "LOOK_SECONDS", 0.0)
    identity._refresh()
    assert identity._context is not good


@pytest.mark.parametrize("spoiled", ["certificate", "key", "pair", "missing", "encrypted"])
def test_a_pair_that_cannot_be_used_is_named_by_its_flags_and_nothing_is_asked_on_the_terminal(
    make: Make, tmp_path: Path, spoiled: str
) -> None:
    certificate, key = make("first")
    if spoiled == "certificate":
        certificate.write_text("nonsense", encoding="ascii")
    elif spoiled == "key":
        key.write_text("nonsense", encoding="ascii")
    elif spoiled == "pair":
        _, key = make("second")
    elif spoiled == "missing":
        key = tmp_path / "missing.key"
    else:
        locked = tmp_path / "locked.key"
        command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret"]
        subprocess.run([*command, "-in", key, "-out", locked], check=True, capture_output=True)
        key = locked
    with pytest.raises(ConfigError, match=r"--tls-certificate .*--tls-key .*unencrypted"):
        Identity(certificate, key)


@pytest.mark.parametrize(("kind", "bits"), [("rsa:2048", 2048), ("rsa:3072", 3072), ("ec", 0)])
def test_a_certificate_that_makes_handshakes_costly_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, bits: int
) -> None:
    key, chain = certificate(tmp_path, kind=kind)
    assert rsa_bits(chain.read_bytes()) == bits
    Identity(chain, key)
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == (bits >= 3072)
    assert all(f"{chain}: RSA of 3072 bits" in line for line in warned)


def test_a_certificate_without_a_key_is_refused(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tls-certificate and --tls-key"):
        replace(config, tls_certificate=tmp_path / "chain.pem")


@pytest.mark.parametrize("door", ["grpc", "public"])
def test_a_door_leaves_loopback_only_with_tls_or_where_the_operator_insists(
    config: Config, make: Make, door: str
) -> None:
    certificate, key = make("first")
    moved: dict[str, Any] = {door: EVERYWHERE}
    with pytest.raises(ConfigError, match=rf"--{door} .*--tls-certificate.*--allow-plaintext"):
        replace(config, **moved)
    assert replace(config, **moved, allow_plaintext=True)
    assert replace(config, **moved, tls_certificate=certificate, tls_key=key)


def test_plaintext_to_a_tls_door_is_not_answered_and_not_logged_with_the_caller(
    config: Config, clock_file: Path, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    certificate, key = make("first")
    config = replace(config, tls_certificate=certificate, tls_key=key)
    with (
        App(config, FileClock(clock_file)) as app,
        socket.create_connection((app.public.host, app.public.port), timeout=10) as plain,
    ):
        plain.sendall(b"POST /post HTTP/1.0\r\nX-Site-Key: canary\r\n\r\n")
        assert b"HTTP" not in plain.recv(100)
    assert "canary" not in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_a_server_with_tls_names_its_pages_by_https(
    serve: Callable[..., ServerProcess], toy_registry: Path, toy: Project, make: Make
) -> None:
    certificate, key = make("first")
    flags = (f"--tls-certificate={certificate}", f"--tls-key={key}")
    server = serve(toy_registry, *flags, clock=THURSDAY)
    text = (server.directory / "stdout").read_text(encoding="utf-8")
    assert "public      https://" in text
    assert f"/{toy.name}" not in text
    address = Address.parse("--public", server.addresses["public"])
    assert _over_http(address, certificate) == 400

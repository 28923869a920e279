"""The gateway of a running server: sealed reports counted, errors in the RFC's two ways."""

from __future__ import annotations

import http.client
import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.cli import main
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.oblivious import key_file
from headcount_server.doors.rate_limits import Limits, networks_of
from headcount_server.errors import ConfigError
from support import hpke_client
from support.hpke_client import Sealed

CALL = "/headcount.v1.TelemetryService/"
PROTO, REQUEST = "application/proto", "message/ohttp-req"
Told = tuple[int, dict[str, str], bytes]


@pytest.fixture(name="keys", scope="module")
def _keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    new, old = folder / "new.key", folder / "old.key"
    key_file.create(new, 17, b"n" * 32, "2026-11-19")
    key_file.create(old, 18, b"o" * 32, "2025-11-19")
    return new, old


@pytest.fixture(name="gateway")
def _gateway(config: Config, clock_file: Path, keys: tuple[Path, Path]) -> Iterator[App]:
    limits = Limits(per_minute=1, burst=2, relays=networks_of("--relay", ["127.0.0.1"]))
    config = replace(config, oblivious_keys=keys, limits=limits)
    with App(config, FileClock(clock_file)) as app:
        yield app


def _configuration(key: Path) -> bytes:
    return key_file.read("", key).configuration


def _posted(app: App, body: bytes, **headers: str) -> Told:
    connection = http.client.HTTPConnection(str(app.public), timeout=10)
    connection.request("POST", "/oblivious", body, {"Content-Type": REQUEST, **headers})
    told = connection.getresponse()
    try:
        return told.status, {name.lower(): value for name, value in told.getheaders()}, told.read()
    finally:
        connection.close()


def _sealed(key: Path, request: bytes) -> Sealed:
    return hpke_client.sealed(_configuration(key), request, b"e" * 32)


def _inside(app: App, key: Path, request: bytes) -> Told:
    sealed = _sealed(key, request)
    status, fields, body = _posted(app, sealed.data)
    assert (status, fields["content-type"]) == (200, "message/ohttp-res")
    assert len(body) - 48 in {1024, 4096, 16384, 65536}
    return hpke_client.response(sealed.opened(body))


def _report(said: Callable[..., bytes], token: bytes = b"t" * 16, week: str = "2026-W47") -> bytes:
    request = wire.SubmitReportRequest(week=week, token=token)
    request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
    request.report.value = said()
    return request.SerializeToString()


def _counts(app: App) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{app.operations}/metrics", timeout=10) as told:
        lines = told.read().decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(("headcount_server_reports_total", "headcount_server_calls_total"))
    }


def test_a_client_of_the_tests_own_making_reports_and_a_replay_counts_nothing(
    gateway: App, keys: tuple[Path, Path], said: Callable[..., bytes]
) -> None:
    sealed = _sealed(keys[0], hpke_client.post(f"{CALL}SubmitReport", PROTO, _report(said)))
    for outcome in ("counted", "duplicate"):
        status, _, body = _posted(gateway, sealed.data)
        assert status == 200
        inner, fields, content = hpke_client.response(sealed.opened(body))
        assert (inner, fields["content-type"]) == (200, PROTO)
        assert wire.SubmitReportResponse.FromString(content).week == "2026-W47"
        counts = _counts(gateway)
        assert counts[f'headcount_server_reports_total{{outcome="{outcome}"}}'] == 1
    assert counts['headcount_server_calls_total{code="ok",door="oblivious"}'] == 2


def test_the_registry_is_told_by_either_key_and_in_json_too(
    gateway: App, keys: tuple[Path, Path]
) -> None:
    for key in keys:
        status, _, content = _inside(
            gateway, key, hpke_client.post(f"{CALL}GetRegistry", "application/json", b"{}")
        )
        assert status == 200
        assert json.loads(content)["policy"]["openWeeks"][0] == "2026-W47"


def test_the_keys_are_announced_the_newest_first(gateway: App, keys: tuple[Path, Path]) -> None:
    url = f"http://{gateway.public}/.well-known/ohttp-gateway"
    with urllib.request.urlopen(url, timeout=10) as told:
        assert told.headers["content-type"] == "application/ohttp-keys"
        assert told.read() == b"".join(b"\0\x2d" + _configuration(key) for key in keys)


def test_what_goes_wrong_inside_is_told_inside(
    gateway: App, keys: tuple[Path, Path], said: Callable[..., bytes]
) -> None:
    submit = f"{CALL}SubmitReport"
    late = _report(said, week="2026-W40")
    for request, status, code in (
        (hpke_client.post(submit, PROTO, b"\xff"), 400, "invalid_argument"),
        (hpke_client.post(submit, PROTO, late), 400, "failed_precondition"),
        (hpke_client.post(submit, PROTO, late, expect="100-continue"), 400, "invalid_argument"),
        (hpke_client.post(submit, "text/plain", late), 415, "unimplemented"),
        (hpke_client.post(f"{CALL}GetStatistics", PROTO, b""), 501, "unimplemented"),
        (hpke_client.post("/post", PROTO, b"{}"), 501, "unimplemented"),
        (b"\x05", 400, "invalid_argument"),
    ):
        told, fields, content = _inside(gateway, keys[0], request)
        assert (told, json.loads(content)["code"]) == (status, code)
        if code == "failed_precondition":
            assert fields["headcount-open-weeks"] == "2026-W47"


def test_what_cannot_be_opened_is_refused_as_the_rfc_says(
    gateway: App, keys: tuple[Path, Path]
) -> None:
    good = _sealed(keys[0], b"anything").data
    stale = hpke_client.sealed(b"\x63" + _configuration(keys[0])[1:], b"anything", b"e" * 32).data
    other = hpke_client.sealed(b"\x11" + _configuration(keys[1])[1:], b"anything", b"e" * 32).data
    for body in (stale, other, good[:-1], good[:20], b""):
        status, fields, content = _posted(gateway, body)
        assert (status, fields["content-type"]) == (400, "application/problem+json")
        assert json.loads(content)["type"].endswith("#ohttp-key")
    assert _posted(gateway, good, **{"Content-Type": PROTO})[0] == 415
    status, fields, content = _posted(gateway, bytes(64 * 1024 + 56))
    assert (status, json.loads(content)["type"]) == (413, "about:blank")


def test_the_largest_size_goes_through(gateway: App, keys: tuple[Path, Path]) -> None:
    request = hpke_client.post(f"{CALL}GetRegistry", PROTO, b"").ljust(64 * 1024, b"\0")
    assert _inside(gateway, keys[0], request)[0] == 200


def test_only_relays_have_a_share_of_their_own(
    config: Config, clock_file: Path, keys: tuple[Path, Path]
) -> None:
    request = hpke_client.post(f"{CALL}GetRegistry", PROTO, b"")
    sealed = _sealed(keys[0], request).data
    for relays, refused in ((["127.0.0.1"], 0), (["192.0.2.1"], 3)):
        proxies = networks_of("", ["127.0.0.1"])  # so that the loopback is limited
        limits = Limits(
            per_minute=0.001, burst=2, relays=networks_of("", relays), trusted_proxies=proxies
        )
        told = replace(config, oblivious_keys=keys, limits=limits)
        with App(told, FileClock(clock_file)) as app:
            caller = "203.0.113.9" if refused else relays[0]
            statuses = [_posted(app, sealed, **{"X-Forwarded-For": caller})[0] for _ in range(5)]
            assert statuses.count(429) == refused


def test_without_a_key_there_is_no_gateway(running: App) -> None:
    assert _posted(running, b"")[0] in {404, 405}


def test_a_key_is_made_shown_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "first.key"
    made = CliRunner().invoke(main, ["oblivious-key", "new", str(file)])
    shown = CliRunner().invoke(main, ["oblivious-key", "show", str(file)])
    assert made.exit_code == 0
    assert made.output == shown.output
    assert made.output.startswith("headcount[oblivious_key] = ")
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    again = CliRunner().invoke(main, ["oblivious-key", "new", str(file)])
    assert again.exit_code == 1
    assert "never overwritten" in again.output
    assert file.read_bytes() == before


def test_a_file_without_a_key_and_two_keys_of_one_identifier_are_refused(tmp_path: Path) -> None:
    for count, text in enumerate(("", "identifier = 1", 'identifier = 1\nprivate = "AAAA"\n')):
        file = tmp_path / f"{count}.key"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="holds no oblivious key"):
            key_file.gateway("--oblivious-key", [file])
    with pytest.raises(ConfigError, match=r"absent\.key"):
        key_file.gateway("--oblivious-key", [tmp_path / "absent.key"])
    one, two = tmp_path / "one.key", tmp_path / "two.key"
    key_file.create(one, 9, b"a" * 32, "2026-11-19")
    key_file.create(two, 9, b"b" * 32, "2026-11-19")
    with pytest.raises(ConfigError, match="another key has its identifier, 9"):
        key_file.gateway("--oblivious-key", [one, two])


def test_without_the_extra_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyhpke", None)
    monkeypatch.setattr(key_file, "find_spec", lambda _: None)
    told = CliRunner().invoke(main, ["oblivious-key", "new", str(tmp_path / "a.key")])
    assert told.exit_code == 1
    assert "pip install 'headcount-server[oblivious]'" in told.output
    assert not list(tmp_path.iterdir())


def test_a_relay_without_a_key_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="--oblivious-key"):
        replace(config, limits=Limits(relays=networks_of("", ["192.0.2.1"])))

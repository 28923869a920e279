"""Whatever a client sends, and wherever from, is found nowhere but where the rules have it.

A word of its own is planted in every field that a client can fill, through
every door, from an address of its own; then every byte is searched that a
server keeps, writes or tells: database, log, keys, backups, exports, what it
prints, metrics of both ports, and all that the public can reach. Words are
looked for as they are and in the usual encodings (`canaries`).

An answer that a declared key allows is in the totals of the open week, and
published if enough sites share it. These are planted too, so that the search
is seen to find what is there.
"""

from __future__ import annotations

import http.client
import json
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.registry.schema import Project
from support.canaries import found
from support.public_walk import walk
from support.relay import Relay
from support.server_process import THURSDAY, ServerProcess, fetch
from support.store_files import content, held
from support.toy_weeks import command
from support.waiting import until

CLOSED = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
ADDRESS = "127.66.77.88"
SERVICE = "headcount.v1.TelemetryService"
TYPE = "type.googleapis.com/headcount.projects.toy.v1.Report"
SHARERS = 5

WORDS = {
    name: f"kanari{number:02}{name}".replace(" ", "").encode()
    for number, name in enumerate(
        (
            *("week", "token", "type", "digest", "unknown field", "unknown envelope", "version"),
            *("list item", "too long a text", "garbage", "method", "metadata", "binary metadata"),
            *("user agent", "authority", "path", "query", "header name", "header", "cookie"),
            *("forwarded", "referer", "basic user", "json key", "json value", "json week"),
            *("json id", "site key", "second site key", "old key", "old value", "old project"),
            *("old product", "host", "request line"),
        )
    )
} | {"address": ADDRESS.encode()}
"""What nobody may ever find again."""
ALLOWED = {
    "a text": b"kanarinote",
    "a version": b"7731.4242",
    "a version of a product": b"4711.8150",
    "a text over HTTP": b"kanarijsonnote",
}
"""Answers of one site that declared keys allow: in the totals of the open week."""
SHARED = {"a shared text": b"kanarishared"}
"""An answer of as many sites as the threshold asks for: published after the close."""


class Planter:
    """A client that fills in everything, from an address that is looked for as well."""

    def __init__(self, toy: Project, grpc_address: str, http_address: str) -> None:
        self._toy = toy
        self._http = http_address
        options = (
            ("grpc.primary_user_agent", _word("user agent")),
            ("grpc.default_authority", f"{_word('authority')}.example.org"),
        )
        self._channel = grpc.insecure_channel(grpc_address, options=options)
        self.answers: list[str] = []

    def plant(self) -> None:
        """Send it all."""
        with self._channel:
            self._over_grpc()
        self._over_connect()
        self._over_the_old_door()
        self._over_no_protocol()

    def _over_grpc(self) -> None:
        good = self._report(
            note={"value": ALLOWED["a text"].decode()},
            php_version={"value": ALLOWED["a version"].decode()},
            web_server={"value": 2, "version": ALLOWED["a version of a product"].decode()},
            contrib={"values": [_word("list item")]},
        )
        good.report.value += _field(999, WORDS["unknown field"])
        self._call(good)
        for number in range(SHARERS):
            report = self._report(note={"value": SHARED["a shared text"].decode()})
            report.token = bytes([number]) * 16
            self._call(report)
        odd = self._report(
            version={"value": _word("version")}, note={"value": _word("too long a text") * 5}
        )
        self._call(odd)
        for field, text in (("week", "week"), ("token", "token"), ("registry_digest", "digest")):
            bad = self._report()
            setattr(bad, field, WORDS[text] if field == "token" else _word(text))
            self._call(bad)
        bad = self._report()
        bad.report.type_url = f"x/headcount.projects.{_word('type')}.v1.Report"
        self._call(bad)
        good = self._report()
        self._bytes(
            "SubmitReport", good.SerializeToString() + _field(99, WORDS["unknown envelope"])
        )
        self._bytes("SubmitReport", b"\xff" + WORDS["garbage"])
        self._bytes(_word("method"), b"")

    def _report(self, **keys: dict[str, Any]) -> wire.SubmitReportRequest:
        token = WORDS["token"].ljust(16, b"!")[:16]
        request = wire.SubmitReportRequest(
            week="2026-W47", token=token, registry_digest=_word("digest")
        )
        request.report.type_url = TYPE
        report = self._toy.report_class(**keys) if keys else self._toy.report_class()
        request.report.value = report.SerializeToString()
        return request

    def _call(self, request: wire.SubmitReportRequest) -> None:
        self._bytes("SubmitReport", request.SerializeToString())

    def _bytes(self, method: str, request: bytes) -> None:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            f"/{SERVICE}/{method}"
        )
        metadata = (
            ("x-canary", _word("metadata")),
            ("x-canary-bin", WORDS["binary metadata"]),
            ("x-forwarded-for", _word("forwarded")),
        )
        try:
            call(request, timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            self.answers.append(f"gRPC {error.code().name}")
        else:
            self.answers.append("gRPC OK")

    def _over_connect(self) -> None:
        note = {"value": ALLOWED["a text over HTTP"].decode()}
        token = b64encode(WORDS["json id"].ljust(16)).decode()
        good = {
            "week": "2026-W47",
            "token": b64encode(bytes(range(16))).decode(),
            "registryDigest": _word("digest"),
            "report": {"@type": TYPE, "note": note, _word("json key"): {"value": 1}},
        }
        submit = f"/{SERVICE}/SubmitReport"
        self._post(submit, good)
        self._post(f"{submit}?{_word('query')}={_word('query')}", {**good, "token": token})
        self._post(submit, {**good, "week": _word("json week")})
        self._post(submit, {**good, _word("json key"): _word("json value")})
        self._post(submit, {**good, "report": {"@type": f"x/{_word('type')}"}})
        self._post(submit, _word("garbage"))
        self._post(f"/{SERVICE}/{_word('method')}", {})
        self._post(f"/{_word('path')}", {})
        for path in ("", "data/", "projects/toy/", "projects/"):
            self._request("GET", f"/{path}{_word('path')}?{_word('query')}", b"")

    def _over_the_old_door(self) -> None:
        values = {
            "version": _word("old value"),
            "web_server": f"{_word('old product')}/1.2",
            "modules": [_word("list item")],
            _word("old key"): _word("old value"),
        }
        told = {"toy": values, _word("old project"): values}
        for path in ("/post", "/telemetry/post"):
            for site in ("site key", "second site key"):
                self._post(path, told, **{"X-Site-Key": _word(site)})
        self._post("/post", _word("garbage"), **{"X-Site-Key": _word("site key")})

    def _post(self, path: str, told: object, **headers: str) -> None:
        self._request("POST", path, json.dumps(told).encode(), **headers)

    def _request(self, method: str, path: str, body: bytes, **headers: str) -> None:
        user = b64encode(WORDS["basic user"] + b":secret").decode()
        everywhere = {
            "Content-Type": "application/json",
            "Host": f"{_word('host')}.example.org",
            "User-Agent": _word("user agent"),
            f"X-{_word('header name')}": _word("header"),
            "Cookie": f"id={_word('cookie')}",
            "X-Forwarded-For": f"{_word('forwarded')}, 203.0.113.66",
            "Forwarded": f"for={_word('forwarded')}",
            "Referer": f"http://{_word('referer')}.example.org/",
            "Authorization": f"Basic {user}",
        }
        for _ in range(20):
            connection = http.client.HTTPConnection(self._http, timeout=20)
            connection.request(method, path, body, {**everywhere, **headers})
            status = connection.getresponse().status
            connection.close()
            if status != HTTPStatus.SERVICE_UNAVAILABLE:  # a busy machine is asked again
                break
        self.answers.append(f"HTTP {status}")

    def _over_no_protocol(self) -> None:
        host, _, port = self._http.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(WORDS["request line"] + b" nonsense\r\n\r\n")
            with suppress(OSError):
                connection.recv(4096)


def _word(name: str) -> str:
    return WORDS[name].decode()


def _field(number: int, data: bytes) -> bytes:
    tag = number << 3 | 2
    return bytes([tag & 0x7F | 0x80, tag >> 7, len(data)]) + data


@pytest.fixture(name="server")
def _server(
    serve: Callable[..., ServerProcess], toy_registry: Path, toy: Project
) -> Iterator[ServerProcess]:
    """A server in which everything was planted."""
    server = serve(toy_registry, "--log-level=debug", clock=THURSDAY)
    with (
        Relay(server.addresses["gRPC"], ADDRESS) as calls,
        Relay(server.addresses["public"], ADDRESS) as requests,
    ):
        planter = Planter(toy, calls.address, requests.address)
        planter.plant()
        # Each door took some of it and refused some.
        assert planter.answers.count("gRPC OK") > SHARERS
        assert "gRPC INVALID_ARGUMENT" in planter.answers
        assert planter.answers.count("HTTP 200") >= 6
        assert planter.answers.count("HTTP 400") >= 4
        assert len(calls.connections) == 1
        yield server


def _places(server: ServerProcess, directory: Path, registry: Path) -> dict[str, bytes]:
    """Everything that a server keeps, writes or tells at this moment, by where it is."""
    directory.mkdir()
    database = ("--database", server.database)
    declared = ("--registry", registry)
    for arguments in (
        ("backup", *database, directory / "backup"),
        ("export", *database, *declared, directory / "bundle"),
        ("site", *database, *declared, "--out", directory / "site"),
    ):
        assert command(*arguments).exit_code == 0, arguments
    places = {
        "statistics": command("statistics", *database, "--week=all").output.encode(),
        "check": command("check", *database).output.encode(),
        "the log": server.errors().encode(),
        "what is printed": (server.directory / "stdout").read_bytes(),
        "GetStatistics": _all_statistics(server.addresses["gRPC"]),
        "metrics": server.metrics().encode(),
        "metrics of operations": server.metrics("operations").encode(),
    }
    places |= {f"kept: {file.name}": content([file]) for file in held(server.database)}
    written = [file for file in directory.rglob("*") if file.is_file()]
    places |= {f"written: {file.relative_to(directory)}": file.read_bytes() for file in written}
    seen = walk(server.addresses["public"]).items()
    return places | {f"public: {path}": repr(at.headers).encode() + at.body for path, at in seen}


def _all_statistics(address: str) -> bytes:
    with grpc.insecure_channel(address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"/{SERVICE}/GetStatistics"
        )
        return call(wire.GetStatisticsRequest(first_week="2020-W01").SerializeToString(), timeout=9)


def test_while_the_week_is_open_only_allowed_answers_are_kept_and_only_in_the_database(
    server: ServerProcess, tmp_path: Path, toy_registry: Path
) -> None:
    places = _places(server, tmp_path / "open", toy_registry)
    assert len(places) > 100
    assert found(WORDS, places) == set()
    kept = found({**ALLOWED, **SHARED}, places)
    assert {place for _, place in kept} <= {"kept: headcount.db", "kept: headcount.db-wal"}
    assert {name for name, _ in kept} == {*ALLOWED, *SHARED}


def test_after_the_close_nothing_is_found_but_what_enough_sites_share(
    server: ServerProcess, tmp_path: Path, toy_registry: Path
) -> None:
    server.set_clock(CLOSED)
    server.wait_for_metric("headcount_toy_reports ")
    shared = SHARED["a shared text"].decode()
    page = f"http://{server.addresses['public']}/projects/toy/note/"
    until(lambda: shared in fetch(page))  # the pages change after the metrics
    server.wait_for_metric("headcount_server_erased 1.0", "operations")
    places = _places(server, tmp_path / "closed", toy_registry)
    assert found({**WORDS, **ALLOWED}, places) == set()
    published = {place for _, place in found(SHARED, places)}
    assert {"kept: headcount.db", "written: backup", "metrics", "GetStatistics"} <= published
    assert {"public: /projects/toy/note/", "public: /data/projects/toy.json"} <= published
    assert not published & {"the log", "what is printed", "metrics of operations"}
    assert server.stop() == 0
    assert found({**WORDS, **ALLOWED}, {"the last log": server.errors().encode()}) == set()


@pytest.mark.parametrize("name", [*WORDS, *ALLOWED])
def test_the_search_finds_a_word_in_every_encoding(name: str) -> None:
    word = {**WORDS, **ALLOWED}[name]
    text = word.decode()
    disguises = {
        "raw": b"x" + word + b"x",
        "hexadecimal": f"id={word.hex()}".encode(),
        "base 64": b64encode(b"id=" + word + b"&"),
        "base 64, shifted": b64encode(b"id:=" + word + b"&"),
        "wide": text.encode("utf-16"),
        "elsewhere": b"nothing of it",
    }
    assert {place for _, place in found({name: word}, disguises)} == {*disguises} - {"elsewhere"}


def test_the_search_finds_an_address_as_bytes() -> None:
    places = {"packed": b"\0\x7f\x42\x4d\x58\0", "number": b"2135051608", "network": b"127.66.77.0"}
    assert {place for _, place in found({"address": ADDRESS.encode()}, places)} == set(places)

"""What every answer over HTTP keeps to: forms that callers ask for, caching, paths, health."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from email.message import Message
from typing import NamedTuple
from urllib.parse import urljoin

import pytest
from headcount_server.app import App
from headcount_server.clock import SystemClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from support.toy_weeks import SUBMIT, W47
from support.waiting import until

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
DOORS = ("grpc", "public", "operations")
COMPRESSED = ("/", "/style.css", "/data/registry.json", "/data/openapi.json")


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


def ask(address: Address, path: str, method: str = "GET", body: str = "", **named: str) -> Answer:
    """The answer to one request, with the target written as it stands here."""
    headers = {name.replace("_", "-"): value for name, value in named.items()}
    with closing(http.client.HTTPConnection(address.host, address.port, timeout=10)) as calling:
        calling.request(method, path, body or None, headers)
        response = calling.getresponse()
        return Answer(response.status, response.headers, response.read())


@pytest.mark.parametrize("path", COMPRESSED)
def test_a_document_comes_compressed_to_who_asks_for_it(running: App, path: str) -> None:
    plain = ask(running.public, path)
    packed = ask(running.public, path, Accept_Encoding="br, gzip;q=0.8, *;q=0.1")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    assert packed.body[4:8] == bytes(4), "a time of its making would tell two looks apart"
    assert packed.headers["etag"] != plain.headers["etag"]
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"].lower().split(", ")
    again = ask(running.public, path, Accept_Encoding="gzip", If_None_Match=packed.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    other = ask(running.public, path, If_None_Match=packed.headers["etag"])
    assert other.status == 200


@pytest.mark.parametrize(
    "told", ["identity", "gzip;q=0", "gzip;q=0, *", "gzip;q=0.4, identity", ""]
)
def test_a_document_comes_as_it_is_to_who_wants_it_so(running: App, told: str) -> None:
    answer = ask(running.public, "/", Accept_Encoding=told)
    assert answer.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("compressed", [False, True])
def test_two_looks_before_and_after_a_report_are_the_same_in_every_form(
    running: App, submit: Callable[..., object], said: Callable[..., bytes], *, compressed: bool
) -> None:
    def look() -> list[Answer]:
        told = "gzip" if compressed else "identity"
        answers = [
            ask(running.public, path, Accept_Encoding=told) for path in (*COMPRESSED, "/metrics")
        ]
        for answer in answers:
            del answer.headers["date"]
        return answers

    before = look()
    for number in range(8):
        submit(said(php_version={"value": "8.9"}), number)
    assert [(a.status, a.headers.items(), a.body) for a in look()] == [
        (a.status, a.headers.items(), a.body) for a in before
    ]


def test_the_answer_to_a_report_is_never_compressed(running: App) -> None:
    report = {"week": str(W47), "token": "AAAAAAAAAAAAAAAAAAAAAA==", "project": "toy"}
    for body in (json.dumps(report), "{"):
        answer = ask(
            running.public,
            SUBMIT,
            "POST",
            body,
            Content_Type="application/json",
            Accept_Encoding="gzip",
        )
        assert "content-encoding" not in answer.headers
        json.loads(answer.body)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        (PROMETHEUS, OPENMETRICS),
        ("application/openmetrics-text;q=0, text/plain", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0.1, text/plain;version=0.0.4", TEXT),
        ("text/plain;q=0.2, application/openmetrics-text;version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=none, */*;q=0.1", TEXT),
    ],
)
def test_metrics_come_in_the_form_that_is_wanted_most(running: App, accept: str, kind: str) -> None:
    for address in (running.public, running.operations):
        answer = ask(address, "/metrics", Accept=accept)
        assert answer.headers["content-type"] == kind
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        assert answer.headers["cache-control"] == "no-cache"


def test_metrics_come_compressed_to_who_asks_for_it(running: App) -> None:
    packed = ask(running.operations, "/metrics", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body).startswith(b"# HELP ")


def test_metrics_that_did_not_change_are_not_sent_again(running: App) -> None:
    tag = ask(running.public, "/metrics").headers["etag"]
    assert ask(running.public, "/metrics", If_None_Match=tag).status == 304
    assert ask(running.public, "/metrics", If_None_Match=tag, Accept=PROMETHEUS).status == 200


def test_a_target_may_name_the_server_as_proxies_write_it(running: App) -> None:
    """RFC 9112, 3.2.2: a server takes the absolute form too."""
    whole = "http://telemetry.example:8080"
    assert ask(running.public, f"{whole}/privacy/").body == ask(running.public, "/privacy/").body
    assert ask(running.public, whole).status == 200
    sent = ask(running.public, whole + SUBMIT, "POST", "{", Content_Type="application/json")
    assert (sent.status, json.loads(sent.body)["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize("path", ["/privacy", "/projects/toy", "/projects/toy/nodes"])
def test_a_redirect_holds_below_a_prefix_that_a_proxy_strips(running: App, path: str) -> None:
    answer = ask(running.public, path)
    assert answer.status == 308
    assert urljoin(f"https://host.example/stats{path}", answer.headers["location"]) == (
        f"https://host.example/stats{path}/"
    )


def test_no_path_is_answered_with_a_way_to_another_host(running: App) -> None:
    assert ask(running.public, "/metrics/", Host="evil.example").status == 404


def test_health_is_told_over_http_to_the_operator_alone(running: App) -> None:
    told = ask(running.operations, "/healthz")
    assert (told.status, told.body) == (200, b"serving\n")
    assert told.headers["cache-control"] == "no-store"
    assert ask(running.public, "/healthz").status == 404


def test_the_operator_sees_memory_time_and_files_of_the_process(running: App) -> None:
    shown = ask(running.operations, "/metrics").body.decode()
    for family in ("resident_memory_bytes", "cpu_seconds_total", "open_fds", "max_fds"):
        assert f"\nprocess_{family} " in shown
    assert "process_" not in ask(running.public, "/metrics").body.decode()


@pytest.mark.parametrize("door", ["public", "operations"])
def test_headers_beyond_the_bound_are_refused(running: App, door: str) -> None:
    address = getattr(running, door)
    within, beyond = ("x" * (size * 1024) for size in (15, 120))
    assert ask(address, "/metrics", X_Long=within).status == 200
    for answer in (
        ask(address, "/metrics", X_Long=beyond),
        ask(address, f"/metrics?{beyond[:20_000]}"),
        ask(address, "/metrics", **{f"X_{n}": "y" * 1000 for n in range(20)}),
    ):
        assert answer.status == 431
        assert answer.body == b"the headers are longer than 16384 bytes\n"


def _reaches(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("0.0.0.0", {"127.0.0.1", "::1"}),  # noqa: S104 - what is tested
        ("::", {"127.0.0.1", "::1"}),
        ("127.0.0.1", {"127.0.0.1"}),
        ("::1", {"::1"}),
        ("localhost", {"127.0.0.1"}),
    ],
)
def test_all_doors_take_an_address_alike(config: Config, host: str, reached: set[str]) -> None:
    at = Address.parse("--grpc", f"[{host}]:0" if ":" in host else f"{host}:0")
    everywhere = replace(config, allow_plaintext=True, grpc=at, public=at, operations=at)
    found: dict[str, set[str]] = {}

    def alike() -> bool:
        with App(everywhere, SystemClock()) as app:
            for flag in DOORS:
                port = getattr(app, flag).port
                found[flag] = {there for there in ("127.0.0.1", "::1") if _reaches(there, port)}
        return all(each == reached for each in found.values())

    # Another program may listen on such a port of the other address, but not at each start.
    until(alike, told=lambda: found)

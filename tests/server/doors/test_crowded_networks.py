"""Many honest sites behind one address are all counted; the limit tells nobody which were."""

from __future__ import annotations

import http.client
import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.rate_limits import DAY_SECONDS, Gate, Limits, networks_of
from headcount_server.errors import Overloaded

HOUR = 3600.0
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
TYPE_URL = "type.googleapis.com/headcount.projects.toy.v1.Report"
HOST = "203.0.113.9"


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _gate(limits: Limits = Limits(), watch: Watch | None = None, seed: int = 1) -> Gate:  # noqa: B008 - frozen
    return Gate(limits, watch or Watch(), random.Random(seed).random)  # noqa: S311 - a simulation


def _sends(gate: Gate, peer: str, token: bytes) -> bool:
    """Whether a report is let in."""
    try:
        gate.admit(peer).said(token)
    except Overloaded:
        return False
    return True


def _allowance(gate: Gate, peer: str) -> int:
    """How many further reports of its own a caller gets in."""
    sent = 0
    while _sends(gate, peer, b"own" + sent.to_bytes(13)):
        sent += 1
    return sent


def _crowd(sites: int, watch: Watch, gate: Gate, hours: int) -> Iterator[list[bool]]:
    """Which sites of one address are let in, hour by hour, always in the same order."""
    for _ in range(hours):
        yield [_sends(gate, HOST, site.to_bytes(16)) for site in range(sites)]
        watch.seconds += HOUR


@pytest.mark.parametrize("seed", range(3))
def test_600_sites_of_one_address_in_fixed_order_are_counted_within_a_day(seed: int) -> None:
    watch = Watch()
    counted: set[int] = set()
    for admitted in _crowd(600, watch, _gate(watch=watch, seed=seed), 24):
        counted.update(site for site, let_in in enumerate(admitted) if let_in)
    assert len(counted) == 600


def test_600_sites_that_have_all_reported_are_let_in_again_at_every_hour() -> None:
    watch = Watch()
    *_, last = _crowd(600, watch, _gate(watch=watch), 20)
    assert all(last)


def test_who_is_refused_in_a_full_network_is_drawn_by_lot_and_not_by_order() -> None:
    """5,000 sites can't all be let in; the first of the order fare no better than the last."""
    watch, size = Watch(), 5000
    gate = _gate(Limits(per_minute=20, burst=75), watch)
    rushes = list(_crowd(size, watch, gate, 20))[1:]
    times = [sum(site) for site in zip(*rushes, strict=True)]
    first, last = sum(times[: size // 4]), sum(times[-size // 4 :])
    assert last > 250
    assert 0.8 < last / first < 1.25


def test_a_network_that_was_flooded_is_served_as_before_once_it_is_quiet() -> None:
    watch = Watch()
    gate = _gate(Limits(per_minute=60, burst=30), watch)
    for number in range(5000):
        _sends(gate, HOST, number.to_bytes(16))
    for number in range(20):
        watch.seconds += 60
        assert _sends(gate, HOST, b"one" + number.to_bytes(13))


def test_a_report_that_an_address_sends_again_costs_a_twentieth() -> None:
    gate = _gate(Limits(per_minute=0.001, burst=10))
    assert sum(_sends(gate, HOST, b"t" * 16) for _ in range(1000)) == 162
    # The first left 9. A call needs a whole one in hand: 8 go in twentieths, then one more.


@pytest.mark.parametrize("known", [b"k" * 16, b"x" * 16], ids=["reported", "not reported"])
@pytest.mark.parametrize("stranger", ["203.0.113.10", "198.51.100.1"], ids=["near", "far"])
def test_a_strangers_allowance_is_the_same_whether_a_site_had_reported_or_not(
    known: bytes, stranger: str
) -> None:
    """`k` is the site's token, known to the stranger; in the other world the site sent another."""
    gate = _gate(Limits(per_minute=0.001, burst=10))
    assert _sends(gate, HOST, known)
    assert _sends(gate, stranger, b"k" * 16)
    assert _allowance(gate, stranger) == (8 if stranger.startswith("203") else 9)


def test_tomorrow_a_report_costs_as_much_as_the_first_time() -> None:
    watch = Watch()
    gate = _gate(Limits(per_minute=60, burst=2), watch)
    assert _sends(gate, HOST, b"t" * 16)
    assert _sends(gate, HOST, b"t" * 16)
    watch.seconds += DAY_SECONDS
    assert _sends(gate, HOST, b"t" * 16)
    assert _allowance(gate, HOST) == 1


@pytest.fixture(name="narrow")
def _narrow(config: Config, clock_file: Path) -> Iterator[App]:
    """A server that lets in three reports of a network, and believes who is named to it."""
    limits = Limits(per_minute=0.001, burst=3, trusted_proxies=networks_of("", ["127.0.0.1"]))
    with App(replace(config, limits=limits), FileClock(clock_file)) as app:
        yield app


def _envelope(token: bytes) -> bytes:
    request = wire.SubmitReportRequest(week="2026-W47", token=token)
    request.report.type_url = TYPE_URL
    return request.SerializeToString()


def _over_grpc(app: App, caller: str, token: bytes) -> bool:
    with grpc.insecure_channel(str(app.grpc)) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        named = (("x-forwarded-for", caller),)
        answer = call.future(_envelope(token), timeout=10, metadata=named)
        error = answer.exception()
        assert error is None or answer.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        return error is None


def _posted(app: App, path: str, caller: str, body: bytes, headers: dict[str, str]) -> bool:
    with closing(http.client.HTTPConnection(app.public.host, app.public.port, timeout=10)) as made:
        made.request("POST", path, body, {"X-Forwarded-For": caller, **headers})
        response = made.getresponse()
        assert response.status in {200, 429}, response.read()
        return response.status == 200


def _as_protobuf(app: App, caller: str, token: bytes) -> bool:
    kind = {"Content-Type": "application/proto"}
    return _posted(app, SUBMIT, caller, _envelope(token), kind)


def _as_json(app: App, caller: str, token: bytes) -> bool:
    told = {"week": "2026-W47", "token": b64encode(token).decode(), "report": {"@type": TYPE_URL}}
    return _posted(
        app, SUBMIT, caller, json.dumps(told).encode(), {"Content-Type": "application/json"}
    )


def _from_backdrop(app: App, caller: str, token: bytes) -> bool:
    told = {"toy": {"php_version": "8.2"}}
    return _posted(app, "/post", caller, json.dumps(told).encode(), {"X-Site-Key": token.hex()})


@pytest.mark.parametrize("send", [_over_grpc, _as_protobuf, _as_json, _from_backdrop])
def test_every_door_charges_little_for_what_an_address_sends_again(
    narrow: App, send: Callable[[App, str, bytes], bool]
) -> None:
    assert [send(narrow, HOST, b"t" * 16) for _ in range(12)] == [True] * 12
    assert [send(narrow, HOST, bytes([n]) * 16) for n in range(3)] == [True, False, False]
    far = "198.51.100.1"
    assert [send(narrow, far, bytes([n]) * 16) for n in range(4)] == [True, True, True, False]

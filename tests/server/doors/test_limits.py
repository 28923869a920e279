"""How much one place, and all together, may ask for; and that no address is ever kept."""

from __future__ import annotations

import gc
import http.client
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import rate_limits as limits_module
from headcount_server.doors.rate_limits import Gate, Limits, networks_of
from headcount_server.errors import ConfigError, Overloaded

REGISTRY = "/headcount.v1.TelemetryService/GetRegistry"


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _admitted(gate: Gate, peer: str, forwarded: str = "", tries: int = 100) -> int:
    done = 0
    for _ in range(tries):
        try:
            gate.admit(peer, forwarded)
        except Overloaded:
            return done
        done += 1
    return done


def test_a_network_may_ask_for_its_burst_at_once_and_then_at_its_rate() -> None:
    watch = Watch()
    gate = Gate(Limits(per_minute=6, burst=3), watch, lambda: 0.0)
    assert _admitted(gate, "192.0.2.1") == 3
    watch.seconds += 9.9
    assert _admitted(gate, "192.0.2.1") == 0
    watch.seconds += 10.2
    assert _admitted(gate, "192.0.2.1") == 2
    watch.seconds += 1000
    assert _admitted(gate, "192.0.2.1") == 3


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("ipv4:192.0.2.1:5000", "192.0.2.9", True),
        ("2001:db8:0:ff00::1", "2001:db8:0:ffff:1::9", True),
        ("2001:db8:0:ff00::1", "2001:db8:0:fe00::1", False),
        ("ipv6:%5B2001:db8::1%5D:5000", "2001:db8::2", True),
        ("::ffff:192.0.2.1", "192.0.2.77", True),
        ("0.0.0.1", "::1:0:0:0:1", False),
    ],
)
def test_neighbours_share_a_limit_and_others_do_not(
    one: str,
    other: str,
    together: bool,  # noqa: FBT001 - a column of the table
) -> None:
    gate = Gate(Limits(per_minute=1, burst=2), Watch())
    assert _admitted(gate, one) == 2
    assert _admitted(gate, other) == (0 if together else 2)


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "ipv4:127.0.0.1:80", "::1", "ipv6:%5B::1%5D:80", "unix:"]
)
def test_the_same_machine_has_no_limit(peer: str) -> None:
    assert _admitted(Gate(Limits(per_minute=1, burst=2), Watch()), peer) == 100


def test_zero_switches_the_limit_off() -> None:
    assert _admitted(Gate(Limits(per_minute=0), Watch()), "192.0.2.1", tries=1000) == 1000


def test_the_ceiling_holds_for_all_together_and_for_the_same_machine_too() -> None:
    watch = Watch()
    gate = Gate(Limits(per_minute=0, total_per_second=5), watch)
    assert _admitted(gate, "192.0.2.1") == 5
    assert _admitted(gate, "127.0.0.1") == 0
    watch.seconds += 1
    assert _admitted(gate, "198.51.100.1") == 5


PROXY = networks_of("--trusted-proxy", ["127.0.0.1", "10.0.0.0/8", "2001:db8:9::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.1.2.3", "192.0.2.1", "192.0.2.1"),
        ("2001:db8:9::1", "192.0.2.1:4711", "192.0.2.1"),
        ("127.0.0.1", "203.0.113.5, 192.0.2.1", "192.0.2.1"),  # the first is the caller's own claim
        ("127.0.0.1", "192.0.2.1, 10.9.9.9", "192.0.2.1"),  # through two proxies of ours
        ("127.0.0.1", "[2001:db8::1]:80", "2001:db8::1"),
        ("198.51.100.1", "192.0.2.1", "198.51.100.1"),  # not from a proxy that is trusted
    ],
)
def test_a_proxy_is_believed_only_where_it_is_trusted(
    peer: str, forwarded: str, caller: str
) -> None:
    gate = Gate(Limits(per_minute=1, burst=2, trusted_proxies=PROXY), Watch())
    assert _admitted(gate, peer, forwarded) == 2
    assert _admitted(gate, caller) == 0


def test_a_trusted_proxy_that_names_nobody_has_no_limit_and_one_that_talks_nonsense_has() -> None:
    gate = Gate(Limits(per_minute=1, burst=2, trusted_proxies=PROXY), Watch())
    assert _admitted(gate, "10.0.0.1", "") == 100
    assert _admitted(gate, "10.0.0.1", "nobody") == 2


def test_neither_addresses_nor_anything_that_lasts_is_kept_of_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = Watch()
    gate = Gate(Limits(per_minute=1, burst=2), watch)
    _admitted(gate, "192.0.2.77")
    names = set(gate._allowances)
    assert b"192.0.2" not in repr(gc.get_referents(gate.__dict__)).encode()
    assert {len(name) for name in names} == {8}
    watch.seconds += limits_module.DAY_SECONDS
    _admitted(gate, "192.0.2.77")
    assert len(gate._allowances) == 1
    assert names.isdisjoint(gate._allowances)
    monkeypatch.setattr(limits_module, "MAX_NETWORKS", 10)
    for number in range(50):
        _admitted(gate, f"192.0.{number}.1", tries=1)
    assert len(gate._allowances) <= 10


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Limits(per_minute=-1), "--limit-per-minute -1"),
        (lambda: Limits(per_minute=float("nan")), "--limit-per-minute nan"),
        (lambda: Limits(burst=0), "--limit-burst 0"),
        (lambda: Limits(connections=0), "--limit-connections 0"),
        (lambda: Limits(total_per_second=2e6), r"--limit-total 2e\+06"),
        (lambda: networks_of("--trusted-proxy", ["10.0.0.0/33"]), "--trusted-proxy 10.0.0.0/33"),
        (lambda: networks_of("--trusted-proxy", ["10.0.0.1/8"]), "--trusted-proxy 10.0.0.1/8"),
    ],
)
def test_a_limit_that_makes_no_sense_names_its_flag(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


@contextmanager
def _limited(config: Config, clock_file: Path) -> Iterator[App]:
    limits = Limits(per_minute=1, burst=2, trusted_proxies=networks_of("", ["127.0.0.1"]))
    with App(replace(config, limits=limits), FileClock(clock_file)) as app:
        yield app


def test_grpc_answers_a_caller_that_asks_too_much_with_a_code_and_a_delay_of_hours(
    config: Config, clock_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        _limited(config, clock_file) as app,
        grpc.insecure_channel(str(app.grpc)) as channel,
    ):
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(REGISTRY)
        for _ in range(2):
            call(b"", timeout=10, metadata=(("x-forwarded-for", "192.0.2.1"),))
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=10, metadata=(("x-forwarded-for", "192.0.2.2"),))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "hours" in str(caught.value.details())
        assert "192.0.2" not in str(caught.value.details())
        assert call(b"", timeout=10, metadata=(("x-forwarded-for", "198.51.100.1"),))
    assert "192.0.2" not in caplog.text


@pytest.mark.parametrize(
    "path", ["/headcount.v1.TelemetryService/SubmitReport", "/post", "/telemetry/post"]
)
def test_http_answers_a_caller_that_asks_too_much_with_429(
    config: Config, clock_file: Path, path: str
) -> None:
    def ask(app: App, caller: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(app.public.host, app.public.port, timeout=10)
        headers = {"X-Forwarded-For": caller, "Content-Type": "application/json"}
        connection.request("POST", path, b"{}", headers)
        response = connection.getresponse()
        told = json.loads(response.read())
        connection.close()
        later = "21600" if response.status == 429 else None
        assert response.headers["Retry-After"] == later
        return response.status, told

    with _limited(config, clock_file) as app:
        statuses = [ask(app, "192.0.2.1")[0] for _ in range(3)]
        assert statuses == [400, 400, 429]
        assert ask(app, "198.51.100.1")[0] == 400
        told = ask(app, "192.0.2.200")[1]
        if path.startswith("/headcount"):
            assert told["code"] == "resource_exhausted"
            (detail,) = told["details"]
            assert detail["type"] == "google.rpc.RetryInfo"
        else:
            assert "hours" in str(told["error"])


def test_one_caller_has_one_limit_for_all_doors(config: Config, clock_file: Path) -> None:
    with (
        _limited(config, clock_file) as app,
        grpc.insecure_channel(str(app.grpc)) as channel,
    ):
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(REGISTRY)
        for _ in range(2):
            answer = call(b"", timeout=10, metadata=(("x-forwarded-for", "192.0.2.1"),))
            assert wire.GetRegistryResponse.FromString(answer).projects
        connection = http.client.HTTPConnection(app.public.host, app.public.port, timeout=10)
        connection.request("POST", "/post", b"{}", {"X-Forwarded-For": "192.0.2.1"})
        assert connection.getresponse().status == 429
        connection.close()

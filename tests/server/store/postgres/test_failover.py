"""The database's primary is killed, servers are restarted: nothing acknowledged is lost.

A short form by default. `HEADCOUNT_FAILOVERS=20` makes it so many fail-overs in
a row, and as many rounds of restarts (`make soak`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from headcount_server.store.postgres.url import PostgresUrl
from support.postgres_pair import PostgresPair
from support.reporting_crowd import Crowd
from support.server_process import ServerProcess
from support.toy_weeks import database_at
from support.waiting import until

pytestmark = pytest.mark.heavy

ROUNDS = int(os.environ.get("HEADCOUNT_FAILOVERS", "1"))
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
CHECK = "/grpc.health.v1.Health/Check"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
AWAY = 100
"""How many reports are refused while there is no primary, until there is one again."""
MORE_MEGABYTES = 40.0
"""What a server may take in addition while its database is away."""

Serve = Callable[..., ServerProcess]
Tell = Callable[[str, object], None]


@pytest.fixture(name="pair")
def _pair() -> Iterator[PostgresPair]:
    pair = PostgresPair()
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()


def _health(server: ServerProcess) -> int:
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(CHECK)
        answer: int = health_pb2.HealthCheckResponse.FromString(check(b"", timeout=10)).status
        return answer


def _megabytes(server: ServerProcess) -> float:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


def _counted(url: str) -> tuple[int, int]:
    """Reports in the totals, and tokens."""
    with database_at(PostgresUrl(url)).reading() as connection:
        (reports,) = connection.execute("SELECT sum(reports)::int FROM open_reports").fetchone()
        (tokens,) = connection.execute("SELECT count(*)::int FROM tokens").fetchone()
    return reports, tokens


@pytest.mark.timeout(120 + 60 * ROUNDS)
def test_a_killed_primary_takes_no_acknowledged_report_along_and_none_is_counted_twice(
    pair: PostgresPair,
    serve: Serve,
    toy_registry: Path,
    said: Callable[..., bytes],
    record_property: Tell,
) -> None:
    server = serve(toy_registry, f"--database={pair.url}", clock=NOW)
    report = said(php_version={"value": "8.2"}, multisite={"value": True})
    with Crowd([server], report) as crowd:
        for round_ in range(ROUNDS):
            crowd.wait_for(200)
            if round_:
                pair.renew_standby()
                crowd.wait_for(100)
            before = _megabytes(server)
            pair.kill_primary()
            until(lambda: _health(server) == NOT_SERVING)
            enough = crowd.refusals[grpc.StatusCode.UNAVAILABLE] + AWAY
            until(lambda: crowd.refusals[grpc.StatusCode.UNAVAILABLE] >= enough)  # noqa: B023 - at once
            assert _megabytes(server) < before + MORE_MEGABYTES
            pair.promote()
            until(lambda: _health(server) == SERVING)
            crowd.wait_for(200)
    assert crowd.given_up == set()
    assert set(crowd.refusals) == {grpc.StatusCode.UNAVAILABLE}
    sent = len(crowd.acknowledged)
    assert _counted(pair.url) == (sent, sent)
    record_property("fail-overs", f"{ROUNDS}: {sent} reports, {dict(crowd.refusals)}")


@pytest.mark.timeout(120 + 60 * ROUNDS)
def test_servers_that_are_restarted_in_turn_lose_no_report_that_a_retry_does_not_bring(
    emptied_url: PostgresUrl,
    serve: Serve,
    toy_registry: Path,
    said: Callable[..., bytes],
    record_property: Tell,
) -> None:
    flag = f"--database={emptied_url.text}"
    servers = [serve(toy_registry, flag, clock=NOW) for _ in range(2)]
    with Crowd(servers, said(php_version={"value": "8.2"})) as crowd:
        for _ in range(ROUNDS):
            for server in servers:
                crowd.wait_for(200)
                assert server.stop() == 0
                crowd.wait_for(100)
                server.start()
        crowd.wait_for(200)
    assert crowd.given_up == set()
    # gRPC says CANCELLED of calls that came in as the server ended, and were not begun with.
    assert set(crowd.refusals) <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    sent = len(crowd.acknowledged)
    assert _counted(emptied_url.text) == (sent, sent)
    record_property("restarts", f"{2 * ROUNDS}: {sent} reports, {dict(crowd.refusals)}")

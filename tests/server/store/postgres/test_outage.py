"""A server that loses its database says so, waits without growing, and recovers by itself."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.counting import answers
from headcount_server.errors import Unavailable
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.postgres import connections
from headcount_server.store.postgres import store as store_module
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week
from support import postgres_server
from support.waiting import PATIENCE, until

pytestmark = pytest.mark.heavy

W47 = Week(2026, 47)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
CHECK = "/grpc.health.v1.Health/Check"
Submit = Callable[[int], grpc.StatusCode]


@pytest.fixture(name="app")
def _app(own: postgres_server.PostgresServer, config: Config, clock_file: Path) -> Iterator[App]:
    with App(
        replace(config, database=PostgresDatabase(PostgresUrl(own.url()))), FileClock(clock_file)
    ) as app:
        yield app


def _health(channel: grpc.Channel) -> int:
    check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(CHECK)
    answer: int = health_pb2.HealthCheckResponse.FromString(check(b"", timeout=10)).status
    return answer


@pytest.mark.timeout(120)
def test_without_its_database_a_server_is_unavailable_and_well_again_with_it(
    own: postgres_server.PostgresServer, app: App, said: Callable[..., bytes]
) -> None:
    report = said(php_version={"value": "8.2"})
    with grpc.insecure_channel(str(app.grpc)) as channel, ThreadPoolExecutor(24) as pool:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)

        def submit(number: int) -> grpc.StatusCode:
            request = wire.SubmitReportRequest(week="2026-W47", token=number.to_bytes(16, "little"))
            request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
            request.report.value = report
            try:
                call(request.SerializeToString(), timeout=20)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
            return grpc.StatusCode.OK

        assert set(pool.map(submit, range(100))) == {grpc.StatusCode.OK}
        assert _health(channel) == health_pb2.HealthCheckResponse.SERVING
        own.end(signal.SIGQUIT)
        # Nobody reports, and it notices all the same.
        until(lambda: _health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING)
        assert set(pool.map(submit, range(80, 128))) == {grpc.StatusCode.UNAVAILABLE}
        own.start()
        until(lambda: _health(channel) == health_pb2.HealthCheckResponse.SERVING)
        assert set(pool.map(submit, range(80, 128))) == {grpc.StatusCode.OK}
    with connected(PostgresUrl(own.url())) as connection:
        total = connection.execute("SELECT sum(reports)::int FROM open_reports").fetchone()
    assert total == (128,)


def test_while_the_database_is_away_callers_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
    own: postgres_server.PostgresServer,
    toy: Project,
    toy_schema: Schema,
    said: Callable[..., bytes],
) -> None:
    monkeypatch.setattr(connections, "POOL_SECONDS", 0.5)
    monkeypatch.setattr(store_module, "REST_SECONDS", PATIENCE)  # a probe that succeeds ends it
    read = answers.read(toy, said(multisite={"value": True}), date(2026, 11, 19))
    store = PostgresStore(PostgresUrl(own.url()))
    store.open_week(W47, Terms(5, W47.end), toy_schema)
    own.end(signal.SIGQUIT)
    try:
        with pytest.raises(Unavailable):
            store.count([Entry(W47, toy, bytes(16), read)])
        # The next are told without a look at the database, which would take half a second.
        asked = store._pool.get_stats()["requests_num"]
        with pytest.raises(Unavailable, match="the database is away"):
            store.count([Entry(W47, toy, bytes(16), read)])
        assert store._pool.get_stats()["requests_num"] == asked
        assert not store.probe()
        assert store.may_have_changed(), "nobody can say"
    finally:
        own.start()
    until(store.probe)
    assert store.count([Entry(W47, toy, bytes([9]) * 16, read)]) == [Outcome.COUNTED]
    assert store._pool.get_stats()["pool_size"] <= store.lanes + 3
    store.close()

"""Whole servers on one PostgreSQL database, and the demonstration on it."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import grpc
import psycopg
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import postgres_citus, postgres_intake
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Address, Config
from headcount_server.database import PostgresUrl
from headcount_server.postgres_connection import connected
from headcount_server.postgres_schema import DISTRIBUTED
from postgres_server import NAMED
from toy_weeks import command

ROOT = Path(__file__).parents[2]
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"


@pytest.fixture(name="apps")
def _apps(emptied_url: PostgresUrl, config: Config, clock_file: Path) -> Iterator[list[App]]:
    """Two servers on the same database and clock."""
    shared = replace(config, database=emptied_url)
    with ExitStack() as running:
        yield [running.enter_context(App(shared, FileClock(clock_file))) for _ in range(2)]


def _submit(app: App, report: bytes, numbers: range) -> None:
    with grpc.insecure_channel(str(app.grpc)) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        for number in numbers:
            request = wire.SubmitReportRequest(week="2026-W47", token=number.to_bytes(16, "little"))
            request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
            request.report.value = report
            call(request.SerializeToString(), timeout=20)


def _metrics(address: Address) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        text: bytes = response.read()
    return text.decode()


def test_two_servers_count_together_and_both_show_what_one_of_them_closed(
    apps: list[App], said: Callable[..., bytes], clock_file: Path
) -> None:
    report = said(php_version={"value": "8.2"})
    first, second = apps
    _submit(first, report, range(8))
    _submit(second, report, range(4, 12))
    clock_file.write_text("2026-11-25T00:00:01Z", encoding="ascii")
    first.weeks.turn()
    deadline = time.monotonic() + 20
    pages = [_metrics(app.public) for app in apps]
    line = 'headcount_toy_php_version_by_version_reports{value="8.2",version="other"} 10.0'
    while line not in pages[1]:
        assert time.monotonic() < deadline, pages
        time.sleep(0.1)
        pages = [_metrics(app.public) for app in apps]
    assert pages[0] == pages[1]


def test_the_demonstration_runs_on_postgresql_and_replaces_only_its_own(
    emptied_url: PostgresUrl,
) -> None:
    with connected(emptied_url) as connection:
        connection.execute("DROP SCHEMA headcount, headcount_open, headcount_secret CASCADE")
    ports = [
        flag for door in ("grpc", "public", "operations") for flag in (f"--{door}", "127.0.0.1:0")
    ]
    flags = ["--sites", "12", "--weeks", "2", "--exit", *ports]
    generated = ("--generated", ROOT / "registry" / "generated")
    for _ in range(2):
        result = command("demo", "--database", emptied_url, *flags, *generated)
        assert result.exit_code == 0, result.output
        assert "Every published total is what the sites agreed to send." in result.output
    with connected(emptied_url) as connection:
        connection.execute("COMMENT ON SCHEMA headcount IS NULL")
    refused = command("demo", "--database", emptied_url, *flags, *generated)
    assert refused.exit_code == 1
    assert "are no demonstration's; name another database" in refused.output


def _has_citus() -> bool:
    named = os.environ.get(NAMED)
    if not named:
        return False
    with connected(PostgresUrl(named)) as connection:
        return postgres_citus.version(connection) is not None


@pytest.mark.skipif(not _has_citus(), reason=f"{NAMED} names no database with the extension Citus")
def test_on_citus_every_statement_of_intake_runs_on_one_node_without_two_phase_commit(
    postgres_url: PostgresUrl,
    config: Config,
    clock_file: Path,
    said: Callable[..., bytes],
) -> None:
    result = command("database", "prepare", "--database", postgres_url)
    assert result.exit_code == 0, result.output
    assert "distributed by shard" in result.output
    with (
        App(replace(config, database=postgres_url), FileClock(clock_file)) as app,
        connected(postgres_url) as connection,
    ):
        assert postgres_citus.distributed(connection) >= set(DISTRIBUTED)
        before = _prepared(connection)
        _submit(app, said(php_version={"value": "8.2"}), range(200))
        assert _prepared(connection) == before
        with connection.transaction(force_rollback=True):
            for statement, parameters in _intake():
                plan = postgres_citus.explained(connection, statement, parameters)
                assert "Task Count: 1" in plan, plan
        clock_file.write_text("2026-11-25T00:00:01Z", encoding="ascii")
        app.weeks.turn()
        rows = connection.execute("SELECT reports FROM published_reports").fetchall()
    assert rows == [(200,)]


def _prepared(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    """The transactions that had to be prepared on several nodes."""
    return connection.execute("SELECT count(*) FROM pg_dist_transaction").fetchone()


def _intake() -> list[tuple[bytes, tuple[object, ...]]]:
    """Every statement that a report needs, with parameters of one shard."""
    token, week = "00000000-0000-0000-0000-000000000001", "2026-W47"
    return [
        (postgres_intake.LOCK.encode(), (7,)),
        (postgres_intake.ELSEWHERE.encode(), (7, 202647, [token])),
        (postgres_intake._insertion(2), (7, 202647, token, token[:-1] + "2")),
        (
            postgres_intake._addition("shard_reports", "week project reports", 2),
            (7, week, "toy", 1, week, "toz", 1),
        ),
        (
            postgres_intake._addition("shard_answers", "week project key answers", 2),
            (7, week, "toy", 2, 1, week, "toy", 3, 1),
        ),
        (
            postgres_intake._addition("shard_values", "week project key value release reports", 2),
            (7, week, "toy", 2, "8.1", "", 1, week, "toy", 2, "8.2", "", 1),
        ),
    ]


def test_every_statement_of_intake_names_one_shard_and_no_other(
    apps: list[App], emptied_url: PostgresUrl
) -> None:
    """So that wherever the tables are distributed by shard, one node is enough."""
    assert apps
    with connected(emptied_url) as connection, connection.transaction(force_rollback=True):
        for statement, parameters in _intake():
            postgres_citus.explained(connection, statement, parameters)  # is understood
            text = statement.decode()
            head, _, rows = text.partition(" VALUES ")
            if rows:
                assert "(shard, " in head
                values = rows.partition(" ON CONFLICT")[0]
                assert values.count("(") == values.count("($1, ") == 2, text
            else:
                assert "WHERE shard = $1" in text

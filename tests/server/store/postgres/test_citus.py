"""On a cluster with Citus, a report is one transaction on one node.

Collected only where HEADCOUNT_TEST_POSTGRES names a database that has the
extension (see conftest.py); docs/operators/postgresql.md tells how to run it. What holds
of the statements wherever they run is in test_postgres_shards.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.store.postgres import batch, citus
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.schema import DISTRIBUTED
from headcount_server.store.postgres.url import PostgresUrl
from support.intake_record import Recorder
from support.toy_weeks import command, submit


def test_on_citus_every_statement_of_intake_runs_on_one_node_without_two_phase_commit(
    postgres_url: PostgresUrl,
    config: Config,
    clock_file: Path,
    said: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "RawCursor", Recorder)
    monkeypatch.setattr(Recorder, "statements", [])
    result = command("database", "prepare", "--database", postgres_url)
    assert result.exit_code == 0, result.output
    assert "distributed by shard" in result.output
    with (
        App(replace(config, database=PostgresDatabase(postgres_url)), FileClock(clock_file)) as app,
        connected(postgres_url) as connection,
    ):
        assert citus.distributed(connection) >= set(DISTRIBUTED)
        before = _prepared(connection)
        submit(app, said(php_version={"value": "8.2"}), range(200))
        assert _prepared(connection) == before
        for statement, parameters in dict(Recorder.statements).items():
            plan = citus.explained(connection, statement.encode(), parameters)
            assert "Task Count: 1" in plan, plan
        clock_file.write_text("2026-11-25T00:00:01Z", encoding="ascii")
        app.weeks.advance()
        rows = connection.execute("SELECT reports FROM published_reports").fetchall()
    assert rows == [(200,)]


def _prepared(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    """The transactions that had to be prepared on several nodes."""
    return connection.execute("SELECT count(*) FROM pg_dist_transaction").fetchone()

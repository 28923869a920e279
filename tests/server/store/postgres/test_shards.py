"""Shards share a commit where they stand together, and have one each where they do not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from headcount_server.counting import answers
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.postgres import batch, citus
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.schema import SHARDS
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week
from support.intake_record import Recorder
from support.toy_weeks import database_at

W46, W47 = Week(2026, 46), Week(2026, 47)
COUNTED, DUPLICATE = Outcome.COUNTED, Outcome.DUPLICATE
MakeEntry = Callable[..., Entry]


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    def entry(number: int, week: Week = W47) -> Entry:
        read = answers.read(toy, said(php_version={"value": "8.2"}), date(2026, 11, 19))
        return Entry(week, toy, number.to_bytes(16, "little"), read)

    return entry


def _store(url: PostgresUrl, schema: Schema) -> PostgresStore:
    store = PostgresStore(url)
    for week in (W46, W47):
        store.open_week(week, Terms(1, week.end + timedelta(days=2)), schema)
    return store


def _found(url: PostgresUrl) -> tuple[int, int, int]:
    """Reports, shards that have a part of their total, and shards that have tokens."""
    with database_at(url).reading() as connection:
        row: tuple[int, int, int] = connection.execute(
            "SELECT (SELECT sum(reports)::int FROM shard_reports),"
            " (SELECT count(DISTINCT shard)::int FROM shard_reports),"
            " (SELECT count(DISTINCT shard)::int FROM tokens)"
        ).fetchone()
    return row


def test_reports_of_all_shards_are_one_transaction_whose_totals_stand_in_one_shard(
    emptied_url: PostgresUrl, toy_schema: Schema, entry: MakeEntry
) -> None:
    store = _store(emptied_url, toy_schema)
    entries = [entry(number) for number in range(2 * SHARDS)]
    assert store.count(entries) == [COUNTED] * len(entries)
    assert _found(emptied_url) == (2 * SHARDS, 1, SHARDS)
    assert store.count(entries) == [DUPLICATE] * len(entries)
    store.close()


@pytest.mark.parametrize("first", ["together", "apart"])
def test_a_token_counts_once_however_commits_are_made(
    monkeypatch: pytest.MonkeyPatch,
    emptied_url: PostgresUrl,
    toy_schema: Schema,
    entry: MakeEntry,
    first: str,
) -> None:
    together = _store(emptied_url, toy_schema)
    monkeypatch.setattr(citus, "is_distributed", lambda _connection: True)
    apart = _store(emptied_url, toy_schema)
    assert apart.lanes > together.lanes
    one, other = (together, apart) if first == "together" else (apart, together)
    entries = [entry(number) for number in range(SHARDS)]
    assert one.count(entries) == [COUNTED] * SHARDS
    assert _found(emptied_url) == (SHARDS, 1 if first == "together" else SHARDS, SHARDS)
    assert other.count([entry(number, W46) for number in range(SHARDS)]) == [DUPLICATE] * SHARDS
    assert other.count([*entries, entry(SHARDS)]) == [*[DUPLICATE] * SHARDS, COUNTED]
    for store in (together, apart):
        store.close()


def test_where_shards_stand_apart_every_statement_of_a_transaction_names_the_same_one(
    monkeypatch: pytest.MonkeyPatch,
    emptied_url: PostgresUrl,
    toy_schema: Schema,
    entry: MakeEntry,
) -> None:
    """So that one node is enough wherever the tables are distributed by shard.

    What a cluster makes of them is in test_postgres_citus.py.
    """
    monkeypatch.setattr(citus, "is_distributed", lambda _connection: True)
    monkeypatch.setattr(batch, "RawCursor", Recorder)
    monkeypatch.setattr(Recorder, "statements", [])
    store = _store(emptied_url, toy_schema)
    store.count([entry(number) for number in range(2 * SHARDS)])
    store.count([entry(number, W46) for number in range(2 * SHARDS)])
    with connected(emptied_url) as connection:
        for text, parameters in dict(Recorder.statements).items():
            assert citus.explained(connection, text.encode(), parameters)
    store.close()
    kinds, locked = set(), None
    for text, (shard, *_) in Recorder.statements:
        if text == batch.LOCK:
            locked = shard
        assert shard == locked
        assert isinstance(shard, int)
        kinds.add(text.split(" WHERE ")[0].split(" VALUES ")[0])
        if text.startswith("SELECT"):
            assert "WHERE shard = $1 " in text
            continue
        assert "(shard, " in text
        rows = text.split(" VALUES ")[1].split(" ON CONFLICT ")[0]
        assert all(row.startswith("$1, ") for row in rows.strip("()").split("), ("))
    assert len(kinds) == 6  # the lock, the look elsewhere, tokens, and three tables of totals


def test_commits_of_many_shards_at_once_do_not_stop_each_other_nor_a_close(
    emptied_url: PostgresUrl, toy_schema: Schema, entry: MakeEntry
) -> None:
    stores = [_store(emptied_url, toy_schema) for _ in range(2)]

    def count(at: int) -> list[Outcome]:
        # Every batch has all shards, begins with another one, and no two lanes agree on them.
        numbers = [(number * 37 + at) % (2 * SHARDS) for number in range(2 * SHARDS)]
        return stores[at % 2].count([entry(number) for number in numbers])

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(count, at) for at in range(18)]
        stores[0].close_week(W46, W46.end + timedelta(days=2))
        outcomes = [outcome for future in running for outcome in future.result(60)]
    assert outcomes.count(COUNTED) == 2 * SHARDS
    assert outcomes.count(DUPLICATE) == 17 * 2 * SHARDS
    for store in stores:
        store.close()

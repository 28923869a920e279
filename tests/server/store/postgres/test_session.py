"""A session of the database is ours, whatever role, database, environment or a pooler bring."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from headcount_server.counting import answers
from headcount_server.errors import StoreError, Unavailable
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.postgres import batch, session
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.schema import PostgresConnection
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week
from support.postgres_server import PostgresServer, as_its_user
from support.server_process import held_port, installed
from support.toy_weeks import command
from support.waiting import until

W47, W48 = Week(2026, 47), Week(2026, 48)
COUNTED, DUPLICATE = Outcome.COUNTED, Outcome.DUPLICATE
MakeEntry = Callable[..., Entry]

HOSTILE = {
    "client_encoding": "LATIN1",
    "client_min_messages": "error",
    "synchronous_commit": "off",
    "statement_timeout": "50ms",
    "lock_timeout": "1h",
    "idle_in_transaction_session_timeout": "1ms",
    "default_transaction_isolation": "serializable",
    "search_path": "pg_catalog",
    "TimeZone": "Asia/Tokyo",
    "DateStyle": "SQL, DMY",
    "standard_conforming_strings": "off",
}
OURS = {
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    "synchronous_commit": "on",
    "statement_timeout": "0",
    "lock_timeout": f"{session.LOCK_MILLISECONDS}ms",
    "idle_in_transaction_session_timeout": "20s",
    "default_transaction_isolation": "read committed",
    "TimeZone": "UTC",
}


@pytest.fixture(name="name")
def _name(own: PostgresServer) -> Iterator[str]:
    """A database of its own on a server of our own."""
    with psycopg.connect(own.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS hostile WITH (FORCE)")
        connection.execute("CREATE DATABASE hostile")
        yield "hostile"
        connection.execute("DROP DATABASE hostile WITH (FORCE)")


@pytest.fixture(name="url")
def _url(own: PostgresServer, name: str) -> PostgresUrl:
    return PostgresUrl(own.url(name))


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    def entry(number: int, week: Week = W47, note: str = "hello") -> Entry:
        read = answers.read(toy, said(note={"value": note}), date(2026, 11, 19))
        return Entry(week, toy, number.to_bytes(16, "little"), read)

    return entry


def _store(url: PostgresUrl, schema: Schema, *weeks: Week) -> PostgresStore:
    store = PostgresStore(url)
    for week in weeks or (W47,):
        store.open_week(week, Terms(1, week.end + timedelta(days=2)), schema)
    return store


@pytest.fixture(name="store")
def _open(url: PostgresUrl, toy_schema: Schema) -> Iterator[PostgresStore]:
    store = _store(url, toy_schema, W47, W48)
    yield store
    store.close()


@pytest.mark.parametrize("brought_by", ["database", "role", "environment"])
def test_what_the_surroundings_set_is_set_by_us(  # noqa: PLR0913 - fixtures
    own: PostgresServer,
    name: str,
    url: PostgresUrl,
    toy_schema: Schema,
    entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    brought_by: str,
) -> None:
    if brought_by == "environment":
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
        words = [f"-c {k}={v.replace(' ', chr(92) + ' ')}" for k, v in HOSTILE.items()]
        monkeypatch.setenv("PGOPTIONS", " ".join(words))
    else:
        whose = f"DATABASE {name}" if brought_by == "database" else "ROLE headcount"
        with psycopg.connect(own.url(), autocommit=True) as connection:
            for setting, value in HOSTILE.items():
                quoted = value if setting == "search_path" else f"'{value}'"
                connection.execute(f"ALTER {whose} SET {setting} = {quoted}".encode())
    try:
        with connected(url) as connection:
            found = {k: connection.execute(f"SHOW {k}".encode()).fetchone() for k in OURS}
        assert found == {setting: (value,) for setting, value in OURS.items()}
        store = _store(url, toy_schema)
        assert store.count([entry(1, note="日本")]) == [COUNTED]
        store.close_week(W47, W47.end)
        (week,) = store.published(None, None, 1)
        assert "日本" in {cell.value for cell in week.projects[0].publication.values}
        store.close()
        PostgresStore(url).close()
    finally:
        monkeypatch.undo()
        with psycopg.connect(own.url(), autocommit=True) as connection:
            connection.execute("ALTER ROLE headcount RESET ALL")


def test_an_encoding_in_the_url_does_not_win(url: PostgresUrl) -> None:
    with connected(PostgresUrl(f"{url.text}?client_encoding=LATIN1")) as connection:
        assert connection.execute("SHOW client_encoding").fetchone() == ("UTF8",)


def test_a_warning_of_any_other_kind_is_told_and_is_no_doubt(
    store: PostgresStore, url: PostgresUrl, entry: MakeEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Near transaction id wraparound each new id brings one."""
    with psycopg.connect(url.text, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION headcount_open.warn() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE WARNING 'canary %', NEW; RETURN NULL; END $$"
        )
        connection.execute(
            "CREATE TRIGGER warn AFTER INSERT ON headcount_open.tokens"
            " FOR EACH ROW EXECUTE FUNCTION headcount_open.warn()"
        )
    session._said.clear()
    with caplog.at_level(logging.WARNING):
        assert store.count([entry(1), entry(2)]) == [COUNTED, COUNTED]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "the database warns (01000, exec_stmt_raise); its own log has the words"


def test_a_commit_whose_wait_for_a_standby_was_cancelled_is_in_doubt(
    own: PostgresServer, store: PostgresStore, entry: MakeEntry
) -> None:
    def standby(name: str) -> None:
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode())
        connection.execute("SELECT pg_reload_conf()")

    found: list[list[Outcome]] = []

    def count() -> None:
        """Count reports until one is no success; before the checkpointer hears, none waits."""
        while found == [[COUNTED]] * len(found):
            found.append(store.count([entry(1 + len(found))]))

    with psycopg.connect(own.url(), autocommit=True) as connection:
        assert store.count([entry(0)]) == [COUNTED]
        standby("nowhere")
        try:
            until(lambda: connection.execute("SHOW synchronous_standby_names").fetchone()[0])  # type: ignore[index]
            thread = threading.Thread(target=count)
            thread.start()
            waiting = "SELECT pid, xact_start FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            pid, since = until(lambda: connection.execute(waiting).fetchone())
            connection.execute("SELECT pg_cancel_backend(%s)", (pid,))
            again = f"{waiting} AND xact_start > %s"  # the session may be the same
            until(lambda: not thread.is_alive() or connection.execute(again, (since,)).fetchone())
            assert thread.is_alive(), "it is no success"
        finally:
            standby("")
        thread.join()
    assert found[-1:] == [[DUPLICATE]], "run again after the warning"


class Pooler:
    """PgBouncer before a server."""

    def __init__(self, own: PostgresServer, mode: str) -> None:
        self._held = held_port()
        self.port: int = self._held.getsockname()[1]
        config = own.directory / f"{mode}.ini"
        config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={own.port} user=headcount\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nauth_type = any\n"
            f"pool_mode = {mode}\nunix_socket_dir =\nadmin_users = headcount\n"
        )
        program = as_its_user([installed("pgbouncer"), config])
        self.process = subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def url(self, name: str) -> PostgresUrl:
        return PostgresUrl(f"postgresql://headcount@127.0.0.1:{self.port}/{name}")

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres").text).close()
        except psycopg.OperationalError:
            return False
        return True

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._held.close()


@pytest.fixture(name="pooler", params=["transaction", "session"])
def _pooler(own: PostgresServer, request: pytest.FixtureRequest) -> Iterator[tuple[str, Pooler]]:
    pooler = Pooler(own, request.param)
    try:
        until(pooler.answers)
        yield request.param, pooler
    finally:
        pooler.end()


def test_a_pooler_that_shares_sessions_is_refused_at_the_start(
    pooler: tuple[str, Pooler], name: str, url: PostgresUrl, toy_schema: Schema, entry: MakeEntry
) -> None:
    mode, before = pooler
    assert url.text.endswith(name)
    if mode == "session":
        store = _store(before.url(name), toy_schema)
        assert store.count([entry(1)]) == [COUNTED]
        store.close()
        return
    with pytest.raises(StoreError, match=r"shared with others.*pool_mode = session"):
        PostgresStore(before.url(name))


def test_a_session_that_is_no_longer_ours_counts_nothing_and_is_replaced(
    store: PostgresStore, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pooler does when it renews its connection to the database."""
    with ExitStack() as taken:
        for _ in range(store._pool.get_stats()["pool_size"]):
            connection = taken.enter_context(store._pool.connection())
            connection.execute("RESET headcount.session")
            connection.execute("SET synchronous_commit = off")
    real, durable = batch.count, []

    def count(connection: PostgresConnection, *arguments: Any) -> list[Outcome]:
        outcomes = real(connection, *arguments)
        durable.append(connection.execute("SHOW synchronous_commit").fetchone())
        return outcomes

    monkeypatch.setattr(batch, "count", count)
    assert store.count([entry(1)]) == [COUNTED]
    assert durable == [("on",)]


def test_another_database_behind_the_same_name_gets_no_report(
    store: PostgresStore, url: PostgresUrl, entry: MakeEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a dump was restored in its place: what was open there begins anew."""
    assert store.count([entry(1)]) == [COUNTED]
    with connected(url) as connection:
        connection.execute("UPDATE headcount_open.identity SET identity = 7")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()"
        )
    with pytest.raises(Unavailable):
        store.count([entry(2)])
    # It waits for a connection only so long, and another thread makes that.
    told = "leads to another database than before; restart the server"
    until(lambda: told in caplog.text, told=lambda: caplog.text)
    again = PostgresStore(url)
    assert again.count([entry(1), entry(2)]) == [DUPLICATE, COUNTED]
    again.close()


def test_a_week_with_another_key_is_refused_and_found(
    store: PostgresStore, url: PostgresUrl
) -> None:
    del store
    with connected(url) as connection:
        connection.execute(
            "UPDATE headcount_secret.week_keys SET key = decode(repeat('00', 32), 'hex')"
            " WHERE week = '2026-W47'"
        )
    told = "the key of the open week 2026-W47 is not the one that it was counted with"
    with pytest.raises(StoreError, match=told):
        PostgresStore(url)
    assert told in str(PostgresDatabase(url).audit().findings)


def _longest(count: Callable[[int], object], during: Callable[[], object]) -> float:
    """The longest that a report took while something else was going on, in seconds."""
    took, done = [0.0], threading.Event()

    def send() -> None:
        for number in range(1000, 100_000):
            began = time.monotonic()
            count(number)
            took.append(time.monotonic() - began)
            if done.wait(0.01):
                return

    sender = threading.Thread(target=send)
    sender.start()
    try:
        during()
    finally:
        done.set()
        sender.join()
    return max(took)


def test_a_close_beside_a_dump_publishes_and_holds_up_no_report(
    store: PostgresStore, url: PostgresUrl, entry: MakeEntry, toy_schema: Schema
) -> None:
    """A dump holds a lock on every table, those that are dropped at the close too, to its end."""
    assert store.count([entry(number) for number in range(9)]) == [COUNTED] * 9
    with psycopg.connect(url.text) as dump:
        tables = dump.execute(
            "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class"
            " WHERE relnamespace::regnamespace::text LIKE 'headcount%' AND relkind IN ('r', 'p')"
        ).fetchone()
        assert tables is not None
        dump.execute(f"LOCK TABLE {tables[0]} IN ACCESS SHARE MODE".encode())

        def close() -> None:
            store.close_week(W47, W47.end)
            for _ in range(5):
                assert not store.wipe_leftovers(), "it is told that something is left"
                time.sleep(0.2)

        assert _longest(lambda number: store.count([entry(number, W48)]), close) < 1
        (week,) = store.published(None, None, 1)
        assert week.projects[0].publication.reports == 9
        assert "of a week that is not open" in str(PostgresDatabase(url).audit().findings)
        opened = Week.of(W48.end)
        store.open_week(opened, Terms(1, opened.end), toy_schema)  # nor does the next Monday wait
        dump.rollback()
    assert store.wipe_leftovers()
    assert PostgresDatabase(url).audit().findings == ()


def test_a_retraction_beside_a_reader_is_made_and_tells_what_is_left(
    store: PostgresStore, url: PostgresUrl, entry: MakeEntry, caplog: pytest.LogCaptureFixture
) -> None:
    store.count([entry(number) for number in range(9)])
    store.close_week(W47, W47.end)
    with psycopg.connect(url.text) as reader:
        reader.execute("SELECT count(*) FROM headcount.published_values")
        found = []

        def retract() -> None:
            words = ["--project", "toy", "--key", "note", "--reason", "It let names through."]
            found.append(command("retract", "--database", url, *words))

        assert _longest(lambda number: store.count([entry(number, W48)]), retract) < 1
    (result,) = found
    assert result.exit_code == 0, result.output
    assert "left to do, since others were reading" in result.output + caplog.text
    with connected(url) as connection:
        rows = connection.execute("SELECT count(*) FROM published_values WHERE key = 8").fetchone()
    assert rows == (0,)


def test_the_clock_of_the_query_in_the_guide_is_utc(url: PostgresUrl, store: PostgresStore) -> None:
    """A Monday is one at 00:00 UTC, whatever zone the database has."""
    del store
    guide = Path(__file__).parents[4] / "docs" / "operators" / "postgresql.md"
    assert "monday::timestamp AT TIME ZONE 'UTC'" in guide.read_text(encoding="utf-8")
    with psycopg.connect(url.text) as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        row = connection.execute(
            "SELECT '2027-01-04'::date::timestamp AT TIME ZONE 'UTC'"
        ).fetchone()
    assert row == (datetime(2027, 1, 4, tzinfo=UTC),)

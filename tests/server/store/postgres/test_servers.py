"""Many servers on one PostgreSQL database: exactly once, one close, and nothing lost in between."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from headcount_server.counting import answers, vocabulary
from headcount_server.errors import StoreError, Unavailable
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.postgres import batch, schema, weeks
from headcount_server.store.postgres.connections import Adapter, connected, writing
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week
from support.store_place import Place
from support.toy_weeks import command
from support.waiting import until

pytestmark = pytest.mark.heavy

W46, W47 = Week(2026, 46), Week(2026, 47)
COUNTED, DUPLICATE, CLOSED = Outcome.COUNTED, Outcome.DUPLICATE, Outcome.CLOSED

MakeEntry = Callable[..., Entry]
Open = Callable[[], PostgresStore]


def _terms(week: Week, threshold: int = 1) -> Terms:
    return Terms(threshold, week.end + timedelta(days=2))


@pytest.fixture(name="place")
def _place(emptied_url: PostgresUrl) -> Place:
    return Place(PostgresDatabase(emptied_url))


@pytest.fixture(name="server")
def _server(emptied_url: PostgresUrl) -> Iterator[Open]:
    """Start further stores on the same database."""
    stores: list[PostgresStore] = []

    def server() -> PostgresStore:
        stores.append(PostgresStore(emptied_url))
        return stores[-1]

    yield server
    for store in stores:
        store.close()


@pytest.fixture(name="both")
def _both(server: Open, toy_schema: Schema) -> tuple[PostgresStore, PostgresStore]:
    """Two servers that know of two open weeks."""
    first, second = server(), server()
    for store in (first, second):
        for week in (W46, W47):
            store.open_week(week, _terms(week), toy_schema)
    return first, second


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    def entry(number: int, week: Week = W47, note: str = "hello") -> Entry:
        read = answers.read(toy, said(note={"value": note}), date(2026, 11, 19))
        return Entry(week, toy, number.to_bytes(16, "little"), read)

    return entry


def _published(store: PostgresStore, week: Week) -> int:
    (found,) = store.published(week, week, 1)
    return sum(project.publication.reports for project in found.projects)


def _sql(url: PostgresUrl, statement: bytes) -> list[Any]:
    with connected(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_server_that_starts_waits_for_another_that_makes_the_tables_or_closes_a_week(
    emptied_url: PostgresUrl, toy_schema: Schema
) -> None:
    held = threading.Event()

    def hold(what: int) -> None:
        with connected(emptied_url) as connection, connection.transaction():
            schema.lock(connection, what)
            held.set()
            # Longer than a lock on a table is waited for.
            connection.execute("SELECT pg_sleep(1.5)")

    for what in (schema.SCHEMA_LOCK, schema.WEEKS_LOCK):
        held.clear()
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(hold, what)
            held.wait(20)
            store = PostgresStore(emptied_url)
            store.open_week(W47, _terms(W47), toy_schema)
            assert list(store.open_weeks()) == [W47]
            store.close()
            other.result()
    with connected(emptied_url) as connection, connection.transaction():
        schema.lock(connection, schema.WEEKS_LOCK)
        assert connection.execute("SHOW lock_timeout").fetchall() == [("800ms",)]


def test_servers_that_start_at_once_on_an_empty_database_make_its_tables_once(
    postgres_url: PostgresUrl, toy_schema: Schema
) -> None:
    def start(_: int) -> int:
        store = PostgresStore(postgres_url)
        store.open_week(W47, _terms(W47), toy_schema)
        store.close()
        return len(store.open_weeks())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [1, 1, 1, 1]
    assert Place(PostgresDatabase(postgres_url)).audit().findings == ()
    assert Place(PostgresDatabase(postgres_url)).rows("SELECT count(*) FROM shard_weeks") == [(64,)]


def test_terms_are_settled_by_the_server_that_opens_first(server: Open, toy_schema: Schema) -> None:
    first, second = server(), server()
    first.open_week(W47, _terms(W47, 5), toy_schema)
    second.open_week(W47, _terms(W47, 9), toy_schema)
    assert second.open_weeks() == first.open_weeks() == {W47: _terms(W47, 5)}


def test_a_token_counts_once_among_servers_also_where_it_names_another_week(
    both: tuple[PostgresStore, PostgresStore], entry: MakeEntry
) -> None:
    first, second = both
    assert first.count([entry(1), entry(2, W46)]) == [COUNTED, COUNTED]
    assert second.count([entry(1), entry(1, W46), entry(2)]) == [DUPLICATE] * 3
    assert second.count([entry(3, W46)]) == [COUNTED]
    assert first.count([entry(3), entry(3, W46)]) == [DUPLICATE, DUPLICATE]


def test_tokens_that_two_servers_take_at_once_in_two_weeks_count_once(
    both: tuple[PostgresStore, PostgresStore], place: Place, entry: MakeEntry
) -> None:
    numbers = range(150)
    at_once = threading.Barrier(4)

    def report(store: PostgresStore, week: Week) -> list[Outcome]:
        at_once.wait(10)
        batches = [numbers[n : n + 30] for n in range(0, len(numbers), 30)]
        return [o for some in batches for o in store.count([entry(n, week) for n in some])]

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(report, store, week) for store in both for week in (W46, W47)]
        outcomes = Counter(outcome for future in running for outcome in future.result(60))
    assert outcomes == {COUNTED: len(numbers), DUPLICATE: 3 * len(numbers)}
    assert place.rows("SELECT sum(reports)::int FROM open_reports") == [(len(numbers),)]
    assert place.rows("SELECT sum(reports)::int FROM open_values WHERE key = 8") == [
        (len(numbers),)
    ]


def test_what_is_acknowledged_around_a_close_is_published_and_the_rest_is_refused(
    both: tuple[PostgresStore, PostgresStore], place: Place, entry: MakeEntry
) -> None:
    first, second = both
    found = [Counter[Outcome]() for _ in range(6)]

    def report(lane: int) -> None:
        for round_ in itertools.count():
            some = [entry(64 * (1000 * round_ + n) + lane, W46) for n in range(1, 4)]
            found[lane].update(second.count(some))
            if found[lane][CLOSED] > 10:
                break

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(report, lane) for lane in range(6)]
        until(lambda: all(each[COUNTED] > 10 for each in found))
        first.close_week(W46, _terms(W46).closes)
        for future in running:
            future.result()
    outcomes = sum(found, Counter[Outcome]())
    assert outcomes[COUNTED] > 6
    assert outcomes[CLOSED] > 0
    assert outcomes[DUPLICATE] == 0
    assert _published(first, W46) == outcomes[COUNTED]
    assert place.audit().findings == ()


def test_servers_that_close_at_once_publish_once(
    both: tuple[PostgresStore, PostgresStore], place: Place, entry: MakeEntry
) -> None:
    both[0].count([entry(n, W46) for n in range(20)])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda store: store.close_week(W46, _terms(W46).closes), both))
    for store in both:
        assert list(store.open_weeks()) == [W47]
        assert _published(store, W46) == 20
    assert place.audit().findings == ()


def test_a_server_hears_of_what_others_change(
    both: tuple[PostgresStore, PostgresStore], entry: MakeEntry
) -> None:
    first, second = both
    second.refresh()
    assert not second.may_have_changed()
    first.count([entry(1, W46)])
    assert not second.may_have_changed()
    first.close_week(W46, _terms(W46).closes)
    assert second.may_have_changed()
    assert second.count([entry(2, W46), entry(2)]) == [CLOSED, COUNTED]
    assert second.may_have_changed(), "what it learned by counting is yet to be shown"
    assert second.refresh()
    assert not second.may_have_changed()
    assert list(second.open_weeks()) == [W47]


def test_a_week_that_another_server_opened_is_known_before_a_token_is_taken(
    server: Open, toy_schema: Schema, entry: MakeEntry
) -> None:
    first, second = server(), server()
    for store in (first, second):
        store.open_week(W46, _terms(W46), toy_schema)
    first.open_week(W47, _terms(W47), toy_schema)
    assert first.count([entry(1, W47)]) == [COUNTED]
    assert second.count([entry(1, W46), entry(2, W46)]) == [DUPLICATE, COUNTED]


def test_the_bound_on_values_holds_exactly_over_many_servers(
    monkeypatch: pytest.MonkeyPatch,
    both: tuple[PostgresStore, PostgresStore],
    place: Place,
    entry: MakeEntry,
) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 7)

    def report(at: int) -> Sequence[Outcome]:
        store = both[at % 2]
        return store.count([entry(100 * at + n, note=f"text {n} {at // 2}") for n in range(6)])

    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome for found in pool.map(report, range(6)) for outcome in found]
    assert outcomes == [COUNTED] * 36
    assert place.rows("SELECT count(DISTINCT value) FROM open_values WHERE key = 8") == [(7,)]
    assert place.rows("SELECT count(*) FROM admitted_values WHERE key = 8") == [(7,)]
    assert place.rows("SELECT answers::int FROM open_answers WHERE key = 8") == [(36,)]


def test_a_commit_in_doubt_is_run_again_and_counts_once(
    monkeypatch: pytest.MonkeyPatch,
    both: tuple[PostgresStore, PostgresStore],
    place: Place,
    entry: MakeEntry,
) -> None:
    real = batch.count
    losses = [psycopg.OperationalError("the connection was lost"), batch.InDoubt()]

    def lossy(*arguments: Any) -> list[Outcome]:
        outcomes = real(*arguments)
        if losses:
            raise losses.pop()
        return outcomes

    monkeypatch.setattr(batch, "count", lossy)
    assert both[0].count([entry(64), entry(128)]) == [DUPLICATE, DUPLICATE]
    assert losses == []
    assert place.rows("SELECT reports::int FROM open_reports") == [(2,)]


def test_connections_that_were_lost_are_made_anew_without_a_word(
    both: tuple[PostgresStore, PostgresStore], emptied_url: PostgresUrl, entry: MakeEntry
) -> None:
    store, _ = both
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.count([entry(n)]), range(16)))
    _sql(
        emptied_url,
        b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        b" AND datname = current_database()",
    )
    assert store.count([entry(n) for n in range(17)]) == [DUPLICATE] * 16 + [COUNTED]


def test_a_server_that_can_only_be_read_is_left_as_soon_as_there_is_another(
    both: tuple[PostgresStore, PostgresStore], emptied_url: PostgresUrl, entry: MakeEntry
) -> None:
    """As when a primary becomes a standby: its connections live on and are of no use."""
    store, _ = both
    ((name,),) = _sql(emptied_url, b"SELECT current_database()")
    _sql(emptied_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    try:
        store._pool.drain()
        with pytest.raises(Unavailable):
            store.count([entry(1)])
    finally:
        with connected(emptied_url) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} RESET ALL".encode())
    until(store.probe)
    assert store.count([entry(1)]) == [COUNTED]


def test_a_connection_that_can_only_be_read_does_not_refuse_a_report_with_a_new_value(
    both: tuple[PostgresStore, PostgresStore], entry: MakeEntry
) -> None:
    """As when the pool still holds one that a standby answered before it became the primary."""
    store, _ = both
    # It stands behind a good one, so that it is the value's, after the tokens went through.
    with store._pool.connection() as stale, store._pool.connection():
        stale.execute("SET default_transaction_read_only = on")
    assert store.count([entry(1)]) == [COUNTED]


class _Cut(Exception):
    pass


@pytest.mark.timeout(120)
def test_a_close_that_is_cut_off_at_any_statement_is_done_once_and_whole_by_another_server(
    monkeypatch: pytest.MonkeyPatch,
    server: Open,
    place: Place,
    toy_schema: Schema,
    entry: MakeEntry,
) -> None:
    real, left = psycopg.Connection.execute, [10**6]

    def execute(connection: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - handed on
        ours = threading.current_thread() is threading.main_thread()  # and not the pool's
        left[0] -= ours
        if ours and left[0] == 0:
            connection.pgconn.finish()  # the server sees a client that is gone
            raise _Cut
        return real(connection, *arguments, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    week, step, whole = W46, 0, False
    keeper = server()
    while not whole:
        step += 4
        keeper.open_week(week, _terms(week), toy_schema)
        assert keeper.count([entry(n, week) for n in range(9)]) == [COUNTED] * 9
        cut = server()
        left[0] = step
        try:
            cut.close_week(week, week.end)
            whole = True
        except _Cut:
            pass
        left[0] = 10**6
        assert set(keeper.count([entry(n, week) for n in range(9)])) <= {DUPLICATE, CLOSED}
        keeper.close_week(week, week.end)
        assert _published(keeper, week) == 9
        assert place.audit().findings == ()
        week = Week.of(week.end)
    assert step > 20


def test_a_report_between_the_two_halves_of_a_close_is_refused(
    both: tuple[PostgresStore, PostgresStore], emptied_url: PostgresUrl, entry: MakeEntry
) -> None:
    first, second = both
    first.count([entry(1, W46)])
    _sql(emptied_url, b"DELETE FROM headcount_open.shard_weeks WHERE week = '2026-W46'")
    assert second.count([entry(2, W46), entry(3)]) == [CLOSED, COUNTED]
    second.close_week(W46, W46.end)
    assert _published(first, W46) == 1


def test_an_open_week_without_its_key_is_refused_and_can_be_given_up(  # noqa: PLR0913
    both: tuple[PostgresStore, PostgresStore],
    server: Open,
    place: Place,
    emptied_url: PostgresUrl,
    toy_schema: Schema,
    entry: MakeEntry,
) -> None:
    first, _ = both
    first.count([entry(1), entry(2, W46)])
    _sql(emptied_url, b"DELETE FROM headcount_secret.week_keys WHERE week = '2026-W47'")
    with pytest.raises(StoreError, match="the key of the open week 2026-W47 is missing"):
        server()
    assert "the key of the open week 2026-W47 is missing" in place.audit().findings[0]
    result = command("discard", "--week", "2026-W47", "--database", emptied_url)
    assert result.exit_code == 0, result.output
    again = server()
    again.open_week(W47, _terms(W47), toy_schema)
    assert again.count([entry(1), entry(2)]) == [COUNTED, DUPLICATE]
    assert place.rows("SELECT text FROM annotations")[0][0]


def test_a_server_never_counts_by_the_key_of_a_week_that_was_given_up(
    both: tuple[PostgresStore, PostgresStore],
    emptied_url: PostgresUrl,
    toy_schema: Schema,
    entry: MakeEntry,
) -> None:
    first, second = both
    assert second.count([entry(1)]) == [COUNTED]
    with writing(emptied_url) as adapter:
        weeks.forget(adapter.postgres, W47)
    assert second.count([entry(2)]) == [CLOSED]
    first.open_week(W47, _terms(W47), toy_schema)
    assert first.count([entry(1)]) == [COUNTED]
    assert second.count([entry(1), entry(3)]) == [DUPLICATE, COUNTED]


def test_a_newer_schema_than_the_programs_is_refused_with_the_remedy(
    server: Open, emptied_url: PostgresUrl
) -> None:
    server()
    _sql(emptied_url, b"INSERT INTO headcount.schema_steps VALUES ('999_of_the_future')")
    known = len(schema.STEPS)
    told = f"version {known + 1}, and this program knows {known}; use the headcount"
    with pytest.raises(StoreError, match=told):
        server()
    result = command("statistics", "--database", emptied_url)
    assert result.exit_code == 1
    assert "or restore a dump made before the upgrade" in result.output


def test_the_shared_statements_are_translated_for_the_driver(emptied_url: PostgresUrl) -> None:
    with connected(emptied_url) as connection:
        adapter = Adapter(connection)
        assert adapter.execute("SELECT 7 % CAST(? AS integer)", (4,)).fetchone() == (3,)
        adapter.execute("CREATE TEMPORARY TABLE few (x integer)")
        adapter.executemany("INSERT INTO few VALUES (?)", [(1,), (2,)])
        adapter.executemany("INSERT INTO few VALUES (?)", [])
        assert adapter.execute("SELECT x FROM few ORDER BY x").fetchall() == [(1,), (2,)]

"""Invented values and releases: what honest reports lose by them, which is little.

One network takes nothing from anybody; a hundred take the places that new
values would have had, and none that is reserved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import count as numbers
from pathlib import Path

import pytest
from headcount_server.counting.answers import Answer, Answers
from headcount_server.counting.vocabulary import INTRODUCED
from headcount_server.errors import Unavailable
from headcount_server.pages.site import Site
from headcount_server.publication.terms import Policy, Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Store
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.small_weeks import NOTE, PHP, VERSION
from support.store_place import Place
from support.waiting import until

W = [Week(2026, 30 + number) for number in range(6)]
ONE = (b"\x06\x20\x01\x0d\xb8\x00\x01",)
HUNDRED = tuple(bytes([4, 203, 0, number]) for number in range(100))
GROUP = 500

_numbers = numbers()


def reports(
    toy: Project,
    week: Week,
    values: Sequence[tuple[str, str, str]],
    networks: Sequence[bytes | None],
) -> list[Entry]:
    """Reports of these releases, versions of PHP and notes, from these networks in turn."""
    found = []
    for at, (release, php, note) in enumerate(values):
        given = (Answer(VERSION, (release,)), Answer(PHP, (php,)), Answer(NOTE, (note,)))
        answers = Answers(given, (), release)
        token = next(_numbers).to_bytes(16, "little")
        found.append(Entry(week, toy, token, answers, networks[at % len(networks)]))
    return found


def send(store: Store, entries: Sequence[Entry]) -> None:
    for start in range(0, len(entries), GROUP):
        store.count(entries[start : start + GROUP])


def invented(number: int) -> list[tuple[str, str, str]]:
    return [(f"6.{n}", f"7.{n}", f"invented {n}") for n in range(number)]


HONEST = [("1.0", "8.2", "known")] * 60 + [("1.1", "8.2", "known")] * 10
NEW = [("1.0", "8.5", "new")] * 10
ANYWHERE: Sequence[bytes | None] = [bytes([4, 198, 51, number]) for number in range(100)]


def opened(store: Store, schema: Schema, week: Week) -> None:
    store.open_week(week, Terms(5, week.end + timedelta(days=2)), schema)


def closed(store: Store, week: Week) -> dict[tuple[int, str], int]:
    """Close a week; what is published of each value."""

    def close() -> bool:
        # As the server does: PostgreSQL's own upkeep may hold a table of the week.
        with suppress(Unavailable):
            store.close_week(week, week.end + timedelta(days=2))
            return True
        return False

    until(close)
    (found,) = store.published(week, week, 1)
    sums: dict[tuple[int, str], int] = {}
    for cell, n in found.projects[0].publication.values.items():
        sums[cell.key, cell.value] = sums.get((cell.key, cell.value), 0) + n
    return sums


@pytest.fixture(name="store")
def _store(place: Place, toy: Project, toy_schema: Schema) -> Iterator[Store]:
    """A store that has published two honest weeks, with the third one open."""
    store = place.open()
    for at in (0, 1, 2):
        opened(store, toy_schema, W[at])
        if at:
            closed(store, W[at - 1])
        send(store, reports(toy, W[at], HONEST if at < 2 else [], ANYWHERE))
    yield store
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "between", "after"])
@pytest.mark.parametrize("number", [1000, 20_000])
def test_one_network_takes_no_place_from_anybody(
    store: Store, toy: Project, when: str, number: int
) -> None:
    false = reports(toy, W[2], invented(number), ONE)
    new = reports(toy, W[2], NEW, ANYWHERE)
    first = {"before": number, "between": number // 2, "after": 0}[when]
    send(store, false[:first])
    send(store, reports(toy, W[2], HONEST, ANYWHERE))
    send(store, new[:5] if when == "between" else new)
    send(store, false[first:])
    send(store, new[5:] if when == "between" else [])
    published = closed(store, W[2])
    assert published[PHP, "8.5"] == 10
    assert published[NOTE, "new"] == 10
    assert published[VERSION, "1.0"] == 70
    assert published[VERSION, "1.1"] == 10
    assert published[PHP, "8.2"] == 70
    assert published[NOTE, "known"] == 70
    # What was told apart last week still is.
    (week,) = store.published(W[2], W[2], 1)
    assert week.projects[0].publication.told_apart == {(PHP, "8.2"): frozenset({"1.0"})}


def test_a_hundred_networks_take_the_places_of_new_values_and_none_that_is_reserved(
    store: Store, toy: Project
) -> None:
    send(store, reports(toy, W[2], invented(INTRODUCED + 100), HUNDRED))
    send(store, reports(toy, W[2], HONEST + NEW, ANYWHERE))
    published = closed(store, W[2])
    assert published[VERSION, "1.0"] == 70
    assert published[PHP, "8.2"] == 70
    assert published[NOTE, "known"] == 70
    # This is what they lose: new values, for one week.
    assert (PHP, "8.5") not in published
    assert (NOTE, "new") not in published


def test_many_reports_of_one_week_buy_no_place_from_values_of_several(
    place: Place, toy: Project, toy_schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headcount_server.publication.places.RESERVED", 3)
    store = place.open()
    bought = [(f"6.{n % 44}", f"7.{n % 44}", f"bought {n % 44}") for n in range(1100)]
    for at in range(4):
        opened(store, toy_schema, W[at])
        if at:
            closed(store, W[at - 1])
        send(store, reports(toy, W[at], HONEST, ANYWHERE))
        if at == 2:
            send(store, reports(toy, W[at], bought, HUNDRED))
    closed(store, W[3])
    opened(store, toy_schema, W[4])
    query = f"SELECT key, value FROM places WHERE week = '{W[4]}' AND declared = 0"  # noqa: S608 - ours
    kept = set(place.rows(query))
    assert {(VERSION, "1.0"), (VERSION, "1.1"), (PHP, "8.2"), (NOTE, "known")} <= kept
    store.close()


def test_how_full_the_places_were_is_on_no_public_surface(
    tmp_path: Path, toy: Project, toy_schema: Schema
) -> None:
    """Two weeks that differ in it alone leave the same bytes."""
    found = []
    for full in (False, True):
        store = SqliteStore(tmp_path / f"{full}.db")
        opened(store, toy_schema, W[0])
        notes = ["often"] * 60 + [f"rare {n}" for n in range(INTRODUCED + 50)]
        entries = reports(toy, W[0], [("1.0", "8.2", note) for note in notes], [None])
        send(store, entries if full else [_rare_as_other(entry) for entry in entries])
        closed(store, W[0])
        weeks = store.published(None, None, 9)
        site = Site(toy_schema, weeks, Policy(5, timedelta(days=2)))
        found.append({address: site.document(address) for address in site.addresses})
        store.close()
    assert found[0] == found[1]


def _rare_as_other(entry: Entry) -> Entry:
    """The same report with a note that is in no vocabulary."""
    *others, note = entry.answers.given
    values = note.values if note.values == ("often",) else ()
    answers = Answers((*others, Answer(NOTE, values)), (), entry.answers.release)
    return entry._replace(answers=answers)


@pytest.mark.slow
def test_the_reserved_places_are_the_same_on_all_servers_and_each_has_its_own_allowance(
    postgres_url: PostgresUrl, toy: Project, toy_schema: Schema
) -> None:
    first, second = PostgresStore(postgres_url), PostgresStore(postgres_url)
    for at in (0, 1, 2):
        opened(first, toy_schema, W[at])
        if at:
            closed(first, W[at - 1])
        send(first, reports(toy, W[at], HONEST, ANYWHERE))
    second.refresh()
    first.refresh()
    one, other = (store._known.weeks[W[2]].vocabulary for store in (first, second))
    assert {at: words for at, words in one._reserved.items() if words} == {
        at: words for at, words in other._reserved.items() if words
    }
    for store in (first, second):
        send(store, reports(toy, W[2], invented(1000)[: 40 if store is first else 80], ONE))
    second.close()
    again = PostgresStore(postgres_url)
    introduced = again._known.weeks[W[2]].vocabulary._introduced["toy", NOTE]
    assert len(introduced) == 40  # 20 a server
    again.close()
    first.close()

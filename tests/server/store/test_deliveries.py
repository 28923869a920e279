"""A database knows what each destination lacks, whichever its engine is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from headcount_server.destinations.ledger import (
    ServerLedger,
    following,
    lacking,
    note_delivered,
)
from headcount_server.metrics.counters import Counters
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Schema
from headcount_server.store import corrections, deliveries
from headcount_server.store.contract import Store
from headcount_server.store.writer import Writer
from headcount_server.week import Week
from support.store_place import Place
from support.toy_weeks import command, lived

W45, W46, W47 = (Week(2026, number) for number in (45, 46, 47))
ONE, OTHER = "sqlite:///one.db", "sqlite:///other.db"


@pytest.fixture(name="store")
def _store(place: Place, toy_schema: Schema) -> Store:
    store = place.open()
    for week in (W45, W46, W47):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), toy_schema)
    store.close_week(W45, W45.end)
    store.close_week(W46, W46.end)
    return store


@pytest.fixture(name="ledger")
def _ledger(store: Store) -> Iterator[ServerLedger]:
    writer = Writer(store, Counters())
    writer.start()
    yield ServerLedger(store, writer)
    writer.stop()


def _give(ledger: ServerLedger, destination: str) -> list[str]:
    """Note all that a destination lacks, and return the weeks in their order."""
    given = []
    while delivery := following(ledger, destination):
        given.append(f"{delivery.week.week}{' again' if delivery.again else ''}")
        note_delivered(ledger, destination, delivery)
    return given


def _correct(ledger: ServerLedger, week: Week) -> None:
    def correct() -> None:
        with ledger.store.noting() as connection:
            deliveries.correct(connection, str(week), str(week))

    ledger.writer.run(correct)


@pytest.mark.slow
def test_a_destination_is_given_each_closed_week_once_oldest_first(
    ledger: ServerLedger, store: Store
) -> None:
    assert lacking(ledger, ONE) == 2
    assert _give(ledger, ONE) == ["2026-W45", "2026-W46"]
    assert lacking(ledger, ONE) == 0
    ledger.writer.run(lambda: store.close_week(W47, W47.end))
    assert _give(ledger, ONE) == ["2026-W47"]
    assert _give(ledger, OTHER) == ["2026-W45", "2026-W46", "2026-W47"]


@pytest.mark.slow
def test_a_corrected_week_is_given_again_before_a_newer_one(
    ledger: ServerLedger, store: Store, place: Place
) -> None:
    _give(ledger, ONE)
    ledger.writer.run(lambda: store.close_week(W47, W47.end))
    _correct(ledger, W46)
    assert lacking(ledger, ONE) == 2
    assert _give(ledger, ONE) == ["2026-W46 again", "2026-W47"]
    assert not [each for each in place.audit().findings if "deliver" in each]


@pytest.mark.slow
def test_what_was_corrected_before_it_was_noted_is_given_again(ledger: ServerLedger) -> None:
    delivery = following(ledger, ONE)
    assert delivery is not None
    _correct(ledger, W45)
    note_delivered(ledger, ONE, delivery)
    assert _give(ledger, ONE) == ["2026-W45 again", "2026-W46"]


@pytest.mark.slow
def test_a_destination_can_begin_with_the_weeks_to_come(ledger: ServerLedger, store: Store) -> None:
    ledger.note({"note": "begun", "destination": ONE})
    assert _give(ledger, ONE) == []
    ledger.writer.run(lambda: store.close_week(W47, W47.end))
    ledger.note({"note": "begun", "destination": ONE})
    assert _give(ledger, ONE) == ["2026-W47"]


def test_what_is_forgotten_is_given_again(ledger: ServerLedger) -> None:
    _give(ledger, ONE)
    _give(ledger, OTHER)
    ledger.note({"note": "forgotten", "destination": ONE})
    assert (lacking(ledger, ONE), lacking(ledger, OTHER)) == (2, 0)


def test_one_process_at_a_time_has_the_right_to_deliver(ledger: ServerLedger, place: Place) -> None:
    with ledger.delivering() as mine:
        assert mine
        with place.database.delivering() as theirs:
            assert not theirs
    with place.database.delivering() as theirs:
        assert theirs
        with ledger.delivering() as mine:
            assert not mine


@pytest.mark.slow
def test_the_notes_survive_a_restart_and_a_correction_by_a_command(
    place: Place, store: Store
) -> None:
    writer = Writer(store, Counters())
    writer.start()
    _give(ServerLedger(store, writer), ONE)
    writer.stop()
    corrections.annotate(place.database, W46, "An outage.")
    corrections.discard(place.database, W47, date(2026, 11, 19))
    again = place.open()
    writer = Writer(again, Counters())
    writer.start()
    ledger = ServerLedger(again, writer)
    try:
        assert _give(ledger, ONE) == ["2026-W46 again"]
    finally:
        writer.stop()


@pytest.mark.slow
def test_a_copy_and_a_restored_backup_give_every_week_again(
    tmp_path: Path, toy_schema: Schema
) -> None:
    database, flag = lived(tmp_path / "headcount.db", toy_schema), f"--to=sqlite:///{tmp_path}/t.db"
    assert "given 2 weeks" in command("publish", "--database", database, flag).output
    assert "given 0 weeks" in command("publish", "--database", database, flag).output
    for made in (
        ("database", "copy", "--from", database, "--to", tmp_path / "copy.db"),
        ("backup", "--database", database, "--open-weeks", tmp_path / "backup.db"),
        ("restore", "--database", tmp_path / "restored.db", tmp_path / "backup.db"),
    ):
        result = command(*made)
        assert result.exit_code == 0, result.output
    for other in (tmp_path / "copy.db", tmp_path / "restored.db"):
        result = command("publish", "--database", other, flag)
        assert re.search(r"given [23] weeks", result.output), result.output

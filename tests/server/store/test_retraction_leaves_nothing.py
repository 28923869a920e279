"""A retraction reaches everything: what was retracted can be told from nothing that is left.

Two histories that differ in the retracted numbers alone leave, after `retract`,
the same bytes on every surface, salted hashes apart. The histories differ enough to tell releases
apart in one and not in the other, weeks later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from headcount_server.destinations.ledger import CommandLedger
from headcount_server.destinations.publisher import deliver
from headcount_server.log.head import LogHead
from headcount_server.metrics import published_totals
from headcount_server.pages import static_site
from headcount_server.pages.site import BUNDLE
from headcount_server.publication import bundle_reader, table
from headcount_server.publication import response as statistics
from headcount_server.publication.terms import Policy, Terms
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import audit, copying, corrections, published_tables
from headcount_server.store.contract import Entry
from headcount_server.store.sqlite import backup
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.week import Week
from prometheus_client import generate_latest
from support.foreign_database import Foreign
from support.published_logs import KEY
from support.small_weeks import NOTE, PHP, VERSION, Site, read
from support.toy_weeks import command

pytestmark = pytest.mark.heavy

W = [Week(2026, 20 + number) for number in range(9)]
RETRACTED = 2
"""Place of the week that is taken down."""
POLICY = Policy(5, timedelta(days=2))

Group = tuple[int, Site]
# Every cell is a multiple of the threshold, so that sums are the same however they are cut.
USUAL: Sequence[Group] = (
    (40, {VERSION: ("1.0",), PHP: ("8.2",), NOTE: ("kept",)}),
    (10, {VERSION: ("1.1",), PHP: ("8.2",), NOTE: ("kept",)}),
    (10, {VERSION: ("1.1",), PHP: ("8.1",), NOTE: ("kept",)}),
)
FEW: Sequence[Group] = (
    (5, {VERSION: ("1.0",), PHP: ("8.2",), NOTE: ("kept",)}),
    (35, {VERSION: ("1.0",), PHP: ("8.1",), NOTE: ("kept",)}),
    (10, {VERSION: ("1.1",), PHP: ("8.2",), NOTE: ("kept",)}),
    (10, {VERSION: ("1.1",), PHP: ("8.1",), NOTE: ("kept",)}),
)
NO_PHP: Sequence[Group] = tuple((n, {**site, PHP: ("other",)}) for n, site in USUAL)
OTHER_RELEASES: Sequence[Group] = (
    (10, {VERSION: ("1.0",), PHP: ("8.2",), NOTE: ("kept",)}),
    (40, {VERSION: ("1.1",), PHP: ("8.2",), NOTE: ("kept",)}),
    (10, {VERSION: ("2.0",), PHP: ("8.1",), NOTE: ("kept",)}),
)
A_NAME: Sequence[Group] = tuple((n, {**site, NOTE: ("Ada Lovelace",)}) for n, site in USUAL)


def lived(path: Path, toy: Project, schema: Schema, week: Sequence[Group]) -> SqliteDatabase:
    """Weeks that are alike but for one, and an open one."""
    database = SqliteDatabase(path)
    store = database.open_store()
    for place, each in enumerate(W):
        store.open_week(each, Terms(5, each.end + timedelta(days=2)), schema)
        if place:
            store.close_week(W[place - 1], W[place - 1].end + timedelta(days=2))
        sites = [site for n, site in (week if place == RETRACTED else USUAL) for _ in range(n)]
        store.count(
            [
                Entry(each, toy, (place * 1000 + number).to_bytes(16), read(toy, site))
                for number, site in enumerate(sites)
            ]
        )
    store.close()
    return database


def surfaces(database: SqliteDatabase, schema: Schema, folder: Path) -> dict[str, bytes]:
    """Everything that is shown or kept of published weeks."""
    weeks = published_tables.every_week(database)
    log = LogHead(database.reading, KEY).read()
    static_site.write(folder, schema, weeks, POLICY, log=log)
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    bundled = bundle_reader.files_of(folder / BUNDLE)
    del found[BUNDLE]
    found |= {f"{BUNDLE}/{name}": content for name, content in bundled.items()}
    totals = published_totals.PublishedTotals(CurrentRegistry(schema))
    for week in weeks:
        totals.show(week)
        found[f"metrics {week.week}"] = generate_latest(published_totals.registry(totals))
    answer = statistics.response(weeks, "")
    found["grpc"] = answer.SerializeToString(deterministic=True)
    found["table"] = table.as_table(answer).encode()
    found["destination"] = destination(database)
    with database.copy_from() as side:
        found["corrections"] = repr(list(side.rows("corrected_weeks"))).encode()
        for name in copying.TABLES:
            if name not in {"weeks", "tokens"}:  # tokens hash under keys drawn at random
                found[name] = repr(list(side.rows(name))).encode()
        for view in audit.VIEWS:
            found[view] = repr(side.connection.execute(f"SELECT * FROM {view}").fetchall()).encode()  # noqa: S608 - our names
    return {name: DRAWN.sub(b"drawn", content) for name, content in found.items()}


def destination(database: SqliteDatabase) -> bytes:
    """All rows of a destination that has been given what it lacked."""
    foreign = Foreign(f"sqlite:///{database.path.with_suffix('.totals')}")
    deliver(foreign.open(), CommandLedger(database, lambda _: False))
    tables = ("weeks", "totals", "retractions")
    rows = [sorted(foreign.rows(f"SELECT * FROM headcount_{each}"), key=repr) for each in tables]  # noqa: S608 - our names
    return repr(rows).encode()


DRAWN = re.compile(
    # Salted hashes, salts, and what is a hash over them; signatures; and the name of a log.
    rb"[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{90}==|[A-Za-z0-9+/]{91}=|\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b"
)


HISTORIES = {
    "a value that was told apart in one": ("php_version", USUAL, FEW),
    "a value that nobody held in one": ("php_version", USUAL, NO_PHP),
    "other releases": ("version", USUAL, OTHER_RELEASES),
    "a text that names somebody": ("note", USUAL, A_NAME),
}


@pytest.mark.parametrize("which", HISTORIES)
@pytest.mark.parametrize("always", [False, True], ids=["one week", "for ever"])
def test_two_histories_that_differ_in_what_is_retracted_leave_the_same_bytes(
    tmp_path: Path, toy: Project, toy_schema: Schema, which: str, *, always: bool
) -> None:
    key, one, other = HISTORIES[which]
    left = []
    for name, week in (("one", one), ("other", other)):
        database = lived(tmp_path / f"{name}.db", toy, toy_schema, week)
        before = surfaces(database, toy_schema, tmp_path / f"{name} before")
        corrections.retract(
            database,
            project="toy",
            key=key,
            week=None if always else W[RETRACTED],
            reason="a mistake",
            today=date(2026, 11, 1),
        )
        after = surfaces(database, toy_schema, tmp_path / f"{name} after")
        left.append((before, after))
        assert b"Ada Lovelace" not in b"".join(after.values()), name
        assert audit_of(database) == ()
    (before_one, after_one), (before_other, after_other) = left
    assert before_one != before_other
    assert {at for at in after_one if after_one[at] != after_other.get(at)} == set()
    assert after_one.keys() == after_other.keys()


def audit_of(database: SqliteDatabase) -> tuple[str, ...]:
    return database.audit().findings


def test_the_command_lists_the_weeks_whose_releases_are_summed_up_first(
    tmp_path: Path, toy: Project, toy_schema: Schema
) -> None:
    database = lived(tmp_path / "headcount.db", toy, toy_schema, USUAL)
    week = f"--week={W[RETRACTED]}"
    what = ("--project=toy", "--key=php_version", "--reason=a mistake", week)
    result = command("retract", "--database", database.path, *what)
    later = [str(week) for week in W[RETRACTED + 1 : -1]]
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:2] == [
        f"releases are summed up in {', '.join(later)}",
        f"toy php_version: taken down from {W[RETRACTED]}",
    ]


@pytest.mark.parametrize("which", HISTORIES)
def test_a_restore_follows_a_retraction_into_later_weeks_as_the_retraction_did(
    tmp_path: Path, toy: Project, toy_schema: Schema, which: str
) -> None:
    key, _, week = HISTORIES[which]
    database = lived(tmp_path / "headcount.db", toy, toy_schema, week)
    backup.back_up(database.path, tmp_path / "backup.db", open_weeks=False)
    before = published_tables.every_week(database)
    what = (f"--key={key}", f"--week={W[RETRACTED]}", "--project=toy", "--reason=a mistake")
    retracted = command("retract", "--database", database.path, *what)
    assert retracted.exit_code == 0, retracted.output
    place = tmp_path / "restored.db"
    former = ("--former", database.path, tmp_path / "backup.db")
    restored = command("restore", "--database", place, *former)
    assert restored.exit_code == 0, restored.output
    after = published_tables.every_week(database)
    assert published_tables.every_week(SqliteDatabase(place)) == after
    later = [each.week for each, was in zip(after, before, strict=True) if each != was]
    assert set(later) > {W[RETRACTED]}, "else nothing later followed from it"

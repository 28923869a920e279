"""A bundle is verified against its log: whatever was changed since is told."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from headcount_server.errors import LogError, ServerError
from headcount_server.log import verification
from headcount_server.log.head import LogHead
from headcount_server.publication import log_leaves
from headcount_server.publication.published import PublishedProject
from headcount_server.publication.published_log import CHECKPOINT, LEAVES, SALTS
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from headcount_server.store import corrections, publication_log, published_tables
from headcount_server.store.connection import Connection
from headcount_server.store.database import Database
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.store.sqlite.store import SqliteStore
from support import random_weeks
from support.older_schema import make_first
from support.published_logs import (
    KEY,
    Files,
    base64_of,
    edited,
    exported,
    files_of,
    resigned,
    with_checksums,
    written,
)
from support.repository import REGISTRY
from support.store_place import Place
from support.toy_weeks import W45, W46, W47, command, lived, lived_apart

WEEK = "weeks/2026-W46.json"
TODAY = date(2026, 11, 20)
PHP = 2


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> SqliteDatabase:
    """Two weeks, the second of which tells releases apart, and all that an operator can say."""
    database = SqliteDatabase(lived_apart(tmp_path / "headcount.db", toy_schema))
    corrections.annotate(database, W45, "An outage of 9 hours.")
    corrections.cover(database, W46, project="toy", installations=4000, source="checks")
    return database


@pytest.fixture(name="files")
def _files(database: Database, toy_schema: Schema, tmp_path: Path) -> Files:
    return files_of(exported(database, toy_schema, tmp_path / "bundle"))


def retract(database: Database) -> None:
    corrections.retract(
        database, project="toy", key="php_version", week=W45, reason="No.", today=TODAY
    )


def told(files: Files, place: Path, since: str = "") -> str:
    """What is told of files that should not be as they are."""
    with pytest.raises(ServerError) as found:
        verification.verify(written(files, place), since=since)
    return str(found.value)


@pytest.mark.slow
def test_what_was_published_is_verified_on_both_stores(
    place: Place, toy_schema: Schema, tmp_path: Path
) -> None:
    where = getattr(place.database, "url", None) or place.database.files[0]
    lived_apart(where, toy_schema)
    old = exported(place.database, toy_schema, tmp_path / "old")
    since = (old / CHECKPOINT).read_text(encoding="utf-8")
    assert verification.verify(old).weeks == 2
    corrections.annotate(place.database, W45, "Once.")
    corrections.annotate(place.database, W45, "Twice.")
    corrections.cover(place.database, W46, project="toy", installations=99, source="checks")
    retract(place.database)
    corrections.cover(place.database, W46, project="toy", installations=0, source="")
    found = verification.verify(
        exported(place.database, toy_schema, tmp_path / "new.zip"), str(KEY.verifier), since
    )
    assert (found.weeks, found.checkpoint.size) == (2, 10)
    assert found.history.unopened == {
        ("2026-W45", "toy"): {"sums 2", "partition 2", "places 2"},
        ("2026-W46", "toy"): {"partition 2", "places 2"},
    }
    assert place.audit().findings == ()


@pytest.mark.slow
def test_weeks_of_every_shipped_key_are_verified(tmp_path: Path) -> None:
    database, shipped = SqliteDatabase(tmp_path / "headcount.db"), schema.load(REGISTRY)
    random_weeks.live(database.path, shipped, [W45, W46, W47], 300)
    assert verification.verify(exported(database, shipped, tmp_path / "before")).weeks == 3
    for key in ("php_version", "version"):
        corrections.retract(
            database, project="backdrop", key=key, week=W45, reason="No.", today=TODAY
        )
    assert verification.verify(exported(database, shipped, tmp_path / "after")).weeks == 3


def digits(value: dict[str, Any] | list[Any]) -> Iterator[tuple[list[str | int], Any]]:
    """The places in a JSON document of texts and numbers that have a digit."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for at, part in parts:
        if isinstance(part, dict | list):
            yield from (([at, *rest], its) for rest, its in digits(part))
        elif re.search("[0-9]", str(part)) and not isinstance(part, bool):
            yield [at], part


def with_another_digit(document: object, place: list[str | int], value: str | int) -> str:
    found = json.loads(json.dumps(document))
    within = found
    for step in place[:-1]:
        within = within[step]
    kind = type(value)
    within[place[-1]] = kind(
        re.sub("[0-9]", lambda digit: str((int(digit[0]) + 1) % 10), str(value), count=1)
    )
    return json.dumps(found)


@pytest.mark.slow
def test_one_digit_of_a_week_that_the_operator_changed_is_told(
    files: Files, tmp_path: Path
) -> None:
    document = json.loads(files[WEEK])
    places = list(digits(document))
    assert len(places) > 50
    # All numbers of one value and key are alike, so every third place is enough.
    for number, (at, value) in enumerate(places[::3]):
        forged = resigned({**files, WEEK: with_another_digit(document, at, value).encode()})
        assert told(forged, tmp_path / f"forged-{number}"), at


@pytest.mark.parametrize("name", ["statistics.csv", "registry.json", "policy.json", LEAVES, SALTS])
def test_one_digit_of_another_file_is_told(files: Files, tmp_path: Path, name: str) -> None:
    forged = edited(files, name, lambda text: re.sub("[1-8]", "9", text, count=1))
    assert "was changed" in told(forged, tmp_path / "plain")
    assert "was changed" in told(with_checksums(forged), tmp_path / "with checksums")
    if name != "policy.json":  # it tells of weeks to come, and the operator may change it
        assert told(resigned(forged), tmp_path / "signed")


def test_a_seal_and_a_head_that_another_key_signed_are_told(files: Files, tmp_path: Path) -> None:
    for number, name in enumerate((CHECKPOINT, "log/seal")):
        forged = edited(files, name, lambda text: text.replace("— ", "- "))
        assert "not signed by" in told(with_checksums(forged), tmp_path / str(number))


@pytest.mark.slow
@pytest.mark.parametrize("value", [7, None])
def test_a_malformed_leaf_is_told_in_words(files: Files, tmp_path: Path, value: object) -> None:
    lines = files[LEAVES].decode().splitlines()
    for number, line in enumerate(lines):
        # For which weeks a log does not vouch, it alone can say.
        for name in json.loads(line).keys() - {"after"}:
            forged = {**json.loads(line), name: value}
            changed = [*lines[:number], json.dumps(forged), *lines[number + 1 :]]
            text = "".join(f"{each}\n" for each in changed)
            place = tmp_path / f"{number}-{name}"
            assert told(resigned({**files, LEAVES: text.encode()}), place)


@pytest.mark.slow
@pytest.mark.parametrize("week", ["", "2026-W99", "x"])
def test_a_week_that_does_not_exist_is_told_in_words(
    files: Files, tmp_path: Path, week: str
) -> None:
    forged = edited(files, WEEK, lambda text: text.replace('"2026-W46"', f'"{week}"'))
    assert "a week of the bundle cannot be read" in told(resigned(forged), tmp_path / "forged")


def without_leaf(files: Files, number: int) -> Files:
    """The files as an operator leaves a leaf out, and counts the salts anew."""
    leaves = files[LEAVES].decode().splitlines(keepends=True)
    del leaves[number]
    salts = [json.loads(line) for line in files[SALTS].decode().splitlines()]
    kept = [
        {**its, "leaf": its["leaf"] - (its["leaf"] > number)}
        for its in salts
        if its["leaf"] != number
    ]
    return resigned(
        {
            **files,
            LEAVES: "".join(leaves).encode(),
            SALTS: "".join(f"{json.dumps(its)}\n" for its in kept).encode(),
        }
    )


@pytest.mark.parametrize("number", range(7))
def test_a_leaf_that_is_left_out_is_told(files: Files, tmp_path: Path, number: int) -> None:
    assert len(files[LEAVES].splitlines()) == 7
    assert told(without_leaf(files, number), tmp_path / "forged")


def test_a_week_that_is_left_out_with_its_leaves_is_told_by_an_older_checkpoint(
    files: Files, tmp_path: Path, database: Database, toy_schema: Schema
) -> None:
    since = files[CHECKPOINT].decode()
    with database.writing() as connection:
        connection.execute("DELETE FROM log_leaves WHERE number > 4")
        connection.execute("DELETE FROM log_salts WHERE number > 4")
        connection.execute("DELETE FROM annotations")
        connection.execute("DELETE FROM coverages")
    shorter = exported(database, toy_schema, tmp_path / "shorter")
    assert verification.verify(shorter).checkpoint.size == 5
    with pytest.raises(LogError, match="the log has 5 leaves, and had 7"):
        verification.verify(shorter, since=since)


def forge(connection: Connection) -> None:
    connection.execute("UPDATE published_reports SET reports = reports + 5 WHERE week = '2026-W45'")


def again(connection: Connection) -> None:
    """Write the whole log anew, from what stands in the database."""
    for week in (W45, W46):
        publication_log.record(connection, week, 5)


def test_a_number_that_is_changed_in_the_database_is_told(
    database: Database, toy_schema: Schema, tmp_path: Path
) -> None:
    with database.writing() as connection:
        forge(connection)
    with pytest.raises(LogError, match="2026-W45 toy: reports: not what was published"):
        verification.verify(exported(database, toy_schema, tmp_path / "forged"))


@pytest.mark.slow
@pytest.mark.parametrize("same_name", [True, False])
def test_a_log_that_is_begun_anew_is_told_by_an_older_checkpoint(
    files: Files, database: Database, toy_schema: Schema, tmp_path: Path, *, same_name: bool
) -> None:
    since = files[CHECKPOINT].decode()
    with database.writing() as connection:
        forge(connection)
        first = publication_log.leaf(connection, 0)
        connection.execute("DELETE FROM log_salts")
        connection.execute("DELETE FROM log_leaves")
        if same_name:
            connection.execute("INSERT INTO log_leaves VALUES (0, ?)", (first,))
        again(connection)
    forged = files_of(exported(database, toy_schema, tmp_path / "forged"))
    if same_name:
        why = "the first 7 leaves are not those of the older checkpoint"
        assert verification.verify(written(forged, tmp_path / "alone")).weeks == 2
    else:
        why = "the log was begun anew"
    assert why in told(forged, tmp_path / "told", since)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda week: week.pop("annotation"), "note: text: not what was published"),
        (lambda week: week.pop("coverages"), "toy: installations: not what was published"),
        (lambda week: week["projects"].clear(), "toy: missing, although the log has it"),
        (lambda week: week["projects"][0]["keys"].pop(), "missing, although the log has it"),
        (lambda week: week["projects"][0]["tooFew"].pop(), "too few answered it, or not"),
        (
            lambda week: (
                week["projects"][0]
                .setdefault("retractions", [])
                .append({"key": "note", "reason": "x", "date": "2026-11-01", "number": 8})
            ),
            "the notice of its retraction",
        ),
        (lambda week: week["projects"][0]["keys"][0].update(key="x"), "was never called x"),
        (lambda week: week.update(rule=1), "its threshold or rule is another one"),
    ],
)
def test_what_is_no_number_is_compared_too(
    database: Database,
    toy_schema: Schema,
    tmp_path: Path,
    edit: Callable[[dict[str, list[dict[str, object]]]], object],
    why: str,
) -> None:
    corrections.annotate(database, W46, "Fine.")
    files = files_of(exported(database, toy_schema, tmp_path / "bundle"))

    def change(text: str) -> str:
        week = json.loads(text)
        edit(week)
        return json.dumps(week)

    assert why in told(resigned(edited(files, WEEK, change)), tmp_path / "forged")


@pytest.mark.slow
def test_a_week_that_nobody_published_and_one_that_is_missing_are_told(
    files: Files, tmp_path: Path
) -> None:
    invented = {**files, "weeks/2026-W47.json": files[WEEK].replace(b"2026-W46", b"2026-W47")}
    assert "2026-W47: not in the log" in told(resigned(invented), tmp_path / "more")
    fewer = {name: content for name, content in files.items() if name != WEEK}
    assert "2026-W46: missing, although the log has it" in told(resigned(fewer), tmp_path / "less")


def served(database: Database, toy_schema: Schema, place: Path) -> str:
    return "\n".join(
        content.decode(errors="replace")
        for content in files_of(exported(database, toy_schema, place)).values()
    )


def matches(found: str, project: PublishedProject) -> set[str]:
    """Hashes of a retracted key, for every multiple that it can have had, that are served."""
    salts = [b""] + [
        b64decode(salt)
        for line in found.splitlines()
        if line.startswith('{"leaf"')
        for salt in json.loads(line)["salts"].values()
    ]
    contents = log_leaves.contents(project, 5)
    # Its places are none, as those of another key that stays.
    sums, partition = (contents[f"{kind} {PHP}"] for kind in ("sums", "partition"))
    assert isinstance(sums, dict)
    guesses = [
        sums,
        partition,
        *({**sums, "carried": n} for n in range(0, 245, 5)),
        *range(0, 245, 5),
    ]
    texts = [log_leaves.text(guess).encode() for guess in guesses]
    texts += [str(n).encode() for n in range(0, 245, 5)]
    hashes = {base64_of(salt + text) for salt in salts for text in texts}
    reports = {base64_of(salt + b"240") for salt in salts}  # which stay published
    return {its for its in hashes - reports if its in found}


@pytest.mark.slow
def test_no_hash_of_any_multiple_matches_what_is_served_after_a_retraction(
    database: Database, toy_schema: Schema, tmp_path: Path
) -> None:
    (before,) = published_tables.every_week(database)[-1].projects
    # Both weeks have the same sums.
    assert len(matches(served(database, toy_schema, tmp_path / "before"), before)) == 3
    with database.reading() as connection:
        salts = json.loads(next(publication_log.salts(connection, 3)))["salts"]
    corrections.retract(
        database, project="toy", key="php_version", week=None, reason="No.", today=TODAY
    )
    after = served(database, toy_schema, tmp_path / "after")
    assert matches(after, before) == set()
    assert salts["reports"] in after
    gone = {salts[f"{kind} {PHP}"] for kind in ("sums", "partition", "places")}
    assert not [salt for salt in gone if salt in after]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("headcount.db*") if path.is_file())
    assert not [salt for salt in gone if salt.encode() in kept]


@pytest.mark.slow
def test_a_part_that_is_hidden_without_a_retraction_is_told(
    database: Database, toy_schema: Schema, tmp_path: Path
) -> None:
    with database.writing() as connection:
        rows = connection.execute("SELECT number, salts FROM log_salts WHERE kind = 'totals'")
        number, salts = rows.fetchall()[0]
        left = {part: its for part, its in json.loads(salts).items() if part != "sums 3"}
        connection.execute(
            "UPDATE log_salts SET salts = ? WHERE number = ?", (json.dumps(left), number)
        )
    with pytest.raises(LogError, match="sums 3: cannot be compared, and no retraction says why"):
        verification.verify(exported(database, toy_schema, tmp_path / "forged"))


@pytest.mark.slow
def test_weeks_from_before_the_log_are_said_not_to_be_vouched_for(
    tmp_path: Path, toy_schema: Schema
) -> None:
    database = SqliteDatabase(make_first(tmp_path))
    store = SqliteStore(database.path)
    assert LogHead(database.reading, KEY).read() is None
    store.close_week(W47, W47.end)
    store.close()
    place = exported(database, toy_schema, tmp_path / "bundle")
    assert verification.verify(place).history.after == "2026-W46"
    result = command("verify", place)
    assert "1 week: every number is what was published" in result.output
    assert "weeks up to 2026-W46 are from before this log" in result.output


@pytest.mark.slow
def test_a_key_that_is_withheld_for_ever_is_verified_with_its_notices(
    tmp_path: Path, toy_schema: Schema
) -> None:
    database = SqliteDatabase(lived(tmp_path / "headcount.db", toy_schema))
    corrections.retract(
        database, project="toy", key="php_version", week=None, reason="Never.", today=TODAY
    )
    store = SqliteStore(database.path)
    store.close_week(W47, W47.end)
    store.close()
    found = verification.verify(exported(database, toy_schema, tmp_path / "bundle"))
    assert found.weeks == 3


@pytest.mark.slow
def test_the_command_keeps_checkpoints_and_compares_them(
    files: Files, database: Database, toy_schema: Schema, tmp_path: Path
) -> None:
    kept, place = tmp_path / "checkpoint", written(files, tmp_path / "first")
    trusted = tmp_path / "key"
    trusted.write_text(f"{KEY.verifier}\n", encoding="ascii")
    first = command("verify", place, "--key", trusted, "--keep", kept)
    assert first.exit_code == 0, first.output
    assert kept.read_bytes() == files[CHECKPOINT]
    retract(database)
    second = exported(database, toy_schema, tmp_path / "second.zip")
    flags = ("--key", KEY.verifier.fingerprint, "--since", kept, "--keep", kept)
    result = command("verify", second, *flags)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-3:] == [
        "retracted: toy php_version in 2026-W45: No.",
        "not compared, since it was taken down: 2026-W45 toy partition 2, places 2, sums 2",
        "not compared, since it was taken down: 2026-W46 toy partition 2, places 2",
    ]
    back = command("verify", place, *flags)
    assert back.exit_code == 1
    assert "the log has 7 leaves, and had 8" in back.output
    other = command("verify", place, "--key", "SHA256:other")
    assert f"the key is {KEY.verifier.fingerprint}, not SHA256:other" in other.output


@pytest.mark.slow
def test_a_bundle_without_a_log_is_said_to_have_none(
    database: SqliteDatabase, toy_registry: Path, tmp_path: Path
) -> None:
    place = tmp_path / "bundle.zip"
    done = command("export", "--database", database.path, "--registry", toy_registry, place)
    assert done.exit_code == 0, done.output
    result = command("verify", place)
    assert result.exit_code == 1
    assert result.output == f"Error: {place}: has no signed log, so nobody vouches for it\n"


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_static_site_carries_the_log_and_can_be_written_from_a_bundle(
    database: SqliteDatabase, toy_registry: Path, tmp_path: Path
) -> None:
    KEY.write(tmp_path / "key")
    made = ("--database", database.path, "--registry", toy_registry, "--log-key", tmp_path / "key")
    for words in (
        ("export", *made, tmp_path / "bundle.zip"),
        ("site", *made, "--out", tmp_path / "one"),
        ("site", "--from", tmp_path / "bundle.zip", "--out", tmp_path / "two"),
        ("verify", tmp_path / "two" / "data" / "bundle.zip"),
    ):
        result = command(*words)
        assert result.exit_code == 0, result.output
    one, two = (
        {str(path.relative_to(place)): path.read_bytes() for path in files_in(place)}
        for place in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert f"{KEY.verifier.fingerprint}" in one["privacy/index.html"].decode()
    assert json.loads(one["log/leaf/1"])["week"] == "2026-W45"
    assert {"log/checkpoint", "log/proof/inclusion/6", "log/proof/consistency/5"} <= one.keys()

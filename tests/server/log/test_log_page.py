"""What docs/operators/log.md offers works as it is typed, over HTTP too, and after a restore."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.config import Config
from headcount_server.log import verification
from headcount_server.log.notes import VerifierKey
from headcount_server.publication.published_log import CHECKPOINT
from headcount_server.registry.schema import Schema
from headcount_server.store import corrections
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.database import SqliteDatabase
from support.public_walk import fetched
from support.published_logs import KEY, exported
from support.repository import ROOT
from support.toy_weeks import W45, W46, command, lived

PAGE = (ROOT / "docs" / "operators" / "log.md").read_text(encoding="utf-8")
BLOCKS = [block.splitlines() for block in re.findall(r"```(?:sh)?\n(.*?)```", PAGE, re.DOTALL)]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a folder on a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run(line: str, **changes: str) -> str:
    for name, here in changes.items():
        line = line.replace({"site": "https://stats.example.org"}[name], here)
    result = command(*shlex.split(line)[1:])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_commands_of_the_page_make_a_key_and_let_a_witness_watch(
    tmp_path: Path, toy_registry: Path, toy_schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lived(tmp_path / "headcount.db", toy_schema)
    (tmp_path / "registry.binpb").write_bytes(toy_registry.read_bytes())
    (make,), (export, verify), (_, begin), (cron,) = BLOCKS
    key = re.findall(r"key +(\S+)", run(make))[-1]
    run(export)
    assert "which nobody compared" in run(verify)
    (tmp_path / "stats.key").write_text(f"{key}\n", encoding="ascii")
    written = ("--database=headcount.db", "--registry=registry.binpb", "--log-key=log.key")
    repeated = cron[cron.index("headcount-server") :]
    assert command("site", *written, "--out=public").exit_code == 0
    with serving(tmp_path / "public") as site:
        assert VerifierKey.parse(key).fingerprint in run(begin, site=site)
        run(repeated, site=site)
    corrections.annotate(SqliteDatabase(tmp_path / "headcount.db"), W45, "An outage.")
    assert command("site", *written, "--out=public").exit_code == 0
    before = (tmp_path / "stats.checkpoint").read_bytes()
    with serving(tmp_path / "public") as site:
        run(repeated, site=site)
        gone = command("verify", f"{site}/nothing.zip")
    assert "nothing.zip: " in gone.output
    assert gone.exit_code == 1
    assert (tmp_path / "stats.checkpoint").read_bytes() != before


@pytest.fixture(name="config")
def _config(config: Config) -> Config:

    return replace(config, log_key=KEY)


def test_a_server_shows_the_log_and_appends_to_it_at_the_close(
    running: App,
    submit: Callable[..., object],
    said: Callable[..., bytes],
    at: Callable[[str], None],
    tmp_path: Path,
) -> None:
    for number in range(11):
        submit(said(version={"value": "1.30"}, php_version={"value": "8.2"}), number)
    at("2026-11-25T00:00:00Z")
    site = f"http://{running.public}"
    result = command("verify", site, "--key", str(KEY.verifier), "--keep", tmp_path / "kept")
    assert result.exit_code == 0, result.output
    corrections_of_a_running_server = ("--week=2026-W47", "An outage.")
    database = running._config.database.files[0]
    done = command("annotate", "--database", database, *corrections_of_a_running_server)
    assert done.exit_code == 0, done.output
    again = command("verify", site, "--since", tmp_path / "kept")
    assert again.exit_code == 0, again.output
    assert again.output != result.output
    checkpoint, proof = (
        fetched(str(running.public), "GET", f"/log/{address}").body.decode()
        for address in ("checkpoint", "proof/inclusion/1")
    )
    assert proof.startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
    assert proof.endswith(f"\n\n{checkpoint}")
    for address in ("/log/leaf/99", "/log/leaf/-1", "/log/leaf/01", "/log/proof/consistency/99"):
        assert fetched(str(running.public), "GET", address).status == 404


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> SqliteDatabase:
    return SqliteDatabase(lived(tmp_path / "headcount.db", toy_schema))


def restored(tmp_path: Path, *flags: str | Path) -> SqliteDatabase:
    place = tmp_path / "restored.db"
    result = command("restore", "--database", place, *flags, tmp_path / "backup.db")
    assert result.exit_code == 0, result.output
    assert ("a new log of publications begins" in result.output) == (
        exported_size(SqliteDatabase(place)) == 1
    )
    return SqliteDatabase(place)


def exported_size(database: SqliteDatabase) -> int:
    with database.reading() as connection:
        (size,) = connection.execute("SELECT count(*) FROM log_leaves").fetchone()
    return int(size)


def back_up(database: SqliteDatabase, tmp_path: Path) -> None:
    done = command("backup", "--database", database.path, tmp_path / "backup.db")
    assert done.exit_code == 0, done.output


def test_a_log_goes_on_after_a_restore_if_nothing_was_published_since(
    database: SqliteDatabase, toy_schema: Schema, tmp_path: Path
) -> None:
    since = (exported(database, toy_schema, tmp_path / "old") / CHECKPOINT).read_text("utf-8")
    back_up(database, tmp_path)
    new = restored(tmp_path, "--former", database.path)
    corrections.annotate(new, W46, "Restored.")
    found = verification.verify(exported(new, toy_schema, tmp_path / "new"), since=since)
    assert found.weeks == 2


@pytest.mark.parametrize("flag", ["", "--former", "--bundle"])
def test_a_new_log_says_for_which_weeks_it_cannot_vouch(
    database: SqliteDatabase, toy_schema: Schema, tmp_path: Path, flag: str
) -> None:
    back_up(database, tmp_path)
    corrections.retract(
        database,
        project="toy",
        key="php_version",
        week=W45,
        reason="No.",
        today=W46.end.date(),
    )
    bundle = exported(database, toy_schema, tmp_path / "old")
    shown = {"": (), "--former": (flag, database.path), "--bundle": (flag, bundle)}[flag]
    new = restored(tmp_path, *shown)
    place = exported(new, toy_schema, tmp_path / "new")
    found = verification.verify(place)
    assert (found.weeks, found.history.after) == (0, "2026-W46")
    assert found.history.former["size"] == (6 if flag else 5)
    kept = command("verify", place, "--since", bundle / CHECKPOINT)
    assert kept.exit_code == 1
    assert "the log was begun anew" in kept.output
    assert "it says that a restore did so on" in kept.output
    with new.reading() as connection:
        rows = connection.execute("SELECT week FROM retractions").fetchall()
    assert rows == ([("2026-W45",)] if flag else [])
    site = ("--from", place, "--out", tmp_path / "site")
    assert command("site", *site).exit_code == 0
    page = (tmp_path / "site" / "privacy" / "index.html").read_text(encoding="utf-8")
    assert "It cannot vouch for weeks up to 2026-W46." in page


def test_a_dump_that_was_restored_on_postgresql_begins_a_new_log(
    emptied_url: PostgresUrl, toy_schema: Schema, tmp_path: Path
) -> None:
    database = PostgresDatabase(lived(emptied_url, toy_schema))
    database.open_store().close()
    before = exported(database, toy_schema, tmp_path / "old")
    with connected(emptied_url) as connection:
        connection.execute("DELETE FROM headcount_open.identity")  # dumps leave it out
    database.open_store().close()
    after = exported(database, toy_schema, tmp_path / "new")
    found = verification.verify(after).history
    assert (found.after, found.former["size"]) == ("2026-W46", 5)
    kept = command("verify", after, "--since", before / CHECKPOINT)
    assert "the log was begun anew" in kept.output

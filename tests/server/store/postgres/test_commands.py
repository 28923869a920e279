"""Every command on a PostgreSQL database says and writes what it does on a SQLite file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from headcount_server.registry.schema import Schema
from headcount_server.store.open import parse
from headcount_server.store.postgres import schema
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.published_tables import every_week
from headcount_server.week import Week
from support import postgres_server
from support.toy_weeks import W45, W46, W47, command, database_at, lived

DUMPED = "--exclude-table-data=headcount_*.*"
"""What docs/operators/postgresql.md and `backup` tell to leave out."""


@pytest.fixture(name="file")
def _file(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


@pytest.fixture(name="url")
def _url(emptied_url: PostgresUrl, toy_schema: Schema) -> PostgresUrl:
    return lived(emptied_url, toy_schema)


CORRECTIONS = [
    ["annotate", "--week", "2026-W45", "An outage on Tuesday."],
    ["annotate", "--week", "2026-W45", "An outage on Wednesday."],
    ["coverage", "--project=toy", "--week=2026-W45", "--installations=9", "--source=Guessed."],
    ["coverage", "--project=toy", "--week=2026-W45", "--installations=90", "--source=Checks."],
    ["coverage", "--project=toy", "--week=2026-W46", "--installations=90", "--source=Checks."],
    ["coverage", "--project=toy", "--week=2026-W46", "--installations=0"],
    ["retract", "--project", "toy", "--key", "multisite", "--week", "2026-W46", "--reason", "No."],
    ["retract", "--project", "toy", "--key", "version", "--reason", "Too fine."],
    ["retract", "--project", "toy", "--key", "version", "--reason", "Far too fine."],
]
WRONG = [
    ["annotate", "--week", "2026-W01", "Unknown."],
    ["coverage", "--project=nobody", "--week=2026-W45", "--installations=9", "--source=No."],
    ["coverage", "--project=toy", "--week=2026-W01", "--installations=9", "--source=No."],
    ["retract", "--project", "toy", "--key", "nothing", "--reason", "No."],
    ["retract", "--project", "nobody", "--key", "version", "--reason", "No."],
    ["discard", "--week", "2026-W46"],
]
QUESTIONS = [
    ["statistics", "--week", "all", "--format", "csv"],
    ["statistics", "--week", "all", "--format", "json"],
    ["statistics", "--week", "2026-W45"],
    ["statistics", "--project", "nobody"],
]


def _said(database: Path | PostgresUrl, arguments: list[str]) -> tuple[int, str]:
    name, *rest = arguments
    result = command(name, "--database", database, *rest)
    return result.exit_code, result.output.replace(str(database), "DATABASE")


def _files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_statistics_corrections_and_exports_are_the_same_on_both(
    file: Path, url: PostgresUrl, toy_registry: Path, tmp_path: Path
) -> None:
    for arguments in [*QUESTIONS, *CORRECTIONS, *WRONG, *QUESTIONS]:
        assert _said(url, arguments) == _said(file, arguments), arguments
    for database, place in ((file, tmp_path / "sqlite"), (url, tmp_path / "postgres")):
        registry = ("--registry", toy_registry)
        exported = command("export", "--database", database, *registry, place / "bundle")
        assert exported.exit_code == 0, exported.output
        site = command("site", "--database", database, *registry, "--out", place / "site")
        assert site.exit_code == 0, site.output
        assert command("check", "--database", database).exit_code == 0
    assert _files(tmp_path / "sqlite") == _files(tmp_path / "postgres")


def test_a_retracted_key_is_gone_from_the_open_week_and_from_its_publication(
    file: Path, url: PostgresUrl
) -> None:
    released = []
    for database in (file, url):
        result = _said(database, CORRECTIONS[-1])
        assert result[0] == 0, result
        store = database_at(database).open_store()
        store.close_week(W47, W47.end)
        released.append(store.published(W47, W47, 1))
        store.close()
    assert released[0] == released[1]
    (project,) = released[0][0].projects
    assert project.publication.reports == 5
    assert not [cell for cell in project.publication.values if cell.release]


def test_a_running_server_hears_of_a_correction(url: PostgresUrl) -> None:
    store = PostgresStore(url)
    assert not store.may_have_changed()
    assert command("annotate", "--database", url, "--week", "2026-W45", "Read this.").exit_code == 0
    assert store.may_have_changed()
    assert store.refresh()
    assert store.published(W45, W45, 1)[0].annotation == "Read this."
    store.close()


def test_a_retraction_writes_the_published_tables_anew_so_that_no_page_keeps_it(
    url: PostgresUrl,
) -> None:
    def files() -> list[str]:
        with connected(url) as connection:
            query = "SELECT pg_relation_filepath(%s)"
            tables = ("published_answers", "published_values", "published_reports")
            found = [connection.execute(query, (table,)).fetchone() for table in tables]
        return [str(row) for row in found]

    before = files()
    assert _said(url, CORRECTIONS[-1])[0] == 0
    assert not set(before) & set(files())


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_backup_and_restore_name_the_programs_of_postgresql(
    postgres_url: PostgresUrl, tmp_path: Path, name: str
) -> None:
    result = command(name, "--database", postgres_url, tmp_path / "copy")
    assert result.exit_code == 1
    assert "use pg_dump and pg_restore" in result.output
    assert DUMPED.replace("=", "='") + "'" in result.output
    assert not (tmp_path / "copy").exists()


def test_prepare_makes_the_tables_once_and_says_what_it_did(postgres_url: PostgresUrl) -> None:
    result = command("database", "prepare", "--database", postgres_url)
    assert result.exit_code == 0, result.output
    steps = len(schema.STEPS)
    assert f"{postgres_url}: schema {steps}, {steps} steps taken" in result.output
    again = command("database", "prepare", "--database", postgres_url)
    assert f"{postgres_url}: schema {steps}, as it was" in again.output
    assert "Citus" in again.output


def test_a_database_of_an_older_program_gets_the_missing_steps_and_keeps_what_it_has(
    postgres_url: PostgresUrl, toy_schema: Schema
) -> None:
    lived(postgres_url, toy_schema)
    with connected(postgres_url) as connection:  # back to what four steps had made
        connection.execute("DROP VIEW headcount.published_coverages")
        made = ("coverages", "corrected_weeks", "deliveries", "log_leaves", "log_salts", "schemas")
        for table in made:
            connection.execute(f"DROP TABLE headcount.{table}".encode())
        connection.execute("DELETE FROM headcount.schema_steps WHERE name >= '005'")
    result = command("statistics", "--database", postgres_url)
    assert "its schema is version 4" in result.output
    PostgresStore(postgres_url).close()
    said = _said(postgres_url, ["coverage", *CORRECTIONS[2][1:]])
    assert said == (0, "toy 2026-W45: 9 installations, source: Guessed.\n")
    found = every_week(database_at(postgres_url))
    assert [week.week for week in found] == [W46, W45]
    assert [each.installations for each in found[1].coverages] == [9]
    assert command("check", "--database", postgres_url).exit_code == 0


def test_prepare_is_for_postgresql_alone(tmp_path: Path) -> None:
    result = command("database", "prepare", "--database", tmp_path / "headcount.db")
    assert result.exit_code == 1
    assert "a SQLite file needs no preparing" in result.output


def test_a_database_without_our_tables_is_refused_with_the_remedy(
    postgres_url: PostgresUrl,
) -> None:
    result = command("statistics", "--database", postgres_url)
    assert result.exit_code == 1
    assert "headcount has no tables there; `headcount-server database prepare`" in result.output


def test_a_server_that_is_not_there_is_told_in_one_sentence_without_the_password() -> None:
    url = "postgresql://someone:secret@127.0.0.1:1/nothing"
    result = command("check", "--database", url)
    assert result.exit_code == 1
    assert "Error: postgresql://someone@127.0.0.1:1/nothing: " in result.output
    assert "secret" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u@h/d"),
        (
            "postgres://u:p@h,i:5/d?password=p&sslmode=require",
            "postgresql://u@h,i:5/d?sslmode=require",
        ),
        ("POSTGRESQL://u:p@[::1]:5/d", "postgresql://u@[::1]:5/d"),
        ("postgresql://h/d?sslpassword=p%40&sslkey=a", "postgresql://h/d?sslkey=a"),
        ("postgresql://h/d?pass%77ord=p", "postgresql://h/d"),
        ("postgresql:///d?host=/run", "postgresql:///d?host=/run"),
        ("headcount.db", "headcount.db"),
    ],
)
def test_a_database_is_shown_without_its_password(text: str, shown: str) -> None:
    assert str(parse(text)) == shown
    assert "p@" not in repr(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:se/cret@h/d",
        "postgresql://u:1234/cret@h/d",
        "postgresql://u:p@cret@h/d",
        "postgresql://u:p?cret@h/d",
        "postgresql://u:%ZZcret@h/d",
        "postgresql://u:cret@[::1/d",
        "postgresql://h/d?no_such_setting=cret",
        "host=h password=cret dbname=d",
        "  password = cret host=h",
    ],
)
@pytest.mark.parametrize("more", [("check",), ("serve", "--registry=r", "--show-config")])
def test_a_url_that_is_none_is_refused_with_a_remedy_and_without_the_password(
    text: str, more: tuple[str, ...]
) -> None:
    result = command(*more, "--database", text)
    assert result.exit_code == 1
    assert "Error: --database: " in result.output
    assert "postgresql://USER@HOST/NAME" in result.output
    assert "cret" not in result.output


@pytest.mark.slow
def test_without_the_driver_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from headcount_server.cli import main\n"
        "main(['check', '--database', 'postgresql://h/d'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'headcount-server[postgresql]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_server_on_sqlite_does_without_the_driver() -> None:
    script = (
        "import sys, headcount_server.cli, headcount_server.app\n"
        "assert not [name for name in sys.modules if name.startswith('psycopg')]"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.fixture(name="home")
def _home(own: postgres_server.PostgresServer, toy_schema: Schema) -> PostgresUrl:
    """A database of that server, with closed weeks and an open one."""
    with psycopg.connect(own.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS home WITH (FORCE)")
        connection.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        connection.execute("CREATE DATABASE home")
        connection.execute("CREATE DATABASE restored")
    return lived(PostgresUrl(own.url("home")), toy_schema)


def test_a_dump_as_documented_holds_what_is_published_and_nothing_of_open_weeks(
    own: postgres_server.PostgresServer, home: PostgresUrl, toy_schema: Schema
) -> None:
    dump, programs = own.directory / "dump", postgres_server.binaries()
    own.run([programs / "pg_dump", "--format=custom", DUMPED, f"--file={dump}", home.text])
    own.run([programs / "pg_dump", "--format=plain", DUMPED, f"--file={dump}.sql", home.text])
    text = Path(f"{dump}.sql").read_text(encoding="utf-8")
    store = PostgresStore(home)
    opened = store._known.weeks[W47]
    assert "77.31" not in text
    assert opened.key.hex() not in text
    restored = PostgresUrl(own.url("restored"))
    own.run([programs / "pg_restore", "--exit-on-error", f"--dbname={restored.text}", dump])
    again = PostgresStore(restored)
    assert again.published(None, None, 9) == store.published(None, None, 9) != []
    assert again.open_weeks() == {}
    again.open_week(W47, opened.terms, toy_schema)
    assert again._known.weeks[W47].key != opened.key
    assert command("check", "--database", restored).exit_code == 0
    again.close()
    store.close()


def test_after_the_close_no_table_file_holds_tokens_rare_values_or_the_key(
    own: postgres_server.PostgresServer, home: PostgresUrl
) -> None:
    """The write-ahead log does, until it is recycled: docs/operators/postgresql.md says so."""
    store = PostgresStore(home)
    key = store._known.weeks[W47].key
    with connected(home) as connection:
        connection.execute("ANALYZE")
        (token,) = connection.execute("SELECT token FROM tokens LIMIT 1").fetchone() or ("",)
        connection.execute("CHECKPOINT")
    planted = {"key": key, "token": bytes.fromhex(token.replace("-", "")), "value": b"77.31"}

    def there() -> list[str]:
        files = _files(own.data / "base").values()
        return [name for name, trace in planted.items() if any(trace in file for file in files)]

    assert there() == ["key", "token", "value"]
    store.close_week(W47, W47.end)
    with connected(home) as connection:
        connection.execute("CHECKPOINT")
    assert there() == []
    assert [week.week for week in store.published(None, None, 1)] == [Week(2026, 47)]
    store.close()


def test_a_role_that_reads_the_views_reads_nothing_else(
    own: postgres_server.PostgresServer, home: PostgresUrl, file: Path
) -> None:
    views = ("published_totals", "published_weeks", "published_retractions")
    with psycopg.connect(home.text, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS grafana")
        connection.execute("CREATE ROLE grafana LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA headcount TO grafana")
        for view in views:
            connection.execute(f"GRANT SELECT ON headcount.{view} TO grafana".encode())
    reader = home.text.replace(postgres_server.USER, "grafana")
    with (
        psycopg.connect(reader, autocommit=True) as connection,
        closing(sqlite3.connect(file)) as same,
    ):
        for view in views:
            columns = connection.execute(f"TABLE headcount.{view}".encode()).description or []
            other = same.execute(f"SELECT * FROM {view}").description  # noqa: S608
            assert [column.name for column in columns] == [column[0] for column in other]
        refused = 0
        for table in ("headcount_open.tokens", "headcount_secret.week_keys", "headcount.weeks"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"TABLE {table}".encode())
            refused += 1
        assert refused == 3
        total = connection.execute(
            "SELECT sum(reports)::int FROM headcount.published_totals"
            " WHERE measure = 'reports' AND week = %s",
            (str(W46),),
        ).fetchone()
    assert total == (20,)
    with psycopg.connect(own.url("home"), autocommit=True) as connection:
        connection.execute("DROP OWNED BY grafana")
        connection.execute("DROP ROLE grafana")

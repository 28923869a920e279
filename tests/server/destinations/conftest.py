"""Places for published totals: a database of each kind that is tried, empty at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from headcount_server.registry.schema import Schema
from support.foreign_database import Foreign
from support.mariadb_server import MariadbServer
from support.toy_weeks import lived


@pytest.fixture(name="mariadb_totals")
def _mariadb_totals(mariadb: MariadbServer) -> Foreign:
    return Foreign(mariadb.url(mariadb.new_database()))


@pytest.fixture(
    name="foreign",
    params=[
        "sqlite",
        pytest.param("mariadb", marks=pytest.mark.slow),
        pytest.param("postgresql", marks=pytest.mark.slow),
    ],
)
def _foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Foreign]:
    match request.param:
        case "sqlite":
            yield Foreign(f"sqlite:///{tmp_path / 'totals.db'}")
        case "mariadb":
            yield request.getfixturevalue("mariadb_totals")
        case _:
            url: str = request.getfixturevalue("postgres_server")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("DROP DATABASE IF EXISTS totals_of_headcount")
                connection.execute("CREATE DATABASE totals_of_headcount")
            base = url.rpartition("/")[0].replace("postgresql", "postgresql+psycopg", 1)
            yield Foreign(f"{base}/totals_of_headcount")


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    """Two published weeks of the toy project and an open one."""
    return lived(tmp_path / "headcount.db", toy_schema)


@pytest.fixture(name="credentials")
def _credentials(tmp_path: Path) -> Callable[[str], Path]:
    """A file with a URL and its password, which only its owner can read."""

    def credentials(*texts: str) -> Path:
        file = tmp_path / "credentials"
        file.write_text("# a comment\n\n" + "\n".join(texts) + "\n", encoding="utf-8")
        file.chmod(0o600)
        return file

    return credentials

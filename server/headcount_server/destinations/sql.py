"""A database that SQLAlchemy speaks to, as a destination: one transaction a week."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from headcount_server.destinations import sql_tables
from headcount_server.destinations.content import notices, numbers
from headcount_server.destinations.sql_tables import OF_A_WEEK, retractions, totals, weeks
from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError, DeliveryError
from headcount_server.publication.published import PublishedWeek
from headcount_server.week import Week

_TALLY = 0x68646374
"""Marks a SQLite file as the tally of a server; see `store.sqlite.connections`."""
_AT_ONCE = 2000
"""Rows of one statement."""
_WAITING: Mapping[str, Mapping[str, Any]] = {
    "pymysql": {
        "connect_timeout": 10,
        "read_timeout": 60,
        "write_timeout": 60,
        # Whatever the server's default is: no text is cut, no engine stands in for InnoDB.
        "init_command": "SET SESSION sql_mode = 'TRADITIONAL'",
    },
    "psycopg": {
        "connect_timeout": 10,
        "keepalives_idle": 5,
        "tcp_user_timeout": 60_000,
        "options": "-c statement_timeout=60s -c lock_timeout=20s",
    },
    "pysqlite": {"timeout": 20},
}
"""Bounds on waiting, by driver; an option of the URL wins."""


@dataclass(frozen=True, slots=True)
class SqlDestination:
    """A database with the tables of `sql_tables`."""

    url: DestinationUrl
    engine: Engine
    once: ClassVar[bool] = False

    @classmethod
    def open(cls, flag: str, url: DestinationUrl) -> SqlDestination:
        """Return the database of a URL, without connecting. Raises ConfigError."""
        try:
            parsed = make_url(url.whole)
            driver = parsed.get_driver_name()
            given = {
                name: value
                for name, value in _WAITING.get(driver, {}).items()
                if name not in parsed.query
            }
            engine = sqlalchemy.create_engine(parsed, poolclass=NullPool, connect_args=given)
        except ModuleNotFoundError as error:
            msg = (
                f"{flag} {url}: needs {error.name}, which is not installed; install it with: "
                "pip install 'headcount-server[publish,postgresql]'"
            )
            raise ConfigError(msg) from None
        except (SQLAlchemyError, ValueError, TypeError):
            # Their words repeat what they could not read.
            msg = f"{flag} {url}: SQLAlchemy knows no such database or option"
            raise ConfigError(msg) from None
        if engine.dialect.name == "sqlite":
            _refuse_tally(flag, engine)
        return cls(url, engine)

    def __str__(self) -> str:
        return str(self.url)

    @contextmanager
    def connected(self) -> Iterator[SqlWeeks]:
        """Connect, and make or migrate the tables."""
        with _told(self.url), self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                # Otherwise what was taken down would stay readable in the file.
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                connection.commit()
            with connection.begin():
                sql_tables.migrate(connection, str(self.url))
            yield SqlWeeks(self.url, connection)


@dataclass(frozen=True, slots=True)
class SqlWeeks:
    """A connection to a database whose tables are up to date."""

    url: DestinationUrl
    connection: Connection

    def put(self, week: PublishedWeek) -> None:
        """Write a week in one transaction, in place of what is there."""
        with _told(self.url), self.connection.begin():
            _remove(self.connection, [str(week.week)])
            for into, rows in _rows(week).items():
                for at in range(0, len(rows), _AT_ONCE):
                    self.connection.execute(into.insert(), rows[at : at + _AT_ONCE])

    def keep(self, weeks: Collection[Week]) -> None:
        """Remove all other weeks, in one transaction."""
        kept = {str(week) for week in weeks}
        with _told(self.url), self.connection.begin():
            there = self.connection.execute(sqlalchemy.select(sql_tables.weeks.c.week)).scalars()
            _remove(self.connection, [week for week in there.all() if week not in kept])


def _remove(connection: Connection, gone: list[str]) -> None:
    for each in OF_A_WEEK:
        for week in gone:
            connection.execute(each.delete().where(each.c.week == week))


def _rows(week: PublishedWeek) -> dict[sqlalchemy.Table, list[dict[str, object]]]:
    at = {"week": str(week.week), "monday": week.week.start.date()}
    about = {"threshold": week.threshold, "rule": week.rule, "annotation": week.annotation}
    return {
        weeks: [{**at, **about}],
        totals: [{**at, "place": place, **each} for place, each in enumerate(numbers(week))],
        retractions: [{**at, "place": place, **each} for place, each in enumerate(notices(week))],
    }


def _refuse_tally(flag: str, engine: Engine) -> None:
    """Raise ConfigError for a file that a server counts in, and for a database in memory."""
    name = engine.url.database
    if not name or name.startswith((":", "file:")):
        raise ConfigError(f"{flag}: names no file; write sqlite:///totals.db")
    if not Path(name).exists():
        return
    try:
        with engine.connect() as connection:
            owner = connection.exec_driver_sql("PRAGMA application_id").scalar()
    except SQLAlchemyError as error:
        raise ConfigError(f"{flag} sqlite:///{name}: {getattr(error, 'orig', '')}") from None
    if owner == _TALLY:
        msg = f"{flag} sqlite:///{name}: a server counts in this file; name another one"
        raise ConfigError(msg)


@contextmanager
def _told(url: DestinationUrl) -> Iterator[None]:
    """Turn what a driver raises into a sentence without statements, data or passwords."""
    try:
        yield
    except DBAPIError as error:
        words = " ".join(str(error.orig).split())
        raise DeliveryError(f"{url}: {url.without_password(words)}") from None
    except (SQLAlchemyError, OSError) as error:
        words = url.without_password(" ".join(str(error).split()))
        raise DeliveryError(f"{url}: {words or type(error).__name__}") from None

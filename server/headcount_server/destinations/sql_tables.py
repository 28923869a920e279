"""The tables in a destination, and the steps that make and migrate them.

Texts are compared byte by byte, so that `nginx` and `Nginx` are two values on MySQL as well.
A row's place in its week is its key: it needs no text, whose length an index may bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
)

from headcount_server.errors import DeliveryError

ENGINE = "InnoDB"
"""The only engine of MySQL and MariaDB that writes a week as a whole or not at all."""
_OPTIONS: dict[str, Any] = {
    f"{dialect}_{name}": value
    for dialect in ("mysql", "mariadb")
    for name, value in (
        ("engine", ENGINE),
        ("charset", "utf8mb4"),
        ("collate", "utf8mb4_bin"),
    )
}
_TEXT = 255
_PREFIXES: dict[str, Any] = {
    f"{dialect}_length": {"project": 40, "key_name": 60} for dialect in ("mysql", "mariadb")
}
"""Characters of a text that an index takes; MySQL bounds an entry's bytes."""

metadata = MetaData()

schema = Table(
    "headcount_schema",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    **_OPTIONS,
)
weeks = Table(
    "headcount_weeks",
    metadata,
    Column("week", String(8), primary_key=True),
    Column("monday", Date, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("rule", Integer, nullable=False),
    Column("annotation", Text, nullable=False),
    **_OPTIONS,
)
totals = Table(
    "headcount_totals",
    metadata,
    Column("week", String(8), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("monday", Date, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("project", String(_TEXT), nullable=False),
    Column("key_name", String(_TEXT), nullable=False),
    Column("measure", String(16), nullable=False),
    Column("value", String(_TEXT), nullable=False),
    Column("version", String(_TEXT), nullable=False),
    Column("reports", BigInteger, nullable=False),
    Column("lower_bound", BigInteger, nullable=False),
    Column("upper_bound", BigInteger),
    Index(
        "headcount_totals_by_key",
        "project",
        "key_name",
        "measure",
        "week",
        **_PREFIXES,
    ),
    **_OPTIONS,
)
retractions = Table(
    "headcount_retractions",
    metadata,
    Column("week", String(8), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("monday", Date, nullable=False),
    Column("project", String(_TEXT), nullable=False),
    Column("key_name", String(_TEXT), nullable=False),
    Column("reason", Text, nullable=False),
    Column("date", String(10), nullable=False),
    **_OPTIONS,
)
OF_A_WEEK = (totals, retractions, weeks)


def _first(connection: Connection) -> None:
    metadata.create_all(connection)


STEPS: tuple[Callable[[Connection], None], ...] = (_first,)
"""Each brings the tables to the next version; a released step never changes.

MySQL commits each statement of a step by itself, so a step must work after half of itself.
"""


def migrate(connection: Connection, name: str) -> None:
    """Bring the tables of a destination up to date, within a transaction.

    Raises DeliveryError if a newer program made them, or MySQL keeps them without InnoDB.
    """
    done = 0
    if inspect(connection).has_table(schema.name):
        done = max(connection.execute(select(schema.c.version)).scalars(), default=0)
    if done > len(STEPS):
        msg = (
            f"{name}: its tables are version {done}, and this program knows {len(STEPS)}; use the "
            "headcount-server that made them, or drop the tables headcount_*"
        )
        raise DeliveryError(msg)
    for version, step in enumerate(STEPS[done:], done + 1):
        step(connection)
        connection.execute(schema.insert().values(version=version))
    if connection.dialect.name in {"mysql", "mariadb"}:
        _refuse_other_engines(connection, name)


def _refuse_other_engines(connection: Connection, name: str) -> None:
    rows = connection.execute(
        text(
            "SELECT table_name, engine FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name LIKE 'headcount\\_%'"
        )
    ).all()
    ours = {table.name for table in metadata.sorted_tables}
    for table, engine in rows:
        if table in ours and engine != ENGINE:
            msg = (
                f"{name}: the table {table} is kept by {engine}, which cannot write a week as a "
                f"whole or not at all; convert it: ALTER TABLE {table} ENGINE={ENGINE}"
            )
            raise DeliveryError(msg)

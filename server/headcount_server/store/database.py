"""The database that a flag names, whichever engine it is: what servers and commands ask of it.

An engine is a folder beside this file; `open` knows all of them, and nothing
else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from headcount_server.store.audit import Audit
from headcount_server.store.connection import Connection
from headcount_server.store.contract import Store
from headcount_server.week import Week

Row: TypeAlias = tuple[Any, ...]


class Side(Protocol):
    """A database that is copied from or into, within one transaction; see `copying`."""

    @property
    def connection(self) -> Connection:
        """The transaction."""
        ...

    def rows(self, table: str) -> Iterator[Row]:
        """Rows of one of `copying.TABLES`. Raises StoreError."""
        ...


class Target(Side, Protocol):
    """A database that is copied into, and is empty before that."""

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows of one of `copying.TABLES`. Raises StoreError."""
        ...


class Database(Protocol):
    """A place for the tally. Its text, as `--database` takes it, has no password.

    Whatever cannot be done raises StoreError, with the database's name and a remedy.
    """

    @property
    def files(self) -> Sequence[Path]:
        """Files that hold it, the main one first; none where it lies with a server of its own."""
        ...

    @property
    def open_tables(self) -> str:
        """How the names of the tables begin that hold exact totals of open weeks."""
        ...

    @property
    def socket(self) -> Path | None:
        """Where a running server takes corrections; None if commands make them beside it."""
        ...

    def open_store(self) -> Store:
        """The store of a server; makes the database's tables where there are none."""
        ...

    def reading(self, *, older: bool = False) -> AbstractContextManager[Connection]:
        """A connection that cannot write, on one snapshot; works beside running servers.

        Refuses a newer schema, and an older one unless that is asked for.
        """
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """The connection of a command that corrects, in one transaction."""
        ...

    def give_up(self, connection: Connection, week: Week) -> None:
        """Drop an open week with its tokens and totals, within a transaction of `writing`."""
        ...

    def audit(self) -> Audit:
        """Examine it, also beside running servers."""
        ...

    def copy_from(self) -> AbstractContextManager[Side]:
        """It as the source of a copy; no server may run on it."""
        ...

    def copy_into(self) -> AbstractContextManager[Target]:
        """It as the target of a copy; it has to be empty, and is left so if anything fails."""
        ...

    def prepare(self) -> Iterator[str]:
        """Make it ready for servers that may not make tables; yields what was done, in words."""
        ...

    def begin_demonstration(self) -> None:
        """Clear it of a former demonstration, and of nothing else."""
        ...

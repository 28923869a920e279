"""A SQLite file, which implements `store.database.Database`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from headcount_server.errors import ConfigError, StoreError
from headcount_server.store.audit import Audit
from headcount_server.store.connection import Connection
from headcount_server.store.database import Side, Target
from headcount_server.store.sqlite import audit, connections, copying
from headcount_server.store.sqlite.claim import beside, delivering
from headcount_server.store.sqlite.store import SqliteStore, forget_week
from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class SqliteDatabase:
    """A database that one server at a time may have; see `store.database.Database`."""

    path: Path
    open_tables: ClassVar[str] = "open"

    def __str__(self) -> str:
        return str(self.path)

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and its write-ahead log."""
        return self.path, beside(self.path, "-wal")

    @property
    def socket(self) -> Path:
        """The socket of the server that runs on it."""
        return beside(self.path, ".socket")

    def open_store(self) -> SqliteStore:
        """Return the store of a server."""
        return SqliteStore(self.path)

    def reading(self, *, older: bool = False) -> AbstractContextManager[Connection]:
        """Give a snapshot that cannot be written to."""
        return connections.reading(self.path, older=older)

    def writing(self) -> AbstractContextManager[Connection]:
        """Give one transaction that corrects, while no server runs."""
        return connections.writing(self.path)

    def noting(self) -> AbstractContextManager[Connection]:
        """Give one transaction that notes a delivery, while no server runs."""
        return connections.noting(self.path)

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver, which a server may have."""
        return delivering(self.path)

    def give_up(self, connection: Connection, week: Week) -> None:
        """Drop an open week; the server then begins it anew."""
        forget_week(connection, week)

    def audit(self) -> Audit:
        """Return the result of an audit."""
        return audit.audit(self.path)

    def copy_from(self) -> AbstractContextManager[Side]:
        """Give the file as the source of a copy."""
        return copying.leaving(self.path)

    def copy_into(self) -> AbstractContextManager[Target]:
        """Give the file as the target of a copy."""
        return copying.arriving(self.path)

    def prepare(self) -> Iterator[str]:
        """Raise StoreError, because a file needs no preparation."""
        msg = f"--database {self}: a SQLite file needs no preparing; the server makes it"
        raise StoreError(msg)

    def begin_demonstration(self) -> None:
        """Clear the database of a former demonstration, which left a file beside it."""
        marker = beside(self.path, ".demo")
        if self.path.exists() and not marker.exists():
            msg = f"--database {self}: exists and is no demonstration's; name another file"
            raise ConfigError(msg)
        try:
            for suffix in ("", "-wal", "-shm", ".lock", ".socket", ".delivering"):
                beside(self.path, suffix).unlink(missing_ok=True)
            shutil.rmtree(beside(self.path, ".keys"), ignore_errors=True)
            text = "Made by headcount-server demo, which replaces it.\n"
            marker.write_text(text, encoding="utf-8")
        except OSError as error:
            msg = f"--database {self}: {error.strerror}; name a file that can be written"
            raise ConfigError(msg) from error

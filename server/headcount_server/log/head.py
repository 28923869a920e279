"""The log of a database, which grows with it, under its signed heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from headcount_server.log.notes import Checkpoint, SigningKey
from headcount_server.publication.merkle import Tree
from headcount_server.publication.published_log import PublishedLog
from headcount_server.store import publication_log
from headcount_server.store.connection import Connection
from headcount_server.store.database import Database

Snapshot: TypeAlias = Callable[[], AbstractContextManager[Connection]]


def published_log(database: Database, file: Path | None) -> PublishedLog | None:
    """Return the log of a database, signed with the key in a file; None if there is no key.

    Raises ConfigError and StoreError.
    """
    return None if file is None else LogHead(database.reading, SigningKey.read(file)).read()


class LogHead:
    """The log of a database under its key. Heads are read one after the other."""

    def __init__(self, snapshot: Snapshot, key: SigningKey) -> None:
        self._snapshot = snapshot
        self._key = key
        self._tree = Tree()
        self._first: Mapping[str, str] = {}

    def read(self) -> PublishedLog | None:
        """Return the log as it is now; None if nothing was published since there are logs.

        What it returns reads further leaves when they are asked for. Raises what the snapshot
        raises.
        """
        with self._snapshot() as connection:
            first = publication_log.first_leaf(connection)
            if first is None:
                return None
            if first != self._first:
                self._first, self._tree = first, Tree()
            for leaf in publication_log.leaves(connection, self._tree.size):
                self._tree.append(leaf.encode())
        origin = f"{self._key.name}/{first['log']}"
        size, key = self._tree.size, self._key

        def seal(sums: bytes) -> str:
            return key.sign(sealed(origin, sums))

        return PublishedLog(
            checkpoint=key.sign(str(Checkpoint(origin, size, self._tree.root()))),
            key=f"{key.verifier}\n",
            tree=self._tree,
            size=size,
            leaf=self._leaf,
            leaves=lambda: self._lines(publication_log.leaves, size),
            salts=lambda: self._lines(lambda its: publication_log.salts(its, size), size),
            seal=seal,
            after=str(first["after"]),
            restored=str(first.get("restored", "")),
        )

    def _leaf(self, number: int) -> str:
        with self._snapshot() as connection:
            return publication_log.leaf(connection, number)

    def _lines(self, read: Callable[[Connection], Iterator[str]], most: int) -> Iterator[str]:
        with self._snapshot() as connection:
            for _, line in zip(range(most), read(connection), strict=False):
                yield line


def sealed(origin: str, sums: bytes) -> str:
    """Return the text that vouches for the checksums of a bundle."""
    return f"{origin}/bundle\n{sha256(sums).hexdigest()}\n"

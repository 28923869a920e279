"""The claim of one process to write to a database, and to know its files in place.

A database is several files: the main file, its write-ahead log and the log's index, the lock, and
the week keys. If somebody moves, replaces or deletes them, a process that has them open goes on
writing to them, and the data are lost. So the claim remembers which files they were.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from headcount_server.errors import StoreError, Unavailable

_MOVED = "the totals cannot be written"


def beside(path: Path, suffix: str) -> Path:
    """Return a file that belongs to a database: such as `-wal`, `.lock` or `.keys`."""
    return path.with_name(f"{path.name}{suffix}")


def real(path: Path) -> Path:
    """Return the real path of a database's file if it is a link; its other files are there too."""
    return path.resolve() if path.is_symlink() else path


@contextmanager
def delivering(path: Path) -> Iterator[bool]:
    """Hold the right to deliver to destinations; give False if another process has it.

    A command may have it beside a server. Raises StoreError.
    """
    try:
        held = os.open(beside(path, ".delivering"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(held)


class Claim:
    """Holds the right to write to a database until `release`, or the process's end.

    Raises StoreError if another process has it, or the file has two names.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[Path, tuple[int, int]] = {}
        self._name: socket.socket | None = None
        lock = beside(path, ".lock")
        try:
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error
        try:
            self._take()
        except BaseException:
            os.close(self._lock)
            raise
        self.watch([lock])

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = (
                f"{self._path}: another server has it open; stop that one or name another database"
            )
            raise StoreError(msg) from error
        if self._path.exists() and self._path.stat().st_nlink > 1:
            msg = (
                f"{self._path}: the file has a second name (a hard link), under which another "
                "server could open it with a log of its own; remove that name"
            )
            raise StoreError(msg)

    def take_name(self, identity: int) -> None:
        """Claim the database's identity, which its copies share. Raises StoreError.

        This needs Linux: only there are names that end with their process and leave no file.
        """
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0headcount-server/{identity}")
        except OSError as error:
            name.close()
            if error.errno == errno.EADDRINUSE:
                msg = (
                    f"{self._path}: a server runs on a copy of this database, or on this one and "
                    "its lock was deleted; stop that server first: two that count the same weeks "
                    "would publish them twice"
                )
                raise StoreError(msg) from error
        else:
            self._name = name

    def watch(self, files: Iterable[Path]) -> None:
        """Remember what these existing files are now. Raises OSError."""
        self._files.update({file: _what(file) for file in files})

    def watch_no_more(self, files: Iterable[Path]) -> None:
        """Forget these files."""
        for file in files:
            self._files.pop(file, None)

    def check(self) -> None:
        """Raise Unavailable if a watched file was moved, replaced or deleted."""
        for file, what in self._files.items():
            try:
                found = _what(file)
            except FileNotFoundError:
                found = None
            except OSError as error:
                raise Unavailable(_MOVED, f"{file}: {error.strerror}") from error
            if found != what:
                happened = "was replaced" if found else "is gone"
                why = (
                    f"{file} {happened} while this server had it open; put back what was moved, "
                    "or stop the server"
                )
                raise Unavailable(_MOVED, why)

    def is_watched(self, file: Path, descriptor: int) -> bool:
        """Return whether an open file is the one that `watch` found under this name."""
        found = os.fstat(descriptor)
        return self._files.get(file) == (found.st_dev, found.st_ino)

    def release(self) -> None:
        """Let another process claim the database."""
        if self._name is not None:
            self._name.close()
        os.close(self._lock)


def _what(file: Path) -> tuple[int, int]:
    found = os.stat(file)  # noqa: PTH116 - a third of the time, and every commit asks
    return found.st_dev, found.st_ino

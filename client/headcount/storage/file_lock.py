"""An advisory lock on a file, which ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from headcount.model.errors import StateError
from headcount.model.sentence import Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_PAUSE = 0.01  # seconds between two tries
_held: set[int] = set()


def _let_go() -> None:
    """Close what a forked process inherited, or it would hold the locks of a dead parent."""
    for handle in _held:
        os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


class Lock:
    """An exclusive lock between processes and between threads.

    `with lock as held:` tries once, and `held` says whether it succeeded. A lock with
    `patience` tries for that many seconds, and then raises StateError. A `fleeting`
    lock removes its file on release. It calls `made` with the handle and the path of
    its file, which may be new.

    Raises StateError if the file system has no locks, as some network file systems do.
    An `urgent` lock then goes on without: `held` is False.
    """

    def __init__(
        self,
        path: str,
        *,
        patience: float = 0.0,
        fleeting: bool = False,
        urgent: bool = False,
        made: Callable[[int, str], None] = lambda _handle, _path: None,
    ) -> None:
        self._path = path
        self._urgent = urgent
        self._patience = patience
        self._fleeting = fleeting
        self._made = made
        self._handle = -1
        self._lockless = False

    def __enter__(self) -> bool:
        deadline = time.monotonic() + self._patience
        while not self._acquired():
            if self._lockless:
                return False
            if time.monotonic() >= deadline:
                if self._patience:
                    raise StateError(
                        Sentence("{path} is held by another process; try again", path=self._path)
                    )
                return False
            time.sleep(_PAUSE)
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle not in _held:  # never locked, or locked by the process that forked this one
            return
        if self._fleeting:
            _remove(self._path)
        _held.discard(self._handle)
        with suppress(OSError):  # closing releases it too
            _unlock(self._handle)
        with suppress(OSError):  # nothing was written to it
            os.close(self._handle)
        self._handle = -1

    def _acquired(self) -> bool:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # its directory was removed meanwhile
            return False
        except OSError as error:
            raise StateError(
                Sentence("{path}: {why}; cannot be locked", path=self._path, why=error.strerror)
            ) from error
        try:
            if _locked(handle) and self._still_there(handle):
                self._handle = handle
                _held.add(handle)
                self._made(handle, self._path)
                return True
        except OSError as error:
            self._refused(error)
        finally:
            if self._handle != handle:
                os.close(handle)
        return False

    def _refused(self, error: OSError) -> None:
        """Remember that there are no locks; StateError unless this lock is urgent."""
        if not self._urgent:
            raise StateError(
                Sentence(
                    "{path}: {why}; it cannot be locked. If its file system has no locks, keep "
                    "the state directory on a local disk",
                    path=self._path,
                    why=error.strerror,
                )
            ) from error
        self._lockless = True
        _remove(self._path)

    def _still_there(self, handle: int) -> bool:
        """Return whether the locked file is the one that others find under its path."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self._path))
        except FileNotFoundError:
            return False


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:  # Windows keeps a file that is open; it is empty
        return


if sys.platform == "win32":
    import msvcrt

    def _locked(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        # Closing is not enough: a forked child may still hold a copy of the handle.
        fcntl.flock(handle, fcntl.LOCK_UN)

"""The door for the operator's corrections: a Unix socket beside the database.

The server alone may write to a SQLite file. So a command such as `annotate` hands its
correction to the server that runs, if one does; `ask` is the command's side. Only the owner
of the socket's file can open it. A request is one JSON object, and so is the response.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from headcount_server.doors.status import fault
from headcount_server.errors import ConfigError, ServerError, StoreError
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store import deliveries
from headcount_server.store.corrections import Correctable, Correction, correct

MODE = 0o600
"""Permissions of the socket's file."""
MAX_BYTES = 64 * 1024
"""Most bytes of a request."""
REQUEST_SECONDS = 5.0
"""Seconds in which a request must come in."""
RESPONSE_SECONDS = 120.0
"""Seconds that a command waits; a correction may write all published totals anew."""

_LONGEST = 107
"""Most bytes of an address of a Unix socket; see unix(7)."""

log = logging.getLogger(__name__)


class CorrectionsDoor:
    """Takes corrections on a socket at a path, one after the other.

    If the file system holds no sockets, the server runs without this door. Raises
    ConfigError if something else is in the socket's place.
    """

    def __init__(self, path: Path, weeks: WeekCycle, store: Correctable) -> None:
        self._path = path
        self._weeks = weeks
        self._store = store
        self._listening: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="corrections", daemon=True)
        _remove(path)
        listening = socket.socket(socket.AF_UNIX)
        try:
            # The file gets this mode, whatever the process's umask says.
            os.fchmod(listening.fileno(), MODE)
            with _address(path) as address:
                listening.bind(address)
            path.chmod(MODE)
            listening.listen()
        except OSError as error:
            listening.close()
            log.warning("%s: %s; to correct the database, stop the server", path, error)
        else:
            self._listening = listening

    @property
    def threads(self) -> list[threading.Thread]:
        """Return the threads that must run while the door takes corrections."""
        return [] if self._listening is None else [self._thread]

    def start(self) -> None:
        """Start to take corrections. Raises RuntimeError if the thread cannot be started."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Finish the current correction, and take no more."""
        if self._listening is None:
            return
        listening, self._listening = self._listening, None
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # wakes the thread
        if self._thread.is_alive():
            self._thread.join()
        listening.close()
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while listening := self._listening:
            try:
                connection, _ = listening.accept()
            except OSError:
                continue
            with closing(connection), suppress(OSError):  # the command may be gone
                connection.settimeout(REQUEST_SECONDS)
                response = self._answer(_read(connection))
                connection.sendall(json.dumps(response).encode())

    def _answer(self, request: bytes) -> Mapping[str, object]:
        done: list[Correction] = []
        try:
            asked = json.loads(request)
            if "note" in asked:
                self._weeks.note(lambda: deliveries.change(self._store, asked))
                return asdict(Correction())
            self._weeks.correct(lambda: done.append(correct(self._store, asked)))
        except ServerError as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - logged by `fault`, and the command told
            return {"error": str(fault(error))}
        log.info("a correction was made: %s", asked["correction"])
        return asdict(done[0])


def ask(path: Path, asked: Mapping[str, str | None]) -> Correction | None:
    """Hand a correction, or a note about a delivery, to the server that listens at a path.

    Returns the result of `correct`, or None if no server listens there. Raises StoreError if
    the server refuses, does not answer, or may not be asked.
    """
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(RESPONSE_SECONDS)
        try:
            with _address(path) as address:
                connection.connect(address)
        except PermissionError as error:
            msg = f"{path}: {error.strerror}; run the command as the user of the server"
            raise StoreError(msg) from error
        except OSError:  # no file, or one that a crash left behind
            return None
        try:
            connection.sendall(json.dumps(asked).encode())
            connection.shutdown(socket.SHUT_WR)
            response = json.loads(_read(connection))
        except (OSError, ValueError) as error:
            msg = (
                f"{path}: the server gave no answer, and may have made the correction or not; "
                "run the command again, which does no harm"
            )
            raise StoreError(msg) from error
    if "error" in response:
        raise StoreError(response["error"])
    return Correction(**response)


def _read(connection: socket.socket) -> bytes:
    """Return what the other end sends until it has no more. Raises OSError."""
    said = bytearray()
    while len(said) <= MAX_BYTES and (more := connection.recv(MAX_BYTES)):
        said += more
    return bytes(said)


def _remove(path: Path) -> None:
    """Remove the socket that a killed server left. Only the owner of its database may call this."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            msg = f"{path}: not a socket, and the server needs this name; move it away"
            raise ConfigError(msg)
        path.unlink()
    except FileNotFoundError:
        pass


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give an address of a socket's file, even if its path is too long for one."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)

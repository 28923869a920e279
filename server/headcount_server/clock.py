"""The source of the server's time."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from headcount_server.errors import ConfigError


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """Return the present moment, with its time zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


class FileClock:
    """A time in a file (RFC 3339), read at every use; for tests.

    If a reading is not a time, the one before is kept, because a file may be read
    while it is being written. Raises ConfigError if the first reading fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._last = self._read()
        except (OSError, ValueError) as error:
            msg = f"--test-clock {path}: {error}; write a time such as 2026-11-16T12:00:00Z into it"
            raise ConfigError(msg) from error

    def now(self) -> datetime:
        """Return the time in the file."""
        with suppress(OSError, ValueError):
            self._last = self._read()
        return self._last

    def _read(self) -> datetime:
        moment = datetime.fromisoformat(self._path.read_text(encoding="ascii").strip())
        if moment.tzinfo is None:
            msg = "the time has no zone (append Z for UTC)"
            raise ValueError(msg)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            msg = "the time lies outside the calendar"
            raise ValueError(msg) from error

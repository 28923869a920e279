"""The source of the server's time."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from headcount_server.errors import ConfigError


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """Return the present moment, with its time zone."""
        ...

    def elapsed(self) -> timedelta:
        """The time that has passed since some moment, however the clock was set since."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)

    def elapsed(self) -> timedelta:
        """The time since the machine was started; on Linux its sleep counts."""
        which = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return timedelta(seconds=time.clock_gettime(which))


class FileClock:
    """A time in a file (RFC 3339), read at every use; for tests.

    Time passes from one reading to the next. If ` jump` follows a time, the clock was
    set to that time.

    If a reading is not a time, the one before is kept, because a file may be read
    while it is being written. Raises ConfigError if the first reading fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._set = timedelta()
        self._jumped_to: datetime | None = None
        self._last = datetime.min.replace(tzinfo=UTC)
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

    def elapsed(self) -> timedelta:
        """What lies between the year 1 and now, without the jumps."""
        return self.now() - datetime.min.replace(tzinfo=UTC) - self._set

    def _read(self) -> datetime:
        text, _, jump = self._path.read_text(encoding="ascii").strip().partition(" ")
        moment = self._parse(text)
        if jump and moment != self._jumped_to:
            self._jumped_to = moment
            self._set += moment - self._last
        return moment

    @staticmethod
    def _parse(text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            msg = "the time has no zone (append Z for UTC)"
            raise ValueError(msg)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            msg = "the time lies outside the calendar"
            raise ValueError(msg) from error

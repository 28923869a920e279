"""The source of the server's time."""

from __future__ import annotations

import threading
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

    def ahead(self) -> timedelta:
        """Return how far it is ahead of the time that has passed since some moment.

        Only setting the clock changes that.
        """
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)

    def ahead(self) -> timedelta:
        """Return the moment when the machine was started; on Linux its sleep counts as passed."""
        which = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return timedelta(seconds=time.time() - time.clock_gettime(which))


class FileClock:
    """A time in a file (RFC 3339), read at every use; for tests.

    Time passes from one reading to the next. If ` jump` follows a time, the clock was
    set to that time.

    If a reading is not a time, the one before is kept, because a file may be read
    while it is being written. Raises ConfigError if the first reading fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
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
        with self._reading:
            with suppress(OSError, ValueError):
                self._last = self._read()
            return self._last

    def ahead(self) -> timedelta:
        """Return all jumps together."""
        self.now()
        return self._set

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

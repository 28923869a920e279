"""The server's time comes from the machine, or from a file in tests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from headcount_server.clock import FileClock, SystemClock
from headcount_server.errors import ConfigError


def test_the_machine_tells_its_time_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


def test_a_time_written_into_the_file_is_told_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("2026-11-16T12:00:00Z\n")
    clock = FileClock(path)
    assert clock.now() == datetime(2026, 11, 16, 12, tzinfo=UTC)
    path.write_text("2026-11-23T13:00:00+01:00")
    assert clock.now() == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


class Interrupted(FileClock):
    """Another thread tries to read it after each change that reading it makes."""

    begun = False

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if self.begun and threading.current_thread() is threading.main_thread():
            reading = threading.Thread(target=self.now)
            reading.start()
            reading.join(0.1)  # it may have to wait


def test_a_jump_counts_once_though_another_thread_reads_the_time(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("2026-11-16T12:00:00Z")
    clock = Interrupted(path)
    clock.begun = True
    path.write_text("2026-11-20T12:00:00Z jump")
    assert clock.now() == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert clock.ahead() == timedelta(days=4)


@pytest.mark.parametrize(
    "text", ["", "2026-11", "noon", "2026-11-30T12:00:00", "ü", "0001-01-01T00:00:00+05:00"]
)
def test_a_reading_that_is_no_time_keeps_the_one_before(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock"
    path.write_text("2026-11-16T12:00:00Z")
    clock = FileClock(path)
    path.write_text(text)
    assert clock.now() == datetime(2026, 11, 16, 12, tzinfo=UTC)
    path.unlink()
    assert clock.now() == datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "noon", "2026-11-30T12:00:00", "0001-01-01T00:00+05"])
def test_a_file_without_a_time_is_refused_at_the_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "clock"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"--test-clock .*clock.*write a time such as"):
        FileClock(path)

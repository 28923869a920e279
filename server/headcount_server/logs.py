"""The log: text on a terminal, one JSON object a line otherwise, always to stderr.

At no level does a line name a peer or repeat what was sent. Our own modules log
sentences written for the log. Library records pass at WARNING and above, without
their arguments (which may hold an address or a payload) and at most once every ten
seconds per message, because callers can trigger a message thousands of times.
Exceptions are logged by type and location only.

A server logs in the background: a thread that logs never waits for the reader of the
log, and lines that nobody reads are lost.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import IO

LEVELS = ("debug", "info", "warning", "error")
"""Values of `--log-level`."""

REPEAT_SECONDS = 10.0
"""Seconds in which the same message of a library is logged only once."""

LINES = 1000
"""Most lines that wait for a reader."""

_BEGINNING, _SENTENCES = 24, 1000
_OURS = __package__ or "headcount_server"
_current: list[logging.Handler] = []


def start(level: str = "info", stream: IO[str] | None = None, *, background: bool = False) -> None:
    """Log from this level up, to stderr or another stream; call again to change either."""
    stream = stream or sys.stderr
    in_background = background and _is_file(stream)
    handler = _Background(stream) if in_background else logging.StreamHandler(stream)
    handler.setFormatter(Text() if stream.isatty() else Json())
    handler.addFilter(_concerns_the_operator)
    handler.addFilter(_Once())
    root = logging.getLogger()
    while _current:
        former = _current.pop()
        root.removeHandler(former)
        former.close()
    root.addHandler(handler)
    _current.append(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level.upper())
    threading.excepthook = _thread_failed


def _is_file(stream: IO[str]) -> bool:
    try:
        stream.fileno()
    except OSError:  # a text in memory
        return False
    return True


def flush(seconds: float) -> None:
    """Wait so long at most until what was logged in the background is written."""
    for handler in _current:
        if isinstance(handler, _Background):
            handler.wait(seconds)


class _Background(logging.Handler):
    """Hands lines to a thread, which writes them to the file behind a stream."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        # Not the stream itself, whose lock the end of the interpreter would wait for.
        self._file = stream.fileno()
        self._lines: queue.Queue[bytes | None] = queue.Queue(LINES)
        self._lost = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Have a record written, unless too many wait."""
        try:
            self._lines.put_nowait(f"{self.format(record)}\n".encode(errors="backslashreplace"))
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits, and no more."""
        super().close()
        self._lines.put(None)

    def wait(self, seconds: float) -> None:
        """Wait so long at most until all is written."""
        deadline = time.monotonic() + seconds
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError):  # the reader is gone, or the disk full
                while line:
                    line = line[os.write(self._file, line) :]
            lost, self._lost = self._lost, 0
            if lost:
                log = logging.getLogger(__name__)
                log.warning("%d lines of this log were lost, since nobody read them", lost)
            self._lines.task_done()


def _is_ours(name: str) -> bool:
    return name == _OURS or name.startswith(f"{_OURS}.")


def _concerns_the_operator(record: logging.LogRecord) -> bool:
    return _is_ours(record.name) or record.levelno >= logging.WARNING


class _Once(logging.Filter):
    """Drops a library's message that was logged a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is ours, is new, or was last logged a while ago."""
        if _is_ours(record.name):
            return True
        # By its beginning: the rest may name what differs from time to time.
        sentence = (record.name, record.pathname, record.lineno, str(record.msg)[:_BEGINNING])
        if record.created < self._said.get(sentence, 0.0) + REPEAT_SECONDS:
            return False
        if len(self._said) >= _SENTENCES:
            self._said.clear()
        self._said[sentence] = record.created
        return True


def _words(record: logging.LogRecord) -> str:
    if _is_ours(record.name):
        return record.getMessage()
    return str(record.msg).partition("\n")[0]


def _trace(record: logging.LogRecord) -> tuple[str, list[str]]:
    """Return type and place of a record's exception, without its message."""
    kind, _, trace = record.exc_info or (None, None, None)
    if kind is None:
        return "", []
    return kind.__name__, _places(trace)


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class Text(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level and sentence; on the next line, type and place of an exception."""
        kind, places = _trace(record)
        line = f"{_moment(record)} {record.levelname} {_words(record)}"
        return "\n  ".join([line, *([kind] if kind else []), *places])


class Json(logging.Formatter):
    """A JSON object in one line, for a collector of logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return `time`, `level`, `logger`, `message`; for an exception also `error`, `trace`."""
        fields: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _words(record),
        }
        kind, places = _trace(record)
        if kind:
            fields |= {"error": kind, "trace": places}
        return json.dumps(fields, ensure_ascii=False)


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    kind, trace = failure.exc_type, failure.exc_traceback
    log = logging.getLogger(__name__)
    name = failure.thread.name if failure.thread else "a thread"
    log.error("%s failed: %s %s", name, kind.__name__, " < ".join(reversed(_places(trace))))

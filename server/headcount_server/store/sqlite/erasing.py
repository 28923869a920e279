"""Erases files: overwrites them in place before their blocks go back to the disk.

Data that are only cut off or unlinked stay readable in the free blocks of a plain disk
until something else is written there.
"""

from __future__ import annotations

import os
from pathlib import Path

_CHUNK = 1 << 20


def sync(path: Path) -> None:
    """Make a file's content durable, or a directory's list of files. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def overwrite(descriptor: int, *, first: int = 0) -> None:
    """Overwrite an open file with zeros of its length, and make that durable.

    The `first` bytes are durable before the rest is touched. Raises OSError.
    """
    size = os.fstat(descriptor).st_size
    if first:
        _zero(descriptor, 0, min(first, size))
    _zero(descriptor, 0, size)


def _zero(descriptor: int, start: int, end: int) -> None:
    while start < end:
        start += os.pwrite(descriptor, bytes(min(_CHUNK, end - start)), start)
    os.fsync(descriptor)


def destroy(path: Path) -> None:
    """Overwrite and remove a file if it exists. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return
    try:
        overwrite(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()

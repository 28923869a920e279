"""A disk that fails on purpose, below SQLite: a virtual file system that injects faults.

SQLite keeps the functions of a file in a table (https://sqlite.org/c3ref/io_methods.html).
Here every file gets its own table, in which reading, writing, truncating and syncing go
through `Disk`. No part of SQLite or of the program is replaced.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OK, IOERR, FULL = 0, 10, 13
IOERR_READ, IOERR_WRITE, IOERR_FSYNC, IOERR_TRUNCATE = (IOERR | n << 8 for n in (1, 3, 4, 6))
OPERATIONS = {"read": 2, "write": 3, "truncate": 4, "sync": 5}
"""Places of the functions in the table, after its version."""
_DEFAULT_ERROR = {
    "read": IOERR_READ,
    "write": IOERR_WRITE,
    "truncate": IOERR_TRUNCATE,
    "sync": IOERR_FSYNC,
}
_PLACES = 19
_POINTER = ctypes.c_void_p
_SIGNATURES = {
    "read": ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, ctypes.c_int64),
    "write": ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, ctypes.c_int64),
    "truncate": ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int64),
    "sync": ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int),
}
# The name as a pointer: SQLite keeps it, and more behind its end.
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, _POINTER, ctypes.c_int, _POINTER)


class _Vfs(ctypes.Structure):
    """sqlite3_vfs up to what is looked at; the rest is copied as it is."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _POINTER),
        ("name", ctypes.c_char_p),
        ("data", _POINTER),
        ("open", _POINTER),
        ("others", _POINTER * 15),
    )


class Disk:
    """What is to go wrong: at each operation, `decide` says with which error, or with none."""

    def __init__(self) -> None:
        self.decide: Callable[[str], int] = lambda _operation: OK
        self.operations = 0
        self.syncs = 0

    def well(self) -> None:
        """Nothing goes wrong any more."""
        self.decide = lambda _operation: OK

    def fail_from(self, number: int, *, times: int = 1, error: int = 0) -> None:
        """The operation of this number from now fails, and so many in all."""
        left, failing = number, times

        def decide(operation: str) -> int:
            nonlocal left, failing
            left -= 1
            if left > 0 or failing <= 0:
                return OK
            failing -= 1
            return error or _DEFAULT_ERROR[operation]

        self.decide = decide

    def slow(self, seconds: float) -> None:
        """Each sync takes so long."""

        def decide(operation: str) -> int:
            if operation == "sync":
                time.sleep(seconds)
            return OK

        self.decide = decide

    def on(self, operation: str) -> int:
        """What becomes of an operation."""
        self.operations += 1
        self.syncs += operation == "sync"
        return self.decide(operation)


@contextmanager
def faulty_disk() -> Iterator[Disk]:
    """Databases that are opened in here are on this disk."""
    disk = Disk()
    sqlite = ctypes.CDLL(_sqlite3.__file__)
    sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    real = sqlite.sqlite3_vfs_find(None)
    ours = _Vfs.from_buffer_copy(real.contents)
    opening = ctypes.cast(real.contents.open, _OPEN)
    tables: dict[int, ctypes.Array[ctypes.c_void_p]] = {}
    kept: list[object] = []

    def opened(_vfs: int, name: int, file: int, flags: int, out: int) -> int:
        result = int(opening(real_address, name, file, flags, out))
        methods = ctypes.cast(file, ctypes.POINTER(_POINTER)).contents
        if result == OK and methods.value:
            table = tables.get(methods.value) or _table(methods.value, disk, kept)
            tables[methods.value] = table
            methods.value = ctypes.addressof(table)
        return result

    real_address = ctypes.addressof(real.contents)
    callback = _OPEN(opened)
    ours.name, ours.open = b"faulty", ctypes.cast(callback, _POINTER).value
    ours.next = None
    assert sqlite.sqlite3_vfs_register(ctypes.byref(ours), 1) == OK
    try:
        yield disk
    finally:
        disk.well()
        sqlite.sqlite3_vfs_register(real, 1)
        sqlite.sqlite3_vfs_unregister(ctypes.byref(ours))
        # A file that is still open goes on to use its table.
        _FOREVER.extend((ours, callback, tables, kept))


_FOREVER: list[object] = []


def _table(address: int, disk: Disk, kept: list[object]) -> ctypes.Array[ctypes.c_void_p]:
    """Return a copy of a file's functions, some of them through the disk."""
    table = (_POINTER * _PLACES).from_buffer_copy(
        ctypes.cast(address, ctypes.POINTER(_POINTER * _PLACES)).contents
    )
    for operation, place in OPERATIONS.items():
        signature = _SIGNATURES[operation]
        real = ctypes.cast(table[place] or 0, signature)

        def through(*arguments: int, operation: str = operation, real: object = real) -> int:
            error = disk.on(operation)
            return error or int(real(*arguments))  # type: ignore[operator] # a function of SQLite

        callback = signature(through)
        kept.append((callback, real))
        table[place] = ctypes.cast(callback, _POINTER).value
    return table

"""Let Python sleep, and change its environment, under libfaketime 0.9.10."""

import ctypes
import os
import select
import time
from typing import SupportsIndex, TypeAlias

_ENVIRON = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ")
_Word: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_words = dict(os.environb)


def _sleep(seconds: float | SupportsIndex) -> None:
    """Sleep for a time.

    Python sleeps until a moment of the monotonic clock, and this libfaketime takes that moment
    for one of the clock that it shifts.
    """
    select.select((), (), (), float(seconds))


def _show() -> None:
    """Put a new environment in the place of the one before, which stays where it is for good.

    This libfaketime looks into the environment whenever a thread waits for the interpreter. The
    C library lets go of the earlier environment as it changes, and the process ended by SIGSEGV.
    """
    words = [name + b"=" + value for name, value in _words.items()]
    shown = (ctypes.c_char_p * (len(words) + 1))(*words, None)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(shown))
    _ENVIRON.value = ctypes.addressof(shown)


def _put(name: _Word, value: _Word) -> None:
    _words[os.fsencode(name)] = os.fsencode(value)
    _show()


def _unset(name: _Word) -> None:
    _words.pop(os.fsencode(name), None)
    _show()


time.sleep = _sleep
os.putenv = _put
os.unsetenv = _unset

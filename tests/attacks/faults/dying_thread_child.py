"""A server one of whose threads dies, for `test_faults_process`.

    dying_thread_child.py THREAD ARGUMENTS...

Runs `headcount-server` with these arguments; when it is told so by a line on its
standard input, whichever threads have this in their name get an exception.
"""

from __future__ import annotations

import ctypes
import sys
import threading

from headcount_server.cli import main


class Death(Exception):
    """What no thread expects."""


def _kill(name: str) -> None:
    sys.stdin.readline()
    for thread in threading.enumerate():
        if name in thread.name and thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(Death)
            )


threading.Thread(target=_kill, args=(sys.argv[1],), name="killer", daemon=True).start()
main(sys.argv[2:])

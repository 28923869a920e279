"""A server that can start no further thread, for `test_faults_process`.

    limited_child.py FILE ARGUMENTS...

Runs `headcount-server` with these arguments; once FILE is there it takes the right
to start a thread from itself, tries, and says so. For a user that is not root.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from pathlib import Path

from headcount_server.cli import main


def _limit(file: Path) -> None:
    while not file.exists():
        time.sleep(0.05)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    try:
        threading.Thread(target=bool).start()
    except RuntimeError:
        sys.stdout.write("no further thread\n")
        sys.stdout.flush()


threading.Thread(target=_limit, args=(Path(sys.argv[1]),), daemon=True).start()
main(sys.argv[2:])

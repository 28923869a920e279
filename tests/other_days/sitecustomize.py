"""Let Python work under libfaketime 0.9.10.

Python sleeps until a moment of the monotonic clock, and this libfaketime takes that moment for
one of the clock that it shifts. It also reads the environment whenever a thread waits, which
the C library does not allow while another thread writes there. pytest writes there three times
a test, so that is kept from the C library; children do not need it.
"""

import os
import select
import time
from collections.abc import Callable
from typing import SupportsIndex

_OF_PYTEST = b"PYTEST_CURRENT_TEST"


def _sleep(seconds: float | SupportsIndex) -> None:
    select.select((), (), (), float(seconds))


def _but_of_pytest(change: Callable[..., None]) -> Callable[..., None]:
    def changed(name: bytes, *value: bytes) -> None:
        if name != _OF_PYTEST:
            change(name, *value)

    return changed


time.sleep = _sleep
os.putenv = _but_of_pytest(os.putenv)
os.unsetenv = _but_of_pytest(os.unsetenv)

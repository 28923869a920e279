"""Let `time.sleep` work under libfaketime 0.9.10.

Python sleeps until a moment of the monotonic clock, and this libfaketime takes
that moment for one of the clock that it shifts.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex) -> None:
    select.select((), (), (), float(seconds))


time.sleep = _sleep

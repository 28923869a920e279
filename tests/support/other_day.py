"""The clock of `tests/other_days`, for programs that get an environment of their own."""

from __future__ import annotations

import os
from pathlib import Path

SLEEP = Path(__file__).parent.parent / "other_days"
"""Lets Python sleep there, and more; see `sitecustomize.py` in it."""

NAMES = (
    "FAKETIME_FORCE_MONOTONIC_FIX",
    "LD_PRELOAD",
    "FAKETIME",
    "DONT_FAKE_MONOTONIC",
    "FAKETIME_CACHE_DURATION",
    "FAKETIME_SHARED",
)
"""What libfaketime reads.

The last one names the semaphore of the first program of a run. A program without it makes its
own, which a fork of it removes at its end while others are about to open it.
"""


def other_day() -> dict[str, str]:
    """Return what has to be kept of the environment: nothing, if the day is today."""
    return {name: os.environ[name] for name in NAMES if name in os.environ}

"""The present moment, for tests of hosts whose clock nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from headcount_server.week import Week

LASTS = timedelta(minutes=3)
"""Longer than a test of such hosts takes."""


def present(
    now: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
) -> datetime:
    """Return the present moment; if the week is about to end, that at which the next one begins.

    A server of a test stands still at the moment that it is given, and hosts go on. If the week
    ended meanwhile, they would draw another moment and name a week that the server doesn't open.
    """
    moment = datetime.fromtimestamp(now(), UTC)
    left = Week.of(moment).end - moment
    if left > LASTS:
        return moment
    sleep(left.total_seconds())
    return datetime.fromtimestamp(now(), UTC)

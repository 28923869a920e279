"""The delivery to one destination: all that it lacks, on a thread of its own.

A destination that fails is tried again, at longer and longer intervals, and catches up by
itself. Neither the close of a week nor another destination waits for it.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Protocol

from headcount_server.destinations import ledger as notes
from headcount_server.destinations.contract import Destination
from headcount_server.destinations.ledger import Ledger
from headcount_server.errors import ServerError

LOOK_SECONDS = 30.0
"""Seconds between two looks for what a destination lacks, if nothing calls for one earlier."""
FIRST_SECONDS = 2.0
"""Seconds until a destination is tried again after a first failure; they double each time."""
LONGEST_SECONDS = 600.0
"""Most seconds between two tries."""
END_SECONDS = 2.0
"""Seconds that an ending server waits for a delivery; a week that is cut off is given again."""

log = logging.getLogger(__name__)


class Meter(Protocol):
    """Receives how deliveries go."""

    def lacks(self, destination: str, weeks: int) -> None:
        """Record the number of weeks that a destination lacks."""
        ...

    def delivered(self, destination: str) -> None:
        """Record that a destination was given a week."""
        ...

    def failed(self, destination: str) -> None:
        """Record that a destination could not be given what it lacks."""
        ...


def deliver(
    destination: Destination,
    ledger: Ledger,
    given: Callable[[], None] = lambda: None,
    ended: Callable[[], bool] = lambda: False,
) -> int:
    """Give a destination all that it lacks, and note each week; return the number of weeks.

    Only the process that holds the right to deliver may call this. `given` is called after
    each week; `ended` returns whether to stop before the next. Raises DeliveryError,
    Unavailable or StoreError; the weeks so far are noted.
    """
    name, number = str(destination), 0
    if notes.lacking(ledger, name):
        with destination.connected() as connected:
            while not ended() and (delivery := notes.following(ledger, name)):
                if not (destination.once and delivery.again):
                    connected.put(delivery.week)
                notes.note_delivered(ledger, name, delivery)
                number += 1
                given()
    return number


class Publisher:
    """Delivers to one destination for as long as the server runs."""

    def __init__(self, destination: Destination, ledger: Ledger, meter: Meter) -> None:
        self._destination = destination
        self._name = str(destination)
        self._ledger = ledger
        self._meter = meter
        self._called = threading.Event()
        self._ending = threading.Event()
        self._failures = 0
        # A driver may be stuck in the network; the end of the server does not wait for it.
        self._thread = threading.Thread(target=self._run, name="destination", daemon=True)

    def __str__(self) -> str:
        return self._name

    def start(self) -> None:
        """Begin to deliver. Raises RuntimeError if the thread cannot be started."""
        self._thread.start()

    def call(self) -> None:
        """Have it look now; may be called from any thread and waits for nothing."""
        self._called.set()

    def stop(self) -> None:
        """Deliver no further week."""
        self._ending.set()
        self._called.set()
        if self._thread.ident is not None:
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._called.clear()
            self._called.wait(self._try())

    def _try(self) -> float:
        """Deliver what is lacking; return the seconds until the next look."""
        try:
            if self._destination.once:
                notes.begin(self._ledger, self._name)
            lacking = notes.lacking(self._ledger, self._name)
            self._meter.lacks(self._name, lacking)
            if lacking:
                with self._ledger.delivering() as mine:
                    if mine:
                        deliver(self._destination, self._ledger, self._given, self._ending.is_set)
                self._meter.lacks(self._name, notes.lacking(self._ledger, self._name))
        except ServerError as error:
            return self._fail(str(error))
        except Exception as error:
            log.exception("%s: a fault of this program", self._name)
            return self._fail(type(error).__name__)
        if self._failures:
            log.info("%s: can be written again", self._name)
            self._failures = 0
        return LOOK_SECONDS

    def _given(self) -> None:
        self._meter.delivered(self._name)

    def _fail(self, why: str) -> float:
        if self._ending.is_set():
            return 0.0  # what is cut off is no failure
        self._meter.failed(self._name)
        self._failures += 1
        pause = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures - 1, 20))
        pause *= random.uniform(0.75, 1.0)  # noqa: S311 - so that servers do not try in step
        if self._failures == 1:
            log.error("%s; it is tried again, and catches up by itself", why)
        else:
            log.info("%s; failure %d, tried again in %.0f s", why, self._failures, pause)
        return pause

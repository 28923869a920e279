"""The contract of every destination."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from headcount_server.publication.published import PublishedWeek
from headcount_server.week import Week


class Connected(Protocol):
    """A destination that is ready to be written to. Every method raises DeliveryError."""

    def put(self, week: PublishedWeek) -> None:
        """Write a week in place of what the destination has of it.

        Afterwards it has exactly what is published of the week, however often this is done.
        """
        ...

    def keep(self, weeks: Collection[Week]) -> None:
        """Remove all other weeks."""
        ...


class Destination(Protocol):
    """A place outside that is given the published totals. Its text has no password."""

    @property
    def once(self) -> bool:
        """Whether it is given each new week once: none from before, and none again."""
        ...

    def connected(self) -> AbstractContextManager[Connected]:
        """Connect, and make or migrate what holds the weeks there.

        Raises DeliveryError, whose text has no password.
        """
        ...

"""A mailbox or a webhook as a destination that is given each new week once.

A notice that was sent may be sent again if the server ends before it has noted that; mails then
have the same Message-ID, and webhooks the same body.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from headcount_server.notices.news import News
from headcount_server.publication.published import PublishedWeek
from headcount_server.week import Week

Compose = Callable[[PublishedWeek], News]
"""Returns what is new in a week."""


class Channel(Protocol):
    """A way to send notices. Its text has no password."""

    def send(self, news: News, now: datetime) -> None:
        """Send a notice. Raises DeliveryError, whose text has no password."""
        ...


@dataclass(frozen=True, slots=True)
class Announced:
    """A channel with the composer of its notices; see `destinations.contract`."""

    channel: Channel
    compose: Compose
    once: ClassVar[bool] = True

    def __str__(self) -> str:
        return str(self.channel)

    @contextmanager
    def connected(self) -> Iterator[Announced]:
        """Do nothing, because a connection lasts for a notice."""
        yield self

    def put(self, week: PublishedWeek) -> None:
        """Send the notice of a week."""
        self.channel.send(self.compose(week), datetime.now(UTC))

    def keep(self, weeks: Collection[Week]) -> None:
        """Do nothing, because what was sent has left for good."""

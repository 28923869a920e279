"""The log of publications, as the page about privacy presents it."""

from __future__ import annotations

from dataclasses import dataclass

from headcount_server.log.notes import VerifierKey
from headcount_server.publication.published_log import PublishedLog


@dataclass(frozen=True, slots=True)
class LogView:
    """A log."""

    key: str
    fingerprint: str
    after: str
    """The last week for which it cannot vouch; empty if there is none."""
    restored: str
    """Day of the restore that began it; empty if none did."""


def log_view(log: PublishedLog | None) -> LogView | None:
    """Return the view of a log; None if there is none."""
    if log is None:
        return None
    key = VerifierKey.parse(log.key)
    return LogView(str(key), key.fingerprint, log.after, log.restored)

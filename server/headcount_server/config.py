"""The operator's settings, checked once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from headcount_server.destinations.contract import Destination
from headcount_server.doors.address import Address
from headcount_server.doors.rate_limits import Limits
from headcount_server.errors import ConfigError
from headcount_server.log.notes import SigningKey
from headcount_server.notices.channel import Channel
from headcount_server.pages.operator import Operator
from headcount_server.store.database import Database

_ANCESTORS = re.compile(
    r"\*|'none'|('self'|https?://[A-Za-z0-9.*:\[\]-]+)( ('self'|https?://[A-Za-z0-9.*:\[\]-]+))*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a server needs to start."""

    registry: Path
    """Descriptor set written by `headcount-registry build`."""
    database: Database
    """SQLite file, created if missing, or a database on a PostgreSQL server."""
    grpc: Address = Address("127.0.0.1", 50051)
    public: Address = Address("127.0.0.1", 8080)
    operations: Address = Address("127.0.0.1", 8081)
    threshold: int = 5
    """Counts are published in multiples of this; 1 to 1000."""
    grace: timedelta = timedelta(days=2)
    """Time that a week stays open after its end: not negative, less than a week."""
    tls_certificate: Path | None = None
    """PEM file of the certificate chain for gRPC and the public port, or none for plaintext."""
    tls_key: Path | None = None
    """PEM file of the certificate's key."""
    hsts: timedelta = timedelta()
    """How long browsers shall insist on TLS; zero says nothing of it."""
    allow_plaintext: bool = False
    """Whether reports may cross the network without TLS."""
    oblivious_keys: tuple[Path, ...] = ()
    """Files of the keys that reports through a relay are sealed to, the newest first."""
    limits: Limits = field(default_factory=Limits)
    """Limits on callers."""
    operator: Operator = field(default_factory=Operator)
    """Who runs the server, as its pages tell it."""
    destinations: tuple[Destination, ...] = ()
    """Places outside that are given the published totals."""
    channels: tuple[Channel, ...] = ()
    """Ways to send a notice about each new week."""
    log_key: SigningKey | None = None
    """Signs the log of publications, which is shown only if there is a key."""
    frame_ancestors: str = "*"
    """Sites that may embed fragments, badges and charts, in the words of CSP."""

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= 1000:  # noqa: PLR2004 - the documented range
            msg = f"--threshold {self.threshold}: outside 1 to 1000"
            raise ConfigError(msg)
        if not timedelta() <= self.grace < timedelta(weeks=1):
            msg = f"--grace-hours {self.grace / timedelta(hours=1):g}: outside 0 to 167"
            raise ConfigError(msg)
        if not _ANCESTORS.fullmatch(self.frame_ancestors):
            msg = (
                f"--frame-ancestors {self.frame_ancestors}: give sites such as "
                "https://www.example.org with blanks between them, or *, or 'self', or 'none'"
            )
            raise ConfigError(msg)
        if (self.tls_certificate is None) != (self.tls_key is None):
            msg = "--tls-certificate and --tls-key: one is of no use without the other; name both"
            raise ConfigError(msg)
        if self.limits.relays and not self.oblivious_keys:
            msg = (
                "--relay: means nothing without --oblivious-key; make a key with: "
                "headcount-server oblivious-key new FILE"
            )
            raise ConfigError(msg)
        if not 0 <= self.hsts.days <= 36500:  # noqa: PLR2004 - the documented range
            msg = f"--hsts-days {self.hsts.days}: outside 0 to 36500"
            raise ConfigError(msg)
        if self.hsts and self.tls_certificate is None:
            msg = (
                "--hsts-days: means nothing without --tls-certificate; where a proxy speaks TLS, "
                "have the proxy send Strict-Transport-Security"
            )
            raise ConfigError(msg)
        for flag, address in (("--grpc", self.grpc), ("--public", self.public)):
            if not (address.is_loopback or self.tls_certificate or self.allow_plaintext):
                msg = (
                    f"{flag} {address}: reports would cross the network unencrypted; give "
                    "--tls-certificate and --tls-key, listen on loopback behind a proxy that "
                    "speaks TLS, or insist with --allow-plaintext"
                )
                raise ConfigError(msg)

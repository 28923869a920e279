"""What an operator sets, checked once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from headcount_server.doors.rate_limits import Limits
from headcount_server.errors import ConfigError
from headcount_server.store.database import Database


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on; port 0 takes any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, flag: str, text: str) -> Address:
        """The address written as `HOST:PORT` or `[IPV6]:PORT`. Raises ConfigError."""
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not (colon and host and port.isdecimal() and int(port) <= 65535):  # noqa: PLR2004 - RFC 9293
            msg = f"{flag} {text}: not an address; write HOST:PORT, such as 127.0.0.1:8080"
            raise ConfigError(msg)
        return cls(host, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def at(self, port: int) -> Address:
        """The same host with the port that was taken in the end."""
        return Address(self.host, port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a server needs to know at its start."""

    registry: Path
    """Descriptor set written by `headcount-registry build`."""
    database: Database
    """SQLite file, made if it is not there, or a database on a PostgreSQL server."""
    grpc: Address = Address("127.0.0.1", 50051)
    public: Address = Address("127.0.0.1", 8080)
    operations: Address = Address("127.0.0.1", 8081)
    threshold: int = 5
    """Counts are published in multiples of this; 1 to 1000."""
    grace: timedelta = timedelta(days=2)
    """How long after its end a week stays open: not negative, less than a week."""
    tls_certificate: Path | None = None
    """PEM file of the certificate chain for gRPC and the public port, or none for plaintext."""
    tls_key: Path | None = None
    """PEM file of its key."""
    allow_plaintext: bool = False
    """Whether reports may cross the network without TLS."""
    limits: Limits = field(default_factory=Limits)
    """How much callers may ask for."""

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= 1000:  # noqa: PLR2004 - the documented range
            msg = f"--threshold {self.threshold}: outside 1 to 1000"
            raise ConfigError(msg)
        if not timedelta() <= self.grace < timedelta(weeks=1):
            msg = f"--grace-hours {self.grace / timedelta(hours=1):g}: outside 0 to 167"
            raise ConfigError(msg)
        if (self.tls_certificate is None) != (self.tls_key is None):
            msg = "--tls-certificate and --tls-key: one is of no use without the other; name both"
            raise ConfigError(msg)
        for flag, address in (("--grpc", self.grpc), ("--public", self.public)):
            if not (address.is_loopback or self.tls_certificate or self.allow_plaintext):
                msg = (
                    f"{flag} {address}: reports would cross the network unencrypted; give "
                    "--tls-certificate and --tls-key, listen on loopback behind a proxy that "
                    "speaks TLS, or insist with --allow-plaintext"
                )
                raise ConfigError(msg)

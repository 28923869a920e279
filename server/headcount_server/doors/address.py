"""The address on which a door listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from headcount_server.errors import ConfigError

_MAX_PORT = 65535  # RFC 9293
_MAX_DIGITS = len(str(_MAX_PORT))


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on; port 0 takes any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, flag: str, text: str) -> Address:
        """Return the address written as `HOST:PORT` or `[IPV6]:PORT`. Raises ConfigError."""
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        # Python itself refuses to read numbers of thousands of digits.
        number = int(port) if port.isdecimal() and len(port) <= _MAX_DIGITS else _MAX_PORT + 1
        if not (colon and host and number <= _MAX_PORT):
            msg = f"{flag} {text}: not an address; write HOST:PORT, such as 127.0.0.1:8080"
            raise ConfigError(msg)
        # grpcio would listen on both loopback addresses, and HTTP on one.
        return cls("127.0.0.1" if host == "localhost" else host, number)

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name
            return False

    @property
    def is_everywhere(self) -> bool:
        """Return whether it is `0.0.0.0` or `[::]`; both mean all addresses of this machine."""
        try:
            return ipaddress.ip_address(self.host).is_unspecified
        except ValueError:
            return False

    def at(self, port: int) -> Address:
        """Return the same host with the port that the system chose."""
        return Address(self.host, port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

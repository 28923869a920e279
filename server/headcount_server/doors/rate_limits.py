"""Limits on the calls of one network, and of all networks together.

A token bucket per address prefix (IPv4 /24, IPv6 /56), held in memory under
a key that is drawn anew every hour; neither addresses nor buckets are ever
written down. Callers on the same machine are not limited, except a trusted proxy,
which names the caller.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import unquote

from headcount_server.errors import ConfigError, Overloaded

KEY_SECONDS = 3600.0
"""Seconds that a key lives; buckets begin anew with the next one."""
MAX_PREFIXES = 50_000
"""Most prefixes that are told apart; beyond that, all buckets begin anew."""

_IPV4_PREFIX, _IPV6_PREFIX = 24, 56
_IPV6_NETWORK = 48
"""Bits of an address that name who introduces values (see `store.allowance`); for calls
those above do."""

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operator's limits. Raises ConfigError for impossible ones."""

    per_minute: float = 60
    """Calls a minute from one address prefix in the long run; 0 for no limit."""
    burst: int = 300
    """Calls from one address prefix at once."""
    total_per_second: float = 0
    """Calls a second from everyone together; 0 for no limit."""
    connections: int = 4096
    """Connections over gRPC at once; further ones are closed before anything is read."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks whose `X-Forwarded-For` is trusted."""

    def __post_init__(self) -> None:
        for flag, value in (
            ("--limit-per-minute", self.per_minute),
            ("--limit-total", self.total_per_second),
        ):
            if not 0 <= value <= 1_000_000:  # noqa: PLR2004 - the documented range
                msg = f"{flag} {value:g}: outside 0 (no limit) to 1000000"
                raise ConfigError(msg)
        for flag, count in (
            ("--limit-burst", self.burst),
            ("--limit-connections", self.connections),
        ):
            if not 1 <= count <= 1_000_000:  # noqa: PLR2004 - the documented range
                msg = f"{flag} {count}: outside 1 to 1000000"
                raise ConfigError(msg)


def trusted(networks: Iterable[str]) -> tuple[Network, ...]:
    """Return networks from texts such as `10.0.0.0/8`. Raises ConfigError."""
    found = []
    for text in networks:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            msg = f"--trusted-proxy {text}: {error}; write an address or a network in CIDR form"
            raise ConfigError(msg) from None
    return tuple(found)


class Gate:
    """Lets calls in within the limits; may be used from any thread."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[bytes, _Bucket] = {}
        self._total = _Bucket(max(1.0, limits.total_per_second), now())
        self._key, self._key_until = b"", 0.0

    @property
    def connections(self) -> int:
        """Most connections over gRPC at once."""
        return self._limits.connections

    @property
    def trusting(self) -> bool:
        """Return whether any proxy is trusted."""
        return bool(self._limits.trusted_proxies)

    def network(self, peer: str | None, forwarded: str = "") -> bytes | None:
        """The network that a caller is in, /24 or /48; None for one that nobody limits."""
        address = self._caller(peer, forwarded)
        if address is None:
            return None
        bits = _IPV4_PREFIX if address.version == 4 else _IPV6_NETWORK  # noqa: PLR2004 - IPv4
        prefix = int(address) >> (address.max_prefixlen - bits)
        return bytes([address.version]) + prefix.to_bytes(6)

    def admit(self, peer: str | None, forwarded: str = "") -> None:
        """Raise Overloaded if a caller, or all callers together, exceed the limits.

        `peer` is the address of the other end of the connection, and `forwarded`
        its `X-Forwarded-For`.
        """
        limits = self._limits
        caller = self._caller(peer, forwarded) if limits.per_minute else None
        if caller is None and not limits.total_per_second:
            return
        now = self._now()
        with self._lock:
            if caller is not None:
                bucket = self._bucket(caller, now)
                if not bucket.take(now, limits.per_minute / 60, limits.burst):
                    msg = "too many requests from this network; try again in some hours"
                    raise Overloaded(msg)
            total = limits.total_per_second
            if total and not self._total.take(now, total, max(1.0, total)):
                msg = "too many requests; try again in some hours"
                raise Overloaded(msg)

    def _caller(self, peer: str | None, forwarded: str) -> _Address | None:
        address = _parse(peer or "")
        if address is None:
            return None
        if self._trusts(address):
            for hop in reversed(forwarded.split(",")):
                behind = _parse(hop.strip())
                if behind is None:
                    return address if hop.strip() else None
                address = behind
                if not self._trusts(address):
                    return address
            return None
        return None if address.is_loopback else address

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._limits.trusted_proxies)

    def _bucket(self, address: _Address, now: float) -> _Bucket:
        if now >= self._key_until or len(self._buckets) >= MAX_PREFIXES:
            self._key, self._key_until = secrets.token_bytes(16), now + KEY_SECONDS
            self._buckets.clear()
        bits = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX  # noqa: PLR2004 - IPv4
        prefix = int(address) >> (address.max_prefixlen - bits)
        name = blake2b(
            bytes([address.version]) + prefix.to_bytes(8), key=self._key, digest_size=8
        ).digest()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self._limits.burst, now)
        return bucket


class _Bucket:
    """A token bucket, which fills with time."""

    __slots__ = ("_at", "_left")

    def __init__(self, left: float, at: float) -> None:
        self._left = left
        self._at = at

    def take(self, now: float, per_second: float, most: float) -> bool:
        self._left = min(most, self._left + (now - self._at) * per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _parse(text: str) -> _Address | None:
    """Return the address of `192.0.2.1:80`, `[2001:db8::1]:80` or gRPC's `ipv6:%5B…`."""
    text = unquote(text)
    for scheme in ("ipv4:", "ipv6:"):
        text = text.removeprefix(scheme)
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address

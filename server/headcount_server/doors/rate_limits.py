"""Limits on the calls of one network, and of all networks together.

Each network (IPv4 /24, IPv6 /56) has an allowance in memory, under a key that is drawn anew
every day. Neither addresses nor allowances are ever written down. A report that an address
sends again on the same day costs a twentieth. Callers on the same machine are not limited,
except a trusted proxy, which names the caller.

A relay speaks for many people, so its oblivious calls are not those of one network. All relays
together have a half of the total, if there is one, and the other callers have the other half.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from headcount_server.doors.allowances import Allowance, Bucket
from headcount_server.doors.callers import IPV6_SITE, address_of, is_loopback, network_of
from headcount_server.doors.repeats import Repeats
from headcount_server.errors import ConfigError, Overloaded
from headcount_server.store.allowance import RELAYED

DAY_SECONDS = 86_400.0
"""Seconds that a key lasts; allowances and repeats begin anew with the next key."""
MAX_NETWORKS = 50_000
"""Most networks that are told apart; beyond that, networks that ask little are forgotten,
or all."""
REPEAT = 0.05
"""Price in calls of a report that the same address sends again on the same day."""

_CHANCE = random.SystemRandom()

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operator's limits. Raises ConfigError for impossible ones."""

    per_minute: float = 60
    """Most calls a minute from one address prefix in the long run; 0 for no limit."""
    burst: int = 300
    """Most calls from one address prefix at once."""
    total_per_second: float = 0
    """Most calls a second from everyone together; 0 for no limit."""
    connections: int = 4096
    """Most connections over gRPC at once; further ones are closed before anything is read.
    Networks share a quarter of them."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks whose `X-Forwarded-For` is trusted."""
    relays: tuple[Network, ...] = ()
    """Networks of the relays."""

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


def networks_of(flag: str, networks: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks in the texts of a flag, such as `10.0.0.0/8`. Raises ConfigError."""
    found = []
    for text in networks:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            msg = f"{flag} {text}: {error}; write an address or a network in CIDR form"
            raise ConfigError(msg) from None
    return tuple(found)


class Gate:
    """Admits calls within the limits. Any thread may use it."""

    def __init__(
        self,
        limits: Limits,
        now: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = _CHANCE.random,
    ) -> None:
        self._limits = limits
        self._now = now
        self._draw = draw
        self._lock = threading.Lock()
        self._allowances: dict[bytes, Allowance] = {}
        self._repeats = Repeats()
        total = limits.total_per_second / (2 if limits.relays else 1)
        self._total = Bucket(max(1.0, total), total, now())
        self._relayed = Bucket(max(1.0, total), total, now())
        self._key, self._key_until = b"", 0.0

    @property
    def connections(self) -> int:
        """The most connections over gRPC at once."""
        return self._limits.connections

    @property
    def trusting(self) -> bool:
        """Return whether any proxy is trusted."""
        return bool(self._limits.trusted_proxies)

    def admit(self, peer: str | None, forwarded: str = "", *, oblivious: bool = False) -> Visit:
        """Charge a caller for a call.

        `peer` is the address of the other end of the connection, and `forwarded` its
        `X-Forwarded-For`. An `oblivious` call of a relay is charged to the relays. Raises
        Overloaded if the caller, or all callers together, exceed the limits, or if the lot goes
        against a call of a network that runs short.
        """
        limits = self._limits
        caller = self._caller(peer, forwarded)
        if oblivious and self._is_relay(caller or address_of(peer or "")):
            with self._lock:
                self._charge(self._relayed, self._now())
            return Visit(RELAYED)
        network = None if caller is None else network_of(caller, IPV6_SITE)
        if not limits.per_minute:
            caller = None
        if caller is None and not limits.total_per_second:
            return Visit(network)
        now = self._now()
        with self._lock:
            allowance = None
            if caller is not None:
                allowance = self._allowance(caller, now)
                if not allowance.take(now, self._draw):
                    msg = "too many requests from this network; try again in some hours"
                    raise Overloaded(msg)
            self._charge(self._total, now)
        if caller is None or allowance is None:
            return Visit(network)
        return _ChargedVisit(network, self, caller, allowance)

    def _charge(self, total: Bucket, now: float) -> None:
        """Take a call from those that all have together, if they are limited."""
        if self._limits.total_per_second:
            if total.left(now) < 1:
                msg = "too many requests; try again in some hours"
                raise Overloaded(msg)
            total.take(1)

    def settle(self, caller: bytes, allowance: Allowance, tokens: tuple[bytes, ...]) -> None:
        """Give back most of a call's price if the caller sent all these tokens earlier today."""
        with self._lock:
            # A list, because each token must be remembered, whatever the others are.
            known = [self._repeats.heard(caller, token) for token in tokens]
            if known and all(known):
                allowance.give_back(1 - REPEAT)

    def _caller(self, peer: str | None, forwarded: str) -> bytes | None:
        address = address_of(peer or "")
        if address is None:
            return None
        if self._trusts(address):
            for hop in reversed(forwarded.split(",")):
                behind = address_of(hop.strip())
                if behind is None:
                    return address if hop.strip() else None
                address = behind
                if not self._trusts(address):
                    return address
            return None
        return None if is_loopback(address) else address

    def _is_relay(self, address: bytes | None) -> bool:
        return address is not None and _within(address, self._limits.relays)

    def _trusts(self, address: bytes) -> bool:
        return _within(address, self._limits.trusted_proxies)

    def _allowance(self, address: bytes, now: float) -> Allowance:
        if now >= self._key_until:
            self._key, self._key_until = secrets.token_bytes(16), now + DAY_SECONDS
            self._allowances.clear()
            self._repeats.begin_anew()
        name = blake2b(network_of(address), key=self._key, digest_size=8).digest()
        allowance = self._allowances.get(name)
        if allowance is None:
            if len(self._allowances) >= MAX_NETWORKS:
                self._forget(now)
            limits = self._limits
            allowance = Allowance(limits.burst, limits.per_minute / 60, now)
            self._allowances[name] = allowance
        return allowance

    def _forget(self, now: float) -> None:
        """Make room for at least half of all networks, so that it is seldom needed."""
        spent = {name: each for name, each in self._allowances.items() if not each.is_full(now)}
        self._allowances = spent if len(spent) <= MAX_NETWORKS // 2 else {}


class Visit:
    """An admitted call, with its network if its caller is limited."""

    __slots__ = ("network",)

    def __init__(self, network: bytes | None = None) -> None:
        self.network = network
        """Name of the network (IPv4 /24, IPv6 /48) that may introduce values."""

    def said(self, *tokens: bytes) -> None:
        """Hear the tokens of the call's reports, before anything looks into the store.

        The price depends on what the same address sent earlier today, and on nothing else.
        """


class _ChargedVisit(Visit):
    """A call that a network was charged for."""

    __slots__ = ("_allowance", "_caller", "_gate")

    def __init__(
        self, network: bytes | None, gate: Gate, caller: bytes, allowance: Allowance
    ) -> None:
        super().__init__(network)
        self._gate = gate
        self._caller = caller
        self._allowance = allowance

    def said(self, *tokens: bytes) -> None:
        self._gate.settle(self._caller, self._allowance, tokens)


def _within(address: bytes, networks: tuple[Network, ...]) -> bool:
    return bool(networks) and any(ip_address(address) in each for each in networks)

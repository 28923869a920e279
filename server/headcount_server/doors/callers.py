"""The address of a caller, and the network that it belongs to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

IPV4_PREFIX, IPV6_PREFIX = 24, 56
"""Bits that the addresses of one network have in common."""

IpAddress = IPv4Address | IPv6Address


def address_of(text: str) -> IpAddress | None:
    """Return the address in `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80` or gRPC's `ipv6:%5B…`.

    An IPv4 address in IPv6 form is the IPv4 address. None if there is no address in it.
    """
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


def network_of(address: IpAddress) -> bytes:
    """Return the name of an address's network: IPv4 /24, IPv6 /56."""
    bits = IPV4_PREFIX if isinstance(address, IPv4Address) else IPV6_PREFIX
    prefix = int(address) >> (address.max_prefixlen - bits)
    return bytes([address.version]) + prefix.to_bytes(8)

"""The address of a caller, and the network that it belongs to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

IPV4_PREFIX, IPV6_PREFIX = 24, 56
"""Number of leading bits that the addresses of one network share."""
IPV6_SITE = 48
"""The same for the introduction of values (see `store.allowance`): the prefix that a
provider gives one customer."""

IpAddress = IPv4Address | IPv6Address


def address_of(text: str) -> IpAddress | None:
    """Return the address in `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80` or gRPC's `ipv6:%5B…`.

    An IPv4 address in IPv6 form becomes the IPv4 address. Return None if the text has no address.
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


def network_of(address: IpAddress, ipv6_bits: int = IPV6_PREFIX) -> bytes:
    """Return the name of an address's network: IPv4 /24, IPv6 /56 or the given number of bits."""
    bits = IPV4_PREFIX if isinstance(address, IPv4Address) else ipv6_bits
    prefix = int(address) >> (address.max_prefixlen - bits)
    return bytes([address.version]) + prefix.to_bytes(8)

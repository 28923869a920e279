"""The addresses that callers come from, in every form that a door or a proxy writes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from headcount_server.doors.callers import IPV6_SITE, address_of, is_loopback, network_of
from hypothesis import example, given
from hypothesis import strategies as st

_AnyAddress = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return getattr(address, "ipv4_mapped", None) or address


@given(address=_AnyAddress, port=st.integers(0, 65_535))
@example(address=ip_address("::ffff:192.0.2.1"), port=80)
def test_an_address_is_read_in_every_form(address: IPv4Address | IPv6Address, port: int) -> None:
    bracketed = f"[{address}]" if address.version == 6 else str(address)
    forms = [str(address), f"{bracketed}:{port}"]
    if address.version == 6:
        forms += [f"{address}%eth0", f"[{address}%25eth0]:{port}", f"ipv6:%5B{address}%5D:{port}"]
    else:
        forms.append(f"ipv4:{address}:{port}")
    assert [address_of(form) for form in forms] == [_plain(address).packed] * len(forms)


@given(st.text("0123456789abcdefx:. \x00é", max_size=20).filter(lambda text: text.count(":") != 1))
def test_what_is_no_address_is_taken_for_none(text: str) -> None:
    try:
        expected = _plain(ip_address(text)).packed
    except ValueError:
        assert address_of(text) is None
    else:
        assert address_of(text) == expected


@given(_AnyAddress)
@example(ip_address("::1"))
@example(ip_address("127.255.0.3"))
@example(ip_address("128.0.0.1"))
def test_this_machine_is_told_from_others(address: IPv4Address | IPv6Address) -> None:
    assert is_loopback(_plain(address).packed) == _plain(address).is_loopback


@given(data=st.data(), address=_AnyAddress)
@pytest.mark.parametrize(("ipv6_bytes", "bits"), [(7, 56), (IPV6_SITE, 48)])
def test_addresses_of_one_network_share_its_name(
    data: st.DataObject, address: IPv4Address | IPv6Address, ipv6_bytes: int, bits: int
) -> None:
    network = ip_network((address, 24 if address.version == 4 else bits), strict=False)
    inside = data.draw(st.ip_addresses(network=network))
    outside = data.draw(st.ip_addresses(v=address.version).filter(lambda a: a not in network))
    name = network_of(address.packed, ipv6_bytes)
    assert network_of(inside.packed, ipv6_bytes) == name
    assert network_of(outside.packed, ipv6_bytes) != name

"""A filter in the kernel that keeps networks away from a listening socket.

It looks at the packets that ask for a connection, before the system spends anything on one.
Existing connections do not pass through it. A socket may have a filter without any
privilege. Source: Linux, filter.rst and tcp(7).
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

MAX_NETWORKS = 256
"""Most networks in a filter; the kernel bounds its length."""

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27

# Instructions of the classic Berkeley packet filter: code, jump if true, jump if false, operand.
_Instruction = tuple[int, int, int, int]
_BYTE, _WORD, _AND, _SHIFT, _EQUAL, _JUMP, _RETURN = 0x30, 0x20, 0x54, 0x74, 0x15, 0x05, 0x06
_IP = 0xFFF00000
"""Offset of the IP header."""
_IPV4_SOURCE, _IPV6_SOURCE = _IP + 12, _IP + 8
_TAKE, _DROP = (_RETURN, 0, 0, 0xFFFFFFFF), (_RETURN, 0, 0, 0)
_24_BITS = 0xFFFFFF00


def keep_away(networks: Iterable[bytes], listening: socket.socket) -> None:
    """Let a listening socket hear nothing from these networks, and let it hear all others again.

    The networks have the names that `callers.network_of` returns. Does nothing if the
    system has no such filter.
    """
    if sys.platform != "linux":
        return
    named = sorted(networks)[:MAX_NETWORKS]
    with suppress(OSError):
        if not named:
            listening.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
            return
        program = _program(named)
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
        pointer = struct.pack("HP", len(program), ctypes.addressof(code))
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pointer)


def _program(networks: Iterable[bytes]) -> list[_Instruction]:
    """Return a program that drops packets from these networks."""
    ipv4: list[_Instruction] = [(_WORD, 0, 0, _IPV4_SOURCE), (_AND, 0, 0, _24_BITS)]
    ipv6: list[_Instruction] = []
    for network in networks:
        version, prefix = network[0], int.from_bytes(network[1:])
        if version == 4:  # noqa: PLR2004 - IPv4
            ipv4 += [(_EQUAL, 0, 1, prefix << 8), _DROP]
        else:
            ipv6 += [
                (_WORD, 0, 0, _IPV6_SOURCE),
                (_EQUAL, 0, 4, prefix >> 24),
                (_WORD, 0, 0, _IPV6_SOURCE + 4),
                (_AND, 0, 0, _24_BITS),
                (_EQUAL, 0, 1, prefix << 8 & 0xFFFFFFFF),
                _DROP,
            ]
    version_of = [(_BYTE, 0, 0, _IP), (_SHIFT, 0, 0, 4), (_EQUAL, 1, 0, 4)]
    return [*version_of, (_JUMP, 0, 0, len(ipv4) + 1), *ipv4, _TAKE, *ipv6, _TAKE]

"""The server's half of binary HTTP (RFC 9292): requests in, padded responses out.

The client has the other half, in `headcount.transport.binary_http`. Each is tested with the
examples of the RFC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headcount_server.errors import InvalidReport, Violation

SIZES = (1 << 10, 4 << 10, 16 << 10, 64 << 10)
"""Sizes in bytes to which messages are padded; larger ones to multiples of the last."""

_KNOWN, _INDETERMINATE = 0, 2  # framing indicators of requests
_KNOWN_RESPONSE = 1
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(rb"[^\0\r\n]*")


@dataclass(frozen=True, slots=True)
class BinaryRequest:
    """A request; names of `fields` are in lower case, and the last of a name counts."""

    method: str
    scheme: str
    authority: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class BinaryResponse:
    """A response; names of `fields` are in lower case."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    content: bytes = b""


def parse(data: bytes) -> BinaryRequest:
    """Return the request in some bytes. Raises InvalidReport with what is wrong."""
    reader = _Reader(data)
    framing = reader.number()
    if framing not in {_KNOWN, _INDETERMINATE}:
        raise _invalid(f"framing {framing} is not that of a request")
    method, scheme, authority, path = (reader.part().decode("latin-1") for _ in range(4))
    known = framing == _KNOWN
    lines = reader.lines() if known else reader.lines_to_the_end()
    content = reader.optional_part() if known else reader.chunks()
    if known:
        reader.lines()  # trailers mean nothing here
    else:
        reader.lines_to_the_end()
    reader.padding()
    return BinaryRequest(method, scheme, authority, path, _fields(lines), content)


def padded(response: BinaryResponse) -> bytes:
    """Return a response of known length, padded with zeros to one of the sizes."""
    lines = b"".join(_sized(text.encode("latin-1")) for line in response.fields for text in line)
    told = bytes([_KNOWN_RESPONSE]) + _number(response.status) + _sized(lines)
    told += _sized(response.content)
    return told.ljust(size_of(len(told)), b"\0")


def size_of(length: int) -> int:
    """Return the size in bytes to which a message of some bytes is padded."""
    for size in SIZES:
        if length <= size:
            return size
    return -(-length // SIZES[-1]) * SIZES[-1]


class _Reader:
    """Reads the parts of a message in order. A section that begins at the end is empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        """Read an integer in the form of QUIC (RFC 9000, 16)."""
        first = self._take(1)[0]
        more = (1 << (first >> 6)) - 1
        return int.from_bytes(bytes([first & 0x3F]) + self._take(more))

    def part(self) -> bytes:
        return self._take(self.number())

    def optional_part(self) -> bytes:
        return b"" if self._ended() else self.part()

    def lines(self) -> list[tuple[bytes, bytes]]:
        """Read a section of fields that begins with its length."""
        section = _Reader(self.optional_part())
        found = []
        while not section._ended():
            found.append((section.part(), section.part()))
        return found

    def lines_to_the_end(self) -> list[tuple[bytes, bytes]]:
        """Read a section of fields that ends with an empty name."""
        found: list[tuple[bytes, bytes]] = []
        while (name := self.part()) if (found or not self._ended()) else b"":
            found.append((name, self.part()))
        return found

    def chunks(self) -> bytes:
        """Read content that ends with an empty chunk."""
        found = bytearray()
        began = False
        while chunk := (self.part() if began or not self._ended() else b""):
            began = True
            found += chunk
        return bytes(found)

    def padding(self) -> None:
        if self._data[self._at :].strip(b"\0"):
            raise _invalid("something other than padding follows the message")

    def _ended(self) -> bool:
        return self._at == len(self._data)

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise _invalid("the message ends too early")
        found = self._data[self._at : end]
        self._at = end
        return found


def _fields(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found = {}
    for name, value in lines:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise _invalid("a header is none of HTTP")
        found[name.decode()] = value.decode("latin-1").strip(" \t")
    return found


def _sized(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    for power in range(4):
        bits = (8 << power) - 2
        if value < 1 << bits:
            return (value | power << bits).to_bytes(1 << power)
    raise OverflowError(value)


def _invalid(why: str) -> InvalidReport:
    return InvalidReport(Violation("request", f"no binary HTTP request: {why}"))

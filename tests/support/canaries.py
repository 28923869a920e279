"""Distinctive words, and the places where they appear, in any usual encoding."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping


def forms(word: bytes) -> Iterator[bytes]:
    """Return the forms of a word: raw, reversed, hexadecimal, base 64, wide characters, digests."""
    yield from (word, word[::-1])
    yield from (word.hex().encode(), word.hex().upper().encode())
    for shift in range(3):
        # Within a longer text, it starts at any of three places.
        whole = base64.b64encode(bytes(shift) + word)
        part = whole[-(-shift * 8 // 6) : len(whole) - 4]
        yield from (part, part.translate(bytes.maketrans(b"+/", b"-_")))
    text = word.decode("latin-1")
    yield from (text.encode("utf-16-le"), text.encode("utf-16-be"))
    yield "".join(f"%{byte:02X}" for byte in word).encode()
    for name in ("md5", "sha1", "sha256", "blake2b"):
        digest = hashlib.new(name, word).digest()[:16]
        yield from (digest, digest.hex().encode())


def address_forms(address: str) -> Iterator[bytes]:
    """Return further forms of an IPv4 address and of its network."""
    packed = ipaddress.IPv4Address(address).packed
    yield from forms(address.encode())
    yield from (address.rpartition(".")[0].encode(), packed, packed[::-1])
    yield from (packed.hex().encode(), str(int.from_bytes(packed)).encode())


def found(words: Mapping[str, bytes], places: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Return which words are in which places, by their names."""
    hits = set()
    for name, word in words.items():
        shapes = [re.escape(shape) for shape in forms(word)]
        if re.fullmatch(rb"[0-9]+(\.[0-9]+){3}", word):
            shapes += [re.escape(shape) for shape in address_forms(word.decode())]
        pattern = re.compile(b"|".join(shapes), re.IGNORECASE if word.isalnum() else re.NOFLAG)
        hits |= {(name, place) for place, content in places.items() if pattern.search(content)}
    return hits

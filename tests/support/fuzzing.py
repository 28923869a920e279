"""Fuzzing by mutation of a kept corpus: the same inputs at every run, or new ones for a time.

A surface is something that strangers write to. Its corpus has one input a file: usual
inputs, and every input that once failed. By default a test uses the whole corpus and a
fixed number of mutants, always the same ones. With `HEADCOUNT_FUZZ_SECONDS` it continues
for that long on each surface, with mutants that `chance` draws. An input that fails is
written to `.cache/fuzz`; to keep it, copy it into the corpus.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import chance
from support.repository import ROOT

SECONDS = float(os.environ.get("HEADCOUNT_FUZZ_SECONDS", "0"))
FAILED = ROOT / ".cache" / "fuzz"
LARGEST = 200_000
"""Bytes of a mutant: well past what any door reads."""

Mutate = Callable[[random.Random, list[bytes]], bytes]


@dataclass(frozen=True)
class Surface:
    """Something that strangers write to, and inputs to begin with."""

    corpus: Path
    """A folder with an input in each file."""
    mutate: Mutate
    """Makes an input of the corpus's."""

    @property
    def name(self) -> str:
        return self.corpus.name

    def kept(self) -> list[bytes]:
        """Return the corpus, in order of file names."""
        kept = [file.read_bytes() for file in sorted(self.corpus.iterdir())]
        assert kept, f"nothing is kept in {self.corpus}"
        return kept

    def inputs(self, mutants: int) -> Iterator[bytes]:
        """Yield all that is kept, then so many mutants, or those of `HEADCOUNT_FUZZ_SECONDS`."""
        kept = self.kept()
        yield from kept
        end = time.monotonic() + SECONDS
        drawn = chance.of(self.name)
        made = 0
        while made < mutants or time.monotonic() < end:
            made += 1
            yield self.mutate(drawn, kept)[:LARGEST]
        if SECONDS:
            print(f"{self.name}: {made} mutants")  # noqa: T201 - for whoever ran it

    @contextmanager
    def keeping(self, data: bytes) -> Iterator[None]:
        """Write an input away that fails, and say where."""
        try:
            yield
        except BaseException as error:
            FAILED.joinpath(self.name).mkdir(parents=True, exist_ok=True)
            file = FAILED / self.name / hashlib.sha256(data).hexdigest()[:16]
            file.write_bytes(data)
            error.add_note(f"The input was {data[:300]!r}; it is in {file}")
            raise


def bytewise(words: tuple[bytes, ...]) -> Mutate:
    """Mutants that differ by bytes, ranges and these words."""

    def mutate(chance: random.Random, kept: list[bytes]) -> bytes:
        data = bytearray(chance.choice(kept))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _bytewise(chance, data, kept, words)
        return bytes(data)

    return mutate


def _bytewise(
    chance: random.Random, data: bytearray, kept: list[bytes], words: tuple[bytes, ...]
) -> None:
    start = chance.randrange(len(data) + 1)
    stop = min(len(data), start + chance.choice((1, 1, 2, 4, 16, 64)))
    part = bytes(data[start:stop])
    match chance.randrange(9):
        case 0 if part:
            data[start] ^= 1 << chance.randrange(8)
        case 1 if part:
            data[start] = chance.randrange(256)
        case 2:
            del data[start:stop]
        case 3:
            data[start:start] = part * chance.choice((1, 2, 40, 700))
        case 4 if words:
            data[start:start] = chance.choice(words)
        case 5 if words:
            data[start:stop] = chance.choice(words)
        case 6:
            other = chance.choice(kept)
            data[start:] = other[chance.randrange(len(other) + 1) :]
        case 7:
            del data[start:]
        case _:
            data[start:start] = chance.randbytes(chance.choice((1, 2, 9)))


def fieldwise(texts: tuple[bytes, ...]) -> Mutate:
    """Mutants of protobuf messages: fields repeated, dropped, moved, renumbered, refilled.

    Lengths stay right most of the time, so that what is inside is looked at.
    """
    plain = bytewise(texts)

    def mutate(chance: random.Random, kept: list[bytes]) -> bytes:
        if not chance.randrange(5):
            return plain(chance, kept)
        return _fieldwise(chance, chance.choice(kept), kept, plain, 4)

    return mutate


def _fieldwise(
    chance: random.Random, message: bytes, kept: list[bytes], plain: Mutate, depth: int
) -> bytes:
    fields = split(message)
    if not fields or not depth:
        return plain(chance, [message])
    at = chance.randrange(len(fields))
    tag, payload = fields[at]
    match chance.randrange(8):
        case 0:
            fields.insert(chance.randrange(len(fields) + 1), (tag, payload))
        case 1:
            del fields[at]
        case 2:
            fields[at] = (tag ^ (1 << chance.randrange(8)), payload)
        case 3:
            fields += split(chance.choice(kept)) or []
        case 4:
            chance.shuffle(fields)
        case 5 if tag & 7 == 0:
            fields[at] = (tag, varint(chance.choice((0, 1, 2, 2**31, 2**63, 2**64 - 1))))
        case _ if tag & 7 == 2:
            fields[at] = (tag, _fieldwise(chance, payload, kept, plain, depth - 1))
        case _:
            fields[at] = (tag, plain(chance, [payload]))
    return join(fields)


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def join(fields: list[tuple[int, bytes]]) -> bytes:
    """Return a message of tags and payloads; payloads of tags with a length get it."""
    return b"".join(
        varint(tag) + (varint(len(payload)) if tag & 7 == 2 else b"") + payload
        for tag, payload in fields
    )


def split(message: bytes) -> list[tuple[int, bytes]] | None:
    """Tags and payloads of a message; None if it is none."""
    fields, at = [], 0
    try:
        while at < len(message):
            tag, at = _varint_at(message, at)
            match tag & 7:
                case 0:
                    _, stop = _varint_at(message, at)
                case 1:
                    stop = at + 8
                case 2:
                    length, at = _varint_at(message, at)
                    stop = at + length
                case 5:
                    stop = at + 4
                case _:
                    return None
            if stop > len(message):
                return None
            fields.append((tag, message[at:stop]))
            at = stop
    except IndexError:
        return None
    return fields


def _varint_at(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 1.5, 1e308, 1e16, "", " ", "0",
    "\0", "\n", "é", "\U0001f600", "\ud800", "x" * 65, "x" * 5000, "1" * 400, "<script>", '"', "'",
    "=1+1", "-", "%s", "{0}", "../..", "1.2.3", "8.2", "other", "VALUE_OTHER", "VALUE_NEW", "NaN",
    [], {}, [[]], {"": ""}, [None], {"@type": "x"},
)  # fmt: skip
"""Values of JSON that something may stumble over."""


def treewise(words: tuple[bytes, ...]) -> Mutate:
    """Mutants of JSON: other values, names and depths in a tree, or other bytes in its text."""
    plain = bytewise(words)
    names = [word.decode() for word in words]

    def mutate(chance: random.Random, kept: list[bytes]) -> bytes:
        if not chance.randrange(4):
            return plain(chance, kept)
        try:
            tree = json.loads(chance.choice(kept))
        except (ValueError, RecursionError):
            return plain(chance, kept)
        for _ in range(chance.choice((1, 1, 2, 4))):
            tree = _treewise(chance, tree, names)
        ascii_only = chance.random() < 0.5
        return json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    return mutate


def _treewise(chance: random.Random, tree: Any, names: list[str]) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(tree, dict | list) or not tree or chance.random() < 0.2:
        return _replaced(chance, tree, names)
    if isinstance(tree, list):
        at = chance.randrange(len(tree))
        return [*tree[:at], _treewise(chance, tree[at], names), *tree[at + 1 :]]
    name = chance.choice(list(tree))
    match chance.randrange(6):
        case 0:
            return {key: value for key, value in tree.items() if key != name}
        case 1:
            return tree | {chance.choice([*names, name.upper(), name + "\0"]): tree[name]}
        case 2:
            return tree | {chance.choice(names): chance.choice(ODD)}
        case _:
            return tree | {name: _treewise(chance, tree[name], names)}


def _replaced(chance: random.Random, tree: Any, names: list[str]) -> Any:  # noqa: ANN401 - any JSON
    match chance.randrange(5):
        case 0:
            return chance.choice(names)
        case 1:
            return [tree] * chance.choice((1, 2, 300))
        case 2:
            for _ in range(chance.choice((1, 20, 400))):
                tree = {chance.choice(names): tree} if chance.random() < 0.5 else [tree]
            return tree
        case _:
            return chance.choice(ODD)


def linewise(words: tuple[bytes, ...]) -> Mutate:
    """Mutants of texts in lines: lines repeated, dropped and exchanged, or other bytes in them."""
    plain = bytewise(words)

    def mutate(chance: random.Random, kept: list[bytes]) -> bytes:
        if chance.randrange(2):
            return plain(chance, kept)
        lines = chance.choice(kept).splitlines(keepends=True) or [b""]
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(lines) + 1)
            match chance.randrange(4):
                case 0:
                    del lines[at : at + 1]
                case 1:
                    lines[at:at] = chance.choice(kept).splitlines(keepends=True)[:1]
                case 2:
                    lines[at:at] = lines[at : at + 1] * chance.choice((1, 2, 200))
                case _:
                    chance.shuffle(lines)
        return b"".join(lines)

    return mutate

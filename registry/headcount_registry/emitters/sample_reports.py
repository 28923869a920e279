"""Sample reports of a project: what clients of any language would send, drawn from a seed.

Each report answers every key that is asked on the given day. The values of a key come in turn,
`other` among them, so that as many reports as it has values name each of them.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from itertools import count as counting
from typing import TYPE_CHECKING, Any, cast

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from headcount.v1 import telemetry_service_pb2

from headcount_registry.declarations.model import KeyType
from headcount_registry.emitters import report_proto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from headcount_registry.declarations.model import Key, Project

OTHER = 1
"""Number of the value `other` of every closed set; as an item of a catalogue it is the word."""

_TOKEN = 16  # bytes
_LARGEST_PART = 12  # of a version
_MOST_ITEMS = 8
_REQUEST = telemetry_service_pb2.SubmitReportRequest.DESCRIPTOR.full_name


@dataclass(frozen=True, slots=True)
class Samples:
    """The sample reports of a project on a day; `week` wraps each into the call for that week."""

    project: Project
    descriptor_set: bytes
    today: dt.date
    week: str = ""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that are asked on the day."""
        day = self.today.isoformat()
        return tuple(key for key in self.project.keys if not key.expires or key.expires > day)

    @property
    def ended(self) -> tuple[str, ...]:
        """The names of the keys that nobody is asked any more."""
        return tuple(key.name for key in self.project.keys if key not in self.keys)

    def messages(self, seed: int) -> Iterator[Message]:
        """Yield reports, or calls, without end; a seed always gives the same ones."""
        pool = _pool(self.descriptor_set)
        report_class = _class(pool, f"{report_proto.package(self.project)}.Report")
        # Tokens have their own draws, so that the reports are the same with and without a week.
        chance, tokens = random.Random(seed), random.Random(-1 - seed)  # noqa: S311 - no secrets
        turns = {key.name: _turns(key, chance) for key in self.keys}
        for place in counting():
            report = report_class()
            for key in self.keys:
                _answer(report, key, turns[key.name], place, chance)
            yield self._call(pool, report, tokens.randbytes(_TOKEN)) if self.week else report

    def _call(self, pool: descriptor_pool.DescriptorPool, report: Message, token: bytes) -> Message:
        call: Any = _class(pool, _REQUEST)()
        call.week = self.week
        call.token = token
        call.registry_digest = self.project.digest
        call.report.Pack(report, deterministic=True)
        return call  # type: ignore[no-any-return] # a class that is made while running


def as_json(message: Message) -> str:
    """Return a message in one line, in protobuf's JSON mapping."""
    # The report in a call is found in no other pool. Its class has two stubs that disagree.
    pool = cast("Any", message.DESCRIPTOR.file.pool)
    return json_format.MessageToJson(message, indent=None, ensure_ascii=False, descriptor_pool=pool)


def as_binary(message: Message) -> bytes:
    """Return a message as protobuf writes it."""
    return message.SerializeToString(deterministic=True)


def as_delimited(message: Message) -> bytes:
    """Return a message after its length as a varint, as in a stream of several."""
    data = as_binary(message)
    length, prefix = len(data), bytearray()
    while length > 0x7F:  # noqa: PLR2004 - seven bits a byte
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*prefix, length)) + data


def _turns(key: Key, chance: random.Random) -> list[Any]:
    """Return the values of a key in a drawn order; none if it has no closed set."""
    match key.type:
        case KeyType.BOOLEAN:
            turns: list[Any] = [True, False]
        case KeyType.COUNT:
            turns = [0, *key.buckets]
        case _:
            turns = [value.number for value in key.values] or list(key.catalogue)
            turns += ["other" if key.catalogue else OTHER] if turns else []
    chance.shuffle(turns)
    return turns


def _answer(report: Any, key: Key, turns: list[Any], place: int, chance: random.Random) -> None:  # noqa: ANN401 - a class that is made while running
    answer = getattr(report, key.field)
    match key.type:
        case KeyType.VERSION:
            answer.value = _version(key, chance)
        case KeyType.TEXT:
            answer.value = f"sample {chance.randbytes(4).hex()}"
        case KeyType.LIST:
            most = min(len(turns), key.max_items or len(turns), _MOST_ITEMS)
            start = place % len(turns)
            several = (turns[start:] + turns[:start])[: chance.randint(1, most)]
            answer.values.extend(several)
        case _:
            answer.value = turns[place % len(turns)]
            if key.type is KeyType.PRODUCT and answer.value != OTHER:
                answer.version = _version(key, chance)


def _version(key: Key, chance: random.Random) -> str:
    parts = (chance.randint(1 if not place else 0, _LARGEST_PART) for place in range(key.precision))
    return ".".join(map(str, parts))


def _pool(descriptor_set: bytes) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _class(pool: descriptor_pool.DescriptorPool, name: str) -> type[Message]:
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))

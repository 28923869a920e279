"""A memory for the JSON doors: the same answer is read only once.

Answers are coarse on purpose, so the same few come in again and again. A door reads each
answer that it has not seen as a report of its own, and puts together what it remembers. If
anything about a report is unusual (a key is left out, or given twice), the door reads it as a
whole: it converts it to protobuf, and `answers` reads that.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import blake2b
from typing import Any, TypeAlias

from headcount_server.counting import answers
from headcount_server.counting.answer_cache import Memories, Memory
from headcount_server.counting.answers import Answer, Answers, Ignored
from headcount_server.doors.json_text import Pairs, plain
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Project

Converted: TypeAlias = tuple[bytes, tuple[Ignored, ...]]
"""A serialized report, and the keys that it leaves out."""
Convert: TypeAlias = Callable[[Project, Mapping[str, Any]], Converted]

LONGEST = 64
"""Most bytes of a value that is remembered as it is; of a longer one, only its digest is."""

_Pair: TypeAlias = tuple[str, Any]
"""A name and its value, or the digest of the value."""
_LEVEL = 2
"""The level of a report in a request, whose object is the first."""
_NOTHING = Answer(0, ())
"""What a name that is no key adds, such as `@type`."""


class JsonMemory:
    """Reads reports that `convert` converts, and remembers their answers."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert
        self._memories = Memories[_Pair]()

    def read(self, project: Project, told: Pairs, today: date) -> Answers:
        """Return the answers of a report. Raises InvalidReport."""
        given = self._recall(self._memories.of(project, today), told)
        if given is None:
            return self._whole(project, told, today)
        return Answers(tuple(given.values()), (), answers.release(project, given.values()))

    def _recall(self, memory: Memory[_Pair], told: Pairs) -> dict[int, Answer] | None:
        """Return all answers of a report by key; None if it has to be read as a whole."""
        if len(dict(told)) != len(told):
            return None
        known = memory.known
        given: dict[int, Answer] = {}
        for pair in told:
            try:
                answer = known.get(pair)
            except TypeError:  # there is a list in it
                answer = None
            answer = answer or self._long_or_new(memory, *pair)
            if answer is None or answer.key in given:
                return None
            if answer is not _NOTHING:
                given[answer.key] = answer
        return given

    def _long_or_new(self, memory: Memory[_Pair], name: str, value: object) -> Answer | None:
        """Return an answer whose own value is not remembered; None if it is not one that counts."""
        try:
            form = _form(value)
        except RecursionError:  # it is too deep
            return None
        short = len(form) <= LONGEST and _is_hashable(value)
        pair = name, value if short else blake2b(form, digest_size=16).digest()
        return memory.known.get(pair) or self._learn(memory, pair, (name, value))

    def _learn(self, memory: Memory[_Pair], pair: _Pair, told: _Pair) -> Answer | None:
        """Return an answer that has not been seen; None if it is not one that counts."""
        try:
            read = self._whole(memory.project, (told,), memory.today)
        except InvalidReport:
            return None
        if read.ignored:
            return None
        answer = read.given[0] if read.given else _NOTHING
        memory.keep(pair, answer)
        return answer

    def _whole(self, project: Project, told: Pairs, today: date) -> Answers:
        data, left_out = self._convert(project, plain(told, _LEVEL))
        return answers.without(answers.read(project, data, today), left_out)


def _form(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return bytes that only equal values have. Raises RecursionError."""
    try:
        return marshal.dumps(value, 2)  # of this version, equal values have equal bytes
    except ValueError:  # there is a number in it, or it is too deep
        return repr(value).encode()


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True

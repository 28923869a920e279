"""A cache that reads reports fast: it reads the same answer only once.

Answers are coarse on purpose, so the same few come in again and again. A serialized
report is the concatenation of one-field reports (encoding guide of Protocol Buffers:
merging is concatenation). The cache cuts a report at its fields and looks up each
piece; `answers` reads a new piece as a report of its own. If a report is not plain (a
field twice or out of order, an unknown field, a field to be left out), `answers` reads
it as a whole.
"""

from __future__ import annotations

from datetime import date
from typing import Generic, TypeVar

from headcount_server.counting import answers
from headcount_server.counting.answers import Answer, Answers
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Project

MAX_ANSWERS = 8192
"""Most answers of one project that are remembered."""
MAX_BYTES = 256
"""Longest piece that is remembered."""

_LENGTH_DELIMITED = 2
_Form = TypeVar("_Form")


class Memory(Generic[_Form]):
    """The answers of today to one project's keys, each under the form in which it came."""

    def __init__(self, project: Project, today: date) -> None:
        self.project = project
        self.today = today
        self.known: dict[_Form, Answer] = {}

    def keep(self, form: _Form, answer: Answer) -> None:
        """Remember an answer."""
        if len(self.known) >= MAX_ANSWERS:
            self.known.clear()
        self.known[form] = answer


class Memories(Generic[_Form]):
    """The memories of all projects."""

    def __init__(self) -> None:
        self._of: dict[str, Memory[_Form]] = {}

    def of(self, project: Project, today: date) -> Memory[_Form]:
        """Return what is remembered of a project's answers today."""
        memory = self._of.get(project.name)
        # Keys expire from one day to the next, and a registry may be replaced.
        if memory is None or memory.project is not project or memory.today != today:
            memory = self._of[project.name] = Memory(project, today)
        return memory


class AnswerCache:
    """Reads the reports of all projects and caches their answers for a day."""

    def __init__(self) -> None:
        self._memories = Memories[bytes]()

    def read(self, project: Project, report: bytes, today: date) -> Answers:
        """Return the answers in a serialized report, as `answers.read` gives them."""
        given = _recall(self._memories.of(project, today), report)
        if given is None:
            return answers.read(project, report, today)
        return Answers(tuple(given), (), answers.release(project, given))


def _recall(memory: Memory[bytes], report: bytes) -> list[Answer] | None:
    """Return all answers of a report; None if it has to be read as a whole."""
    pieces = _pieces(report)
    if pieces is None:
        return None
    known, given = memory.known, []
    for piece in pieces:
        answer = known.get(piece) or _learn(memory, piece)
        if answer is None:
            return None
        given.append(answer)
    return given


def _learn(memory: Memory[bytes], piece: bytes) -> Answer | None:
    try:
        read = answers.read(memory.project, piece, memory.today)
    except InvalidReport:
        return None
    if read.ignored or len(read.given) != 1:
        return None
    (answer,) = read.given
    if len(piece) <= MAX_BYTES:
        memory.keep(piece, answer)
    return answer


def _pieces(report: bytes) -> list[bytes] | None:
    """Return the one-field reports that a report is made of; None if it is not plain."""
    pieces = []
    start, before, end = 0, 0, len(report)
    try:
        while start < end:
            tag, length, at = report[start], report[start + 1], start + 2
            if tag > 127:  # noqa: PLR2004 - a second byte follows (base-128 varint)
                tag, length, at = tag - 128 + (length << 7), report[at], at + 1
            if length > 127:  # noqa: PLR2004 - likewise
                length, at = length - 128 + (report[at] << 7), at + 1
            stop = at + length
            # A third byte of a tag or length makes these too large to pass.
            plain = before < tag < 1 << 14 and length < 1 << 14 and stop <= end
            if tag & 7 != _LENGTH_DELIMITED or not plain:
                return None
            pieces.append(report[start:stop])
            start, before = stop, tag
    except IndexError:
        return None
    return pieces

"""A memory for the JSON doors: the same answer is converted to protobuf only once.

Answers are coarse on purpose, so the same few come in again and again. A serialized report
is the concatenation of one-field reports in the order of their numbers. So a door converts
each answer that it has not seen as a report of its own, and joins what it remembers. If
anything about a report is unusual (a key is left out, or given twice), the door converts it
as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from headcount_server.counting.answer_cache import MAX_ANSWERS, MAX_BYTES
from headcount_server.counting.answers import Ignored
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Project

Converted: TypeAlias = tuple[bytes, tuple[Ignored, ...]]
"""A serialized report, and the keys that it leaves out."""
Convert: TypeAlias = Callable[[Project, Mapping[str, Any]], Converted]

_Piece: TypeAlias = tuple[int, bytes]
"""A field's number and the serialized report that has this field alone; 0 and nothing if the
answer adds none."""


class JsonMemory:
    """Converts reports as `convert` does, and remembers the pieces."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert
        self._projects: dict[str, tuple[Project, dict[tuple[str, str], _Piece]]] = {}

    def report(self, project: Project, told: Mapping[str, Any]) -> Converted:
        """Return what `convert` returns. Raises what it raises."""
        of, known = self._projects.get(project.name, (None, {}))
        if of is not project:  # a registry may be replaced
            known = {}
            self._projects[project.name] = (project, known)
        pieces = []
        for name, value in told.items():
            # Unlike the values themselves, their texts tell 1, 1.0 and true apart.
            said = name, repr(value)
            piece = known.get(said) or self._learn(project, known, said, value)
            if piece is None:
                return self._convert(project, told)
            if piece[0]:
                pieces.append(piece)
        pieces.sort()
        numbers = {number for number, _ in pieces}
        if len(numbers) < len(pieces):
            return self._convert(project, told)
        return b"".join(data for _, data in pieces), ()

    def _learn(
        self,
        project: Project,
        known: dict[tuple[str, str], _Piece],
        said: tuple[str, str],
        value: object,
    ) -> _Piece | None:
        """Return the piece of an answer; None if it is not an answer that counts."""
        name, text = said
        try:
            data, left_out = self._convert(project, {name: value})
        except InvalidReport:
            return None
        if left_out:
            return None
        piece = (_number(data), data)
        if len(name) + len(text) <= MAX_BYTES:
            if len(known) >= MAX_ANSWERS:
                known.clear()
            known[said] = piece
        return piece


def _number(piece: bytes) -> int:
    """Return the number of the field with which a serialized message begins; 0 if it is empty."""
    tag = shift = 0
    for byte in piece:
        tag |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint
            break
    return tag >> 3

"""The terms of a key: the part of its declaration that a person agrees to.

Wording, aliases and the items of a catalogue are not among them.
"""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headcount.model.project import Key, Project


class Terms(Frozen):
    """What was agreed to of one key; `catalogue` says whether its set is a catalogue."""

    type: str
    values: tuple[str, ...]
    catalogue: bool
    precision: int
    buckets: tuple[int, ...]
    purpose: str
    level: str
    by: tuple[str, ...]

    @classmethod
    def of(cls, key: Key) -> Terms:
        """The present terms of a key."""
        return cls(
            type=key.type,
            values=tuple(sorted(key.values)),
            catalogue=bool(key.catalogue),
            precision=key.precision,
            buckets=key.buckets,
            purpose=key.purpose,
            level=key.level,
            by=key.by,
        )

    def widened_by(self, present: Terms) -> bool:
        """Whether the present terms tell more than these, or for another purpose."""
        return (
            (present.type, present.purpose, present.level) != (self.type, self.purpose, self.level)
            or present.precision > self.precision
            or (present.catalogue and not self.catalogue)
            or _adds(present.values, self.values)
            or _adds(present.buckets, self.buckets)
            or _adds(present.by, self.by)
        )


_present: dict[Project, dict[str, Terms]] = {}  # asked for at every "is anything due?"


def present_terms(project: Project) -> dict[str, Terms]:
    """The present terms of all keys of a project, by name."""
    if project not in _present:
        _present[project] = {key.name: Terms.of(key) for key in project.keys}
    return _present[project]


def _adds(present: tuple[object, ...], agreed: tuple[object, ...]) -> bool:
    return present != agreed and not set(present) <= set(agreed)

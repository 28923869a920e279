"""The terms of a key: the part of its declaration that a person agrees to.

Wording, aliases and the items of a catalogue are not among them.
"""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headcount.model.project import Key, Project


class Terms(Frozen):
    """The terms of one key; `catalogue` says whether its set is a catalogue."""

    type: str
    values: tuple[str, ...]
    catalogue: bool
    precision: int
    buckets: tuple[int, ...]
    purpose: str
    level: str
    by: tuple[str, ...]
    threshold: int = 0

    @classmethod
    def of(cls, key: Key) -> Terms:
        """Return the present terms of a key."""
        return cls(
            type=key.type,
            values=tuple(sorted(key.values)),
            catalogue=bool(key.catalogue),
            precision=key.precision,
            buckets=key.buckets,
            purpose=key.purpose,
            level=key.level,
            by=key.by,
            threshold=key.threshold,
        )

    def widened_by(self, present: Terms) -> bool:
        """Return whether the present terms tell more than these, or serve another purpose."""
        return (
            not self.cover(present)
            or present.precision > self.precision
            or _adds(present.values, self.values)
        )

    def cover(self, present: Terms) -> bool:
        """Return whether an answer on the present terms can be cut to these.

        A value that these terms do not name becomes `other`, and a version is cut. Nothing
        else can be cut: an answer in other ranges would be counted in the wrong range, and
        with a lower threshold a smaller group would be published.
        """
        return (
            (present.type, present.purpose, present.level) == (self.type, self.purpose, self.level)
            and present.buckets == self.buckets
            and present.catalogue <= self.catalogue
            and present.threshold >= self.threshold
            and not _adds(present.by, self.by)
        )

    def limit(self, key: Key) -> Key:
        """Return a key limited to these terms: with no other values or parts of a version."""
        return key.replaced(
            values={text: number for text, number in key.values.items() if text in self.values},
            precision=min(key.precision, self.precision),
        )


_present: dict[Project, dict[str, Terms]] = {}  # needed whenever `due` is called


def present_terms(project: Project) -> dict[str, Terms]:
    """Return the present terms of all keys of a project, by name."""
    if project not in _present:
        _present[project] = {key.name: Terms.of(key) for key in project.keys}
    return _present[project]


def _adds(present: tuple[object, ...], agreed: tuple[object, ...]) -> bool:
    return present != agreed and not set(present) <= set(agreed)

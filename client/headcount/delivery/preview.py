"""The preview of a report, for people to see before it is sent."""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.report import Wire


class Preview(Frozen):
    """Exactly the report that would be sent, or that will be sent if it is `frozen`.

    `values` maps each key asked to its answer or None. `json` is the report for people,
    `digest` the SHA-256 (hex) of its bytes, and `week` its ISO week. `notes` say why a
    key has no answer. `undeclared` holds, by key, the collected values that `other`
    replaces; they are in no file and no report.
    """

    week: str
    frozen: bool
    values: Mapping[str, Wire | None]
    json: str
    digest: str
    notes: Mapping[str, str]
    undeclared: Mapping[str, tuple[str, ...]]

"""What a person sees of a report before it is sent."""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.report import Wire


class Preview(Frozen):
    """Exactly what would be sent, or will be where it is `frozen`.

    `values` holds, per key asked, its answer or None; `json` is the report for
    people, `digest` the SHA-256 (hex) of its bytes, `week` its ISO week. `notes`
    say, per key without an answer, why it has none. `undeclared` holds, per key, what
    its collector returned and `other` stands for; it is in no file and no report.
    """

    week: str
    frozen: bool
    values: Mapping[str, Wire | None]
    json: str
    digest: str
    notes: Mapping[str, str]
    undeclared: Mapping[str, tuple[str, ...]]

"""The report of a week, as a value."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

from headcount.model.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

Wire: TypeAlias = bool | int | str | tuple[str, ...]
"""The answer of a key, in its form on the wire."""


class Report(Frozen):
    """A report as it is sent: `data` are its bytes, and `text` is their JSON for people.

    `asked` names the keys whose collectors were called, `values` holds those
    that answered.
    """

    week: str
    project: str
    registry_digest: str
    asked: tuple[str, ...]
    values: Mapping[str, Wire]
    data: bytes
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the report's bytes, without the envelope."""
        return hashlib.sha256(self.data).hexdigest()

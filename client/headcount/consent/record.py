"""The consent record: what was decided, when, and to which terms."""

from __future__ import annotations

from headcount.model.frozen import NOTHING, Frozen
from headcount.model.project import LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.consent.terms import Terms
    from headcount.model.project import Key

GRANTED = "granted"
DENIED = "denied"
UNDECIDED = ""
UNREADABLE = "unreadable"

VARIABLE = "HEADCOUNT_CONSENT"
"""The variable in which a yes by configuration stands; see `configured`."""


class Record(Frozen):
    """What was decided, when, and to which terms.

    `decision` is granted, denied, undecided (`""`: only a notice was shown) or
    unreadable. Times are unix seconds; `notice` is 0 where none was shown.
    `terms` holds, per key, what was agreed to. `spent` is the ISO week in which
    a yes was last withdrawn, `""` where none was: it may have been counted, and
    the secret that would make a second report recognisable is gone. `wording`
    is the version of the words that the answer was given to, `""` where they
    are not known; `asked` the consent digest that the terminal last asked about.
    `pending` are the terms of a newer notice, shown at `pending_at` (0 if there is
    none): they take the place of `terms` a day later.
    """

    decision: str = UNDECIDED
    at: float = 0.0
    via: str = ""
    level: str = LEVELS[0]
    refused: tuple[str, ...] = ()
    terms: Mapping[str, Terms] = NOTHING
    not_before: float = 0.0
    notice: float = 0.0
    notice_mode: str = ""
    registry_digest: str = ""
    consent_digest: str = ""
    spent: str = ""
    wording: str = ""
    asked: str = ""
    pending: Mapping[str, Terms] = NOTHING
    pending_at: float = 0.0

    def agreed(self, key: Key) -> Terms | None:
        """Return what was agreed to of a key, under its present or its former name."""
        return self.terms.get(key.name) or self.terms.get(key.formerly)

    def __post_init__(self) -> None:
        self._fill(refused=tuple(sorted(set(self.refused))))

"""The consent record: a decision, its time, and its terms."""

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
"""The variable that holds a yes by configuration; see `configured`."""


class Record(Frozen):
    """A decision, its time, and its terms.

    `decision` is granted, denied, unreadable or `""` (undecided: only a notice was
    shown). Times are unix seconds; `notice` is 0 if no notice was shown. `terms` holds
    the terms of consent by key. `spent` is the ISO week in which a yes was last
    withdrawn, `""` if none was. That week may have been counted, and the secret that
    would reveal a second report as a repeat is gone. `wording` is the version of the
    words that the person answered, `language` their language (BCP 47), and `text_digest`
    the SHA-256 of the words themselves; `""` if it is unknown. `asked` is the consent digest
    of the last question in a terminal. `pending` are the terms of a newer notice, shown
    at `pending_at` (0 if there is none). They replace `terms` a day later.
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
    language: str = ""
    text_digest: str = ""
    asked: str = ""
    pending: Mapping[str, Terms] = NOTHING
    pending_at: float = 0.0

    def agreed(self, key: Key) -> Terms | None:
        """Return the terms agreed to for a key, under its present or its former name."""
        return self.terms.get(key.name) or self.terms.get(key.formerly)

    def __post_init__(self) -> None:
        self._fill(refused=tuple(sorted(set(self.refused))))

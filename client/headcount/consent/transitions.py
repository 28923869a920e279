"""What people answer, as pure functions from one consent record to the next.

Each takes the present record (None where there is none) and returns the new
one, or None where nothing changes. ConsentError where an answer makes no sense.
"""

from __future__ import annotations

from headcount.consent.record import DENIED, GRANTED, UNDECIDED, UNREADABLE, Record
from headcount.consent.state import QUIET, agreed_terms
from headcount.consent.terms import Terms
from headcount.model.errors import ConsentError
from headcount.model.project import LEVELS, ON_AFTER_NOTICE
from headcount.model.week import WEEK, Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.project import Key, Project

_AHEAD = 5 * WEEK  # seconds; a week further off than that was not the present one


def yes_given(  # noqa: PLR0913 - an answer has that many parts
    project: Project,
    record: Record | None,
    *,
    level: str | None,
    refused: tuple[str, ...] | None,
    via: str,
    now: float,
    wording: str = "",
) -> Record:
    """A yes to the present keys of a level, but for the refused ones.

    None in place of `level` or `refused` keeps what was answered before: a no to
    one key is more than a yes to all, so only words about that key undo it.
    """
    granted = record is not None and record.decision == GRANTED
    if level is None:
        level = record.level if record is not None and granted else LEVELS[0]
    checked(level)
    before = record.refused if record else ()
    refused = before if refused is None else refused
    for name in refused:
        if name not in before:  # which may be the former name of a key
            _key(project, name)
    terms = agreed_terms(project, level, refused)
    return Record(
        decision=GRANTED,
        at=now,
        via=via,
        level=level,
        refused=refused,
        terms=terms,
        not_before=_first_moment(record, now),
        notice=record.notice if record else 0.0,
        notice_mode=record.notice_mode if record else "",
        registry_digest=project.digest,
        consent_digest=project.consent_digest,
        spent=record.spent if record else "",
        wording=wording,
        asked=project.consent_digest,
    )


def no_given(
    project: Project, record: Record | None, *, via: str, now: float, wording: str = ""
) -> Record:
    """A no; it outlives every later version and key."""
    spent = record.spent if record else ""
    if record is not None and (record.decision == GRANTED or record.notice_mode):
        spent = Week.at(now).label
    return Record(
        decision=DENIED,
        at=now,
        via=via,
        refused=record.refused if record else (),
        spent=spent,
        notice=record.notice if record else 0.0,
        notice_mode=record.notice_mode if record else "",
        registry_digest=project.digest,
        consent_digest=project.consent_digest,
        wording=wording,
        asked=project.consent_digest,
    )


def question_asked(project: Project, record: Record | None) -> Record | None:
    """The question was put, whatever comes of it."""
    # What we cannot read may have been a no: only an answer replaces it.
    known = Record() if record is None else record
    if known.decision == UNREADABLE or known.asked == project.consent_digest:
        return None
    return known.replaced(asked=project.consent_digest)


def notice_shown(
    project: Project, record: Record | None, *, now: float, wording: str = ""
) -> Record | None:
    """The notice was shown. Only its first showing counts, and only before an answer.

    A notice of more than the last one told starts a day of its own, during which
    what the last one told goes on.
    """
    # What we cannot read may have been a no: only an answer replaces it.
    if record is not None and record.decision != UNDECIDED:
        return None
    refused = record.refused if record else ()
    terms = agreed_terms(project, LEVELS[0], refused)
    if record is not None and record.notice_mode == project.mode and record.notice <= now:
        shown = record.pending if 0 < record.pending_at <= now else record.terms
        known = record.replaced(terms=shown)
        if not _more(project, known, terms):
            return None
        return record.replaced(pending=terms, pending_at=now, wording=wording, **_digests(project))
    return Record(
        decision=UNDECIDED,
        refused=refused,
        terms=terms,
        not_before=now + QUIET,
        notice=now,
        notice_mode=project.mode,
        registry_digest=project.digest,
        consent_digest=project.consent_digest,
        wording=wording,
        asked=record.asked if record else "",
    )


def _more(project: Project, record: Record, terms: Mapping[str, Terms]) -> bool:
    """Whether terms tell more than what was agreed to."""
    pairs = ((record.agreed(key), terms[key.name]) for key in project.keys if key.name in terms)
    return any(agreed is None or agreed.widened_by(present) for agreed, present in pairs)


def key_refused(project: Project, record: Record | None, name: str) -> Record:
    """One key is left out from now on."""
    known = _standing(project, record)
    key = _key(project, name)
    terms = {other: terms for other, terms in known.terms.items() if other != key.name}
    return known.replaced(
        refused=tuple(sorted({*known.refused, key.name})), terms=terms, **_digests(project)
    )


def key_allowed(project: Project, record: Record | None, name: str) -> Record:
    """One key is agreed to on its present terms."""
    known = _standing(project, record)
    key = _key(project, name)
    if LEVELS.index(key.level) > LEVELS.index(known.level):
        raise ConsentError(
            f"key {name} belongs to the level {key.level}, and {known.level} was agreed to; "
            f"set the level first"
        )
    return known.replaced(
        refused=tuple(other for other in known.refused if other not in {key.name, key.formerly}),
        terms={**known.terms, key.name: Terms.of(key)},
        **_digests(project),
    )


def level_changed(project: Project, record: Record | None, level: str) -> Record:
    """The level of a yes changes; the present keys that this adds are agreed to."""
    checked(level)
    if record is None or record.decision != GRANTED:
        raise ConsentError("nobody has said yes, so there is no level to change; grant first")
    present = agreed_terms(project, level, record.refused)
    before = agreed_terms(project, record.level)
    terms = {name: terms for name, terms in record.terms.items() if name in present}
    terms |= {name: added for name, added in present.items() if name not in before}
    return record.replaced(level=level, terms=terms, **_digests(project))


def _digests(project: Project) -> dict[str, str]:
    """The registry that an answer was given to; the terms say to what of it."""
    return {"registry_digest": project.digest, "consent_digest": project.consent_digest}


def _first_moment(record: Record | None, now: float) -> float:
    """The earliest moment (unix seconds) of the first report after a yes given now."""
    if record is None or record.decision == UNREADABLE:
        return now + QUIET
    if record.decision == GRANTED:
        return record.not_before
    if record.decision == DENIED:
        spent = Week.named(record.spent).end if record.spent else 0.0
        if spent > now + _AHEAD:  # by a clock that was ahead: any week may be the spent one
            spent = Week.at(now).end
        return max(now + QUIET, spent)
    noticed_long_ago = record.notice_mode == ON_AFTER_NOTICE and now >= record.notice + QUIET
    return record.not_before if noticed_long_ago else now + QUIET


def _standing(project: Project, record: Record | None) -> Record:
    """The record that a single key can be changed in."""
    if record is not None and (
        record.decision == GRANTED
        or (record.decision == UNDECIDED and record.notice_mode == project.mode == ON_AFTER_NOTICE)
    ):
        return record
    raise ConsentError("nothing is agreed to, so no single key can be changed; grant first")


def _key(project: Project, name: str) -> Key:
    for key in project.keys:
        if key.name == name:
            return key
    known = ", ".join(key.name for key in project.keys)
    raise ConsentError(f"project {project.name} has no key {name!r}; it has {known}")


def checked(level: str) -> None:
    """Raise ConsentError if a level is none."""
    if level not in LEVELS:
        raise ConsentError(f"{level!r} is no level; there are {' and '.join(LEVELS)}")

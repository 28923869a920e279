"""The answers that people give, as pure functions from one consent record to the next.

Each takes the present record (None if there is none), and returns the new record, or
None if nothing changes. Each raises ConsentError if the answer makes no sense.
"""

from __future__ import annotations

from headcount.consent.record import DENIED, GRANTED, UNDECIDED, UNREADABLE, Record
from headcount.consent.state import QUIET, agreed_terms
from headcount.consent.terms import Terms
from headcount.model.errors import ConsentError
from headcount.model.project import LEVELS, ON_AFTER_NOTICE
from headcount.model.sentence import Sentence
from headcount.model.week import WEEK, Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.project import Key, Project

_AHEAD = 5 * WEEK  # seconds; a week further off was not the present one


def yes_given(  # noqa: PLR0913 - an answer has that many parts
    project: Project,
    record: Record | None,
    *,
    level: str | None,
    refused: tuple[str, ...] | None,
    via: str,
    now: float,
    wording: str = "",
    language: str = "",
    text_digest: str = "",
) -> Record:
    """Return the record of a yes to the present keys of a level, without the refused ones.

    None as `level` or `refused` keeps the earlier answer. A no to one key outweighs a
    yes to all, so only an answer about that key undoes it.
    """
    granted = record is not None and record.decision == GRANTED
    if level is None:
        level = record.level if record is not None and granted else LEVELS[0]
    checked(level)
    before = record.refused if record else ()
    refused = before if refused is None else refused
    for name in refused:
        if name not in before:  # may be the former name of a key
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
        language=language,
        text_digest=text_digest,
        asked=project.consent_digest,
    )


def no_given(  # noqa: PLR0913 - an answer has that many parts
    project: Project,
    record: Record | None,
    *,
    via: str,
    now: float,
    wording: str = "",
    language: str = "",
    text_digest: str = "",
) -> Record:
    """Return the record of a no, which holds for every later version and key."""
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
        language=language,
        text_digest=text_digest,
        asked=project.consent_digest,
    )


def question_asked(project: Project, record: Record | None) -> Record | None:
    """Return the record of a question that was put, whatever its answer."""
    # What we cannot read may have been a no: only an answer replaces it.
    known = Record() if record is None else record
    if known.decision == UNREADABLE or known.asked == project.consent_digest:
        return None
    return known.replaced(asked=project.consent_digest)


def notice_shown(  # noqa: PLR0913 - a notice has that many parts
    project: Project,
    record: Record | None,
    *,
    now: float,
    wording: str = "",
    language: str = "",
    text_digest: str = "",
) -> Record | None:
    """Return the record of a notice; only its first showing counts, and only before an answer.

    A notice that tells more than the last one starts a day of its own. During that day,
    the terms of the last one still hold.
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
        return record.replaced(
            pending=terms, pending_at=now, wording=wording, language=language,
            text_digest=text_digest, **_digests(project),
        )  # fmt: skip
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
        language=language,
        text_digest=text_digest,
        asked=record.asked if record else "",
    )


def _more(project: Project, record: Record, terms: Mapping[str, Terms]) -> bool:
    """Return whether terms tell more than the terms of consent."""
    pairs = ((record.agreed(key), terms[key.name]) for key in project.keys if key.name in terms)
    return any(agreed is None or agreed.widened_by(present) for agreed, present in pairs)


def key_refused(project: Project, record: Record | None, name: str, **words: str) -> Record:
    """Return the record that leaves one key out from now on.

    `words` are `wording`, `language` and `text_digest` of the question; an empty one keeps
    that of the earlier answer.
    """
    known = _standing(project, record)
    key = _key(project, name)
    terms = {other: terms for other, terms in known.terms.items() if other != key.name}
    return known.replaced(
        refused=tuple(sorted({*known.refused, key.name})),
        terms=terms,
        **_digests(project),
        **_told(words),
    )


def key_allowed(project: Project, record: Record | None, name: str, **words: str) -> Record:
    """Return the record that agrees to one key on its present terms; `words` as above."""
    known = _standing(project, record)
    key = _key(project, name)
    if LEVELS.index(key.level) > LEVELS.index(known.level):
        raise ConsentError(
            Sentence(
                "key {name} belongs to the level {level}, and {agreed} was agreed to; set the "
                "level first",
                name=name,
                level=key.level,
                agreed=known.level,
            )
        )
    return known.replaced(
        refused=tuple(other for other in known.refused if other not in {key.name, key.formerly}),
        terms={**known.terms, key.name: Terms.of(key)},
        **_digests(project),
        **_told(words),
    )


def level_changed(project: Project, record: Record | None, level: str) -> Record:
    """Return the record of a yes at another level, which agrees to the present keys it adds."""
    checked(level)
    if record is None or record.decision != GRANTED:
        raise ConsentError(
            Sentence("nobody has said yes, so there is no level to change; grant first")
        )
    present = agreed_terms(project, level, record.refused)
    before = agreed_terms(project, record.level)
    terms = {name: terms for name, terms in record.terms.items() if name in present}
    terms |= {name: added for name, added in present.items() if name not in before}
    return record.replaced(level=level, terms=terms, **_digests(project))


def _told(words: Mapping[str, str]) -> dict[str, str]:
    """Return the words of a question about single keys, none if none was put."""
    return {name: word for name, word in words.items() if word}


def _digests(project: Project) -> dict[str, str]:
    """Return the digests of the registry that an answer was given to."""
    return {"registry_digest": project.digest, "consent_digest": project.consent_digest}


def _first_moment(record: Record | None, now: float) -> float:
    """Return the earliest moment (unix seconds) of the first report after a yes given now."""
    if record is None or record.decision == UNREADABLE:
        return now + QUIET
    if record.decision == GRANTED:
        return record.not_before
    if record.decision == DENIED:
        spent = Week.named(record.spent).end if record.spent else 0.0
        if spent > now + _AHEAD:  # the clock was ahead: any week may be the spent one
            spent = Week.at(now).end
        return max(now + QUIET, spent)
    noticed_long_ago = record.notice_mode == ON_AFTER_NOTICE and now >= record.notice + QUIET
    return record.not_before if noticed_long_ago else now + QUIET


def _standing(project: Project, record: Record | None) -> Record:
    """Return a record in which a single key can be changed."""
    if record is not None and (
        record.decision == GRANTED
        or (record.decision == UNDECIDED and record.notice_mode == project.mode == ON_AFTER_NOTICE)
    ):
        return record
    raise ConsentError(
        Sentence("nothing is agreed to, so no single key can be changed; grant first")
    )


def _key(project: Project, name: str) -> Key:
    for key in project.keys:
        if key.name == name:
            return key
    known = ", ".join(key.name for key in project.keys)
    raise ConsentError(
        Sentence(
            "project {project} has no key {name!r}; it has {known}",
            project=project.name,
            name=name,
            known=known,
        )
    )


def checked(level: str) -> None:
    """Raise ConsentError if there is no such level."""
    if level not in LEVELS:
        raise ConsentError(
            Sentence(
                "{level!r} is no level; there are {levels}", level=level, levels=", ".join(LEVELS)
            )
        )

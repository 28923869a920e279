"""The effective state: what follows now from the decision.

`effective` is a pure function of the record, the environment and the time.
"""

from __future__ import annotations

import time

from headcount.consent import switches
from headcount.consent.record import DENIED, GRANTED, UNREADABLE
from headcount.consent.terms import present_terms
from headcount.model.frozen import NOTHING, Frozen
from headcount.model.project import LEVELS, ON_AFTER_NOTICE
from headcount.model.sentence import Sentence
from headcount.model.week import DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.consent.record import Record
    from headcount.consent.terms import Terms
    from headcount.model.project import Key, Project

QUIET = DAY
"""Seconds between an answer, or the notice, and the first report."""

_NOBODY = Sentence("Nobody has answered yet; nothing is sent.")


class State(Frozen):
    """The effective state: whether anything is sent, and the rule that decided it.

    `rule` is one stable word: administrator, machine, environment, automated, denied,
    undecided, unreadable, notice-pending, notice, granted, widened. `keys` names the keys
    that are sent, and `waiting` the keys that nobody has agreed to yet. `limited` names
    those of `keys` that have become wider since; they are sent within the terms of consent.
    """

    rule: str
    explanation: str
    keys: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Whether anything is sent."""
        return bool(self.keys)


def effective(project: Project, record: Record | None, *, now: float) -> State:
    """Return the state that follows from a record at a moment, if no switch overrules it."""
    if record is None:
        return State(rule="undecided", explanation=_NOBODY)
    if record.decision == UNREADABLE:
        return State(
            rule="unreadable",
            explanation=Sentence(
                "{why} Nothing is sent until somebody answers again.", why=record.via
            ),
        )
    if record.decision == DENIED:
        return State(
            rule="denied",
            explanation=Sentence("Somebody said no; nothing is sent or collected."),
        )
    if record.decision == GRANTED:
        return _granted(project, record, now)
    return _noticed(project, record, now)


def overruled(
    environment: Mapping[str, str], *, administrator_off: bool, off_file: str
) -> State | None:
    """Return the state that overrules any decision, None if the decision counts."""
    if administrator_off:
        return State(
            rule="administrator",
            explanation=Sentence("Turned off by this host's administrator."),
        )
    if switches.machine_off(off_file):
        return State(
            rule="machine", explanation=Sentence("Turned off by the file {file}.", file=off_file)
        )
    if name := switches.environment_off(environment):
        return State(
            rule="environment",
            explanation=Sentence(
                "Turned off by the variable {name}, which is {value!r}.",
                name=name,
                value=environment[name],
            ),
        )
    if name := switches.automated(environment):
        return State(
            rule="automated",
            explanation=Sentence(
                "The variable {name} shows a build or test run; these are not counted.", name=name
            ),
        )
    return None


def within(project: Project, level: str, refused: tuple[str, ...], now: float) -> list[Key]:
    """Return the keys of a level that were not refused and have not expired."""
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    return [
        key
        for key in project.keys
        if LEVELS.index(key.level) <= LEVELS.index(level)
        and not is_refused(key, refused)
        and (not key.expires or today < key.expires)
    ]


def is_refused(key: Key, refused: tuple[str, ...]) -> bool:
    """Return whether a key was refused, under its present or its former name."""
    return key.name in refused or (bool(key.formerly) and key.formerly in refused)


def agreed_terms(project: Project, level: str, refused: tuple[str, ...] = ()) -> dict[str, Terms]:
    """Return the terms that a yes to a level agrees to today, without the refused keys."""
    return {
        key.name: present_terms(project)[key.name]
        for key in project.keys
        if LEVELS.index(key.level) <= LEVELS.index(level) and not is_refused(key, refused)
    }


def matured(record: Record, now: float) -> Record:
    """Return the record, with the terms of a newer notice if that was shown a day ago."""
    if not record.pending_at or not record.pending_at + QUIET <= now:
        return record
    return record.replaced(terms=record.pending, pending=NOTHING, pending_at=0.0)


def limited_keys(project: Project, record: Record | None) -> list[Key]:
    """Return the keys that have become wider, limited to the terms of consent."""
    if record is None:
        return []
    found = ((key, record.agreed(key), present_terms(project)[key.name]) for key in project.keys)
    return [
        agreed.limit(key)
        for key, agreed, present in found
        if agreed is not None and agreed.widened_by(present) and agreed.cover(present)
    ]


def _granted(project: Project, record: Record, now: float) -> State:
    state = _agreed(project, record, now, rule="granted")
    explanation = Sentence("Agreed to.")
    if state.waiting:
        explanation = Sentence(
            "Agreed to; {number} newer question(s) wait for an answer.", number=len(state.waiting)
        )
    elif state.limited:
        explanation = Sentence(
            "Agreed to; {number} question(s) have become wider since, and are answered as you "
            "agreed.",
            number=len(state.limited),
        )
    elif not state.keys:
        explanation = Sentence("Agreed to, but no key is left to send.")
    rule = "widened" if state.waiting or state.limited else "granted"
    return state.replaced(rule=rule, explanation=explanation)


def _noticed(project: Project, record: Record, now: float) -> State:
    # If a project promised to ask first, its notice never turns anything on.
    if record.notice_mode != ON_AFTER_NOTICE or project.mode != ON_AFTER_NOTICE:
        return State(rule="undecided", explanation=_NOBODY)
    if now < record.notice + QUIET:
        return State(
            rule="notice-pending",
            explanation=Sentence(
                "The notice was shown less than 24 hours ago; nothing is sent yet."
            ),
        )
    state = _agreed(project, record, now, rule="notice")
    explanation = Sentence("The notice was shown, and nobody has said no.")
    if record.pending_at:
        explanation = Sentence(
            "The notice was shown, and nobody has said no. A newer one was shown; what it adds "
            "is sent from 24 hours after it."
        )
    return state.replaced(explanation=explanation)


def _agreed(project: Project, record: Record, now: float, *, rule: str) -> State:
    """Return the agreed keys, those of them on older terms, and the keys that wait."""
    keys: list[str] = []
    limited: list[str] = []
    waiting: list[str] = []
    present = present_terms(project)
    for key in within(project, record.level, record.refused, now):
        agreed, terms = record.agreed(key), present[key.name]
        if agreed is None or not agreed.cover(terms):
            waiting.append(key.name)
            continue
        keys.append(key.name)
        if agreed.widened_by(terms):
            limited.append(key.name)
    return State(
        rule=rule,
        explanation="",
        keys=tuple(keys),
        waiting=tuple(waiting),
        limited=tuple(limited),
    )

"""The content of each page, as plain values; the templates add only form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headcount.v1 import options_pb2

from headcount_server.pages import wording
from headcount_server.pages.counts import Count
from headcount_server.pages.distribution import Distribution, Row, distribution, hidden_class
from headcount_server.pages.history import (
    History,
    Note,
    Reports,
    find,
    history,
    remarks,
    reports,
    retractions,
)
from headcount_server.publication.key_terms import threshold_of
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

GLANCE = 3
"""Number of a key's values on the page of its project."""


@dataclass(frozen=True, slots=True)
class Question:
    """A key in words."""

    name: str
    label: str
    description: str
    purpose: str
    issue: str
    level: str
    sent: str
    values: tuple[str, ...]
    catalogue: int
    """Number of names in the key's catalogue."""
    since: str
    expires: str
    owner: str
    formerly: str
    crossed: bool
    counted: bool
    """Whether the answer is a number, known by its range."""
    yes_or_no: bool
    several: bool
    """Whether one installation can give several answers."""
    free_text: bool
    hidden: str
    """The answer that is never printed, as people call it; empty for a list."""


@dataclass(frozen=True, slots=True)
class Card:
    """A key on the page of its project: its most frequent values."""

    question: Question
    answers: Count | None
    rows: tuple[Row, ...]
    more: int
    """Number of published values that are not shown here."""
    median: str
    threshold: int
    """Of the key in the last week."""
    retracted: Retraction | None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project: who asks, who reported, and its keys at a glance."""

    name: str
    title: str
    homepage: str
    recipient: str
    contact: str
    mode: str
    questions: tuple[Question, ...]
    reports: Reports
    cards: tuple[Card, ...]
    former: tuple[str, ...]
    """Keys with published totals that are no longer asked."""
    remarks: tuple[Note, ...]
    retractions: tuple[tuple[Week, Retraction], ...]

    @property
    def levels(self) -> tuple[tuple[str, tuple[Card, ...]], ...]:
        """The cards by consent level, in the order of levels."""
        names = (*wording.LEVELS.values(), "")
        found = {name: tuple(c for c in self.cards if c.question.level == name) for name in names}
        return tuple((name, cards) for name, cards in found.items() if cards)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key: what it asks, why, and everything that was published of it."""

    question: Question
    latest: Distribution | None
    history: History
    remarks: tuple[Note, ...]
    retractions: tuple[tuple[Week, Retraction], ...]
    retracted: Retraction | None
    """The notice in place of the last week's totals."""
    threshold: int
    """Of the key in the last week."""


def question(key: Key) -> Question:
    """Return a key in words."""
    declared = key.declaration
    return Question(
        name=key.name,
        label=wording.label(key),
        description=declared.description,
        purpose=declared.purpose,
        issue=declared.issue,
        level=wording.LEVELS.get(declared.level, ""),
        sent=wording.sent(key),
        values=wording.values(key),
        catalogue=len(key.catalogue),
        since=declared.since,
        expires=declared.expires,
        owner=declared.owner,
        formerly=declared.formerly,
        crossed=key.crossed,
        counted=declared.type == options_pb2.KEY_TYPE_COUNT,
        yes_or_no=declared.type == options_pb2.KEY_TYPE_BOOLEAN,
        several=declared.type == options_pb2.KEY_TYPE_LIST,
        free_text=declared.type == options_pb2.KEY_TYPE_TEXT,
        hidden=hidden_class(key),
    )


def project(
    declared: Project, keys: Mapping[str, Key], weeks: Sequence[PublishedWeek]
) -> ProjectView:
    """Return a project with these keys, by what the weeks (oldest first) published of it."""
    asked = sorted(keys.values(), key=lambda key: (wording.label(key).casefold(), key.number))
    options = declared.declaration
    return ProjectView(
        name=declared.name,
        title=wording.title(declared),
        homepage=options.homepage,
        recipient=options.recipient,
        contact=options.contact,
        mode=wording.MODES.get(options.mode, ""),
        questions=tuple(map(question, asked)),
        reports=reports(weeks, declared.name),
        cards=tuple(_card(declared.name, key, weeks) for key in asked),
        former=_former(declared, weeks),
        remarks=remarks(weeks),
        retractions=retractions(weeks, declared.name),
    )


def key_view(project_name: str, key: Key, weeks: Sequence[PublishedWeek]) -> KeyView:
    """Return a key by what the weeks (oldest first) published of it."""
    return KeyView(
        question=question(key),
        latest=_latest(project_name, key, weeks),
        history=history(weeks, project_name, key),
        remarks=remarks(weeks),
        retractions=tuple(
            (week, notice)
            for week, notice in retractions(weeks, project_name)
            if notice.key == key.number
        ),
        retracted=_retracted(project_name, key, weeks),
        threshold=_threshold(project_name, key, weeks),
    )


def _card(project_name: str, key: Key, weeks: Sequence[PublishedWeek]) -> Card:
    latest = _latest(project_name, key, weeks)
    rows = latest.rows if latest else ()
    shown = [row for row in rows if row.count.lower]
    frequent = sorted(shown, key=lambda row: -row.count.lower)[:GLANCE]
    return Card(
        question=question(key),
        answers=latest.answers if latest else None,
        rows=tuple(row for row in rows if row in frequent),
        more=max(0, len(shown) - GLANCE),
        median=latest.median if latest else "",
        threshold=_threshold(project_name, key, weeks),
        retracted=_retracted(project_name, key, weeks),
    )


def _latest(project_name: str, key: Key, weeks: Sequence[PublishedWeek]) -> Distribution | None:
    found = find(weeks[-1], project_name) if weeks else None
    return distribution(key, found, weeks[-1].threshold) if found else None


def _threshold(project_name: str, key: Key, weeks: Sequence[PublishedWeek]) -> int:
    found = find(weeks[-1], project_name) if weeks else None
    week = weeks[-1].threshold if weeks else 0
    return threshold_of(found.terms, key.number, week) if found else week


def _retracted(project_name: str, key: Key, weeks: Sequence[PublishedWeek]) -> Retraction | None:
    found = find(weeks[-1], project_name) if weeks else None
    notices = found.retractions if found else ()
    return next((notice for notice in notices if notice.key == key.number), None)


def _former(declared: Project, weeks: Sequence[PublishedWeek]) -> tuple[str, ...]:
    found = (find(week, declared.name) for week in weeks)
    names = {
        name
        for published in found
        if published is not None
        for number, name in published.key_names.items()
        if number not in declared.keys
    }
    return tuple(sorted(names))

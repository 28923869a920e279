"""The content of each page, as plain values; the templates add only form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from headcount.v1 import options_pb2

from headcount_server.pages import former, wording
from headcount_server.pages.adoption import Adoption, adoptions
from headcount_server.pages.answer import Answer, Minimum, answer, by_product, minimums
from headcount_server.pages.chart import Point, bar
from headcount_server.pages.counts import Count, Share
from headcount_server.pages.course import course
from headcount_server.pages.coverage import covered
from headcount_server.pages.distribution import Row, hidden_class
from headcount_server.pages.history import (
    History,
    Note,
    Reports,
    history,
    remarks,
    reports,
    retractions,
)
from headcount_server.pages.picture import Picture, picture
from headcount_server.pages.standing import Standing, find, retired, standing
from headcount_server.pages.timeline import Timeline, spans
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

OVERVIEW = 4
"""Most answers of a project on the page of all projects."""
GLANCE = 3
"""Most values of a key on the page of its project."""


@dataclass(frozen=True, slots=True)
class Question:
    """A key in words."""

    name: str
    number: int
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
    versioned: bool
    """Whether answers are products with versions."""
    several: bool
    """Whether one installation can give several answers."""
    free_text: bool
    convention: options_pb2.Convention | None
    """What the question shares with those of other projects."""
    hidden: str
    """The answer that is never printed, as people call it; empty for a list."""


@dataclass(frozen=True, slots=True)
class Card:
    """A key on the page of its project: its most frequent values."""

    question: Question
    standing: Standing
    answer: Answer | None
    rows: tuple[Row, ...]
    more: int
    """Number of published values that are not shown here."""

    @property
    def answers(self) -> Count | None:
        """The number of answers in the week that is shown."""
        return self.standing.found.answers if self.standing.found else None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project: who asks, who reported, and its keys at a glance."""

    name: str
    title: str
    homepage: str
    recipient: str
    contact: str
    mode: str
    relay: str
    """Host of the relay that reports come through; empty without one."""
    questions: tuple[Question, ...]
    reports: Reports
    covered: str
    """What part of all installations reported; empty if nobody stated how many there are."""
    cards: tuple[Card, ...]
    former: tuple[str, ...]
    """Keys with published totals that are no longer asked, each with a page."""
    remarks: tuple[Note, ...]
    retractions: tuple[tuple[Week, Retraction], ...]

    @property
    def answers(self) -> tuple[Card, ...]:
        """The cards whose answers represent the project: its release, then others as declared."""
        told = [card for card in self.cards if card.answer and card.answer.figure]
        return tuple(sorted(told, key=lambda card: card.question.number))[:OVERVIEW]

    @property
    def levels(self) -> tuple[tuple[str, tuple[Card, ...]], ...]:
        """The cards by consent level, in the order of levels."""
        names = (*map(wording.level, wording.LEVELS), "")
        found = {name: tuple(c for c in self.cards if c.question.level == name) for name in names}
        return tuple((name, cards) for name, cards in found.items() if cards)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key: what it asks, why, and all that was published of it."""

    question: Question
    standing: Standing
    answer: Answer | None
    minimums: tuple[Minimum, ...]
    """Each version as the oldest that is still supported; only for a key of type version."""
    adoptions: tuple[Adoption, ...]
    """Releases of the project by weeks since they appeared; only for the key `version`."""
    products: tuple[tuple[str, Share], ...]
    """Each product with all its versions; only for a key of type product."""
    history: History
    """History of the last year."""
    timelines: tuple[Timeline, ...]
    """The same chart for several spans of time, the shortest first."""
    remarks: tuple[Note, ...]
    retractions: tuple[tuple[Week, Retraction], ...]
    digest: str
    """Digest of the registry that the week shown was tallied under; empty if unknown."""
    retired: str
    """A sentence that says since when it is no longer asked; empty if it is asked."""
    successor: Question | None
    """The question that replaces it, if there is one."""
    continues: tuple[Question, ...]
    """The questions that it replaces, by name; they are asked until they expire."""
    picture: Picture
    """What a preview of the page shows."""


def question(key: Key) -> Question:
    """Return the words for a key."""
    declared = key.declaration
    return Question(
        name=key.name,
        number=key.number,
        label=wording.label(key),
        description=wording.words(key, "description"),
        purpose=wording.words(key, "purpose"),
        issue=declared.issue,
        level=wording.level(declared.level),
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
        versioned=declared.type == options_pb2.KEY_TYPE_PRODUCT,
        several=declared.type == options_pb2.KEY_TYPE_LIST,
        free_text=declared.type == options_pb2.KEY_TYPE_TEXT,
        convention=declared.convention if declared.HasField("convention") else None,
        hidden=hidden_class(key),
    )


def project(
    declared: Project, keys: Mapping[str, Key], weeks: Sequence[PublishedWeek], year: int
) -> ProjectView:
    """Return a project with these keys, and what the weeks (oldest first) published of it.

    The charts show the last `year` weeks.
    """
    asked = sorted(keys.values(), key=lambda key: (wording.label(key).casefold(), key.number))
    options = declared.declaration
    counted = reports(weeks[-year:], declared.name)
    return ProjectView(
        name=declared.name,
        title=wording.title(declared),
        homepage=options.homepage,
        recipient=wording.about(declared, "recipient"),
        contact=options.contact,
        mode=wording.mode(options.mode),
        relay=wording.relay(declared),
        questions=tuple(map(question, asked)),
        reports=counted,
        covered=covered(weeks[-year:], declared.name, counted.week),
        cards=tuple(_card(declared, key, weeks) for key in asked),
        former=tuple(former.retired(declared, weeks)),
        remarks=remarks(weeks[-year:]),
        retractions=retractions(weeks[-year:], declared.name),
    )


def key_view(project: Project, key: Key, weeks: Sequence[PublishedWeek], year: int) -> KeyView:
    """Return a key, and what the weeks (oldest first) published of it.

    The table and the small charts show the last `year` weeks.
    """
    kind, stands = key.declaration.type, standing(project, key, weeks)
    shown, recent = stands.found, weeks[-year:]
    past = history(weeks, project.name, key)
    return KeyView(
        question=question(key),
        standing=stands,
        answer=_answer(key, stands),
        minimums=minimums(shown) if shown and kind == options_pb2.KEY_TYPE_VERSION else (),
        adoptions=adoptions(project, key, weeks) if key.number == project.version_key else (),
        products=by_product(shown) if shown and kind == options_pb2.KEY_TYPE_PRODUCT else (),
        history=past if len(weeks) <= year else history(recent, project.name, key),
        timelines=spans(course(project, key, past, weeks), year) if past.series else (),
        remarks=remarks(recent),
        retractions=tuple(
            (week, notice)
            for week, notice in retractions(recent, project.name)
            if notice.key == key.number
        ),
        digest=_digest(project, stands.week, weeks),
        retired=retired(project, key),
        successor=_named(project, key.declaration.successor),
        continues=tuple(
            question(other)
            for other in sorted(project.keys.values(), key=lambda other: other.name)
            if other.declaration.successor == key.name
        ),
        picture=picture(project, key, stands),
    )


def _named(project: Project, name: str) -> Question | None:
    """Return a declared question of a project by its name."""
    return next((question(key) for key in project.keys.values() if name and key.name == name), None)


def _digest(project: Project, shown: Week | None, weeks: Sequence[PublishedWeek]) -> str:
    found = next((find(week, project.name) for week in weeks if week.week == shown), None)
    return found.digests[-1] if found and found.digests else ""


def _card(project: Project, key: Key, weeks: Sequence[PublishedWeek]) -> Card:
    stands = standing(project, key, weeks)
    rows = stands.found.rows if stands.found else ()
    shown = [row for row in rows if row.count.lower]
    frequent = sorted(shown, key=lambda row: -row.count.lower)[:GLANCE]
    return Card(
        question=question(key),
        standing=stands,
        answer=_answer(key, stands),
        rows=tuple(_on_one_scale(row) for row in rows if row in frequent),
        more=max(0, len(shown) - GLANCE),
    )


def _on_one_scale(row: Row) -> Row:
    share = row.share
    return replace(row, bar=bar(Point(share.lower, share.middle, share.upper), 100.0))


def _answer(key: Key, stands: Standing) -> Answer | None:
    return answer(key, stands.found, stands.earlier) if stands.found else None

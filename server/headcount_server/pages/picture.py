"""The picture of a question, for previews of links: what its page says first, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from headcount.v1 import options_pb2

from headcount_server.pages import wording
from headcount_server.pages.chart import Bar, Point, bar
from headcount_server.pages.distribution import Distribution, Row
from headcount_server.pages.language import translated
from headcount_server.pages.standing import Standing
from headcount_server.registry.schema import Key, Project

SIZE = 1200, 630
"""Width and height in pixels, as the sites that show previews ask for them."""
MOST = 5
"""Most answers in a picture."""


@dataclass(frozen=True, slots=True)
class Line:
    """An answer, as its row on the page has it."""

    answer: str
    told: str
    """Its share, or the words for an answer that too few gave."""
    bar: Bar
    """On the scale of the whole, because nobody can ask a picture for another one."""
    rest: bool
    """Whether it is what remains of all answers."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture says."""

    label: str
    name: str
    """Of the key; stands for a label in letters that cannot be drawn."""
    title: str
    project: str
    """Name of the project; stands for such a title."""
    lines: tuple[Line, ...]
    told: str
    """The number of answers and the week, or why there are none."""

    @property
    def text(self) -> str:
        """All of it in words, in one line."""
        answers = ", ".join(f"{line.answer} {line.told}" for line in self.lines)
        heading = f"{self.label} · {self.title}{': ' if answers else ''}{answers}"
        return " ".join(f"{heading}. {self.told}".split())


def picture(project: Project, key: Key, stands: Standing) -> Picture:
    """Return the picture of a key in the language of the page."""
    found, week = stands.found, stands.week
    told = stands.silence
    if found and week:
        told = translated(
            "Of %(answers)s answers in the week of %(days)s.",
            answers=found.answers,
            days=wording.week(week),
        ).unescape()
    return Picture(
        label=str(wording.label(key)),
        name=key.name,
        title=str(wording.title(project)),
        project=project.name,
        lines=_lines(key, found) if found else (),
        told=str(told),
    )


def drawable() -> bool:
    """Return whether pictures can be drawn here: the library for it is an extra."""
    return find_spec("PIL") is not None


def png(shown: Picture) -> bytes:
    """Return a picture as the bytes of a PNG file, if it is `drawable`."""
    # It is an extra of this distribution.
    from headcount_server.pages import bitmap  # noqa: PLC0415

    return bitmap.png(shown)


def _lines(key: Key, found: Distribution) -> tuple[Line, ...]:
    rest = [found.rest] if found.rest else []
    counted = key.declaration.type == options_pb2.KEY_TYPE_COUNT
    rows = [*rest, *found.rows] if counted else [*found.rows, *rest]
    return tuple(_line(row) for row in rows[:MOST])


def _line(row: Row) -> Line:
    share = row.share
    published = row.count.lower or not row.value
    return Line(
        answer=str(row.text),
        told=str(share) if published else row.told,
        bar=bar(Point(share.lower, share.middle, share.upper), 100.0),
        rest=not row.value,
    )

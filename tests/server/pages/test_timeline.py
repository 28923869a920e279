"""The large chart: its scale, its months, its marks, and what it does with gaps."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from headcount_server.pages.counts import Share
from headcount_server.pages.course import first_weeks
from headcount_server.pages.site import Site
from headcount_server.pages.timeline import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Course,
    Timeline,
    full,
    spans,
    timeline,
)
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from hypothesis import given
from hypothesis import strategies as st
from support.decided_weeks import NOW, Counted, decided, lived

POLICY = Policy(5, timedelta(days=2))
LAST = Week(2026, 46)


def weeks(number: int) -> tuple[Week, ...]:
    return tuple(LAST.back(back) for back in reversed(range(number)))


def flat(number: int, *middles: float) -> Course:
    """Lines that stay at these shares, 2 points to either side."""
    shares = {
        f"line {place}": [Share.between(middle - 2, middle + 2)] * number
        for place, middle in enumerate(middles)
    }
    return Course(weeks(number), shares)


shares = st.one_of(
    st.none(),
    st.tuples(st.floats(0, 100), st.floats(0, 100)).map(lambda two: Share.between(*sorted(two))),
)


@pytest.mark.slow
@given(st.lists(st.lists(shares, min_size=3, max_size=3), min_size=1, max_size=6))
def test_lines_and_dots_stay_in_the_plot_and_labels_apart(lines: list[list[Share | None]]) -> None:
    course = Course(weeks(3), {str(place): line for place, line in enumerate(lines)})
    drawn = timeline("all", course)
    points = [
        tuple(map(float, point.split(",")))
        for line in drawn.lines
        for drawing in (*line.lines, *line.bands)
        for point in drawing.split()
    ]
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= BOTTOM for x, y in points)
    labels = sorted(line.label for line in drawn.lines)
    assert all(two - one >= 16.9 for one, two in pairwise(labels))


@pytest.mark.parametrize(("most", "height"), [(3.2, 5), (44, 50), (61, 80), (99, 100)])
def test_the_scale_is_a_round_number_above_every_line(most: float, height: float) -> None:
    drawn = timeline("all", flat(4, most))
    assert full(flat(4, most).shares.values()) == height
    assert (drawn.scale[0].text, drawn.scale[-1].text) == ("0%", f"{height}%")
    assert (drawn.scale[0].at, drawn.scale[-1].at) == (BOTTOM, TOP)


def test_a_thin_week_makes_the_scale_no_higher_than_its_line() -> None:
    thin = flat(9, 10)
    line = [*thin.shares["line 0"][:-1], Share.between(4, 90)]
    assert full([line]) == 50


def test_months_are_named_where_they_begin_and_years_once() -> None:
    names = [tick.text for tick in timeline("1 year", flat(53, 10)).months]
    assert names[0] == "Nov 2025"
    assert [name for name in names if "2026" in name] == ["Jan 2026"]
    assert names[-1] == "Nov"


def test_three_months_a_year_and_all_are_drawn_where_there_are_so_many_weeks() -> None:
    def names(number: int) -> list[tuple[str, Week]]:
        return [(each.name, each.since) for each in spans(flat(number, 10), 53)]

    assert names(5) == [("all", LAST.back(4))]
    assert names(20) == [("3 months", LAST.back(12)), ("all", LAST.back(19))]
    assert names(60) == [
        ("3 months", LAST.back(12)),
        ("1 year", LAST.back(52)),
        ("all", LAST.back(59)),
    ]


def test_of_many_years_the_last_week_of_each_month_is_drawn() -> None:
    drawn: Timeline = spans(flat(250, 10), 53)[-1]
    assert drawn.monthly
    assert len(drawn.columns) == 59
    assert drawn.columns[-1].text.startswith("2026-W46, 9–15 November 2026: line 0 8–12%")


def test_a_week_that_few_answered_is_a_column_and_breaks_the_line() -> None:
    course = flat(5, 10)
    gap = course.weeks[2]
    line = list(course.shares["line 0"])
    line[2] = None
    drawn = timeline("all", replace(course, shares={"line 0": line}, silent=[gap], noted=[gap]))
    assert [column.silent for column in drawn.columns] == [False, False, True, False, False]
    assert "too few answered" in drawn.columns[2].text
    assert len(drawn.lines[0].lines) == 2
    (note,) = drawn.notes
    assert note.at == (LEFT + WIDTH - RIGHT) / 2


def test_a_line_ends_with_its_share_in_the_last_week_that_has_any() -> None:
    course = flat(5, 10)
    line = [*course.shares["line 0"][:-1], None]
    ended = timeline("all", replace(course, shares={"line 0": line}))
    assert ended.lines[0].last == "no number"
    silent = timeline("all", replace(course, shares={"line 0": line}, silent=course.weeks[-1:]))
    assert silent.lines[0].last == "8–12%"


@pytest.mark.slow
def test_what_is_frequent_now_is_drawn_before_what_once_was(
    tmp_path: Path, toy_schema: Schema
) -> None:
    def releases(first: int) -> Counted:
        return {"version": {f"1.{first + place}": 20 for place in range(7)}}

    past = {week: releases(0 if week < LAST else 10) for week in weeks(4)}
    site = Site(toy_schema, lived(tmp_path / "headcount.db", toy_schema, past), POLICY)
    document = site.document("projects/toy/version/")
    assert document is not None
    drawn = re.findall(r'<tspan class="name">([^<]+)', document.body.decode())
    assert len(drawn) == 6
    assert sum(name in {f"1.{10 + place}" for place in range(7)} for name in drawn) >= 4


def test_a_release_is_marked_in_its_first_week_but_not_those_of_the_first_week(
    tmp_path: Path, toy_schema: Schema
) -> None:
    found = decided(tmp_path / "headcount.db", toy_schema)
    toy = toy_schema.projects["toy"]
    assert first_weeks(toy, found[::-1]) == {Week(2026, 45): ["1.31", "1.30"]}
    (project,) = found[1].projects
    notice = Retraction(toy.version_key, "version", "Wrong.", "2026-11-20")
    taken = replace(found[1], projects=(replace(project, retractions=(notice,)),))
    assert first_weeks(toy, [found[2], taken, found[0]]) == {Week(2026, 46): ["1.31", "1.30"]}


@pytest.fixture(scope="module", name="year")
def _year(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    counted: dict[Week, Counted] = dict.fromkeys(weeks(60), NOW)
    return lived(tmp_path_factory.mktemp("year") / "headcount.db", toy_schema, counted)


@pytest.mark.slow
def test_the_page_has_three_drawings_and_every_value_can_be_read(
    year: list[PublishedWeek], toy_schema: Schema
) -> None:
    document = Site(toy_schema, year, POLICY).document("projects/toy/web_server/")
    assert document is not None
    page = document.body.decode()
    assert page.count('<svg class="timeline"') == 3
    assert re.findall(r'<label for="span-.">([^<]+)', page) == ["3 months", "1 year", "all"]
    assert 'checked><label for="span-2">' in page
    assert "<title>2026-W46, 9–15 November 2026: nginx 58–64%, Apache 36–42%</title>" in page
    assert page.count('<rect class="week"') == 13 + 53 + 60
    assert " style=" not in page


@pytest.mark.slow
def test_a_page_with_a_year_of_weeks_stays_light(
    year: list[PublishedWeek], toy_schema: Schema
) -> None:
    site = Site(toy_schema, year, POLICY)
    for key in ("php_version", "web_server", "modules", "nodes"):
        document = site.document(f"projects/toy/{key}/")
        assert document is not None
        assert len(document.body) < 100_000

"""Which of the published weeks is the last one that tells something."""

from __future__ import annotations

from headcount_server.publication.published import PublishedProject, PublishedWeek, with_totals
from headcount_server.publication.rounding import Publication
from headcount_server.week import Week

TOY = PublishedProject("toy", (), {}, Publication(5, {}, {}))
EMPTY, TOLD = PublishedWeek(Week(2026, 46), 5, ()), PublishedWeek(Week(2026, 45), 5, (TOY,))


def test_an_empty_week_does_not_stand_before_one_that_has_a_number() -> None:
    assert with_totals([EMPTY, TOLD]) is TOLD
    assert with_totals([TOLD, EMPTY]) is TOLD


def test_without_any_number_it_is_the_last_week_and_without_weeks_none() -> None:
    assert with_totals([EMPTY]) is EMPTY
    assert with_totals([]) is None

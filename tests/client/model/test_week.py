"""Weeks are ISO weeks in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from headcount.model.week import WEEK, Week
from hypothesis import given
from hypothesis import strategies as st

SECONDS = st.integers(min_value=0, max_value=7_258_118_400)  # to the year 2200


@pytest.mark.slow
@given(SECONDS)
def test_a_label_is_what_the_calendar_says(seconds: int) -> None:
    year, number, _ = datetime.fromtimestamp(seconds, UTC).isocalendar()
    assert Week.at(seconds).label == f"{year}-W{number:02d}"


@pytest.mark.slow
@given(SECONDS)
def test_a_week_runs_from_monday_to_monday(seconds: int) -> None:
    week = Week.at(seconds)
    start = datetime.fromtimestamp(week.start, UTC)
    assert (start.isoweekday(), start.hour, start.minute, start.second) == (1, 0, 0, 0)
    assert datetime.fromtimestamp(week.end, UTC) == start + timedelta(days=7)
    assert week.start <= seconds < week.end
    assert week.next.start == week.end == week.start + WEEK


@pytest.mark.slow
@given(SECONDS)
def test_a_label_names_its_week(seconds: int) -> None:
    week = Week.at(seconds)
    assert Week.named(week.label) == week


@pytest.mark.parametrize(
    ("moment", "label"),
    [
        ("2025-12-28T23:59:59", "2025-W52"),
        ("2025-12-29T00:00:00", "2026-W01"),
        ("2026-12-28T00:00:00", "2026-W53"),
        ("2027-01-03T23:59:59", "2026-W53"),
        ("2027-01-04T00:00:00", "2027-W01"),
    ],
)
def test_the_turn_of_the_year_belongs_to_the_year_of_its_thursday(moment: str, label: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    assert Week.at(at).label == label


@pytest.mark.parametrize(
    "label",
    ["", "2026", "2026-47", "2026-W54", "2025-W53", "2026-W00", "2026-W1", "26-W01",
     "2026-W\u0660\u0661", "2026-W47 ", "2026/W47", "2026-w47"],
)  # fmt: skip
def test_anything_else_is_no_week(label: str) -> None:
    with pytest.raises(ValueError, match="not an ISO week"):
        Week.named(label)

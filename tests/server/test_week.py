"""Weeks are those of ISO 8601, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from headcount_server.week import Week
from hypothesis import given
from hypothesis import strategies as st

MOMENTS = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]),
)


@pytest.mark.slow
@given(MOMENTS)
def test_every_moment_lies_in_exactly_one_week(moment: datetime) -> None:
    week = Week.of(moment)
    assert week.start <= moment < week.end
    assert week.end == week.next().start
    assert week.start == week.previous().end


@pytest.mark.slow
@given(MOMENTS)
def test_a_week_is_read_back_from_its_text(moment: datetime) -> None:
    week = Week.of(moment)
    assert Week.parse(str(week)) == week


@pytest.mark.slow
@given(MOMENTS, MOMENTS)
def test_weeks_and_their_texts_are_ordered_by_time(one: datetime, other: datetime) -> None:
    first, second = sorted((Week.of(one), Week.of(other)))
    assert first.start <= second.start
    assert str(first) <= str(second)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-12-31T23:59:59+00:00", "2026-W53"),
        ("2027-01-03T23:59:59+00:00", "2026-W53"),
        ("2027-01-04T00:00:00+00:00", "2027-W01"),
        ("2027-01-04T00:30:00+01:00", "2026-W53"),
        ("2025-12-29T00:00:00+00:00", "2026-W01"),
    ],
)
def test_the_new_year_belongs_to_the_iso_week_in_utc(moment: str, text: str) -> None:
    assert str(Week.of(datetime.fromisoformat(moment))) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-47",
        "2026-w47",
        "2026-W7",
        "2026-W00",
        "2025-W53",
        "0000-W01",
        "2026-W47\n",
        "2026-W\u0664\u0667",
        " 2026-W47",
        "12026-W47",
    ],
)
def test_a_text_that_names_no_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="week"):
        Week.parse(text)

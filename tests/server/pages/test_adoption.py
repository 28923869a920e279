"""How fast installations update, told by weeks since a release had a number for the first time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest
from headcount_server.pages.adoption import AGES, adoptions
from headcount_server.pages.site import Site
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from support.decided_weeks import lived

FIRST = Week(2026, 20)
VERSION = 1
RELEASES: tuple[Mapping[str, int], ...] = (
    {"1.0": 100},
    {"1.0": 97, "1.1": 3},
    {"1.0": 80, "1.1": 20},
    {"1.0": 55, "1.1": 45},
    {"1.0": 30, "1.1": 70},
    {"1.0": 20, "1.1": 60, "1.2": 20},
)


@pytest.fixture(scope="module", name="weeks")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    counted = {FIRST.back(-place): {"version": its} for place, its in enumerate(RELEASES)}
    return lived(tmp_path_factory.mktemp("adoption") / "headcount.db", toy_schema, counted)


@pytest.mark.slow
def test_a_release_is_followed_from_the_first_week_in_which_it_had_a_number(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    toy = toy_schema.projects["toy"]
    newest, older = adoptions(toy, toy.keys[VERSION], weeks[::-1])
    assert (older.release, older.since) == ("1.1", FIRST.back(-2))
    assert (newest.release, newest.since) == ("1.2", FIRST.back(-5))
    told = dict(zip(AGES, older.shares, strict=True))
    for age, truth in ((0, 20), (1, 45), (2, 70)):
        share = told[age]
        assert share is not None
        assert share.lower <= truth <= share.upper
    assert [told[age] for age in AGES[3:]] == [None] * len(AGES[3:])


def test_half_is_reached_when_it_is_certain(weeks: list[PublishedWeek], toy_schema: Schema) -> None:
    toy = toy_schema.projects["toy"]
    newest, older = adoptions(toy, toy.keys[VERSION], weeks[::-1])
    assert older.half == "after 2 weeks"
    assert newest.half == "not yet"


@pytest.mark.slow
def test_the_page_of_releases_says_that_the_first_week_is_no_release_date(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    site = Site(toy_schema, weeks, Policy(5, timedelta(days=2)))
    document = site.document("projects/toy/version/")
    assert document is not None
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", document.body.decode()))
    assert "That is not its release date." in words
    assert "1.1 2026-W22 19–24% 43–48%" in words
    assert words.count("How fast installations update") == 1
    other = site.document("projects/toy/multisite/")
    assert other is not None
    assert b"How fast installations update" not in other.body

"""Each member of a list has a page once it has had a number."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from headcount_server.pages.member import places
from headcount_server.pages.site import Site
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from support.decided_weeks import BEFORE, LAST, YEAR_BEFORE, Counted, lived

POLICY = Policy(5, timedelta(days=2))
MODULES, PHP = 6, 2
BLOCK, VIEWS = 2, 3
THEN: Counted = {"modules": {(BLOCK,): 80, (BLOCK, VIEWS): 20}}
BETWEEN: Counted = {"modules": {(BLOCK,): 40, (BLOCK, VIEWS): 60}}
NOW: Counted = {"modules": {(BLOCK,): 97, (BLOCK, VIEWS): 3}}


@pytest.fixture(scope="module", name="weeks")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    path = tmp_path_factory.mktemp("members") / "headcount.db"
    return lived(path, toy_schema, {YEAR_BEFORE: THEN, BEFORE: BETWEEN, LAST: NOW})


def words(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", document.body.decode()))


@pytest.mark.slow
def test_a_member_tells_how_many_have_it_and_whether_that_changed(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    page = words(Site(toy_schema, weeks[1:], POLICY), "projects/toy/modules/views/")
    assert "60–64 of 100–104 have it, 57–64%." in page
    assert "views was 19–24% in 2025-W46, so it has risen for certain." in page


@pytest.mark.slow
def test_a_member_that_few_have_now_keeps_its_page_and_history(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    page = words(Site(toy_schema, weeks, POLICY), "projects/toy/modules/views/")
    assert "Not shown in 2026-W46: fewer than 5 have it." in page
    assert "2026-W45 60–64 57–64% 2026-W46 fewer than 5 at most 4%" in page


@pytest.mark.slow
def test_a_list_links_its_members_and_each_row_has_an_anchor(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    document = Site(toy_schema, weeks, POLICY).document("projects/toy/modules/")
    assert document is not None
    assert b'id="answer-block"><th scope="row"><a href="block/">block</a>' in document.body


def test_a_member_without_a_number_or_whose_totals_were_taken_down_has_no_page(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    assert "projects/toy/languages/de/" not in Site(toy_schema, weeks, POLICY).addresses
    notice = Retraction(MODULES, "modules", "Wrong.", "2026-11-20")
    taken = [
        replace(week, projects=(replace(week.projects[0], retractions=(notice,)),))
        for week in weeks
    ]
    assert "projects/toy/modules/views/" not in Site(toy_schema, taken, POLICY).addresses


def test_members_that_would_share_an_address_have_none_and_odd_names_a_plain_one(
    toy_schema: Schema,
) -> None:
    keys = toy_schema.projects["toy"].keys
    names = ["views", "a b", "a-b", "zh-hans", "Chinese, Simplified", "../x", "…"]
    assert places(keys[MODULES], names) == {
        "views": "views",
        "zh-hans": "zh-hans",
        "Chinese, Simplified": "Chinese-Simplified",
        "../x": "x",
    }
    assert places(keys[PHP], ["8.2"]) == {}

"""Ranges as readers meet them: rare answers, releases told apart, and what has no upper bound.

In tables, drawings, captions and data files.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from headcount_server.counting.tally import Cell
from headcount_server.pages.site import Site
from headcount_server.publication.key_terms import KeyTerms
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from support.small_weeks import MULTISITE, PHP, VERSION

POLICY = Policy(5, timedelta(days=2))
W45, W46 = Week(2026, 45), Week(2026, 46)
KINDS = {VERSION: 3, PHP: 3, MULTISITE: 1}


def week(of: Week, cells: dict[tuple[str, str], int], *, threshold: int = 5) -> PublishedWeek:
    """A week of 50 reports that all answer PHP; 8.2 tells 1.30 and 1.31 apart."""
    terms = {key: KeyTerms(5, key == PHP, kind) for key, kind in KINDS.items()}
    terms[PHP] = KeyTerms(threshold, crossed=True, kind=KINDS[PHP])
    published = Publication(
        50,
        {VERSION: 50, PHP: 50, MULTISITE: 50},
        {
            Cell(VERSION, "1.31", ""): 30,
            **{Cell(PHP, value, release): n for (value, release), n in cells.items()},
        },
        {(PHP, "8.2"): frozenset({"1.30", "1.31"})},
    )
    names = {VERSION: "version", PHP: "php_version", MULTISITE: "multisite"}
    places = {
        VERSION: frozenset({"1.31"}),
        PHP: frozenset({"8.2", "7.4"}),
        MULTISITE: frozenset({"true"}),
    }
    project = PublishedProject("toy", ("d1",), names, published, (), terms, places, VERSION)
    return PublishedWeek(of, 5, (project,), "", 2)


CELLS = {("8.2", "1.31"): 20, ("8.2", ""): 5, ("9.9", ""): 10}


def text_of(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def said(site: Site, address: str) -> str:
    """The words of a page, blanks made single."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(site, address)))


@pytest.mark.slow
def test_a_rare_answer_is_named_with_the_most_that_it_can_be(toy_schema: Schema) -> None:
    words = said(Site(toy_schema, [week(W46, CELLS)], POLICY), "projects/toy/php_version/")
    assert "7.4 fewer than 5 at most 8%" in words
    assert "Yes fewer than 5 at most 8%" in said(
        Site(toy_schema, [week(W46, CELLS)], POLICY), "projects/toy/multisite/"
    )


@pytest.mark.slow
def test_an_answer_of_which_some_reports_may_be_elsewhere_is_at_least_so_much(
    toy_schema: Schema,
) -> None:
    words = said(Site(toy_schema, [week(W46, CELLS)], POLICY), "projects/toy/php_version/")
    assert "9.9 at least 10 at least 18.5%" in words


@pytest.mark.slow
def test_an_answer_in_parts_has_the_range_of_all_of_them(toy_schema: Schema) -> None:
    words = said(Site(toy_schema, [week(W46, CELLS)], POLICY), "projects/toy/php_version/")
    # 20 to 24, 0 to 4 and 5 to 9, of 50 to 54.
    assert "8.2 25–37 46–74%" in words


@pytest.mark.slow
def test_the_table_of_releases_names_those_that_are_told_apart(toy_schema: Schema) -> None:
    page = text_of(Site(toy_schema, [week(W46, CELLS)], POLICY), "projects/toy/php_version/")
    table = page[page.index('class="grid crossing"') :]
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", table))
    assert "Answer 1.31 1.30 other releases" in words
    assert "9.9 · · 10–14" in words
    assert "8.2 20–24 – 5–9" in words


@pytest.mark.slow
def test_a_week_in_which_an_answer_was_rare_is_a_band_from_nothing_and_no_gap(
    toy_schema: Schema,
) -> None:
    rare = week(W45, {("9.9", ""): 10})
    site = Site(toy_schema, [week(W46, CELLS), rare], POLICY)
    page = text_of(site, "projects/toy/php_version/")
    drawing = page[page.index("<h3>8.2</h3>") :]
    assert "from at most 24% in 2026-W45 to 46–74% in 2026-W46" in drawing[: drawing.index("</li>")]
    assert drawing.count("<polyline", 0, drawing.index("</li>")) == 1
    assert "<h3>7.4</h3>" not in page  # never published, so nothing to draw


def test_a_threshold_of_its_own_is_shown_with_what_it_promises(toy_schema: Schema) -> None:
    cells = {("8.2", "1.31"): 20, ("8.2", ""): 10}
    site = Site(toy_schema, [week(W46, cells, threshold=10)], POLICY)
    words = said(site, "projects/toy/php_version/")
    assert "a threshold of its own, 10 instead of 5" in words
    assert "nobody can prove that 1 to 9 installations gave one of its answers" in words
    assert "“–” means fewer than 10." in words
    assert "a threshold of its own" not in said(site, "projects/toy/multisite/")


def test_data_files_have_columns_for_both_bounds(toy_schema: Schema) -> None:
    site = Site(toy_schema, [week(W46, CELLS)], POLICY)
    rows = list(csv.DictReader(io.StringIO(text_of(site, "data/projects/toy/php_version.csv"))))
    told = [
        (row["measure"], row["value"], row["version"], row["reports"], row["lower"], row["upper"])
        for row in rows
        if row["key"]
    ]
    assert told == [
        ("answers", "", "", "50", "50", "54"),
        ("value", "8.2", "other releases", "5", "5", "9"),
        ("value", "8.2", "1.31", "20", "20", "24"),
        ("value", "9.9", "other releases", "10", "10", ""),
        ("value", "8.2", "1.30", "0", "0", "4"),
        ("range", "7.4", "", "0", "0", "4"),
        ("range", "8.2", "", "25", "25", "37"),
        ("range", "9.9", "", "10", "10", ""),
    ]

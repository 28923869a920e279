"""The page of a week: its numbers, what changed for certain, and that it stays."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from headcount.v1 import options_pb2
from headcount_server.pages import static_site
from headcount_server.pages.coverage import covered
from headcount_server.pages.site import Site
from headcount_server.publication import bundle, bundle_reader
from headcount_server.publication.published import (
    Coverage,
    PublishedProject,
    PublishedWeek,
    Retraction,
)
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from headcount_server.week import Week
from support import decided_weeks, toy_weeks

POLICY = Policy(5, timedelta(days=2))
NODES = 5


@pytest.fixture(scope="module", name="weeks")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    return decided_weeks.decided(tmp_path_factory.mktemp("weeks") / "headcount.db", toy_schema)


def body(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.slow
def test_a_week_tells_what_changed_for_certain_since_a_week_and_a_year_before(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    page = words(body(Site(toy_schema, weeks, POLICY), "weeks/2026-W46/"))
    week, year = page.split("Changed for certain since 2025-W46")
    assert "Changed for certain since 2026-W45" in week
    # 60 and 63 of 200 said yes: 60–64 and 60–64, which nobody can tell apart.
    assert "Multisite Yes" not in week.split("Changed for certain since 2026-W45")[1]
    assert "Channel stable fell" in week
    assert "Multisite Yes rose 19–22% 29–32%" in year
    assert "Modules views rose 9–12% 51–55%" in year


@pytest.mark.slow
def test_a_week_has_every_answer_as_it_was_published(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    page = words(body(Site(toy_schema, weeks, POLICY), "weeks/2025-W46/"))
    assert "200–204 installations reported." in page
    assert "Yes 40–44 19–22%" in page
    assert "Changed for certain" not in page


@pytest.mark.slow
def test_later_weeks_leave_the_page_of_a_week_as_it_was(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    def content(site: Site) -> str:
        page = body(site, "weeks/2026-W45/")
        return page[page.index("<main") : page.index("</main>")]

    assert content(Site(toy_schema, weeks[1:], POLICY)) == content(Site(toy_schema, weeks, POLICY))


def test_a_key_that_was_retired_later_stays_on_the_page_of_a_week(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    toy = toy_schema.projects["toy"]
    left = {number: key for number, key in toy.keys.items() if number != NODES}
    site = Site(replace(toy_schema, projects={"toy": replace(toy, keys=left)}), weeks, POLICY)
    page = words(body(site, "weeks/2025-W46/"))
    assert "nodes" in page
    assert "10–99 150–154" in page


def test_a_retraction_takes_numbers_off_the_page_and_leaves_a_notice(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    (project,) = weeks[0].projects
    notice = Retraction(NODES, "nodes", "Counted wrongly.", "2026-11-20")
    taken = replace(weeks[0], projects=(replace(project, retractions=(notice,)),))
    page = words(body(Site(toy_schema, [taken, *weeks[1:]], POLICY), "weeks/2026-W46/"))
    assert "The totals of nodes were taken down on 2026-11-20: Counted wrongly." in page
    assert "100+" not in page


@pytest.mark.slow
def test_the_part_that_reported_stands_beside_the_numbers_of_its_week(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    known = Coverage("toy", 5000, "update <checks>")
    site = Site(toy_schema, [weeks[0], replace(weeks[1], coverages=(known,)), *weeks[2:]], POLICY)
    about = "bout 4% of 5,000 installations, source: update &lt;checks&gt;"
    assert f"<p>A{about}</p>" in body(site, "weeks/2026-W45/")
    assert "5,000" not in body(site, "weeks/2026-W46/")
    assert f"<p>In 2026-W45: a{about}</p>" in body(site, "projects/toy/")
    newest = replace(weeks[0], coverages=(known,))
    assert f"<p>A{about}</p>" in body(Site(toy_schema, [newest], POLICY), "projects/toy/")


@pytest.mark.parametrize(
    ("reports", "installations", "said"),
    [
        (200, 5000, "About 4% of 5,000 installations"),
        (200, 100_000, "Less than 1% of 100,000 installations"),
        (5, 20, "About 25–45% of 20 installations"),
        (200, 203, "About 99–100% of 203 installations"),
        (200, 199, "More than the 199 installations"),
        (0, 5000, "Fewer than 5 of 5,000 installations"),
    ],
)
def test_a_part_is_told_to_the_percent_and_never_more_than_all(
    reports: int, installations: int, said: str
) -> None:
    project = PublishedProject("toy", (), {}, Publication(reports, {}, {}))
    known = Coverage("toy", installations, "downloads")
    found = (project,) if reports else ()
    week = PublishedWeek(Week(2026, 46), 5, found, coverages=(known,))
    assert covered([week], "toy", week.week) == f"{said}, source: downloads"
    assert covered([week], "other", week.week) == ""


def test_every_week_is_listed_and_an_empty_one_says_so(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    empty = replace(weeks[0], projects=(), annotation="The door was shut.")
    site = Site(toy_schema, [empty, *weeks[1:]], POLICY)
    page = words(body(site, "weeks/"))
    assert page.index("2026-W46") < page.index("2026-W45") < page.index("2025-W46")
    assert "2026-W46 9–15 November 2026 note nothing published" in page
    shown = words(body(site, "weeks/2026-W46/"))
    assert "Fewer than 5 installations reported, so nothing is shown." in shown
    assert "The door was shut." in shown


@pytest.mark.slow
def test_a_copy_in_files_leads_from_former_names_to_present_ones(
    toy_schema: Schema, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("copy")
    database = toy_weeks.lived(folder / "headcount.db", toy_schema)
    toy = toy_schema.projects["toy"]
    key = toy.keys[NODES]
    declaration = options_pb2.KeyOptions()
    declaration.CopyFrom(key.declaration)
    declaration.formerly = "node_count"
    keys = {**toy.keys, NODES: replace(key, declaration=declaration)}
    known = replace(toy_schema, projects={"toy": replace(toy, keys=keys)})
    found = every_week(toy_weeks.database_at(database))
    out = folder / "public"
    static_site.write(out, known, found, POLICY)
    moved = (out / "projects/toy/node_count/index.html").read_text(encoding="utf-8")
    assert 'content="0; url=../../../projects/toy/nodes/"' in moved
    for form in ("json", "csv"):
        files = [out / f"data/projects/toy/{name}.{form}" for name in ("node_count", "nodes")]
        assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_what_was_asked_has_an_address_that_every_week_links_and_no_registry_changes(
    toy_schema: Schema, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("schema")
    database = toy_weeks.lived(folder / "headcount.db", toy_schema)
    weeks = every_week(toy_weeks.database_at(database))
    toy = toy_schema.projects["toy"]
    declaration = options_pb2.ProjectOptions()
    declaration.CopyFrom(toy.declaration)
    declaration.digest, declaration.title = "0" * 64, "Something else"
    later = replace(toy_schema, projects={"toy": replace(toy, declaration=declaration)})
    asked, now = (f"schema/toy/{each}.json" for each in (toy.declaration.digest, "0" * 64))
    before, after = Site(toy_schema, weeks, POLICY), Site(later, weeks, POLICY)
    assert json.loads(body(before, asked))["declaration"]["title"] == toy.declaration.title
    assert body(after, asked) == body(before, asked)
    assert json.loads(body(after, now))["declaration"]["title"] == "Something else"
    assert before.document(now) is None
    for week in weeks:
        page = body(after, f"weeks/{week.week}/")
        assert f'href="../../{asked}"' in page
        assert now not in page
    # What the bundle and the copy in files have is the same, from the bundle alone too.
    bundle.write(folder / "bundle", later, weeks, bundle.About(POLICY))
    found = bundle_reader.read(folder / "bundle")
    assert [week.projects[0].schemas for week in found.weeks] == [
        {toy.declaration.digest: body(before, asked)} for _ in weeks
    ]
    static_site.write(folder / "first", later, weeks, POLICY)
    static_site.write(folder / "again", later, found.weeks, POLICY)
    assert (folder / "first" / asked).read_text(encoding="utf-8") == body(before, asked)
    assert (folder / "first" / asked).read_bytes() == (folder / "again" / asked).read_bytes()


def test_a_week_from_before_schemas_were_kept_names_its_registry_without_a_link(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    old = [
        replace(
            week,
            projects=tuple(
                replace(each, digests=("f" * 64,), schemas={}) for each in week.projects
            ),
        )
        for week in weeks
    ]
    site = Site(toy_schema, old, POLICY)
    page = body(site, f"weeks/{old[0].week}/")
    assert "<code>ffffffffffff</code>" in page
    assert f"{'f' * 64}.json" not in page
    assert site.document(f"schema/toy/{'f' * 64}.json") is None

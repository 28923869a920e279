"""Questions that projects share stand side by side, with nothing that their pages do not say."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from headcount_server.counting.tally import Cell
from headcount_server.pages.operator import Operator
from headcount_server.pages.routes import Pages
from headcount_server.pages.site import Site
from headcount_server.publication.published import (
    Coverage,
    PublishedProject,
    PublishedWeek,
    Retraction,
)
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repository import ROOT
from support.workbench import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = Policy(5, timedelta(days=2))
W46 = Week(2026, 46)
SHIPPED = schema.load(ROOT / "registry" / "generated" / "registry.binpb")
PHP, SYSTEM = "conventions/common/php_version/", "conventions/common/operating_system/"
QUESTIONS = {
    PHP: {"backdrop": "php_version", "bee": "php_version"},
    SYSTEM: {"backdrop": "server_os", "bee": "operating_system"},
}


def published(
    known: Schema,
    name: str,
    reports: int,
    answers: Mapping[str, Mapping[str, int]],
    taken: str = "",
) -> PublishedProject:
    """A project's totals, by key and value; `taken` names a key whose totals were taken down."""
    numbers = {key.name: number for number, key in known.projects[name].keys.items()}
    values = {
        Cell(numbers[key], value, ""): count
        for key, counts in answers.items()
        for value, count in counts.items()
        if count
    }
    notices = (Retraction(numbers[taken], taken, "a mistake", "2026-11-20"),) if taken else ()
    return PublishedProject(
        name=name,
        digests=("d1",),
        key_names={numbers[key]: key for key in answers},
        publication=Publication(reports, {numbers[key]: reports for key in answers}, values),
        retractions=notices,
    )


def site_of(
    *projects: PublishedProject, known: Schema = SHIPPED, languages: tuple[str, ...] = ("en",)
) -> Site:
    weeks = [PublishedWeek(W46, 5, projects)]
    return Site(known, weeks, POLICY, Operator(languages=languages))


def text_of(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def rows(text: str) -> list[list[str]]:
    """The cells of the first table, row by row."""
    table = text.partition("<table")[2].partition("</table>")[0]
    lines = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    plain = ([re.sub("<[^>]+>", "", cell) for cell in re.findall(_CELL, line)] for line in lines)
    return [[cell.strip() for cell in line] for line in plain]


_CELL = re.compile(r"<t[hd].*?</t[hd]>", re.DOTALL)
BACKDROP = published(
    SHIPPED,
    "backdrop",
    100,
    {"php_version": {"8.2": 60, "8.1": 25}, "server_os": {"Linux": 90}},
)
BEE = published(SHIPPED, "bee", 40, {"php_version": {"8.3": 30, "8.2": 5}})


def test_each_project_has_a_row_with_its_own_week_answers_and_shares() -> None:
    heads, backdrop, bee = rows(text_of(site_of(BACKDROP, BEE), PHP))
    assert heads == ["Project", "Week", "Answers", "8.3", "8.2", "8.1", "Other, rare or unknown"]
    assert backdrop[:3] == ["Backdrop CMS", "2026-W46", "100–104"]
    assert bee[:3] == ["Bee", "2026-W46", "40–44"]
    assert backdrop[3] == "–"
    assert bee[5] == "–"


def test_what_has_no_number_is_said_in_the_words_of_its_own_page() -> None:
    site = site_of(BACKDROP, BEE)
    *_, bee = rows(text_of(site, SYSTEM))
    assert bee == ["Bee", "–", "–", "–", "–"]
    silence = "Fewer than 5 installations answered in 2026-W46."
    assert f"Bee: {silence}" in text_of(site, SYSTEM)
    assert silence in text_of(site, "projects/bee/operating_system/")
    taken = published(SHIPPED, "bee", 40, {"php_version": {"8.3": 30}}, taken="php_version")
    page = text_of(site_of(BACKDROP, taken), PHP)
    assert "Bee: The totals of 2026-W46 were taken down on 2026-11-20: a mistake" in page
    assert rows(page)[2][1:3] == ["–", "–"]


def test_the_part_of_all_installations_is_told_as_on_the_page_of_the_project() -> None:
    coverage = Coverage("bee", 1000, "the packages of the site")
    weeks = [PublishedWeek(W46, 5, (BACKDROP, BEE), coverages=(coverage,))]
    site = Site(SHIPPED, weeks, POLICY)
    said = "bout 4% of 1,000 installations, source: the packages of the site"
    assert said in text_of(site, PHP)
    assert said in text_of(site, "projects/bee/")


COUNTS = st.integers(min_value=0, max_value=12).map(lambda number: number * 5)
SYSTEMS = ("Linux", "macOS", "Windows", "FreeBSD", "OpenBSD", "NetBSD", "Solaris")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    php=st.lists(
        st.dictionaries(st.sampled_from(["7.4", "8.0", "8.1", "8.10"]), COUNTS), min_size=2
    ),
    systems=st.lists(st.dictionaries(st.sampled_from(SYSTEMS), COUNTS), min_size=2),
)
def test_no_number_stands_there_that_the_page_of_its_question_does_not_have(
    php: list[dict[str, int]], systems: list[dict[str, int]]
) -> None:
    found = [
        published(SHIPPED, name, reports, {"php_version": php[at], key: systems[at]})
        for at, (name, key, reports) in enumerate(
            [("backdrop", "server_os", 500), ("bee", "operating_system", 400)]
        )
    ]
    site = site_of(*found)
    for place, questions in QUESTIONS.items():
        (heads, *lines) = rows(text_of(site, place))
        for line, (project, key) in zip(lines, questions.items(), strict=True):
            own = {row[0]: row[-1] for row in rows(text_of(site, f"projects/{project}/{key}/"))}
            compared = dict(zip(heads[3:], line[3:], strict=True))
            for answer, share in compared.items():
                assert share in {own.get(answer), "–"}
                assert share != "–" or answer not in own


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_data_have_the_shared_keys_alone_with_the_numbers_of_their_own_files(form: str) -> None:
    site = site_of(BACKDROP, BEE)
    text = text_of(site, f"data/{PHP.removesuffix('/')}.{form}")
    if form == "csv":
        lines = list(csv.DictReader(io.StringIO(text)))
        named = {(line["project"], line["key"]) for line in lines}
        assert named <= {(name, key) for name in ("backdrop", "bee") for key in ("php_version", "")}
        return
    (week,) = json.loads(text)["weeks"]
    assert [project["project"] for project in week["projects"]] == ["backdrop", "bee"]
    for project in week["projects"]:
        address = f"data/projects/{project['project']}/php_version.json"
        assert json.loads(text_of(site, address))["weeks"][0]["projects"] == [project]


def test_pages_lead_to_the_comparison_and_back_in_every_language() -> None:
    site = site_of(BACKDROP, BEE, languages=("en", "de"))
    pages = ("", "conventions/", "projects/backdrop/server_os/", "projects/bee/operating_system/")
    for prefix in ("", "de/"):
        for page in pages:
            links = {
                urljoin(f"/{prefix}{page}", link)
                for link in re.findall(r'href="([^"#]+)"', text_of(site, f"{prefix}{page}"))
            }
            assert f"/{prefix}{SYSTEM}" in links, page
        back = re.findall(r'<th scope="row"><a href="([^"]+)"', text_of(site, f"{prefix}{SYSTEM}"))
        for link in back:
            assert urljoin(f"/{prefix}{SYSTEM}", link).removeprefix("/") in site.addresses
    assert "Fragen, die Projekte teilen" in text_of(site, "de/conventions/")


def test_what_one_project_alone_asks_is_compared_with_nothing() -> None:
    site = site_of(BACKDROP, BEE)
    assert not [each for each in site.addresses if "common/database" in each]
    page = text_of(site, "projects/backdrop/mysql_version/")
    assert "<code>common:database</code>, version 1" in page
    assert "Compare with other projects" not in page


def test_products_are_compared_with_all_versions_together_and_ages_with_a_word(
    bench: Bench,
) -> None:
    for name in ("one", "two"):
        lines = "".join(
            f"telemetry[{key}][use] = common:{convention}\n"
            for key, convention in (("db", "database"), ("age", "installation_age"))
        )
        bench.write(f"{name}.info", lines)
    bench.build()
    known = schema.load(bench.out / "registry.binpb")
    one = published(
        known,
        "one",
        100,
        {"db": {"MariaDB 10.11": 40, "MariaDB 11.4": 20}, "age": {"first week": 30}},
    )
    site = site_of(one, known=known)
    heads, first, second = rows(text_of(site, "conventions/common/database/"))
    assert heads[3:] == ["MariaDB", "Other, rare or unknown"]
    assert first[3] in text_of(site, "projects/one/db/")
    assert second[3:] == ["–", "–"]
    for page in ("conventions/common/installation_age/", "projects/one/age/"):
        assert "Replicas and throw-away containers keep nothing" in text_of(site, page)
    assert "Replicas" not in text_of(site, "projects/one/db/")


def test_every_address_of_a_site_has_a_route() -> None:
    weeks = [PublishedWeek(W46, 5, (BACKDROP, BEE))]
    languages = Operator(languages=("en", "de"))
    pages = Pages(CurrentRegistry(SHIPPED), lambda _first, _last, _most: weeks, POLICY, languages)
    site = Site(SHIPPED, weeks, POLICY, languages)
    assert PHP in site.addresses
    patterns = [route.path_regex for route in pages.routes()]
    unserved = [
        address
        for address in site.addresses
        if not any(pattern.match(f"/{address}") for pattern in patterns)
    ]
    assert unserved == []

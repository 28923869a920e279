"""Each question begins with the answer to the decision that it is asked for.

Every number is computed a second time here, from the JSON of `/data` alone.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from headcount.v1 import options_pb2
from headcount_server.errors import ConfigError
from headcount_server.pages.operator import Operator
from headcount_server.pages.site import Site
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from support import decided_weeks
from support.decided_weeks import BEFORE, LAST, NOW, YEAR_BEFORE, Counted, lived

POLICY = Policy(5, timedelta(days=2))


@pytest.fixture(scope="module", name="weeks")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    return decided_weeks.decided(tmp_path_factory.mktemp("decided") / "headcount.db", toy_schema)


@pytest.fixture(scope="module", name="site")
def _site(weeks: list[PublishedWeek], toy_schema: Schema) -> Site:
    return Site(toy_schema, weeks, POLICY)


def words(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", document.body.decode()))


def answer(site: Site, key: str) -> str:
    """The words of the box on top of a question's page."""
    document = site.document(f"projects/toy/{key}/")
    assert document is not None
    (box,) = re.findall(r'<section class="answer".*?</section>', document.body.decode(), re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", box)).strip()


class Numbers:
    """What the JSON file of a key says of it in a week, and the bounds that follow."""

    def __init__(self, site: Site, key: str, week: str) -> None:
        document = site.document(f"data/projects/toy/{key}.json")
        assert document is not None
        found = json.loads(document.body)
        (told,) = (each for each in found["weeks"] if each["week"] == week)
        (project,) = told["projects"]
        (its,) = project["keys"]
        self.k = told["threshold"]
        self.low = int(its["answers"])
        self.high = min(self.low, int(project["reports"])) + self.k - 1
        self.printed: Counter[str] = Counter()
        for value in its.get("values", ()):
            self.printed[value["value"]] += int(value["reports"])

    def share(self, belongs: Callable[[str], bool], *, named: bool = False) -> str:
        """The share of values, and (unless only `named` ones are meant) of all unknown ones."""
        lower = sum(n for value, n in self.printed.items() if belongs(value))
        beside = sum(n for value, n in self.printed.items() if not belongs(value))
        upper = self.high - beside
        if named:
            upper = min(upper, lower + self.k - 1)
        return printed(100 * lower / self.high, 100 * upper / max(self.low, upper + beside))


def printed(low: float, high: float) -> str:
    digits = 1 if high - low < 1 else 0
    scale = 10**digits
    least, most = math.floor(low * scale) / scale, math.ceil(high * scale) / scale
    if not low:
        return f"at most {most:.{digits}f}%"
    return f"{least:.{digits}f}–{most:.{digits}f}%"


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@pytest.mark.slow
def test_what_dropping_the_oldest_version_loses_at_most(site: Site) -> None:
    found = Numbers(site, "php_version", "2026-W46")
    assert "7.4" not in found.printed
    assert f"7.4 alone: fewer than 5 of {found.low}–{found.high}, at most 2%." in answer(
        site, "php_version"
    )
    assert 100 * (found.k - 1) / found.low == 2.0


@pytest.mark.slow
def test_what_a_minimum_version_keeps_and_leaves_out(site: Site) -> None:
    found = Numbers(site, "php_version", "2026-W46")
    kept = found.share(lambda value: version(value) >= (8, 1))
    least = int(kept.partition("–")[0])
    told = answer(site, "php_version")
    assert told.startswith(f"{kept} 8.1 or newer {kept} have 8.1 or newer.")
    assert f"A minimum of 8.1 leaves out at most {100 - least}%, others included." in told
    page = words(site, "projects/toy/php_version/")
    newer = found.share(lambda value: version(value) >= (8, 2))
    older = found.share(lambda value: version(value) < (8, 2))
    assert f"8.2 {newer} {older}" in page


@pytest.mark.slow
def test_an_oldest_version_that_is_rare_is_the_one_to_drop(
    tmp_path: Path, toy_schema: Schema
) -> None:
    some: Counted = {"php_version": {"7.4": 7, "8.1": 93, "8.2": 60}}
    weeks = lived(tmp_path / "headcount.db", toy_schema, {BEFORE: some, LAST: some})
    site = Site(toy_schema, weeks, POLICY)
    kept = Numbers(site, "php_version", "2026-W46").share(lambda value: version(value) >= (8, 1))
    told = answer(site, "php_version")
    assert told.startswith(f"{kept} 8.1 or newer")
    assert "7.4 alone: 5–9 of 160–164, 3–6%." in told
    assert "by release" not in told  # no release is told apart


def test_how_many_run_the_newest_two_releases(site: Site) -> None:
    kept = Numbers(site, "version", "2026-W46").share(lambda value: version(value) >= (1, 30))
    before = Numbers(site, "version", "2025-W46").share(lambda value: version(value) >= (1, 28))
    assert answer(site, "version").startswith(
        f"{kept} 1.31 or 1.30 {kept} run 1.31 or 1.30 or a newer release; these are the newest"
        " releases that have a number."
    )
    assert f"In 2025-W46 it was {before}, of 1.29 or 1.28." in answer(site, "version")


def test_which_members_of_a_list_rose_for_certain(site: Site) -> None:
    now, then = (Numbers(site, "modules", week) for week in ("2026-W46", "2025-W46"))

    def views(of: Numbers) -> str:
        n = of.printed["views"]
        return printed(100 * n / of.high, 100 * (n + of.k - 1) / of.low)

    assert f"Risen for certain since 2025-W46: views, {views(then)} to {views(now)}." in answer(
        site, "modules"
    )


def test_products_are_summed_over_their_versions_then_and_now(site: Site) -> None:
    def of(product: str, week: str) -> str:
        return Numbers(site, "web_server", week).share(lambda value: value.startswith(product))

    told = answer(site, "web_server")
    assert f"{of('nginx', '2026-W46')} have nginx, all versions together" in told
    assert f"Then Apache: {of('Apache', '2026-W46')}." in told
    for product, verb in (("nginx", "risen"), ("Apache", "fallen")):
        was = of(product, "2025-W46")
        assert f"{product} was {was} in 2025-W46, so it has {verb} for certain." in told


@pytest.mark.slow
def test_whether_a_change_is_real(weeks: list[PublishedWeek], toy_schema: Schema) -> None:
    told = answer(Site(toy_schema, weeks[:2], POLICY), "multisite")
    now, then = (
        Numbers(Site(toy_schema, weeks, POLICY), "multisite", week)
        for week in ("2026-W46", "2026-W45")
    )

    def yes(of: Numbers) -> str:
        return of.share(lambda value: value == "true", named=True)

    assert f"{yes(now)} of those who answered said yes." in told
    assert (
        f"Yes was {yes(then)} in 2026-W45; the ranges overlap, so whether it rose or fell cannot"
        " be told." in told
    )


@pytest.mark.slow
def test_on_which_releases_the_oldest_version_still_runs(
    tmp_path: Path, toy_schema: Schema
) -> None:
    old: Counted = {"version": {"1.31": 60, "1.30": 140}, "php_version": {"7.4": 80, "8.2": 120}}
    weeks = lived(tmp_path / "headcount.db", toy_schema, {BEFORE: old, LAST: old})
    site = Site(toy_schema, weeks, POLICY)
    document = site.document("data/projects/toy/php_version.json")
    assert document is not None
    (project,) = json.loads(document.body)["weeks"][0]["projects"]  # newest first
    cells = {
        cell.get("version", "other releases"): int(cell["reports"])
        for cell in project["keys"][0]["values"]
        if cell["value"] == "7.4"
    }
    assert cells == {"1.30": 20, "other releases": 60}
    told = ", ".join(f"{release} {n}–{n + 4}" for release, n in sorted(cells.items()))
    assert f"7.4 by release of the project: {told}." in answer(site, "php_version")


def test_a_number_is_told_by_its_median(site: Site) -> None:
    assert answer(site, "nodes").startswith("100+ median The median answer is 100+.")
    assert "In 2025-W46 the median was 10–99." in answer(site, "nodes")


def test_where_all_are_withheld_the_answer_says_what_that_means(site: Site) -> None:
    told = answer(site, "channel")
    assert told.startswith(
        "200–204 answered. No answer was given by 5 or more, so all are “Other, rare or unknown”."
    )
    assert "stable alone: fewer than 5 of 200–204, at most 2%." in told


@pytest.mark.slow
def test_answers_whose_ranges_overlap_are_called_tied(tmp_path: Path, toy_schema: Schema) -> None:
    tied: Counted = {"web_server": {"2 2.4": 52, "3 1.26": 50}, "modules": {(2, 3): 40, (2,): 1}}
    site = Site(toy_schema, lived(tmp_path / "headcount.db", toy_schema, {LAST: tied}), POLICY)
    told = answer(site, "web_server")
    assert "Apache, tied Apache and nginx cannot be told apart: their ranges overlap" in told
    assert "Most frequent are block and views, which cannot be told apart" in answer(
        site, "modules"
    )


# What stands there if there is no answer.


@pytest.mark.slow
def test_a_week_without_reports_blanks_no_page(tmp_path: Path, toy_schema: Schema) -> None:
    thin: Counted = {"multisite": {True: 3}}
    weeks = lived(tmp_path / "headcount.db", toy_schema, {BEFORE: NOW, LAST: thin})
    shown = Site(toy_schema, weeks, POLICY)
    assert "Fewer than 5 installations reported" in words(shown, "projects/toy/php_version/")
    assert "93–100% have 8.1 or newer." in answer(shown, "php_version")
    assert "200–204 installations reported in the week of 2–8 November 2026" in words(shown, "")
    for address in ("", "projects/toy/", "projects/toy/fragment.html"):
        assert "Fewer than 5 installations reported in 2026-W46." in words(shown, address)
    badge = shown.document("projects/toy/badge.svg")
    assert badge is not None
    assert "that reported in 2026-W45: 200–204" in badge.body.decode()
    latest = shown.document("data/weeks/latest.json")
    assert latest is not None
    assert json.loads(latest.body)["weeks"][0]["week"] == "2026-W45"


@pytest.mark.slow
def test_a_question_that_few_answered_shows_the_last_week_in_which_more_did(
    tmp_path: Path, toy_schema: Schema
) -> None:
    few: Counted = {"multisite": {True: 150}, "nodes": {50: 3}}
    weeks = lived(tmp_path / "headcount.db", toy_schema, {BEFORE: NOW, LAST: few})
    shown = words(Site(toy_schema, weeks, POLICY), "projects/toy/nodes/")
    assert "Fewer than 5 installations answered in 2026-W46. The last week with answers" in shown
    assert "The median answer is 100+." in shown


@pytest.mark.slow
def test_what_nobody_was_asked_is_told_apart_from_what_few_answered(
    weeks: list[PublishedWeek], site: Site, toy_schema: Schema
) -> None:
    expired = "No longer asked: it expired on 1 January 2026."
    assert expired in words(site, "projects/toy/old/")
    assert expired in words(site, "projects/toy/")
    assert f"({expired.removesuffix('.')})" in words(site, "collected/")
    (project,) = weeks[0].projects
    terms = {key: its for key, its in project.terms.items() if key != 10}
    newer = replace(weeks[0], projects=(replace(project, terms=terms),))
    later = Site(toy_schema, [newer, *weeks[1:]], POLICY)
    for address in ("projects/toy/languages/", "collected/"):
        assert "Not asked yet in 2026-W46" in words(later, address)
    assert "Not asked yet" not in words(site, "projects/toy/languages/")
    declared = options_pb2.ProjectOptions()
    declared.CopyFrom(toy_schema.projects["toy"].declaration)
    release = declared.releases.add(name="1.1", date="2026-11-20")
    release.changes.add(key="languages", kind=options_pb2.CHANGE_KIND_ADDED)
    toy = replace(toy_schema.projects["toy"], declaration=declared)
    dated = Site(replace(toy_schema, projects={"toy": toy}), [newer, *weeks[1:]], POLICY)
    told = "Not asked yet in 2026-W46; it is new since 20 November 2026."
    assert told in words(dated, "projects/toy/languages/")
    assert "Fewer than 5 installations answered in 2026-W46." in words(
        site, "projects/toy/languages/"
    )


@pytest.mark.slow
def test_a_drop_is_told_with_its_note_or_that_there_is_none(
    tmp_path: Path, toy_schema: Schema
) -> None:
    fewer = {key: _half(values) for key, values in NOW.items()}
    weeks = lived(tmp_path / "headcount.db", toy_schema, {BEFORE: NOW, LAST: fewer})
    page = words(Site(toy_schema, weeks, POLICY), "projects/toy/")
    assert "These are fewer for certain than the 200–204 of 2026-W45." in page
    assert "The operator has left no note." in page
    noted = [replace(weeks[0], annotation="The door was shut."), weeks[1]]
    page = words(Site(toy_schema, noted, POLICY), "projects/toy/")
    assert "Note of the operator: “The door was shut.”" in page


def _half(values: Mapping[Any, int]) -> dict[Any, int]:
    return {value: number // 2 for value, number in values.items()}


def test_the_overview_has_the_main_answers_of_every_project(site: Site) -> None:
    page = words(site, "")
    assert "Version 80–86% 1.31 or 1.30" in page
    assert "PHP version 90–100% 8.1 or newer" in page


@pytest.mark.slow
@pytest.mark.parametrize("week", [YEAR_BEFORE, BEFORE, LAST])
def test_no_box_says_more_than_the_sites_that_there_were(
    toy_schema: Schema, week: Week, weeks: Sequence[PublishedWeek]
) -> None:
    only = [each for each in weeks if each.week == week]
    counted = {YEAR_BEFORE: decided_weeks.THEN, BEFORE: decided_weeks.BETWEEN, LAST: NOW}[week]
    shown = Site(toy_schema, only, POLICY)
    php = counted["php_version"]
    for chosen, kept, _ in _table(shown, "php_version"):
        truth = 100 * sum(n for v, n in php.items() if version(v) >= version(chosen)) / 200
        low, _, high = kept.removeprefix("at most ").removesuffix("%").partition("–")
        assert float(low) <= truth <= float(high or low)


def _table(site: Site, key: str) -> list[tuple[str, str, str]]:
    document = site.document(f"projects/toy/{key}/")
    assert document is not None
    page = document.body.decode()
    part = page[page.index('id="minimums"') :]
    return re.findall(
        r'<th scope="row">([^<]+)</th><td class="number">([^<]+)</td><td class="number">([^<]+)',
        part[: part.index("</table>")],
    )


@pytest.mark.slow
def test_a_retired_key_keeps_its_page_and_files(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    toy = toy_schema.projects["toy"]
    left = {number: key for number, key in toy.keys.items() if key.name != "nodes"}
    declared = options_pb2.ProjectOptions()
    declared.CopyFrom(toy.declaration)
    release = declared.releases.add(name="1.1", date="2026-11-01")
    release.changes.add(key="nodes", kind=options_pb2.CHANGE_KIND_RETIRED, detail="gone")
    projects = {"toy": replace(toy, keys=left, declaration=declared)}
    site = Site(replace(toy_schema, projects=projects), weeks, POLICY)
    page = words(site, "projects/toy/nodes/")
    assert "No longer asked since 1.1 of 1 November 2026. What was published stays here." in page
    assert "100+ 120–124 58–61%" in page
    assert site.document("data/projects/toy/nodes.json") is not None
    assert site.document("data/projects/toy/nodes.csv") is not None
    assert "No longer asked: nodes" in words(site, "projects/toy/")
    assert "No longer asked: nodes" in words(site, "collected/")


def test_every_former_name_leads_to_the_present_pages_and_files(toy_schema: Schema) -> None:
    toy = toy_schema.projects["toy"]
    declared = options_pb2.ProjectOptions()
    declared.CopyFrom(toy.declaration)
    for day, name, was in (("2026-02-01", "node_total", "node_count"), ("2026-03-01", "nodes", "")):
        change = declared.releases.add(name=day, date=day).changes.add(key=name)
        change.kind = options_pb2.CHANGE_KIND_RENAMED
        change.detail = f"was `{was or 'node_total'}`; its metric is now `x`"
    projects = {"toy": replace(toy, declaration=declared)}
    site = Site(replace(toy_schema, projects=projects), [], POLICY)
    for name in ("node_count", "node_total"):
        assert site.moved(f"projects/toy/{name}/") == "projects/toy/nodes/"
        assert site.moved(f"data/projects/toy/{name}.json") == "data/projects/toy/nodes.json"
        assert site.moved(f"data/projects/toy/{name}.csv") == "data/projects/toy/nodes.csv"


def test_every_project_says_whom_its_numbers_stand_for(site: Site) -> None:
    page = words(site, "projects/toy/")
    assert "These installations chose to report, or did not object; others may differ." in page
    assert "The ranges come from rounding, not from sampling." in page
    assert "not a margin of error" in words(site, "methodology/")


@pytest.mark.slow
def test_pages_tell_who_runs_the_server(weeks: list[PublishedWeek], toy_schema: Schema) -> None:
    operator = Operator("Example Society", "mailto:a@b.example", "https://b.example/imprint")
    site = Site(toy_schema, weeks, POLICY, operator)
    for address in ("", "projects/toy/", "data/", "methodology/"):
        assert "Run by Example Society · Contact · Imprint ." in words(site, address)
    assert "Example Society runs this server and can be reached at mailto:a@b.example" in words(
        site, "privacy/"
    )
    assert "has not said who runs this server" in words(Site(toy_schema, [], POLICY), "privacy/")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "b.example", "https://a b"])
def test_an_address_that_nobody_can_follow_is_refused_by_its_flag(address: str) -> None:
    with pytest.raises(ConfigError, match="--operator-contact"):
        Operator(contact=address)
    with pytest.raises(ConfigError, match="--operator-imprint"):
        Operator(imprint=address)

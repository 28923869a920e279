"""Pages are found, shared and taken along: search, previews, feeds, fragments, charts."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import pytest
from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.errors import ConfigError
from headcount_server.pages.operator import Operator
from headcount_server.pages.site import Site
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from support import decided_weeks

POLICY = Policy(5, timedelta(days=2))
ROOT = "https://telemetry.example.org/stats/"
OPERATOR = Operator("Example & Society", site=ROOT)
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="module", name="weeks")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    return decided_weeks.decided(tmp_path_factory.mktemp("found") / "headcount.db", toy_schema)


@pytest.fixture(scope="module", name="site")
def _site(weeks: list[PublishedWeek], toy_schema: Schema) -> Site:
    return Site(toy_schema, weeks, POLICY, OPERATOR)


def body(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def test_every_question_and_named_answer_is_on_the_page_of_all(
    site: Site, toy_schema: Schema
) -> None:
    page = body(site, "search/")
    links = dict(re.findall(r'<li><a href="\.\./([^"]*)">([^<]+)</a>', page))
    for key in toy_schema.projects["toy"].keys.values():
        assert f"projects/toy/{key.name}/" in links
    assert links["projects/toy/modules/views/"] == "views"
    assert set(links) <= set(site.addresses)
    anchors = re.findall(r'<a href="#([^"]+)">', page)
    assert anchors == re.findall(r'<h2 id="([^"]+)">', page)
    told = re.findall(r'<h2 id="[^"]+">([^<]+)', page)
    assert told == sorted(told, key=lambda name: (name == "#", name))


def test_a_page_that_is_shared_names_itself_in_words_and_by_its_whole_address(site: Site) -> None:
    page = body(site, "projects/toy/php_version/")
    for name, value in {
        "title": "PHP version · Toy · headcount",
        "site_name": "Example &amp; Society",
        "url": f"{ROOT}projects/toy/php_version/",
    }.items():
        assert f'<meta property="og:{name}" content="{value}">' in page
    assert f'<link rel="canonical" href="{ROOT}projects/toy/php_version/">' in page


def test_without_a_whole_address_nothing_is_said_that_needs_one(
    weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    plain = Site(toy_schema, weeks, POLICY)
    page = body(plain, "projects/toy/")
    assert 'property="og:title"' in page
    assert "og:url" not in page
    assert "canonical" not in page
    assert "Sitemap" not in body(plain, "robots.txt")
    assert "sitemap.xml" not in plain.addresses


def test_crawlers_find_every_page_and_no_file(site: Site) -> None:
    assert body(site, "robots.txt") == f"User-agent: *\nAllow: /\nSitemap: {ROOT}sitemap.xml\n"
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    sitemap = ET.fromstring(body(site, "sitemap.xml"))  # noqa: S314 - ours
    found = [str(each.text) for each in sitemap.iterfind(".//s:loc", space)]
    pages = [each for each in site.addresses if each.endswith("/") or not each]
    assert found == [ROOT + each for each in pages]


@pytest.mark.parametrize("address", ["telemetry.example.org/", "https://example.org", "https:///"])
def test_an_address_of_the_site_that_no_link_can_begin_with_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="--site-address"):
        Operator(site=address)


def test_the_feed_has_an_entry_for_each_week_that_leads_to_its_page(
    site: Site, weeks: list[PublishedWeek], toy_schema: Schema
) -> None:
    feed = ET.fromstring(body(site, "weeks/feed.atom"))  # noqa: S314 - ours
    entries = feed.findall("a:entry", ATOM)
    assert [entry.findtext("a:updated", "", ATOM) for entry in entries] == [
        f"{week.week.end:%Y-%m-%d}T00:00:00Z" for week in weeks
    ]
    links = [entry.find("a:link", ATOM) for entry in entries]
    assert [link.get("href") for link in links if link is not None] == [
        f"{ROOT}weeks/{week.week}/" for week in weeks
    ]
    assert "200–204 installations reported." in str(entries[0].findtext("a:content", "", ATOM))
    other = Site(toy_schema, weeks, POLICY, replace(OPERATOR, site="https://other.example/"))
    ids = set(re.findall("<id>(.*)</id>", body(site, "weeks/feed.atom")))
    assert len(ids) == len(weeks) + 1
    assert not ids & set(re.findall("<id>(.*)</id>", body(other, "weeks/feed.atom")))
    empty = ET.fromstring(body(Site(toy_schema, [], POLICY), "weeks/feed.atom"))  # noqa: S314 - ours
    assert empty.findall("a:entry", ATOM) == []


def test_pages_say_how_to_cite_them_with_week_and_digest(
    site: Site, weeks: list[PublishedWeek]
) -> None:
    digest = weeks[0].projects[0].digests[-1][:12]
    key = body(site, "projects/toy/php_version/")
    assert f"<cite>Example &amp; Society, “PHP version” of Toy, 2026-W46</cite>, {ROOT}" in key
    assert f"registry <code>{digest}</code>" in key
    week = body(site, "weeks/2026-W45/")
    assert "<cite>Example &amp; Society, published totals of 2026-W45</cite>" in week
    assert f'/schema/toy/{digest}.json"><code>{digest}</code></a>' in week


def test_every_question_has_a_fragment_and_a_chart_that_stand_alone(
    site: Site, toy_schema: Schema
) -> None:
    for key in toy_schema.projects["toy"].keys.values():
        fragment = body(site, f"projects/toy/{key.name}/fragment.html")
        assert f'<a href="./" target="_top">{key.declaration.label or key.name}</a>' in fragment
        chart = ET.fromstring(body(site, f"projects/toy/{key.name}/chart.svg"))  # noqa: S314 - ours
        assert chart.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in body(site, f"projects/toy/{key.name}/chart.svg")
    told = body(site, "projects/toy/php_version/fragment.html")
    assert "8.1 or newer" in told
    drawn = body(site, "projects/toy/php_version/chart.svg")
    assert "<polyline" in drawn
    assert f"{ROOT}projects/toy/php_version/" in drawn
    page = body(site, "projects/toy/php_version/")
    assert 'href="chart.svg"' in page
    assert 'href="fragment.html"' in page
    empty = Site(toy_schema, [], POLICY)
    assert "Nothing has been published yet." in body(empty, "projects/toy/nodes/chart.svg")


def _told(door: Address, path: str, accept: str = "*/*") -> tuple[int, HTTPMessage, str]:
    with closing(HTTPConnection(str(door), timeout=10)) as connection:
        connection.request("GET", f"/{path}", headers={"Accept": accept})
        told = connection.getresponse()
        return told.status, told.headers, told.read().decode(errors="replace")


def _refused(door: Address, path: str, accept: str) -> tuple[int, str | None, str]:
    status, headers, text = _told(door, path, accept)
    return status, headers["Content-Type"], text


@pytest.mark.parametrize("path", ["nothing", "projects/toy/nothing/", "data/weeks/2026-W01.json"])
def test_where_there_is_nothing_people_find_the_way_and_programs_a_line(
    running: App, path: str
) -> None:
    door = running.public
    code, kind, page = _refused(door, path, "text/html,application/xhtml+xml")
    assert (code, kind) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address" in page
    root = "../" * path.count("/") or "./"
    assert f'href="{root}search/"' in page
    assert f'href="{root}style.css"' in page
    assert "canonical" not in page
    told = "There is nothing at this address. Everything begins at /\n"
    assert _refused(door, path, "*/*") == (404, "text/plain; charset=utf-8", told)
    assert _refused(door, f"{path}{'/x' * 40}", "text/html")[1:] == (
        "text/plain; charset=utf-8",
        told,
    )


def test_the_operator_says_who_may_embed(config: Config, clock_file: Path) -> None:
    only = "'self' https://www.example.org"
    with App(replace(config, frame_ancestors=only), FileClock(clock_file)) as app:
        for path, allowed in {
            "projects/toy/fragment.html": only,
            "projects/toy/nodes/fragment.html": only,
            "projects/toy/nodes/chart.svg": only,
            "projects/toy/": "'none'",
        }.items():
            policy = str(_told(app.public, path)[1]["Content-Security-Policy"])
            assert policy.endswith(f"; frame-ancestors {allowed}")


@pytest.mark.parametrize("wrong", ["", "example.org", "*; script-src *", "'none' 'self'", "a\nb"])
def test_sites_that_no_policy_can_name_are_refused(config: Config, wrong: str) -> None:
    with pytest.raises(ConfigError, match="--frame-ancestors"):
        replace(config, frame_ancestors=wrong)


def test_every_former_address_leads_to_the_present_one(
    config: Config, clock_file: Path, tmp_path: Path
) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(config.registry.read_bytes())
    of_key: Any = options_pb2.key
    for message in (each for file in files.file for each in file.message_type):
        if message.options.HasExtension(of_key) and message.name == "Nodes":
            message.options.Extensions[of_key].formerly = "node_count"
    renamed = tmp_path / "renamed.binpb"
    renamed.write_bytes(files.SerializeToString())
    known = schema.load(renamed)
    former = Site(known, [], POLICY).former
    assert former["projects/toy/node_count/"] == "projects/toy/nodes/"
    assert former["data/projects/toy/node_count/all.csv"] == "data/projects/toy/nodes/all.csv"
    with App(replace(config, registry=renamed), FileClock(clock_file)) as app:
        for address, now in former.items():
            status, headers, _ = _told(app.public, address)
            assert status == 308
            assert not headers["Location"].startswith("/")  # a proxy may strip a prefix
            assert urljoin(f"/{address}", headers["Location"]) == f"/{now}"
            assert _told(app.public, now)[0] == 200

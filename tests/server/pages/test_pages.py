"""The pages and files of the site, made of a registry and published weeks."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from headcount_server.counting.tally import Cell
from headcount_server.pages import routes
from headcount_server.pages.operator import Operator, link
from headcount_server.pages.site import BUNDLE, Site
from headcount_server.publication.published import PublishedProject, PublishedWeek, Retraction
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from headcount_server.week import Week
from support import toy_weeks
from support.repository import ROOT
from support.toy_weeks import database_at

POLICY = Policy(5, timedelta(days=2))
W45, W46 = Week(2026, 45), Week(2026, 46)
VERSION, PHP, MULTISITE, SERVER, NODES, MODULES, NOTE = 1, 2, 3, 4, 5, 6, 8

NO_DOCUMENTS = {BUNDLE, "metrics"}
"""Addresses that a server answers by other means."""
HOSTILE = "\"'><script>alert(1)</script>{{ 7001 * 7 }}<img src=x onerror=alert(2)>"


def week(
    of: Week = W46,
    *,
    reports: int = 50,
    annotation: str = "",
    retractions: tuple[Retraction, ...] = (),
    **cells: dict[str, int],
) -> PublishedWeek:
    """A published week of the toy project; cells by key, `value|release` where crossed."""
    names = {"php": PHP, "multisite": MULTISITE, "server": SERVER, "nodes": NODES}
    names |= {"modules": MODULES, "note": NOTE, "version": VERSION}
    values = {}
    for name, counted in cells.items():
        for value, number in counted.items():
            text, _, release = value.partition("|")
            values[Cell(names[name], text, release)] = number
    published = PublishedProject(
        name="toy",
        digests=("d1",),
        key_names={names[name]: {"php": "php_version"}.get(name, name) for name in cells},
        publication=Publication(reports, {names[name]: reports for name in cells}, values),
        retractions=retractions,
    )
    return PublishedWeek(of, 5, (published,), annotation)


def text_of(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def said(site: Site, address: str) -> str:
    """The words of a page, blanks made single."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(site, address)))


class Tags(HTMLParser):
    """Collects what a browser would take for tags and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def hostile_schema(toy_registry: Path) -> Schema:
    """The toy registry with every text of every declaration replaced."""
    files = descriptor_pb2.FileDescriptorSet.FromString(toy_registry.read_bytes())
    of_project: Any = options_pb2.project
    of_key: Any = options_pb2.key
    of_text: Any = options_pb2.text
    for file in files.file:
        for message in file.message_type:
            if message.options.HasExtension(of_project):
                declared = message.options.Extensions[of_project]
                for field in ("title", "recipient"):
                    setattr(declared, field, HOSTILE)
                declared.homepage = declared.contact = "javascript:alert(3)"
            if message.options.HasExtension(of_key):
                key = message.options.Extensions[of_key]
                for field in ("label", "description", "purpose", "since", "expires", "owner"):
                    setattr(key, field, HOSTILE if field != "expires" else "2099-01-01")
                key.formerly, key.issue = HOSTILE, f"https://x.example/{HOSTILE}"
                for enum in message.enum_type:
                    for value in enum.value:
                        if value.options.HasExtension(of_text):
                            value.options.Extensions[of_text] = f"{HOSTILE}{value.number}"
    return schema.parse(files.SerializeToString())


@pytest.mark.slow
def test_every_address_has_a_document_and_every_inner_link_leads_to_one(
    toy_schema: Schema,
) -> None:
    site = Site(toy_schema, [week(multisite={"true": 20}, php={"8.2|1.30": 10})], POLICY)
    dead = []
    for address in site.addresses:
        document = site.document(address)
        assert document is not None
        if not document.media_type.startswith("text/html"):
            continue
        tags = Tags()
        tags.feed(document.body.decode())
        for name, value in tags.attributes:
            if name not in {"href", "src"} or value.startswith(("http", "#")):
                continue
            target = urljoin(f"http://x.example/{address}", value.partition("#")[0])
            if target.removeprefix("http://x.example/") not in {*site.addresses, *NO_DOCUMENTS}:
                dead.append((address, value))
    assert not dead


@pytest.mark.slow
def test_nothing_in_a_declaration_or_an_answer_becomes_markup(toy_registry: Path) -> None:
    values = {HOSTILE: 20}
    weeks = [
        week(
            annotation=HOSTILE,
            retractions=(Retraction(SERVER, HOSTILE, HOSTILE, HOSTILE),),
            note=values,
            modules=values,
            php={f"{HOSTILE}|1.30": 10, f"8.1|{HOSTILE}": 10},
        )
    ]
    site = Site(hostile_schema(toy_registry), weeks, POLICY)
    for address in site.addresses:
        document = site.document(address)
        assert document is not None
        if "html" in document.media_type or "svg" in document.media_type:
            tags = Tags()
            tags.feed(document.body.decode())
            assert not tags.names & {"script", "img"}, address
            assert not [a for a in tags.attributes if a[0].startswith("on")], address
            assert not [a for a in tags.attributes if a[1].startswith("javascript")], address
            assert "49007" not in document.body.decode(), address
    assert "&lt;script&gt;" in text_of(site, "projects/toy/note/")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "https://a b", "//x", "", "ftp://x"]
)
def test_only_addresses_that_people_can_follow_become_links(address: str) -> None:
    assert link(address) == ""
    assert link("https://x.example/1") == "https://x.example/1"


def test_cells_that_a_spreadsheet_would_compute_are_neutral_in_csv(toy_schema: Schema) -> None:
    values = dict.fromkeys(["=1+1", "+1", "-1", "@SUM(A1)", 'a,"b'], 10)
    site = Site(toy_schema, [week(note=values)], POLICY)
    rows = list(csv.reader(io.StringIO(text_of(site, "data/projects/toy/note.csv"))))
    assert {row[5] for row in rows if row[4] == "value"} == {
        "'=1+1",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        'a,"b',
    }


@pytest.mark.slow
def test_a_page_says_what_is_asked_why_and_where_that_was_decided(toy_registry: Path) -> None:
    known = hostile_schema(toy_registry)
    for key in known.projects["toy"].keys.values():
        key.declaration.purpose, key.declaration.issue = "Know <why>.", "https://x.example/42"
        key.declaration.since, key.declaration.owner = "1.20", "Ada"
    page = text_of(Site(known, [], POLICY), "projects/toy/nodes/")
    assert "Know &lt;why&gt;." in page
    assert '<a href="https://x.example/42"' in page
    for fact in ("1.20", "2099-01-01", "Ada", "0–9, ", "The range that the number falls into"):
        assert fact in re.sub(r"</?span>", "", page)


@pytest.mark.slow
def test_counts_are_ranges_with_their_share_and_the_rest_is_explained(toy_schema: Schema) -> None:
    weeks = [week(server={"Apache 2.4": 30, "nginx": 5})]
    words = said(Site(toy_schema, weeks, POLICY), "projects/toy/web_server/")
    assert "Apache 2.4 30–34 55–68%" in words
    assert "nginx 5–9 9–18%" in words
    assert "Other, rare or unknown 7–19 14–36%" in words
    assert "answers given by fewer than 5 installations" in words
    assert "50–54 of 50–54 installations that reported answered" in words


@pytest.mark.slow
def test_a_list_says_why_its_shares_exceed_the_whole(toy_schema: Schema) -> None:
    weeks = [week(modules={"block": 45, "views": 40})]
    words = said(Site(toy_schema, weeks, POLICY), "projects/toy/modules/")
    assert "can add up to more than 100%" in words
    assert "rare or unknown" not in words


@pytest.mark.slow
def test_ranges_of_a_number_stand_in_order_and_name_the_median(toy_schema: Schema) -> None:
    weeks = [week(nodes={"100+": 35, "10-99": 5})]
    words = said(Site(toy_schema, weeks, POLICY), "projects/toy/nodes/").split("The week of")[1]
    order = [words.index(text) for text in ("0–9, rare or unknown", "10–99 5–9", "100+ median")]
    assert order == sorted(order)
    assert "The median answer is 100+" in words


@pytest.mark.slow
def test_a_key_by_release_has_a_table_of_releases_newest_first(toy_schema: Schema) -> None:
    weeks = [week(php={"8.2|1.9": 10, "8.2|1.10": 15, "8.1|1.9": 5, "8.1|other": 5})]
    words = said(Site(toy_schema, weeks, POLICY), "projects/toy/php_version/")
    assert "Answer 1.10 1.9 other 8.2 15–19 10–14 – 8.1 – 5–9 5–9" in words


@pytest.mark.slow
def test_weeks_go_from_old_to_new_and_a_withheld_one_is_a_gap(toy_schema: Schema) -> None:
    weeks = [
        week(W46, multisite={"true": 20}),
        week(W45, multisite={}),
        week(Week(2026, 44), multisite={"true": 10}),
    ]
    words = said(Site(toy_schema, weeks, POLICY), "projects/toy/multisite/")
    assert "2026-W44 50–54 18–28% 2026-W45 50–54 – 2026-W46 50–54 37–48%" in words
    assert (
        text_of(Site(toy_schema, weeks, POLICY), "projects/toy/multisite/").count('class="line"')
        == 2
    )


@pytest.mark.slow
def test_the_course_begins_with_the_first_week_that_published_anything(
    toy_schema: Schema,
) -> None:
    weeks = [week(multisite={"true": 20}), PublishedWeek(W45, 5, ())]
    site = Site(toy_schema, weeks, POLICY)
    assert "2026-W45" not in said(site, "projects/toy/multisite/")
    assert "2026-W45" not in said(site, "projects/toy/")


@pytest.mark.slow
def test_what_the_operator_says_of_a_week_stands_on_every_page_about_it(
    toy_schema: Schema,
) -> None:
    weeks = [week(multisite={"true": 20}), week(W45, annotation="The server was down.")]
    site = Site(toy_schema, weeks, POLICY)
    for address in ("", "projects/toy/", "projects/toy/multisite/"):
        assert "2026-W45 The server was down." in said(site, address)


@pytest.mark.slow
def test_a_week_that_has_a_note_is_marked_in_the_drawing_of_reports(toy_schema: Schema) -> None:
    weeks = [week(multisite={"true": 20}), week(W45, annotation="The server was down.")]
    page = text_of(Site(toy_schema, weeks, POLICY), "projects/toy/")
    assert page.count('<path class="mark" d="M0.0 0V30"/>') == 1
    assert "the notes below explain the weeks at the dashed lines" in page
    plain = text_of(Site(toy_schema, [week()], POLICY), "projects/toy/")
    assert "dashed" not in plain


@pytest.mark.slow
def test_questions_stand_by_their_level_where_a_project_has_both(toy_registry: Path) -> None:
    known = schema.load(toy_registry)
    keys = known.projects["toy"].keys
    for key in keys.values():
        key.declaration.level = options_pb2.LEVEL_BASIC
    words = said(Site(known, [week()], POLICY), "projects/toy/")
    assert "Questions and answers" in words
    keys[NODES].declaration.level = options_pb2.LEVEL_EXTENDED
    words = said(Site(known, [week()], POLICY), "projects/toy/")
    assert words.index("Technical facts") < words.index("How the software is used")
    assert keys[NODES].declaration.label in words.split("How the software is used")[1]


def test_the_number_of_answers_stands_by_every_question_of_a_project(toy_schema: Schema) -> None:
    weeks = [week(multisite={"true": 20}, note=dict.fromkeys("abcde", 5))]
    words = said(Site(toy_schema, weeks, POLICY), "projects/toy/")
    assert "and 2 more; 50–54 answered" in words
    assert "Yes 37–48% 50–54 answered" in words


@pytest.mark.slow
def test_long_ranges_of_numbers_are_printed_as_people_write_them(toy_registry: Path) -> None:
    known = schema.load(toy_registry)
    key = known.projects["toy"].keys[NODES]
    key.declaration.buckets[:] = [1000, 1000000]
    page = said(Site(known, [week(nodes={"1000-999999": 20})], POLICY), "projects/toy/nodes/")
    assert "1,000–999,999" in page
    assert "0–999, rare or unknown" in page


@pytest.mark.slow
def test_totals_that_were_taken_down_leave_a_notice_in_their_place(toy_schema: Schema) -> None:
    notice = Retraction(MULTISITE, "multisite", "Counted wrongly.", "2026-11-20")
    later = week(Week(2026, 47), multisite={"true": 20})
    taken = Site(toy_schema, [week(retractions=(notice,))], POLICY)
    assert "taken down on 2026-11-20: Counted wrongly." in said(taken, "projects/toy/multisite/")
    assert "taken down on 2026-11-20: Counted wrongly." in said(taken, "projects/toy/")
    after = Site(toy_schema, [later, week(retractions=(notice,))], POLICY)
    assert "2026-W46 The totals of multisite were taken down" in said(
        after, "projects/toy/multisite/"
    )
    assert "Counted wrongly" not in said(after, "projects/toy/nodes/")


@pytest.mark.slow
def test_before_the_first_close_pages_say_when_something_will_be_there(toy_schema: Schema) -> None:
    site = Site(toy_schema, [], POLICY)
    assert "A week is published 48 hours after it ends" in said(site, "")
    for address in site.addresses:
        assert site.document(address) is not None
    assert "data/weeks/latest.json" not in site.addresses


@pytest.mark.slow
def test_a_project_below_the_threshold_is_named_and_no_number_with_it(toy_schema: Schema) -> None:
    site = Site(toy_schema, [PublishedWeek(W46, 5, ())], POLICY)
    assert "Fewer than 5 installations reported" in said(site, "")
    assert "fewer than 5" in text_of(site, "projects/toy/badge.svg")
    assert "Fewer than 5 installations reported in 2026-W46." in said(
        site, "projects/toy/multisite/"
    )


@pytest.mark.slow
def test_the_privacy_page_tells_the_policy_that_is_served(toy_schema: Schema) -> None:
    site = Site(toy_schema, [], Policy(7, timedelta(hours=36)))
    words = said(site, "privacy/")
    assert "multiples of 7" in words
    assert "36 hours" in words
    assert "1 to 6 installations" in words
    exact = said(Site(toy_schema, [], Policy(1, timedelta(hours=36))), "privacy/")
    assert "private use" in exact
    assert "nobody can prove" not in exact


@pytest.mark.slow
def test_keys_with_totals_that_are_no_longer_asked_are_named(toy_schema: Schema) -> None:
    found = week(multisite={"true": 20})
    (project,) = found.projects
    old = replace(project, key_names={**project.key_names, 99: "retired_key"})
    site = Site(toy_schema, [replace(found, projects=(old,))], POLICY)
    assert "retired_key" in said(site, "projects/toy/")


def test_the_former_address_of_a_key_leads_to_the_present_one(toy_registry: Path) -> None:
    known = schema.load(toy_registry)
    known.projects["toy"].keys[NODES].declaration.formerly = "node_count"
    site = Site(known, [], POLICY)
    assert site.moved("projects/toy/node_count/") == "projects/toy/nodes/"
    assert site.moved("projects/toy/nothing/") is None


@pytest.mark.parametrize(
    ("language", "old", "new"),
    [
        (
            "",
            "replaces this question, which is asked and counted until 30 June 2099.",
            "This question continues Nodes , which is asked and counted until 30 June 2099.",
        ),
        (
            "de/",
            "ersetzt diese Frage, die bis zum 30. Juni 2099 gestellt und gezählt wird.",
            "Diese Frage setzt Nodes fort, die bis zum 30. Juni 2099 gestellt und gezählt",
        ),
        (
            "es/",
            "sustituye esta pregunta, que se hace y se cuenta hasta el 30 de junio de 2099.",
            "Esta pregunta continúa Nodes , que se hace y se cuenta hasta el 30 de junio",
        ),
    ],
)
def test_a_question_and_the_one_that_replaces_it_lead_to_each_other(
    toy_registry: Path, language: str, old: str, new: str
) -> None:
    known = schema.load(toy_registry)
    nodes = known.projects["toy"].keys[NODES].declaration
    nodes.successor, nodes.expires = "multisite", "2099-06-30"
    site = Site(
        known, [week(multisite={"true": 20})], POLICY, Operator(languages=("en", "de", "es"))
    )
    page = f"{language}projects/toy/"
    assert old in said(site, f"{page}nodes/")
    assert 'href="../multisite/"' in text_of(site, f"{page}nodes/")
    assert new in said(site, f"{page}multisite/")
    assert 'href="../nodes/"' in text_of(site, f"{page}multisite/")
    assert "2099" not in said(site, f"{page}php_version/")


def test_the_files_of_a_key_hold_nothing_of_another(toy_schema: Schema) -> None:
    notice = Retraction(NODES, "nodes", "Wrong.", "2026-11-20")
    found = week(multisite={"true": 20}, server={"nginx": 10}, retractions=(notice,))
    site = Site(toy_schema, [found], POLICY)
    (only,) = json.loads(text_of(site, "data/projects/toy/multisite.json"))["weeks"]
    (project,) = only["projects"]
    assert [key["key"] for key in project["keys"]] == ["multisite"]
    assert "retractions" not in project


def conforms(value: Any, form: dict[str, Any], schemas: dict[str, Any]) -> bool:  # noqa: ANN401
    """Whether a JSON value is of a form, as far as our description uses JSON Schema."""
    if "$ref" in form:
        return conforms(value, schemas[form["$ref"].rpartition("/")[2]], schemas)
    match form["type"]:
        case "array":
            return all(conforms(item, form["items"], schemas) for item in value)
        case "object":
            known = form["properties"]
            return value.keys() <= known.keys() and all(
                conforms(value[name], known[name], schemas) for name in value
            )
        case "integer":
            return isinstance(value, int)
        case "boolean":
            return isinstance(value, bool)
    return isinstance(value, str) and value in form.get("enum", [value])


def test_every_json_file_is_as_the_description_says(toy_schema: Schema) -> None:
    notice = Retraction(NODES, "nodes", "Wrong.", "2026-11-20")
    weeks = [week(php={"8.2|1.30": 10}, annotation="Down.", retractions=(notice,))]
    site = Site(toy_schema, weeks, POLICY)
    shipped = schema.load(ROOT / "registry" / "generated" / "registry.binpb")
    shared = Site(shipped, weeks, POLICY)  # the toy shares no question
    told = json.loads(text_of(site, "data/openapi.json"))
    places = {"{week}": "2026-W46", "{project}": "toy", "{key}": "php_version"}
    places |= {"{set}": "common", "{name}": "php_version"}
    places["{digest}"] = toy_schema.digests()["toy"]
    described = set()
    for path, operation in told["paths"].items():
        address = re.sub(r"{\w+}", lambda found: places[found[0]], path).removeprefix("/")
        content = operation["get"]["responses"]["200"]["content"]
        document = site.document(address) or shared.document(address)
        if "application/zip" in content:
            assert address == BUNDLE
            continue
        assert document is not None, path
        assert document.media_type.partition(";")[0] in content
        described.add(address)
        if "application/json" in content:
            form = content["application/json"]["schema"]
            told_there = json.loads(document.body)
            assert told_there
            assert conforms(told_there, form, told["components"]["schemas"]), path
    files = {a for a in site.addresses if a.endswith((".json", ".csv", ".atom"))}
    others = {a for a in files if "/toy/" in a and "php_version" not in a and a[-4:] != "atom"}
    others = {a for a in others if not a.startswith("schema/")} | {"data/openapi.json"}
    assert files - others == {address for address in described if "conventions" not in address}


@pytest.mark.slow
def test_the_static_site_is_the_same_as_the_served_one_and_replaces_only_itself(
    toy_schema: Schema, toy_registry: Path, tmp_path: Path
) -> None:
    database = toy_weeks.lived(tmp_path / "headcount.db", toy_schema)
    out = tmp_path / "public"
    flags = ("--database", database, "--registry", toy_registry, "--out", out)
    assert toy_weeks.command("site", *flags).exit_code == 0
    site = Site(toy_schema, every_week(database_at(database)), POLICY, served=False)
    for address in site.addresses:
        path = out / (address if address.rpartition("/")[2] else f"{address}index.html")
        document = site.document(address)
        assert document is not None
        assert path.read_bytes() == document.body
    data = (out / "data" / "index.html").read_text(encoding="utf-8")
    assert "on a running server and not in this copy" in data
    assert 'href="../metrics"' not in data
    exported = tmp_path / "open-data.zip"
    assert toy_weeks.command("export", *flags[:-2], exported).exit_code == 0
    assert (out / BUNDLE).read_bytes() == exported.read_bytes()
    (out / "stale").write_text("x", encoding="ascii")
    assert toy_weeks.command("site", *flags).exit_code == 0
    assert not (out / "stale").exists()
    assert {path.name for path in tmp_path.iterdir()} & {"public.part", "public.former"} == set()


@pytest.mark.slow
def test_a_folder_that_is_no_site_is_left_alone(
    toy_schema: Schema, toy_registry: Path, tmp_path: Path
) -> None:
    database = toy_weeks.lived(tmp_path / "headcount.db", toy_schema)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("Dear", encoding="ascii")
    flags = ("--database", database, "--registry", toy_registry, "--out", mine)
    result = toy_weeks.command("site", *flags)
    assert result.exit_code == 1
    assert "name another folder" in result.output
    assert (mine / "letter").read_text(encoding="ascii") == "Dear"


def test_no_address_of_another_door_is_taken() -> None:
    assert not [p for p in routes._PATTERNS if p.startswith(("/metrics", "/post", "/telemetry"))]

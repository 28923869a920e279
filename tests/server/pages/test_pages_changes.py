"""What changed in what is asked: from the registry's own commands to pages and feeds."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from headcount_registry.cli import main as registry_command
from headcount_server.pages.site import Site
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from support.explained import explained

POLICY = Policy(5, timedelta(days=2))
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "\x00\x0b\"'></code><script>alert(1)</script>{{ 7 * 7 }}&amp;]]>\ufffe"

PROJECT = """\
headcount[title] = Acme
headcount[homepage] = https://acme.example
headcount[recipient] = The makers of Acme
"""
PHP = """\
telemetry[php][label] = PHP version
telemetry[php][type] = version
telemetry[php][purpose] = Decide which versions to support.
telemetry[php][issue] = https://acme.example/issues/1
"""
SERVER = """\
telemetry[server][label] = Web server
telemetry[server][type] = choice
telemetry[server][purpose] = Decide which servers to test on.
telemetry[server][issue] = https://acme.example/issues/2
telemetry[server][values][] = Apache
telemetry[server][values][] = nginx
"""
CADDY = "telemetry[server][values][] = Caddy\n"
OTHER = "headcount[title] = Bolt\ntelemetry[cron][type] = boolean\ntelemetry[cron][label] = Cron\n"
RELEASES = (
    ("1.0", "2026-01-31", "The first questions.", PROJECT + PHP),
    ("1.1", "2026-04-30", "", PROJECT + PHP + SERVER),
    ("1.10", "2026-07-31", "Caddy was asked for.", PROJECT + PHP + SERVER + CADDY),
    ("2.0", "2026-10-31", "PHP is the distribution's matter.", PROJECT + SERVER + CADDY),
)


def run(*arguments: object) -> None:
    result = CliRunner().invoke(registry_command, [*map(str, arguments)])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module", name="lived")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """Two projects after four releases, and a change that none has yet."""
    place = tmp_path_factory.mktemp("lived")
    declarations, out = place / "declarations", place / "generated"
    declarations.mkdir()
    (declarations / "bolt.info").write_text(explained(OTHER), encoding="utf-8")
    for name, day, note, text in RELEASES:
        (declarations / "acme.info").write_text(explained(text), encoding="utf-8")
        run("build", declarations, "--out", out)
        run("release", declarations, "--name", name, "--date", day, "--note", note, "--breaking")
    more = OTHER + "telemetry[cron][level] = extended\n"
    (declarations / "bolt.info").write_text(explained(more), encoding="utf-8")
    run("build", declarations, "--out", out)
    return schema.load(out / "registry.binpb")


def text_of(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def said(site: Site, address: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(site, address)))


def feed(site: Site, address: str) -> ET.Element:
    document = site.document(address)
    assert document is not None
    assert document.media_type == "application/atom+xml"
    return ET.fromstring(document.body)  # noqa: S314 - our own


def one(element: ET.Element, name: str) -> str:
    """The text of an element that RFC 4287 wants exactly once, and not empty."""
    (found,) = element.findall(ATOM + name)
    assert found.text
    return found.text


def check_atom(root: ET.Element, base: str) -> None:
    """What RFC 4287 says in MUST about feeds and entries (sections 4.1.1 to 4.2.15)."""
    assert root.tag == f"{ATOM}feed"
    identifiers = []
    for element in (root, *root.findall(f"{ATOM}entry")):
        identifiers.append(one(element, "id"))
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identifiers[-1])
        one(element, "title")
        moment = one(element, "updated")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
        datetime.fromisoformat(moment)
        links = [(link.get("rel"), link.get("type")) for link in element.findall(f"{ATOM}link")]
        assert len(set(links)) == len(links), "one link of a kind"
        assert all(link.get("href") for link in element.findall(f"{ATOM}link"))
        assert all(one(author, "name") for author in element.findall(f"{ATOM}author"))
    assert len(set(identifiers)) == len(identifiers), "each once"
    assert root.findall(f"{ATOM}author")
    (itself,) = (each for each in root.findall(f"{ATOM}link") if each.get("rel") == "self")
    assert urljoin(base, itself.get("href")) == base
    for entry in root.findall(f"{ATOM}entry"):
        assert [link.get("rel") for link in entry.findall(f"{ATOM}link")] == ["alternate"]
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "html"
        assert content.text
        assert not list(content)
    moments = [one(entry, "updated") for entry in root.findall(f"{ATOM}entry")]
    assert moments == sorted(moments, reverse=True), "newest first"
    if moments:
        assert one(root, "updated") == moments[0]


@pytest.mark.slow
def test_the_page_tells_every_release_newest_first_with_day_and_reason(lived: Schema) -> None:
    words = said(Site(lived, [], POLICY), "changes/")
    order = [
        *("Not in a release yet", "2.0 2026-10-31", "1.10 2026-07-31", "1.1 2026-04-30"),
        "1.0 2026-01-31",
    ]
    places = [words.index(text) for text in order]
    assert places == sorted(places)
    assert "added server : a new key, Web server (choice) asks" in words
    assert "Decide which servers to test on. Decided in https://acme.example/issues/2" in words
    assert "widened server : values added: Caddy asks" in words
    assert "Caddy was asked for." in words
    assert "retired php : no longer asked; its series ends" in words
    assert "PHP is the distribution's matter." in words.replace("&#39;", "'")
    assert "No release of these questions" not in words


@pytest.mark.slow
def test_a_project_has_a_page_of_its_own_with_no_other_in_it(lived: Schema) -> None:
    words = said(Site(lived, [], POLICY), "changes/acme/")
    assert "What changed in what Acme asks" in words
    assert "1.10 2026-07-31" in words
    assert "Not in a release yet" not in words
    bolt = said(Site(lived, [], POLICY), "changes/bolt/")
    assert "Not in a release yet" in bolt
    assert "server" not in bolt.replace("server is", "")


@pytest.mark.slow
def test_a_key_tells_its_own_changes_and_leads_to_the_release(lived: Schema) -> None:
    page = text_of(Site(lived, [], POLICY), "projects/acme/server/")
    assert '<a href="../../../changes/acme/#2026-07-31-1.10">1.10</a>, 2026-07-31' in page
    assert 'id="2026-07-31-1.10"' in text_of(Site(lived, [], POLICY), "changes/acme/")
    assert "no longer asked" not in page


def test_a_key_that_is_asked_leads_to_its_page_and_a_retired_one_nowhere(lived: Schema) -> None:
    page = text_of(Site(lived, [], POLICY), "changes/acme/")
    assert '<a href="../../projects/acme/server/"><code>server</code></a>' in page
    assert "projects/acme/php/" not in page


@pytest.mark.parametrize("address", ["changes/feed.atom", "changes/acme/feed.atom"])
def test_the_feeds_are_valid_atom(lived: Schema, address: str) -> None:
    root = feed(Site(lived, [], POLICY), address)
    check_atom(root, f"https://x.example/{address}")
    titles = [one(entry, "title") for entry in root.findall(f"{ATOM}entry")]
    assert titles[:3] == ["Acme 2.0: 1 retired", "Acme 1.10: 1 widened", "Acme 1.1: 1 added"]
    assert ("Bolt 1.0: 3 added" in titles) is (address == "changes/feed.atom")
    (newest, *_) = root.findall(f"{ATOM}entry")
    (content,) = newest.findall(f"{ATOM}content")
    assert "<strong>retired</strong> <code>php</code>: no longer asked" in str(content.text)
    (author,) = newest.findall(f"{ATOM}author")
    assert one(author, "name") == "The makers of Acme"
    assert one(author, "uri") == "https://acme.example"


@pytest.mark.slow
def test_an_entry_has_the_same_identifier_in_every_feed_and_after_later_releases(
    lived: Schema, tmp_path: Path
) -> None:
    def identifiers(known: Schema, address: str) -> dict[str, str]:
        entries = feed(Site(known, [], POLICY), address).findall(f"{ATOM}entry")
        return {one(entry, "title"): one(entry, "id") for entry in entries}

    everywhere = identifiers(lived, "changes/feed.atom")
    of_acme = identifiers(lived, "changes/acme/feed.atom")
    assert of_acme.items() <= everywhere.items()
    assert len(of_acme) == 4
    (tmp_path / "acme.info").write_text(explained(PROJECT + PHP), encoding="utf-8")
    run("build", tmp_path, "--out", tmp_path / "out")
    run("release", tmp_path, "--name", "1.0", "--date", "2026-01-31")
    run("build", tmp_path, "--out", tmp_path / "out")
    early = identifiers(schema.load(tmp_path / "out" / "registry.binpb"), "changes/feed.atom")
    assert set(early.values()) <= set(of_acme.values())


def test_programs_are_told_the_same_in_the_registry_file(lived: Schema) -> None:
    told = json.loads(text_of(Site(lived, [], POLICY), "data/registry.json"))
    (acme, _) = (project["declaration"] for project in told["projects"])
    assert [release["name"] for release in acme["releases"]] == ["1.0", "1.1", "1.10", "2.0"]
    assert acme["releases"][3]["changes"][0]["kind"] == "CHANGE_KIND_RETIRED"
    assert acme["releases"][1]["changes"][0]["asks"] is True


def test_before_the_first_release_page_and_feed_say_so_and_claim_nothing(
    toy_schema: Schema,
) -> None:
    site = Site(toy_schema, [], POLICY)
    for address in ("changes/", "changes/toy/"):
        words = said(site, address)
        assert "No release of these questions has been made yet." in words
        assert "Toy asks 11 questions" in words
        root = feed(site, f"{address}feed.atom")
        check_atom(root, f"https://x.example/{address}feed.atom")
        assert root.findall(f"{ATOM}entry") == []


@pytest.mark.slow
def test_every_page_says_where_its_feeds_are(lived: Schema) -> None:
    site = Site(lived, [], POLICY)
    pattern = re.compile(r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]+)"')
    for address in site.addresses:
        if not address.endswith("/") and address:
            continue
        found = [urljoin(f"/{address}", each) for each in pattern.findall(text_of(site, address))]
        everywhere = {"/changes/feed.atom", "/weeks/feed.atom"}
        assert everywhere <= set(found), address
        own = [a for a in found if a not in everywhere]
        name = address.split("/")[1] if address.count("/") > 1 else ""
        assert own == ([f"/changes/{name}/feed.atom"] if name else []), address


@pytest.mark.slow
def test_nothing_in_a_history_becomes_markup_or_breaks_the_feed(toy_registry: Path) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(toy_registry.read_bytes())
    of_project: Any = options_pb2.project
    for file in files.file:
        for message in file.message_type:
            if message.options.HasExtension(of_project):
                declared = message.options.Extensions[of_project]
                declared.title = declared.recipient = HOSTILE
                declared.homepage = "javascript:alert(3)"
                release = declared.releases.add(name=HOSTILE, date="2026-02-30", note=HOSTILE)
                release.changes.add(key=HOSTILE, kind=99, detail=f"`{HOSTILE}` {HOSTILE}")
                release.changes.add(key="nodes", kind=1, detail="``", breaks=2)
    site = Site(schema.parse(files.SerializeToString()), [], POLICY)
    for address in ("changes/", "changes/toy/", "projects/toy/nodes/"):
        page = text_of(site, address)
        assert "<script" not in page
        assert "javascript:" not in page
        assert not re.search(r"\b49\b", page)
    for address in ("changes/feed.atom", "changes/toy/feed.atom"):
        root = feed(site, address)
        check_atom(root, f"https://x.example/{address}")
        (content,) = root.iter(f"{ATOM}content")
        assert "<script" not in str(content.text)
        assert not list(root.iter(f"{ATOM}uri"))


def test_a_badge_is_xml_whatever_the_title_holds(toy_registry: Path) -> None:
    known = schema.load(toy_registry)
    known.projects["toy"].declaration.title = HOSTILE
    badge = text_of(Site(known, [], POLICY), "projects/toy/badge.svg")
    assert ET.fromstring(badge).get("role") == "img"  # noqa: S314 - our own

"""The pages in each language: whole sentences, their own addresses, and no mixture."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import TypeAlias
from urllib.parse import urljoin

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from headcount_server.errors import ConfigError
from headcount_server.pages import site as module
from headcount_server.pages import wording
from headcount_server.pages.language import (
    ENGLISH,
    Language,
    direction,
    grouped,
    in_language,
    language,
    percentage,
    speaking,
)
from headcount_server.pages.operator import Operator
from headcount_server.pages.site import Site
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from support import toy_weeks
from support.toy_weeks import database_at

POLICY = Policy(5, timedelta(days=2))
LATIN = re.compile("[A-Za-z]{3,}")
Weeks: TypeAlias = "tuple[PublishedWeek, ...]"
ALL = ("en", "de", "es")


class Page(HTMLParser):
    """Visible texts with the language of each, and the attributes that hold sentences."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self.links: list[dict[str, str | None]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        before = self._open[-1][1] if self._open else ""
        assert not any("<span" in (value or "") for value in found.values()), found
        if tag in {"link", "a"}:
            self.links.append(found)
        if tag not in {"meta", "link", "br", "input", "path", "rect", "circle"}:
            self._open.append((tag, found.get("lang") or before))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read an element of SVG that has no content."""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open and self._open[-1][0] not in {"code", "style", "var"}:
            self.texts.append((data.strip(), self._open[-1][1]))


@pytest.fixture(name="weeks", scope="module")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> Weeks:
    place = toy_weeks.lived(tmp_path_factory.mktemp("toy") / "headcount.db", toy_schema)
    return tuple(every_week(database_at(place)))


@pytest.fixture(name="toy", scope="module")
def _toy(weeks: Weeks, toy_schema: Schema) -> Site:
    return Site(toy_schema, weeks, POLICY, Operator(languages=ALL, site="https://example.org/"))


def text_of(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


class Pseudo(NullTranslations):
    """A language in which every letter of every marked sentence is Greek."""

    def gettext(self, message: str) -> str:
        """Return a sentence without any Latin letter."""
        kept = re.compile(r"(\{[a-z_]*\}|%\([a-z_]+\)s|<[^>]*>|&[a-z]+;)")
        parts = kept.split(message)
        return "".join(
            part if place % 2 else re.sub("[A-Za-z]", "λ", part) for place, part in enumerate(parts)
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the same for a sentence about a number of things."""
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.mark.slow
def test_every_sentence_of_every_page_is_marked(
    monkeypatch: pytest.MonkeyPatch, weeks: Weeks, toy_schema: Schema
) -> None:
    pseudo = Language("el", "Ελληνικά", catalogue=Pseudo())
    monkeypatch.setattr(module, "language", {"en": ENGLISH, "el": pseudo}.__getitem__)
    operator = replace(Operator(), name="Ω")
    object.__setattr__(operator, "languages", ("en", "el"))
    site = Site(toy_schema, weeks, POLICY, operator)
    declared = {"headcount", "JSON", "CSV", "SVG", "PNG", "English", "W44", "curl", "other"}
    for project in toy_schema.projects.values():
        declared |= {project.name}
        for key in project.keys.values():
            declared |= {key.name, *key.values.values(), *key.catalogue}
    phrases = {
        words
        for project in toy_schema.projects.values()
        for words in (
            project.declaration.title,
            *(key.declaration.label for key in project.keys.values()),
        )
        if words
    }
    known = {word for text in declared for word in LATIN.findall(text)}
    checked = 0
    for address in site.addresses:
        if address.startswith("el/") and address.endswith(("/", ".html")):
            checked += 1
            for found, lang in Page(text_of(site, address)).texts:
                text = found
                if re.search(" · |: λ", text):  # a title, in which no element can tell a language
                    for phrase in sorted(phrases, key=len, reverse=True):
                        text = text.replace(phrase, "")
                if lang != "en":
                    assert set(LATIN.findall(text)) <= known, (address, text)
    assert checked > 10


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["de", "es"])
def test_each_language_has_every_page_and_names_the_others(toy: Site, tag: str) -> None:
    pages = [each for each in toy.addresses if each.endswith("/") or not each]
    plain = [each for each in pages if not each.startswith(("de/", "es/"))]
    assert {f"{tag}/{each}" for each in plain} <= set(toy.addresses)
    assert f"{tag}/style.css" not in toy.addresses
    for address in plain:
        page = Page(text_of(toy, f"{tag}/{address}"))
        told = {
            each["hreflang"]: each["href"]
            for each in page.links
            if "rel" in each and "hreflang" in each
        }
        assert told == {
            "en": f"https://example.org/{address}",
            "de": f"https://example.org/de/{address}",
            "es": f"https://example.org/es/{address}",
        }
        assert f'<html lang="{tag}">' in text_of(toy, f"{tag}/{address}")


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["de", "es"])
def test_every_link_of_a_page_leads_to_a_document(toy: Site, tag: str) -> None:
    for address in toy.addresses:
        if address.startswith(f"{tag}/") and address.endswith(("/", ".html")):
            for each in Page(text_of(toy, address)).links:
                to = urljoin(f"https://example.org/{address}", each["href"] or "").partition("#")[0]
                at = to.removeprefix("https://example.org/")
                if "://" not in at and at not in {"metrics", "data/bundle.zip"}:
                    assert at in toy.addresses, (address, each)


def test_a_declared_word_without_translation_keeps_its_language(toy: Site) -> None:
    label = "PHP"
    page = Page(text_of(toy, "de/collected/"))
    assert any(lang == "en" and label in text for text, lang in page.texts)
    assert ("Was gesammelt wird", "de") in page.texts


def test_english_pages_are_the_same_whatever_other_languages_there_are(
    toy: Site, weeks: Weeks, toy_schema: Schema
) -> None:
    alone = Site(toy_schema, weeks, POLICY, Operator(site="https://example.org/"))
    assert "hreflang" not in text_of(alone, "")
    assert not any(each.startswith(("de/", "es/")) for each in alone.addresses)
    for address in alone.addresses:
        if address.startswith("data/projects/"):
            assert alone.document(address) == toy.document(address)


def test_a_language_that_no_catalogue_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="--languages fr: there are de, en, es"):
        Operator(languages=("en", "fr"))
    with pytest.raises(ConfigError, match="each once"):
        Operator(languages=("en", "en"))


@pytest.mark.parametrize("tag", ALL)
@pytest.mark.parametrize("number", [0, 7, 999, 1000, 9999, 10_000, 1_234_567])
def test_numbers_have_the_form_of_the_locale(tag: str, number: int) -> None:
    with speaking(language(tag)):
        # Babel leaves out that Spanish has no sign in numbers of four digits.
        four = tag == "es" and len(str(number)) == len("1000")
        assert grouped(number) == (str(number) if four else format_decimal(number, locale=tag))


@pytest.mark.parametrize("tag", ["de", "es"])
@pytest.mark.parametrize("month", range(1, 13))
def test_days_have_the_form_of_the_locale(tag: str, month: int) -> None:
    day = date(2026, month, 9)
    with speaking(language(tag)):
        assert wording.day(day.isoformat()) == format_date(day, "long", locale=tag)


def test_percentages_have_the_form_of_the_locale() -> None:
    with speaking(language("de")):
        assert percentage("12.5") == "12,5\N{NO-BREAK SPACE}%"
    assert percentage("12.5") == "12.5%"


def test_the_direction_of_a_script_is_known() -> None:
    assert (direction("de"), direction("ar-EG")) == ("ltr", "rtl")
    assert in_language("ar", "a <b>").__html__() == '<span lang="ar" dir="rtl">a &lt;b&gt;</span>'
    assert Language("he", "עברית").direction == "rtl"

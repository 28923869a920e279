"""The picture of a question: what it says, that it fits, and where previews find it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from importlib import util
from io import BytesIO
from pathlib import Path

import pytest
from headcount_server.pages import bitmap
from headcount_server.pages.bitmap import (
    ANSWERS,
    GAP,
    LARGE,
    MARGIN,
    MIDDLE,
    RIGHT,
    ROOM,
    SMALL,
    cut,
    font,
    legible,
    wrapped,
)
from headcount_server.pages.chart import Bar
from headcount_server.pages.language import language, speaking
from headcount_server.pages.operator import Operator
from headcount_server.pages.picture import MOST, SIZE, Line, Picture, picture
from headcount_server.pages.site import Site
from headcount_server.pages.standing import standing
from headcount_server.pages.static_site import write
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageColor
from support import decided_weeks

POLICY = Policy(5, timedelta(days=2))
ROOT = "https://telemetry.example.org/stats/"
ALL = ("en", "de", "es")
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung"
LABEL = f"Wie viele {LONG_WORD}en gab es in jeder Woche?"
LINE = Line("8.3", "78–79%", Bar(78.5, 78.0, 79.0), rest=False)
SHOWN = Picture("PHP version", "php_version", "Toy", "toy", (LINE,), "Of 195–199 answers.")


@pytest.fixture(scope="module", name="weeks")
def _weeks(tmp_path_factory: pytest.TempPathFactory, toy_schema: Schema) -> list[PublishedWeek]:
    return decided_weeks.decided(tmp_path_factory.mktemp("drawn") / "headcount.db", toy_schema)


@pytest.fixture(scope="module", name="site")
def _site(weeks: list[PublishedWeek], toy_schema: Schema) -> Site:
    return Site(toy_schema, weeks, POLICY, Operator(site=ROOT, languages=ALL))


def of(schema: Schema, weeks: list[PublishedWeek], name: str, tag: str = "en") -> Picture:
    toy = schema.projects["toy"]
    (key,) = [key for key in toy.keys.values() if key.name == name]
    with speaking(language(tag)):
        return picture(toy, key, standing(toy, key, weeks[::-1]))


def body(site: Site, address: str) -> str:
    document = site.document(address)
    assert document is not None, address
    return document.body.decode()


def words(html: str) -> str:
    """Return the visible words of a piece of a page."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


def image(file: bytes) -> Image.Image:
    return Image.open(BytesIO(file), formats=["PNG"]).convert("RGB")


def inked(file: bytes) -> tuple[int, int, int, int]:
    """Return the box around all that is not paper."""
    drawn = image(file)
    paper = Image.new("RGB", drawn.size, drawn.getpixel((0, 0)))
    box = ImageChops.difference(drawn, paper).getbbox()
    assert box is not None
    return box


def test_a_picture_has_the_size_that_previews_ask_for() -> None:
    assert image(bitmap.png(SHOWN)).size == SIZE == (1200, 630)


def test_a_picture_has_the_light_colors_of_the_pages(site: Site) -> None:
    light = body(site, "style.css").partition("@media")[0]
    colors = (bitmap.PAPER, bitmap.INK, bitmap.TRACK, bitmap.ACCENT, bitmap.QUIET)
    assert [color for color in colors if f": {color};" not in light] == []
    rest = replace(LINE, bar=Bar(50.0, 50.0, 50.0), rest=True)
    drawn = image(bitmap.png(replace(SHOWN, lines=(LINE, rest))))
    found = {color for _, color in drawn.getcolors(1 << 20) or ()}
    assert {ImageColor.getrgb(color) for color in colors} <= found


def test_the_same_picture_gives_the_same_bytes_and_each_other_one_others() -> None:
    drawn = bitmap.png(SHOWN)
    assert bitmap.png(replace(SHOWN)) == drawn
    others = [
        replace(SHOWN, label="PHP versions"),
        replace(SHOWN, title="Toys"),
        replace(SHOWN, told="Of 195–198 answers."),
        *(
            replace(SHOWN, lines=(line,))
            for line in (
                replace(LINE, answer="8.2"),
                replace(LINE, told="78–80%"),
                replace(LINE, bar=Bar(70.0, 78.0, 79.0)),
                replace(LINE, bar=Bar(78.5, 60.0, 79.0)),
                replace(LINE, rest=True),
            )
        ),
    ]
    assert len({drawn, *map(bitmap.png, others)}) == 1 + len(others)


def test_a_week_with_other_totals_has_another_picture(
    toy_schema: Schema, weeks: list[PublishedWeek]
) -> None:
    now, before = of(toy_schema, weeks, "channel"), of(toy_schema, weeks[1:], "channel")
    assert now.lines != before.lines
    assert bitmap.png(now) != bitmap.png(before)


@pytest.mark.parametrize("tag", ALL)
def test_a_picture_says_what_the_page_says_in_the_same_words(
    site: Site, toy_schema: Schema, weeks: list[PublishedWeek], tag: str
) -> None:
    prefix = "" if tag == "en" else f"{tag}/"
    seen = 0
    for key in toy_schema.projects["toy"].keys.values():
        page = body(site, f"{prefix}projects/toy/{key.name}/")
        rows = [words(row) for row in re.findall("<tr.*?</tr>", page, re.DOTALL)]
        shown = of(toy_schema, weeks, key.name, tag)
        assert f"{shown.label} · {shown.title}" in words(page)
        assert len(shown.lines) <= MOST
        seen += len(shown.lines)
        for line in shown.lines:
            assert any(words(line.answer) in row and words(line.told) in row for row in rows), line
            if line.rest:
                assert cut(line.answer, font(SMALL), ANSWERS) == line.answer
        assert words(shown.told).removesuffix(".") in words(page)
    assert seen > MOST


def test_what_is_not_published_changes_no_picture(toy_schema: Schema, tmp_path: Path) -> None:
    drawn = []
    for place, secret in enumerate(("nobody", "knows it")):
        told = {**decided_weeks.NOW, "note": {"public": 90, secret: 4}}
        path = tmp_path / f"{place}.db"
        weeks = decided_weeks.lived(path, toy_schema, {decided_weeks.LAST: told})
        shown = of(toy_schema, weeks, "note")
        assert "public" in shown.text
        assert secret not in shown.text
        drawn.append(bitmap.png(shown))
    assert drawn[0] == drawn[1]


def test_an_answer_that_too_few_gave_is_told_as_on_the_page(
    toy_schema: Schema, weeks: list[PublishedWeek]
) -> None:
    told = {line.answer: line.told for line in of(toy_schema, weeks, "channel").lines}
    assert "fewer than 5" in told.values()
    german = of(toy_schema, weeks, "channel", "de")
    assert "weniger als 5" in {line.told for line in german.lines}


def test_before_the_first_week_a_picture_says_so(toy_schema: Schema) -> None:
    shown = of(toy_schema, [], "nodes")
    assert (shown.lines, shown.told) == ((), "No week has been published yet.")
    assert image(bitmap.png(shown)).size == SIZE


@given(st.text(), st.sampled_from([SMALL, MIDDLE, LARGE]), st.integers(80, 1100))
def test_no_text_is_wider_than_its_place(text: str, size: int, width: int) -> None:
    its, plain = font(size), legible(text, "instead")
    short = cut(plain, its, width)
    assert its.getlength(short) <= width
    assert short == plain or short.endswith("…")
    lines = wrapped(plain, its, width, 2)
    assert len(lines) <= 2
    assert all(its.getlength(line) <= width for line in lines)
    whole = "".join(lines).removesuffix("…").replace(" ", "")
    assert plain.replace(" ", "").startswith(whole)


def test_a_long_label_and_answer_are_cut_and_stay_in_their_places() -> None:
    assert len(LABEL) >= 100
    answer = "an answer of sixty letters that nobody had room for in a row"
    assert len(answer) == 60
    lines = wrapped(LABEL, font(LARGE), ROOM, 2)
    assert lines[0] == "Wie viele"
    assert lines[1].startswith("Donaudampfschiff")
    assert lines[1].endswith("…")
    assert wrapped(LONG_WORD * 2, font(LARGE), ROOM, 2)[0] in LONG_WORD
    short = cut(answer, font(SMALL), ANSWERS)
    assert short.endswith("…")
    assert answer.startswith(short[:-1])
    told = replace(LINE, answer=answer, told="mindestens 12,5 %")
    full = replace(SHOWN, label=LABEL, title=LABEL, told=LABEL * 2, lines=(told,) * MOST)
    for shown in (full, replace(full, lines=())):
        left, top, right, bottom = inked(bitmap.png(shown))
        assert left >= MARGIN - 2
        assert right <= RIGHT + 2
        assert top >= 40
        assert bottom <= SIZE[1] - 24
    gap = image(bitmap.png(full)).crop((MARGIN + ANSWERS + 2, 280, MARGIN + ANSWERS + GAP - 2, 540))
    assert len(gap.getcolors() or ()) == 1, "an answer runs into its bar"


def test_all_letters_of_our_languages_can_be_drawn() -> None:
    for text in ("ÄÖÜäöüß „Größe“ 1–2", "ÁÉÍÓÚÜÑáéíóúüñ ¿qué? ¡sí! «a»", "Ωραία жизнь łęŠőğ"):
        assert legible(text, "instead") == text


@pytest.mark.parametrize("text", ["日本語", "עברית", "العربية", "a 🎉"])
def test_a_name_stands_for_words_that_the_font_cannot_draw(text: str) -> None:
    assert legible(text, "name") == "name"
    strange = replace(SHOWN, label=text, title=text)
    named = replace(SHOWN, label=SHOWN.name, title=SHOWN.project)
    assert bitmap.png(strange) == bitmap.png(named)


def test_a_text_is_drawn_in_one_line_however_it_is_written() -> None:
    assert legible("a\n\tb\u00a0c\x00d  e\u0308", "instead") == "a b c d ë"


@pytest.mark.parametrize("prefix", ["", "de/"])
def test_the_page_of_a_question_names_its_picture_for_previews(
    site: Site, toy_schema: Schema, weeks: list[PublishedWeek], prefix: str
) -> None:
    address = f"{prefix}projects/toy/php_version/"
    page = body(site, address)
    shown = of(toy_schema, weeks, "php_version", prefix[:2] or "en")
    told = dict(
        re.findall(
            '<meta (?:property|name)="(og:image[^"]*|twitter:[^"]*)" content="([^"]*)">', page
        )
    )
    assert {name: unescape(text) for name, text in told.items()} == {
        "og:image": f"{ROOT}{address}picture.png",
        "og:image:type": "image/png",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": shown.text,
        "twitter:card": "summary_large_image",
    }
    document = site.document(f"{address}picture.png")
    assert document is not None
    assert (document.body, document.media_type) == (bitmap.png(shown), "image/png")


def test_a_preview_has_no_picture_without_the_address_of_the_pages_or_elsewhere(
    site: Site, toy_schema: Schema, weeks: list[PublishedWeek]
) -> None:
    assert "og:image" not in body(Site(toy_schema, weeks, POLICY), "projects/toy/nodes/")
    assert "og:image" not in body(site, "projects/toy/")
    assert "og:image" not in site.missing(1).body.decode()


def test_without_the_extra_there_is_no_picture_and_nothing_names_one(
    toy_schema: Schema, weeks: list[PublishedWeek], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = util.find_spec
    monkeypatch.setattr(
        "headcount_server.pages.picture.find_spec",
        lambda name: None if name == "PIL" else found(name),
    )
    site = Site(toy_schema, weeks, POLICY, Operator(site=ROOT))
    assert not [address for address in site.addresses if address.endswith(".png")]
    page = body(site, "projects/toy/nodes/")
    assert "picture.png" not in page
    assert "og:image" not in page
    assert "og:url" in page


def test_the_site_as_files_has_the_picture_that_each_page_names(
    toy_schema: Schema, weeks: list[PublishedWeek], tmp_path: Path
) -> None:
    operator = Operator(site=ROOT, languages=("en", "de"))
    write(tmp_path / "public", toy_schema, weeks, POLICY, operator)
    pages = sorted((tmp_path / "public").rglob("index.html"))
    named = [
        re.findall(f'og:image" content="{ROOT}([^"]*)"', page.read_text("utf-8")) for page in pages
    ]
    pictures = [tmp_path / "public" / place for found in named for place in found]
    assert len(pictures) == 2 * len(toy_schema.projects["toy"].keys)
    for file in pictures:
        assert image(file.read_bytes()).size == SIZE
    assert sorted((tmp_path / "public").rglob("*.png")) == sorted(pictures)

"""How pages are found: the list of all questions and answers, and the files for crawlers."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from headcount_server.pages import wording
from headcount_server.pages.language import like, say
from headcount_server.registry.schema import Key, Project

OTHERS = "#"
"""Stands for all texts that begin with no letter."""

Known = tuple[Project, Mapping[str, Key]]
"""A project, and its keys that have a page, by name."""
Places = Callable[[Project, Key], Mapping[str, str]]
"""Returns the last part of the address of each answer that has a page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A project, a question or an answer, with the page that is about it."""

    text: str
    about: str
    """What it belongs to, in words."""
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """The entries that begin with a letter, sorted."""

    name: str
    entries: tuple[Entry, ...]


def letters(known: Iterable[Known], places: Places) -> tuple[Letter, ...]:
    """Return every project, question and named answer, by first letter."""
    found: defaultdict[str, set[Entry]] = defaultdict(set)
    for project, keys in known:
        title, at = wording.title(project), f"projects/{project.name}/"
        found[_letter(title)].add(Entry(title, say("project"), at))
        for key in keys.values():
            for entry in _of_key(title, f"{at}{key.name}/", key, places(project, key)):
                found[_letter(entry.text)].add(entry)
    return tuple(
        Letter(
            name,
            tuple(
                sorted(found[name], key=lambda each: (each.text.casefold(), each.text, each.about))
            ),
        )
        for name in sorted(found, key=lambda name: (name == OTHERS, name))
    )


def robots(site: str) -> str:
    """Return what crawlers may read, which is all; `site` is the whole address of the pages."""
    told = "User-agent: *\nAllow: /\n"
    return f"{told}Sitemap: {site}sitemap.xml\n" if site else told


def sitemap(site: str, addresses: Iterable[str]) -> str:
    """Return a sitemap of the pages among these addresses, which needs the site's own."""
    pages = (each for each in addresses if each.endswith("/") or not each)
    urls = "".join(f"<url><loc>{escape(site + each)}</loc></url>\n" for each in pages)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'{head}<urlset xmlns="{space}">\n{urls}</urlset>\n'


def _of_key(title: str, at: str, key: Key, places: Mapping[str, str]) -> Iterable[Entry]:
    label = wording.label(key)
    yield Entry(label, title, at)
    if key.name != label:
        yield Entry(key.name, title, at)
    for answer in {*key.values.values(), *places}:
        place = places.get(answer)
        yield Entry(answer, like(label, f"{label}, {title}"), f"{at}{place}/" if place else at)


def _letter(text: str) -> str:
    first = unicodedata.normalize("NFKD", text.strip())[:1].upper()
    return first if first.isalpha() else OTHERS

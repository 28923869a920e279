"""The site: the document at each address; rebuilt when a week closes or the registry changes.

Addresses are relative to the site's root, without a leading slash. Addresses of pages
end in a slash (the index is empty). A document depends only on the registry, the
published weeks and the policy, and on no clock, so every byte stays the same until one
of them changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from headcount_server.pages import (
    changes,
    comparison,
    documents,
    finding,
    former,
    history,
    member,
    picture,
    views,
    wording,
)
from headcount_server.pages.documents import ATOM, CSS, HTML, SVG, TEXT, XML
from headcount_server.pages.environment import MAX_WEEKS, environment
from headcount_server.pages.language import Language, language, speaking, spoken
from headcount_server.pages.log_view import log_view
from headcount_server.pages.operator import Operator
from headcount_server.pages.week_view import MOST_ROWS, week_view
from headcount_server.publication.published import PublishedWeek, with_totals
from headcount_server.publication.published_log import PublishedLog
from headcount_server.publication.terms import Policy
from headcount_server.registry.response import declared
from headcount_server.registry.schema import Key, Project, Schema
from headcount_server.representation import Document

FORMS = ("json", "csv")
BUNDLE = "data/bundle.zip"
"""Address of the bundle, which is not a document because it can be larger than memory."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SCHEMA = re.compile(r"[a-z][a-z0-9_]*/[0-9a-z]+")
_FORMS_OF_KEY = (
    *(("projects/", form) for form in ("/", "/fragment.html", "/chart.svg", "/picture.png")),
    *(("data/projects/", form) for form in (".json", ".csv", "/all.csv")),
)

_FOR_ALL = frozenset({"style.css", "icon.svg", "robots.txt", "sitemap.xml"})

NOBODY = Operator()
"""Stands for an operator who is not shown."""

_Render = Callable[[], Document]


class Site:
    """All documents, each rendered at its first request."""

    def __init__(  # noqa: PLR0913 - one of each that it shows
        self,
        schema: Schema,
        weeks: Sequence[PublishedWeek],
        policy: Policy,
        operator: Operator = NOBODY,
        log: PublishedLog | None = None,
        *,
        served: bool = True,
    ) -> None:
        """Take all published weeks, newest first; `served` says that a server runs the site.

        Pages are in the operator's first language at their own addresses, and in each of the
        others below its tag.
        """
        self.schema = schema
        self._newest_first = tuple(weeks)
        self._recent = self._newest_first[:MAX_WEEKS]
        self._weeks = self._newest_first[::-1]
        # An address is made of names, so a name that is malformed has no address.
        self._projects = {
            name: {key.name: key for key in project.keys.values() if _NAME.fullmatch(key.name)}
            for name, project in schema.projects.items()
            if _NAME.fullmatch(name)
        }
        self._former = {
            name: former.names(schema.projects[name], keys) for name, keys in self._projects.items()
        }
        self._retired = {
            name: {
                key: its
                for key, its in former.retired(schema.projects[name], self._weeks).items()
                if _NAME.fullmatch(key)
            }
            for name in self._projects
        }
        self._shared = comparison.shared(
            (schema.projects[name], keys) for name, keys in self._projects.items()
        )
        self._schemas = _schemas(schema, self._newest_first)
        self._members = member.published(self._weeks)
        self._past: tuple[str, int, history.History] | None = None
        self._operator = operator
        self._drawable = picture.drawable()
        self._languages = tuple(map(language, operator.languages))
        self._templates = environment(
            policy, self._newest_first, operator, self._languages, served=served
        )
        self._log = log
        self._renders = self._in_languages()
        self._made: dict[str, Document] = {}

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of the site."""
        return tuple(self._renders)

    @property
    def former(self) -> Mapping[str, str]:
        """Former addresses of pages and files, each with its present address."""
        return {
            f"{prefix}{place}{name}/{was}{form}": present
            for prefix in ("", *(f"{each.tag}/" for each in self._languages[1:]))
            for name, its in self._former.items()
            for was, now in its.items()
            for place, form in _FORMS_OF_KEY
            if (present := f"{prefix}{place}{name}/{now}{form}") in self._renders
        }

    def document(self, address: str) -> Document | None:
        """Return the document at an address; None if there is none."""
        made = self._made.get(address)
        if made is None and address in self._renders:
            made = self._made[address] = self._renders[address]()
        return made

    def moved(self, address: str) -> str | None:
        """Return the present address of a renamed key's page or file; None if there is none."""
        return self.former.get(address)

    def moved_page(self, address: str) -> Document | None:
        """Return a page that leads from a former address, for servers that cannot redirect."""
        now = self.former.get(address)
        if now is None:
            return None
        its, page = self._spoken(address)
        with speaking(its):
            return self._page(page, "moved", now=self._spoken(now)[1])

    def missing(self, depth: int) -> Document:
        """Return the page for an address that has none, and has `depth` slashes in it."""
        root = "../" * depth or "./"
        values = {"root": root, "top": root, "twin": "", "prefix": "", "address": "404"}
        with speaking(self._languages[0]):
            return documents.of(self._templates.get_template("missing.html").render(values), HTML)

    def _in_languages(self) -> Mapping[str, _Render]:
        """Return every document by its address, each in its language."""
        first, *others = self._languages
        plain = self._addresses()
        renders: dict[str, _Render] = {
            address: partial(_spoken_in, first, render) for address, render in plain.items()
        }
        for its in others:
            for address, render in plain.items():
                if _is_translated(address):
                    renders[f"{its.tag}/{address}"] = partial(_spoken_in, its, render)
        if self._operator.site:
            pages = (*renders, "sitemap.xml")
            renders["sitemap.xml"] = lambda: documents.of(
                finding.sitemap(self._operator.site, pages), XML
            )
        return MappingProxyType(renders)

    def _spoken(self, address: str) -> tuple[Language, str]:
        """Return the language at an address, and the address without it."""
        for its in self._languages[1:]:
            if address.startswith(f"{its.tag}/"):
                return its, address.removeprefix(f"{its.tag}/")
        return self._languages[0], address

    def _addresses(self) -> Mapping[str, _Render]:
        renders: dict[str, _Render] = {
            "": self._index,
            "collected/": lambda: self._page("collected/", "collected", projects=self._views()),
            "privacy/": lambda: self._page(
                "privacy/", "privacy", log=log_view(self._log), projects=self._views()
            ),
            "methodology/": lambda: self._page("methodology/", "methodology"),
            "weeks/": lambda: self._page("weeks/", "weeks"),
            "weeks/feed.atom": self._feed,
            "search/": lambda: self._page(
                "search/", "search", letters=finding.letters(self._known, self._places)
            ),
            "robots.txt": lambda: documents.of(finding.robots(self._operator.site), TEXT),
            "data/": lambda: self._page("data/", "data", projects=self._views()),
            "style.css": lambda: self._file("style.css", CSS),
            "icon.svg": lambda: self._file("icon.svg", SVG),
            "data/openapi.json": documents.openapi,
            "data/registry.json": lambda: documents.registry(self.schema),
        }
        renders |= {
            f"schema/{place}.json": partial(documents.of, text, documents.JSON)
            for place, text in self._schemas.items()
        }
        renders |= self._changes_addresses("changes/", tuple(self._projects))
        renders |= self._shared_addresses()
        for name, keys in self._projects.items():
            renders |= self._project_addresses(self.schema.projects[name], keys)
        for place, week in enumerate(self._weeks, 1):
            renders |= week_addresses(str(week.week), week, self.schema)
            renders[f"weeks/{week.week}/"] = partial(self._week, place)
        latest = with_totals(self._newest_first)
        renders |= week_addresses("latest", latest, self.schema) if latest else {}
        return MappingProxyType(renders)

    def _project_addresses(self, project: Project, keys: Mapping[str, Key]) -> dict[str, _Render]:
        place, files = f"projects/{project.name}", f"data/projects/{project.name}"

        def view() -> views.ProjectView:
            return views.project(project, keys, self._weeks, MAX_WEEKS)

        renders: dict[str, _Render] = {
            f"{place}/": lambda: self._page(f"{place}/", "project", project=view()),
            f"{place}/fragment.html": lambda: self._page(
                f"{place}/fragment.html", "fragment", project=view()
            ),
            f"{place}/badge.svg": lambda: self._file("badge.svg", SVG, project=view()),
        }
        renders |= self._changes_addresses(f"changes/{project.name}/", (project.name,))
        for form in FORMS:
            renders[f"{files}.{form}"] = partial(
                documents.totals, self._recent, self.schema, form, project.name
            )
        for key in (*keys.values(), *self._retired[project.name].values()):
            renders |= self._key_addresses(project, key, f"{place}/{key.name}/")
        return renders

    def _key_addresses(self, project: Project, key: Key, page: str) -> dict[str, _Render]:
        def render(form: str, weeks: Sequence[PublishedWeek]) -> Document:
            keys = {project.name: {key.number: key.name}}
            return documents.of_keys(weeks, self.schema, form, keys)

        def view() -> views.KeyView:
            return views.key_view(project, key, self._weeks, MAX_WEEKS)

        def values() -> dict[str, object]:
            title = wording.title(project)
            return {"project_name": project.name, "project_title": title, "key": view()}

        renders: dict[str, _Render] = {
            page: lambda: self._page(
                page,
                "key",
                **values(),
                changes=changes.of_key(self._releases((project.name,)), key),
                places=self._places(project, key),
                comparison=self._compared(key),
            ),
            f"{page}fragment.html": lambda: self._page(
                f"{page}fragment.html", "question_fragment", **values()
            ),
            f"{page}chart.svg": lambda: self._file("chart.svg", SVG, page=page, **values()),
        }
        if self._drawable:
            renders[f"{page}picture.png"] = lambda: Document(
                picture.png(view().picture), documents.PNG
            )
        for name, place in self._places(project, key).items():
            renders[f"{page}{place}/"] = partial(self._member, project, key, name, page + place)
        files = f"data/projects/{project.name}/{key.name}"
        for form in FORMS:
            renders[f"{files}.{form}"] = partial(render, form, self._recent)
        renders[f"{files}/all.csv"] = partial(render, "csv", self._newest_first)
        return renders

    def _changes_addresses(self, place: str, names: Sequence[str]) -> dict[str, _Render]:
        def values() -> dict[str, object]:
            known = [self.schema.projects[name] for name in names]
            shown = self._releases(names)
            return {
                "releases": shown,
                "entries": changes.entries(shown),
                "projects": [
                    views.project(each, self._projects[each.name], (), MAX_WEEKS) for each in known
                ],
                "authors": changes.authors(known),
                "identifier": changes.identifier(place),
                "never": changes.NEVER,
                "of": "" if place == "changes/" else wording.title(known[0]),
            }

        return {
            place: lambda: self._page(place, "changes", **values()),
            f"{place}feed.atom": lambda: self._file("feed.atom", ATOM, **values()),
        }

    def _shared_addresses(self) -> dict[str, _Render]:
        renders: dict[str, _Render] = {
            "conventions/": lambda: self._page(
                "conventions/", "conventions", conventions=self._shared
            )
        }
        for place, shared in self._shared.items():
            renders[f"conventions/{place}/"] = partial(self._comparison, place, shared)
            for form in FORMS:
                renders[f"data/conventions/{place}.{form}"] = partial(
                    documents.of_keys, self._recent, self.schema, form, shared.keys
                )
        return renders

    def _comparison(self, place: str, shared: comparison.Shared) -> Document:
        return self._page(
            f"conventions/{place}/",
            "comparison",
            place=place,
            shared=shared,
            ages=shared.name == comparison.AGE,
            view=comparison.comparison(shared, self._weeks, MAX_WEEKS),
        )

    def _releases(self, names: Sequence[str]) -> tuple[changes.ReleaseView, ...]:
        return changes.releases((self.schema.projects[n], self._projects[n]) for n in names)

    @property
    def _known(self) -> list[tuple[Project, Mapping[str, Key]]]:
        """Return the projects with all keys that have a page."""
        return [
            (self.schema.projects[name], {**self._retired[name], **keys})
            for name, keys in self._projects.items()
        ]

    def _views(self) -> list[views.ProjectView]:
        return [
            views.project(self.schema.projects[name], keys, self._weeks, MAX_WEEKS)
            for name, keys in self._projects.items()
        ]

    def _places(self, project: Project, key: Key) -> Mapping[str, str]:
        return member.places(key, self._members.get((project.name, key.number), ()))

    def _compared(self, key: Key) -> str:
        """Return the last part of the address that compares a key; empty if there is none."""
        place = key.declaration.convention.name.replace(":", "/")
        return place if place in self._shared else ""

    def _member(self, project: Project, key: Key, name: str, page: str) -> Document:
        # Members of a list are asked for one after another, for example by a copy in files.
        kept = self._past
        if kept is None or kept[:2] != (project.name, key.number):
            past = history.history(self._weeks, project.name, key)
            kept = self._past = (project.name, key.number, past)
        return self._page(
            f"{page}/",
            "member",
            project_title=wording.title(project),
            question=views.question(key),
            member=member.member_view(project, kept[2], self._weeks, name, MAX_WEEKS),
        )

    def _week(self, place: int) -> Document:
        weeks = self._weeks[max(0, place - MAX_WEEKS) : place]
        view = week_view(self._known, weeks)
        return self._page(
            f"weeks/{view.week}/", "week", view=view, most=MOST_ROWS, schemas=self._schemas
        )

    def _feed(self) -> Document:
        titles = {name: wording.title(self.schema.projects[name]) for name in self._projects}
        # Other servers publish weeks of the same names.
        identifier = partial(changes.identifier, "weeks/", self._operator.site, *titles)
        return self._file(
            "weeks.atom", ATOM, titles=titles, identifier=identifier, never=changes.NEVER
        )

    def _index(self) -> Document:
        return self._page(
            "",
            "index",
            projects=self._views(),
            conventions=self._shared,
            remarks=history.remarks(self._recent[::-1]),
        )

    def _page(self, address: str, template: str, **values: object) -> Document:
        up = "../" * address.count("/")
        prefix = self._prefix()
        # Data files, style and pictures are at the top, whatever the language.
        text = self._templates.get_template(f"{template}.html").render(
            root=up or "./",
            top=f"{up}../" if prefix else up or "./",
            twin=f"{up}../{address}" if prefix else "",
            prefix=prefix,
            address=address,
            **values,
        )
        return documents.of(text, HTML)

    def _file(self, template: str, media_type: str, **values: object) -> Document:
        text = self._templates.get_template(template).render(prefix=self._prefix(), **values)
        return documents.of(text, media_type)

    def _prefix(self) -> str:
        its = spoken()
        return "" if its == self._languages[0] else f"{its.tag}/"


def _spoken_in(its: Language, render: _Render) -> Document:
    with speaking(its):
        return render()


def _is_translated(address: str) -> bool:
    """Return whether a document has sentences, so that each language has its own."""
    return address == "data/" or not (
        address in _FOR_ALL or address.startswith(("data/", "schema/"))
    )


def _schemas(known: Schema, weeks: Sequence[PublishedWeek]) -> Mapping[str, str]:
    """Return what each registry declared that is in force or that a week names."""
    found = {f"{each.name}/{each.declaration.digest}": each for each in known.projects.values()}
    texts = {place: declared(project) for place, project in found.items()}
    for week in weeks:
        texts |= dict(week.schemas())
    return {place: texts[place] for place in sorted(texts) if _SCHEMA.fullmatch(place)}


def week_addresses(name: str, week: PublishedWeek, known: Schema) -> dict[str, _Render]:
    """Return the files of one week, under its own name or another one."""
    return {
        f"data/weeks/{name}.{form}": partial(documents.totals, [week], known, form)
        for form in FORMS
    }

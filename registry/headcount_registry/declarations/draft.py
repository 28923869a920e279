"""Declarations as written: statements grouped by project and key, not yet checked.

Checks run on drafts, because a draft still holds statements that are repeated, wrong or
without effect. A draft without errors resolves to the model (`resolve.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.declarations.conventions import SHIPPED, conventions, shipped
from headcount_registry.declarations.model import VERSION, KeyType
from headcount_registry.reading.source import catalogue_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from headcount_registry.declarations.conventions import Shared
    from headcount_registry.declarations.model import Convention
    from headcount_registry.findings import Location
    from headcount_registry.reading.info import Pair
    from headcount_registry.reading.source import Source, Sources


_TRANSLATIONS = "translations"
_ALLOWANCE = ("allow", "")
"""The path of an allowance: the part after the name in `telemetry[key][allow][] = check`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of a declaration; `path` is the part after the name of its key or project.

    `telemetry[web_server][values][] = Apache` has the path `("values", "")`. The shorthand
    `telemetry[php_version] = PHP Version` has an empty path.
    """

    source: Source
    pair: Pair
    path: tuple[str, ...]

    @property
    def text(self) -> str:
        """The value; empty if the grammar put a constant in its place."""
        return self.pair.value if isinstance(self.pair.value, str) else ""

    @property
    def location(self) -> Location:
        """The start of the key."""
        return self.source.at(self.pair.key_start)

    @property
    def value_location(self) -> Location:
        """The start of the value."""
        return self.source.at(self.pair.value_start)


class _Statements:
    """The statements of a key or a project, found by attribute."""

    __slots__ = ()
    statements: tuple[Statement, ...]
    by_attribute: Mapping[str, tuple[Statement, ...]]
    """The statements by the first part of their path; checks look for dozens of attributes."""

    def scalar(self, attribute: str) -> Statement | None:
        """Return the last statement of an attribute with one value."""
        stated = self.by_attribute.get(attribute, ())
        return next((each for each in reversed(stated) if len(each.path) == 1), None)

    def text(self, attribute: str, default: str = "") -> str:
        """Return the value of `scalar`, or the default."""
        found = self.scalar(attribute)
        return found.text if found else default

    def items(self, attribute: str) -> tuple[Statement, ...]:
        """Return the statements of an attribute with several values, such as `attribute[]`."""
        return tuple(each for each in self.by_attribute.get(attribute, ()) if len(each.path) > 1)


def _by_attribute(statements: Iterable[Statement]) -> Mapping[str, tuple[Statement, ...]]:
    found: dict[str, list[Statement]] = {}
    for each in statements:
        found.setdefault(each.path[0] if each.path else "", []).append(each)
    return {attribute: tuple(stated) for attribute, stated in found.items()}


@dataclass(frozen=True, slots=True)
class KeyDraft(_Statements):
    """The statements about one key of a project; `catalogue` is the text of its catalogue.

    Allowances and translations change nothing that is asked, so they are kept apart and may be
    in any file. A key that nothing else declares has no statements.
    """

    project: str
    name: str
    statements: tuple[Statement, ...]
    conventions: Mapping[str, Shared]
    """All conventions that there are, by name."""
    catalogue_path: str = ""
    catalogue: str | None = None
    allowances: tuple[Statement, ...] = ()
    translations: tuple[Statement, ...] = ()
    by_attribute: Mapping[str, tuple[Statement, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the statements by attribute, once."""
        object.__setattr__(self, "by_attribute", _by_attribute(self.statements))

    @property
    def convention(self) -> Convention | None:
        """The convention that the key takes, if it names one that there is."""
        shared = self.conventions.get(self.text("use"))
        return shared.convention if shared else None

    @property
    def location(self) -> Location:
        """The place of the key's first mention."""
        return (*self.statements, *self.translations)[0].location

    @property
    def type(self) -> str:
        """The declared type; without one, the key `version` has its own, and others are text."""
        return self.text("type", KeyType.VERSION if self.name == VERSION else KeyType.TEXT)

    @property
    def shorthand(self) -> Statement | None:
        """The statement `telemetry[key] = Label`, if there is one."""
        found = [each for each in self.statements if not each.path]
        return found[-1] if found else None

    @property
    def values(self) -> tuple[str, ...]:
        """The declared values, in order."""
        return tuple(each.text for each in self.items("values"))

    @property
    def catalogue_items(self) -> tuple[tuple[int, str], ...]:
        """Line number and text of each item of the catalogue, without blank and `;` lines."""
        lines = enumerate((self.catalogue or "").split("\n"), start=1)
        stripped = ((number, line.strip()) for number, line in lines)
        return tuple(
            (number, line) for number, line in stripped if line and not line.startswith(";")
        )


@dataclass(frozen=True, slots=True)
class ProjectDraft(_Statements):
    """The statements about one project, in one file or several.

    `info_name` is the name in Backdrop's own `name =` line, which is the default title.
    `strays` are allowances for keys that nothing declares, and `stray_translations` are
    translations of such keys.
    """

    name: str
    named_at: Location
    statements: tuple[Statement, ...]
    keys: tuple[KeyDraft, ...]
    info_name: str = ""
    allowances: tuple[Statement, ...] = ()
    strays: tuple[Statement, ...] = ()
    translations: tuple[Statement, ...] = ()
    stray_translations: tuple[Statement, ...] = ()
    by_attribute: Mapping[str, tuple[Statement, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the statements by attribute, once."""
        object.__setattr__(self, "by_attribute", _by_attribute(self.statements))


@dataclass(frozen=True, slots=True)
class Draft:
    """All files, and the projects that they declare, sorted by name.

    `sets` are the sets of conventions, in the form of projects, one for each file.
    """

    files: tuple[Source, ...]
    projects: tuple[ProjectDraft, ...]
    sets: tuple[ProjectDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What declarations may name: conventions by their names, texts of catalogues by path."""

    conventions: Mapping[str, Shared]
    catalogues: Mapping[str, str | None]


def gather(sources: Sources) -> Draft:
    """Sort the statements of all files into projects and keys."""
    declaring: dict[str, list[Source]] = {}
    sets = [source for source in sources.files if source.set_name]
    for source in sources.files:
        if source.ours and not source.set_name:
            declaring.setdefault(source.project[0], []).append(source)
    known = _Known(conventions(sets), sources.catalogues)
    projects = (_project(name, declaring[name], known) for name in sorted(declaring))
    return Draft(
        sources.files,
        tuple(projects),
        tuple(_project(each.set_name, [each], known) for each in sets),
    )


def shipped_set() -> ProjectDraft:
    """Return the set of conventions that comes with headcount."""
    return _project(SHIPPED, [shipped()], _Known(conventions(()), {}))


def _project(name: str, files: Iterable[Source], known: _Known) -> ProjectDraft:
    about: list[Statement] = []
    keys: dict[str, list[Statement]] = {}
    sources = list(files)
    for source in sources:
        for pair in source.ours:
            word, *rest = pair.path
            if word == "headcount":
                about.append(Statement(source, pair, tuple(rest)))
            elif rest:
                keys.setdefault(rest[0], []).append(Statement(source, pair, tuple(rest[1:])))
    drafts = [_key(name, key, keys[key], known) for key in sorted(keys)]
    declared = tuple(draft for draft in drafts if draft.statements or _implied(draft))
    undeclared = [draft for draft in drafts if draft not in declared]
    own, allowances, translations = _sorted(about)
    return ProjectDraft(
        name,
        sources[0].project[1],
        own,
        declared,
        _info_name(sources),
        allowances,
        tuple(each for draft in undeclared for each in draft.allowances),
        translations,
        tuple(each for draft in undeclared for each in draft.translations),
    )


def _implied(draft: KeyDraft) -> bool:
    """Return whether a key that nothing declares exists all the same, in other languages too."""
    return draft.name == VERSION and bool(draft.translations)


def _sorted(
    statements: Iterable[Statement],
) -> tuple[tuple[Statement, ...], tuple[Statement, ...], tuple[Statement, ...]]:
    """Return the statements that declare something, the allowances, and the translations."""
    own, allowances, translations = [], [], []
    for each in statements:
        if each.path == _ALLOWANCE:
            allowances.append(each)
        elif each.path[:1] == (_TRANSLATIONS,):
            translations.append(each)
        else:
            own.append(each)
    return tuple(own), tuple(allowances), tuple(translations)


def _key(project: str, name: str, statements: list[Statement], known: _Known) -> KeyDraft:
    own, allowances, _ = _sorted(statements)
    taken = _with_convention(statements, own, known.conventions)
    declaring, _, translations = _sorted(taken)
    paths = [catalogue_path(each.source, each.pair) for each in declaring]
    path = next((path for path in reversed(paths) if path), "")
    return KeyDraft(
        project,
        name,
        declaring,
        known.conventions,
        path,
        known.catalogues.get(path),
        allowances,
        translations,
    )


def _with_convention(
    statements: Iterable[Statement], own: Iterable[Statement], known: Mapping[str, Shared]
) -> tuple[Statement, ...]:
    """Return statements, and those of the conventions in the places of their `use`.

    The translation of a text is taken only together with the text.
    """
    stated = {each.path[0] for each in own if each.path}
    translated = {each.path for each in statements}
    uses = [each for each in own if each.path == ("use",)]
    taken = [
        _taken(pair, use)
        for use in uses[-1:]
        for pair in (known[use.text].pairs if use.text in known else ())
        if pair.path[2] not in stated
        and pair.path[-1] not in stated
        and pair.path[2:] not in translated
    ]
    return (*statements, *taken)


def _taken(pair: Pair, use: Statement) -> Statement:
    """Return a line of a convention as if the key that takes it had it in the place of `use`."""
    path = (use.pair.path[1], *pair.path[2:])
    key = pair.path[0] + "".join(f"[{part}]" for part in path)
    start, value = use.pair.key_start, use.pair.value_start
    line = replace(pair, key=key, key_start=start, value_start=value)
    return Statement(use.source, line, path[1:])


def _info_name(sources: list[Source]) -> str:
    """Return the `name =` line of the file that has the project's name."""
    for source in sources:
        for pair in source.document.pairs:
            if (
                pair.path == ("name",)
                and isinstance(pair.value, str)
                and Path(source.file).stem == source.project[0]
            ):
                return pair.value
    return ""

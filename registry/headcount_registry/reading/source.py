"""The sources of a build: parsed `.info` files and catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.findings import Location
from headcount_registry.reading import info
from headcount_registry.reading.files import collect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from headcount_registry.reading.files import InputFiles
    from headcount_registry.reading.info import Document, Pair
    from headcount_registry.reading.memory import Memory

OURS = frozenset({"telemetry", "headcount"})
"""First words of lines that are declarations; all other lines belong to the host."""


@dataclass(frozen=True)  # without slots, because cached properties need a place
class Source:
    """A parsed `.info` file; `file` is its path as a person gave it."""

    file: str
    document: Document

    @cached_property
    def ours(self) -> tuple[Pair, ...]:
        """The pairs that declare something."""
        return tuple(pair for pair in self.document.pairs if pair.path[0] in OURS)

    @cached_property
    def set_name(self) -> str:
        """The name of the set of conventions that the file is, an empty text if it is none."""
        stated = [pair.value for pair in self.ours if pair.path == ("headcount", "conventions")]
        return str(stated[-1]) if stated else ""

    @property
    def project(self) -> tuple[str, Location]:
        """The name of the project that the file extends, and the place of that name."""
        named = [pair for pair in self.document.pairs if pair.path == ("project",)]
        if named:
            return str(named[-1].value), self.at(named[-1].value_start)
        return Path(self.file).stem, Location(self.file)

    def at(self, offset: int) -> Location:
        """Return the location of an offset of the text."""
        return Location(self.file, *self.document.position(offset))


@dataclass(frozen=True, slots=True)
class Sources:
    """All files of a build, sorted by path; `catalogues` maps a path to its text, if it has one."""

    files: tuple[Source, ...]
    catalogues: Mapping[str, str | None]


def read(paths: Iterable[Path], memory: Memory | None = None) -> Sources:
    """Read files, archives, and every `.info` file below directories. Raises `SourceError`."""
    return parse_files(collect(paths, memory))


def parse_files(collection: InputFiles, changed: Mapping[str, str] | None = None) -> Sources:
    """Parse collected files; `changed` maps files to a text that replaces the one on disk."""
    texts = {file: collection.text(file) for file in collection.infos} | dict(changed or {})
    files = tuple(Source(file, info.parse(text)) for file, text in texts.items())
    wanted = {catalogue_path(source, pair) for source in files for pair in source.ours}
    catalogues = {path: collection.text_if_any(path) for path in sorted(wanted) if path}
    return Sources(files, catalogues)


def catalogue_path(source: Source, pair: Pair) -> str:
    """Return the path of the catalogue that a pair names, or an empty text.

    A catalogue must be in the folder of its .info file or below: somebody else's declaration
    must not make other files public.
    """
    match pair.path:
        case ("telemetry", _, "catalogue") if isinstance(pair.value, str) and pair.value:
            path = Path(pair.value)
            if not path.is_absolute() and ".." not in path.parts:
                return str(Path(source.file).parent / path)
    return ""

"""Reading: paths in, parsed `.info` files and catalogues out. The only part that reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry import info
from headcount_registry.declaration import Location
from headcount_registry.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from headcount_registry.info import Document, Pair

OURS = frozenset({"telemetry", "headcount"})
"""First words of the lines that are declarations; every other line is the host's."""


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed `.info` file; `file` is its path as a person gave it."""

    file: str
    document: Document

    @property
    def ours(self) -> tuple[Pair, ...]:
        """The pairs that declare something."""
        return tuple(pair for pair in self.document.pairs if pair.path[0] in OURS)

    @property
    def project(self) -> tuple[str, Location]:
        """Name of the project that the file extends, and the place that says so."""
        named = [pair for pair in self.document.pairs if pair.path == ("project",)]
        if named:
            return str(named[-1].value), self.at(named[-1].value_start)
        return Path(self.file).stem, Location(self.file)

    def at(self, offset: int) -> Location:
        """The location of an offset of the text."""
        return Location(self.file, *self.document.position(offset))


@dataclass(frozen=True, slots=True)
class Sources:
    """All files of a build, sorted by path; `catalogues` maps a path to its text, if it has one."""

    files: tuple[Source, ...]
    catalogues: Mapping[str, str | None]


def read(paths: Iterable[Path]) -> Sources:
    """Reads files, and every `.info` file below directories. Raises `SourceError`."""
    found = {file.resolve(): file for path in paths for file in _info_files(path)}
    ordered = sorted(found.values(), key=str)
    files = tuple(Source(str(path), info.parse(_text(path))) for path in ordered)
    wanted = {catalogue_path(source, pair) for source in files for pair in source.ours}
    catalogues = {path: _text_if_any(Path(path)) for path in sorted(wanted) if path}
    return Sources(files, catalogues)


def catalogue_path(source: Source, pair: Pair) -> str:
    """Path of the catalogue that a pair names, or an empty text."""
    match pair.path:
        case ("telemetry", _, "catalogue") if isinstance(pair.value, str) and pair.value:
            return str(Path(source.file).parent / pair.value)
    return ""


def _info_files(path: Path) -> list[Path]:
    if path.is_dir():
        return [
            file
            for file in path.rglob("*.info")
            if file.is_file()
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
    if path.is_file():
        return [path]
    raise SourceError(f"{path}: no such file or directory; give .info files or directories of them")


def _text(path: Path) -> str:
    try:
        # The grammar is one of bytes: what is no UTF-8 must survive to be reported, and line
        # ends must not be translated.
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error


def _text_if_any(path: Path) -> str | None:
    return _text(path) if path.is_file() else None

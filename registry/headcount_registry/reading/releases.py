"""A folder of release archives: of each project, its newest release declares.

A packaging server adds an archive for each release of each project, and keeps the old
ones. Packaging writes `project`, `version` and `timestamp` into the `.info` files of an
archive, and these tell which archive is the newest of its project. A pre-release counts
only until there is a release: it must not retire the keys of the version that people run.
An archive without these lines stands for itself.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from headcount_registry.errors import ArchiveError, SourceError
from headcount_registry.reading import archive, info

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from headcount_registry.reading.memory import Memory

INFO = ".info"
_DECLARES = re.compile(rb"telemetry|headcount", re.IGNORECASE)
_CATALOGUE = ("telemetry", "catalogue")
_CORE = re.compile(r"[0-9]+\.x-")
_NUMBERS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")

_Rank = tuple[bool, tuple[int, ...], str, int]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a build needs of an archive.

    `project`, `version` and `timestamp` (unix seconds) are what packaging wrote, `""` and 0 if
    it wrote nothing. `files` are the `.info` files that may declare something, and the
    catalogues that they name, by their path in the archive.
    """

    project: str
    version: str
    timestamp: int
    files: Mapping[str, bytes]

    @property
    def rank(self) -> _Rank:
        """The place of the release among those of its project; the largest is the newest."""
        text = _CORE.sub("", self.version, count=1)
        found = _NUMBERS.match(text)
        numbers = tuple(map(int, found[0].split("."))) if found else ()
        suffix = text[found.end() :] if found else text
        return not suffix, numbers, suffix, self.timestamp


def contents(unpacked: Mapping[str, bytes]) -> Contents:
    """Return what a build needs of the files of an archive."""
    visible = {name: data for name, data in unpacked.items() if not _hidden(name)}
    infos = sorted(
        (name for name in visible if name.endswith(INFO)), key=lambda name: (name.count("/"), name)
    )
    declaring = [name for name in infos if _DECLARES.search(visible[name])]
    wanted = {*declaring, *(each for name in declaring for each in _catalogues(name, visible))}
    kept = {name: visible[name] for name in sorted(wanted) if name in visible}
    for name in infos:
        told = _scalars(visible[name])
        if told.get("project") and told.get("version"):
            stamp = told.get("timestamp", "")
            seconds = int(stamp) if re.fullmatch(r"[0-9]{1,18}", stamp) else 0
            return Contents(told["project"], told["version"], seconds, kept)
    return Contents("", "", 0, kept)


def is_folder_of_archives(folder: Path) -> bool:
    """Return whether a directory holds archives and no `.info` file, at any depth."""
    names = [path.name for path in _visible(folder)]
    return any(archive.is_archive_name(name) for name in names) and not any(
        name.endswith(INFO) for name in names
    )


def newest(folder: Path, memory: Memory) -> dict[str, bytes]:
    """Return the files of the newest release of each project, as `ARCHIVE/PATH`.

    Raises `ArchiveError` with a line for each archive that cannot be read: to go on without
    one would retire the keys that it declares.
    """
    chosen: dict[str, tuple[_Rank, str, Contents]] = {}
    faults: list[str] = []
    for path in _archives(folder):
        try:
            found = memory.recall(path) or memory.keep(path, contents(archive.unpack(path)))
        except ArchiveError as error:
            faults.append(str(error))
            continue
        candidate = (found.rank, str(path), found)
        group = found.project or str(path)
        if group not in chosen or chosen[group][:2] < candidate[:2]:
            chosen[group] = candidate
    if faults:
        raise ArchiveError("\n".join(faults))
    return {
        str(Path(path, name)): data
        for _, path, found in chosen.values()
        for name, data in found.files.items()
    }


def _archives(folder: Path) -> Iterator[Path]:
    """Yield the archives below a folder; links to others in it are passed over."""
    for path in _visible(folder):
        if not archive.is_archive(path):
            continue
        if path.is_symlink():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise SourceError(
                    f"{path}: is a link that leads out of {folder}; put a copy in its place"
                )
            continue
        yield path


def _visible(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def _scalars(data: bytes) -> dict[str, str]:
    """Return the lines of an `.info` file that have a single name."""
    pairs = info.parse(data.decode("utf-8", "surrogateescape")).pairs
    return {pair.path[0]: str(pair.value) for pair in pairs if len(pair.path) == 1}


def _catalogues(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the names of the catalogues of an `.info` file, below its folder."""
    for pair in info.parse(files[name].decode("utf-8", "surrogateescape")).pairs:
        if (pair.path[0], pair.path[-1]) == _CATALOGUE and isinstance(pair.value, str):
            yield str(PurePosixPath(name).parent / pair.value)

"""The files of a build, collected from directories, checkouts and archives.

The files are not trusted. Links that lead elsewhere are refused, and archives are read in
memory (`archive.py`). A directory of archives, and of nothing that declares, is a folder of
releases (`releases.py`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.errors import SourceError
from headcount_registry.reading import archive, releases
from headcount_registry.reading.memory import Memory
from headcount_registry.reading.releases import INFO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The `.info` files of some paths, and access to the files that they name.

    `infos` are sorted; a file in an archive is called `ARCHIVE/PATH`. `_archived` holds the
    files of archives by that name.
    """

    infos: tuple[str, ...]
    _roots: tuple[Path, ...]
    _archived: Mapping[str, bytes]

    def text(self, file: str) -> str:
        """Return the text of a file. Raises `SourceError`.

        The grammar works on bytes. Bytes that are not UTF-8 must survive to be reported, and
        line ends must not be translated.
        """
        data = self._archived.get(file)
        if data is None:
            try:
                data = Path(file).read_bytes()
            except OSError as error:
                raise SourceError(f"{file}: cannot be read: {error.strerror}") from error
        return data.decode("utf-8", "surrogateescape")

    def text_if_any(self, file: str) -> str | None:
        """Return the text of a file that a declaration names, or none if there is no such file."""
        if file in self._archived:
            return self.text(file)
        try:
            if not Path(file).is_file():
                return None
        except OSError:
            # No system has a file with such a name.
            return None
        _refuse_link(Path(file), self._roots)
        return self.text(file)


def collect(paths: Iterable[Path], memory: Memory | None = None) -> InputFiles:
    """Find the `.info` files of files, directories and archives. Raises `SourceError`.

    This skips hidden files and folders, such as the `.git` of a checkout. `memory` knows
    archives of folders of releases from earlier builds.
    """
    given = tuple(paths)
    memory = memory or Memory()
    archived: dict[str, bytes] = {}
    found: dict[Path, str] = {}
    for path in given:
        if archive.is_archive(path):
            held = archive.unpack(path)
            archived |= {str(path / name): data for name, data in held.items()}
        elif path.is_dir() and releases.is_folder_of_archives(path):
            archived |= releases.newest(path, memory)
        else:
            found |= {file.resolve(): str(file) for file in _info_files(path)}
    inside = [name for name in archived if name.endswith(INFO) and not _hidden(name, given)]
    roots = tuple(path if path.is_dir() else path.parent for path in given)
    return InputFiles(tuple(sorted([*found.values(), *inside])), roots, archived)


def _hidden(name: str, given: tuple[Path, ...]) -> bool:
    archives = (path for path in given if Path(name).is_relative_to(path))
    return any(part.startswith(".") for part in Path(name).relative_to(next(archives)).parts)


def _info_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                file = Path(folder, name)
                if name.endswith(INFO) and not name.startswith(".") and file.is_file():
                    _refuse_link(file, (path,))
                    yield file
    else:
        raise SourceError(
            f"{path}: no such file or directory; give .info files, directories of them, or"
            " archives (.zip, .tar.gz)"
        )


def _refuse_link(file: Path, roots: Iterable[Path]) -> None:
    real = file.resolve()
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        raise SourceError(
            f"{file}: is a link that leads out of what was given, to {real}; put a copy in its"
            " place"
        )

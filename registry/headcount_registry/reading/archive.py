"""Release archives (.zip, .tar.gz), read in memory and not trusted.

Archives contain files by unknown people. Nothing is ever unpacked onto the disk. An
archive is refused as a whole if a path leads out of it, if it holds links or devices, if
it names a file twice, or if it exceeds a bound. Only small files are kept, because
declarations and catalogues are small.
"""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from headcount_registry.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20
MAX_PACKED = 64 * MIB
"""Largest size of an archive."""
MAX_UNPACKED = 256 * MIB
"""Largest size of its contents, unpacked."""
MAX_FILE = 4 * MIB
"""Largest size of a declaration or a catalogue. Larger files are skipped unless they declare."""
MAX_KEPT = 128 * MIB
"""Largest size of all files that may be declarations or catalogues."""
MAX_FILES = 20_000
"""Largest number of files and directories."""
MAX_RATIO = 100
"""Largest factor by which an archive may grow beyond its first MiB."""

_ZIP = (".zip",)
_TAR = (".tar.gz", ".tgz")
_ENTRY = b"PK\x01\x02"
_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, gzip.BadGzipFile),
    # The standard library raises these on some damaged headers.
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error),
)


def is_archive_name(name: str) -> bool:
    """Return whether a file of this name is an archive."""
    return name.lower().endswith((*_ZIP, *_TAR))


def is_archive(path: Path) -> bool:
    """Return whether a path is a file with the name of an archive."""
    return is_archive_name(path.name) and path.is_file()


def unpack(path: Path) -> dict[str, bytes]:
    """Return the small files of an archive by their path in it, with `/` as separator.

    Raises `ArchiveError`.
    """
    opened = _zip if path.name.lower().endswith(_ZIP) else _tar
    kept: dict[str, bytes] = {}
    try:
        for name, data in opened(str(path), _packed(path)):
            if name in kept:
                raise _refused(str(path), f"holds `{name}` twice")
            kept[name] = data
    except _DAMAGED as error:
        raise _damaged(str(path), error) from error
    except OSError as error:
        if error.errno is None:  # as bz2 says that its data is damaged
            raise _damaged(str(path), error) from error
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
    return kept


def _packed(path: Path) -> bytes:
    with path.open("rb") as file:
        # Reserve no more memory than the file seems to need.
        packed = file.read(min(path.stat().st_size, MAX_PACKED) + 1)
    if len(packed) > MAX_PACKED:
        raise _refused(str(path), f"is larger than {MAX_PACKED // MIB} MiB")
    return packed


def _zip(archive: str, packed: bytes) -> Iterator[tuple[str, bytes]]:
    # Counted before the directory is read, because reading a million entries takes memory.
    if packed.count(_ENTRY) > MAX_FILES:
        raise _refused(archive, f"holds more than {MAX_FILES} files")
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        bounds = _Bounds(archive, len(packed))
        for member in opened.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise _refused(archive, f"`{member.filename}` is a link or a device")
            name = _inside(archive, member.filename)
            # A member never yields more bytes than the directory says.
            bounds.grow(member.file_size)
            if not member.is_dir() and bounds.keeps(name, member.file_size):
                yield name, opened.read(member)


def _tar(archive: str, packed: bytes) -> Iterator[tuple[str, bytes]]:
    bounds = _Bounds(archive, len(packed))
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
        counted = _Counted(stream, bounds)
        yield from _members(archive, counted, bounds)
        # The checksum is at the end.
        while counted.read(MIB):
            pass


def _members(archive: str, stream: _Counted, bounds: _Bounds) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as opened:
        for count, member in enumerate(opened, start=1):
            if count > MAX_FILES:
                raise _refused(archive, f"holds more than {MAX_FILES} files")
            name = _inside(archive, member.name)
            if not (member.isreg() or member.isdir()):
                raise _refused(archive, f"`{name}` is a link or a device")
            content = opened.extractfile(member) if bounds.keeps(name, member.size) else None
            if member.isreg() and content:
                yield name, content.read()


class _Bounds:
    """The use of an archive's bounds so far."""

    def __init__(self, archive: str, packed: int) -> None:
        self._archive = archive
        self._most = min(MAX_UNPACKED, MIB + MAX_RATIO * packed)
        self._unpacked = 0
        self._kept = 0

    def grow(self, size: int) -> None:
        """Count bytes that are unpacked."""
        self._unpacked += size
        if self._unpacked > self._most:
            raise _refused(
                self._archive,
                f"unpacks to more than {MAX_UNPACKED // MIB} MiB, or to more than {MAX_RATIO}"
                " times its size",
            )

    def keeps(self, name: str, size: int) -> bool:
        """Return whether a file is small enough to read; if it declares, it must be."""
        if size > MAX_FILE:
            if name.endswith(".info"):
                raise _refused(self._archive, f"`{name}` is larger than {MAX_FILE // MIB} MiB")
            return False
        self._kept += size
        if self._kept > MAX_KEPT:
            raise _refused(self._archive, f"holds more than {MAX_KEPT // MIB} MiB in small files")
        return True


class _Counted(io.RawIOBase):
    """A stream that counts its bytes before it passes them on."""

    def __init__(self, stream: gzip.GzipFile, bounds: _Bounds) -> None:
        self._stream = stream
        self._bounds = bounds

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._bounds.grow(len(data))
        return data


def _inside(archive: str, name: str) -> str:
    """Return the path of a member, if it stays inside the archive."""
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in name or name[1:2] == ":"
    if outside or not name.isprintable():
        raise _refused(archive, f"the path {name!r} leads out of it, or is none")
    return str(path)


def _refused(archive: str, reason: str) -> ArchiveError:
    return ArchiveError(
        f"{archive}: refused, nothing of it is read: {reason};"
        " see docs/maintainers/registry.md, or unpack it yourself and give the directory"
    )


def _damaged(archive: str, error: BaseException) -> ArchiveError:
    return ArchiveError(f"{archive}: damaged: {error or type(error).__name__}; fetch it again")

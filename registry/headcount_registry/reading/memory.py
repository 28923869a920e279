"""What is known of archives from earlier builds, so that only new ones are read.

The file holds nothing that the archives do not, and may be deleted at any time. An archive
counts as unchanged while the size and both times of its file are the same. The times of a
file that was changed just before it was read tell nothing, as a second change may bear the
same ones; so such an archive is read once more.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headcount_registry.reading.releases import Contents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FORMAT = 1
"""Version of the file; it grows when archives are read differently."""

SETTLED = 100_000_000
"""Nanoseconds after which a further change of a file bears another time."""


def memory_path(lock_file: Path) -> Path:
    """Return the path of the memory of the builds that use a lock."""
    return lock_file.with_suffix(".releases.json")


_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: _Stamp
    contents: Contents


class Memory:
    """The archives of earlier builds, and those of this one; `now` is in nanoseconds."""

    def __init__(self, text: str = "", now: Callable[[], int] = time.time_ns) -> None:
        """Take the text of the file; a text that is none of ours tells nothing."""
        self._now = now
        self._known = _decoded(text)
        self._used: dict[str, _Known] = {}
        self._looked: dict[str, tuple[_Stamp, int]] = {}
        self.read = 0
        """The number of archives that were read."""

    def recall(self, path: Path) -> Contents | None:
        """Return what is known of an archive, None if it has to be read."""
        stamp = _stamp(path)
        known = self._known.get(str(path))
        if known and known.stamp == stamp:
            self._used[str(path)] = known
            return known.contents
        self._looked[str(path)] = stamp, self._now()
        return None

    def keep(self, path: Path, contents: Contents) -> Contents:
        """Return the contents of an archive, and remember them for the next build."""
        self.read += 1
        stamp, moment = self._looked[str(path)]
        if _stamp(path) == stamp and max(stamp[1:]) + SETTLED < moment:
            self._used[str(path)] = _Known(stamp, contents)
        return contents

    @property
    def unchanged(self) -> int:
        """The number of archives that were not read."""
        return sum(self._known.get(path) is known for path, known in self._used.items())

    def text(self) -> str:
        """Return the text of the file: archives that were met in this run, and no others."""
        archives = {path: _encoded(known) for path, known in sorted(self._used.items())}
        return json.dumps({"format": FORMAT, "archives": archives}, indent=1) + "\n"


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _encoded(known: _Known) -> dict[str, Any]:
    found = known.contents
    files = {name: data.decode("utf-8", "surrogateescape") for name, data in found.files.items()}
    return {
        "stamp": known.stamp,
        "project": found.project,
        "version": found.version,
        "timestamp": found.timestamp,
        "files": files,
    }


def _decoded(text: str) -> Mapping[str, _Known]:
    try:
        model = json.loads(text)
        archives = model["archives"] if model["format"] == FORMAT else {}
        return {path: _known(parts) for path, parts in archives.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _known(parts: Any) -> _Known:  # noqa: ANN401 - as JSON gave it
    size, changed, renamed = map(int, parts["stamp"])
    files = {
        str(name): data.encode("utf-8", "surrogateescape") for name, data in parts["files"].items()
    }
    found = Contents(str(parts["project"]), str(parts["version"]), int(parts["timestamp"]), files)
    return _Known((size, changed, renamed), found)

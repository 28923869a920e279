"""Writes files and folders that appear once they are complete, and leaves no halves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def drafted(place: Path) -> Iterator[Path]:
    """Yield where to write; then put the result in its place, or remove it after an error.

    A folder that is already in the place is replaced by two renames, and is missing for a moment
    between them. If the second one fails, the former folder is put back. Drafts have a directory of
    their own beside the place, under a name that nobody else uses. Raises OSError.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        draft = own / place.name
        yield draft
        former = own / "former"
        if place.is_dir():
            place.rename(former)
        try:
            draft.rename(place)
        except BaseException:
            if former.exists():
                former.rename(place)
            raise
    finally:
        shutil.rmtree(own, ignore_errors=True)

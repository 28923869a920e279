"""Writing files and folders that appear when they are whole, and leave no halves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def drafted(place: Path) -> Iterator[Path]:
    """Yield where to write; afterwards it stands in its place, or nothing is left of it.

    A folder that is in the place is replaced, with a moment between two renames
    in which there is none; if the second fails, the former folder is put back. Drafts
    have a directory of their own beside the place, whose name is nobody's. Raises OSError.
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

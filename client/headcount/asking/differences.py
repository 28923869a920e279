"""The words that say how a key differs from what somebody agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.asking.wording import MESSAGES
from headcount.consent.changes import ASKED, REACH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount.asking.wording import Message, Words
    from headcount.consent.changes import Difference
    from headcount.model.project import Project


def differences(
    project: Project, key: str, found: Iterable[Difference], words: Words
) -> list[Message]:
    """Return a sentence for each difference of a key, or two if a set lost and gained items."""
    return [said for each in found for said in _said(project, key, each, words)]


def _said(project: Project, key: str, found: Difference, words: Words) -> Iterator[Message]:
    before, after = found.before, found.after
    if found.part == ASKED:
        asked = {item.name: item.purpose for item in project.keys}
        name = f"{key}.purpose"
        purpose = words.declared(project, name, asked[key])["text"] if key in asked else ""
        yield words.message(f"headcount.change.{'new' if after else 'gone'}", purpose=purpose)
    elif isinstance(before, bool):
        yield words.message(f"headcount.change.{found.part}.{'more' if after else 'fewer'}")
    elif isinstance(before, tuple) and isinstance(after, tuple):
        for change, items in (("more", after), ("fewer", before)):
            if items:
                name = f"headcount.change.{found.part}.{change}"
                yield words.message(name, items=", ".join(map(str, items)))
    else:
        if found.part == "purpose":
            after = words.declared(project, f"{key}.purpose", str(after))["text"]
        elif found.part in {"level", REACH}:
            before, after = _levels((before, after), words)
        yield words.message(f"headcount.change.{found.part}", before=str(before), after=str(after))


def _levels(levels: Iterable[object], words: Words) -> tuple[str, ...]:
    """Return levels by the words that people type; one that this version does not know as it is."""
    ids = {level: f"headcount.typed.{level}" for level in levels}
    return tuple(
        words.message(each)["text"] if each in MESSAGES else str(level)
        for level, each in ids.items()
    )

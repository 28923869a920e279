"""The words that people read: the question, its answers, and what a key tells.

Each text has a permanent id, so that hosts can translate it. `VERSION` stands in
the consent record and grows whenever a text changes what it says.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict

from headcount.model.project import ON_AFTER_NOTICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.project import Key, Project

VERSION = "3"
"""Version of the texts below."""

MESSAGES: dict[str, str] = {
    "headcount.question": "May {title} be counted?",
    "headcount.question.several": "May these programs be counted: {titles}?",
    "headcount.intro": (
        "One short report a week about this installation would go to {recipient}. It holds the "
        "facts listed here and nothing that says whose it is; it is added to totals that "
        "everyone can read, and dropped ({homepage})."
    ),
    "headcount.mode.ask_first": "Nothing is sent unless you say yes.",
    "headcount.mode.on_after_notice": (
        "Unless you say no, the facts of the level basic are sent from 24 hours after this notice."
    ),
    "headcount.withdraw": (
        "You can leave out single facts, see exactly what is sent, and change your mind at any "
        "time; nothing else depends on your answer."
    ),
    "headcount.contact": "Questions: {contact}",
    "headcount.sent": "Thank you. {title} sends from now on, once a week: {labels}.",
    "headcount.unsent": "Nothing is sent about {title}.",
    "headcount.change": "See what is sent, or change your mind, at any time:",
    "headcount.answer.yes": "Yes",
    "headcount.answer.no": "No",
    "headcount.level.basic": "Basic: technical facts only",
    "headcount.level.extended": "Extended: also how it is used",
    "headcount.tells.boolean": "yes or no",
    "headcount.tells.choice": "one of: {values}",
    "headcount.tells.version": "the first {precision} part(s) of a version",
    "headcount.tells.product": "one of: {values}; and the first {precision} part(s) of its version",
    "headcount.tells.product.bare": "one of: {values}; without a version",
    "headcount.tells.count": "a range, never the number: {ranges}",
    "headcount.tells.list": "those that apply of: {values}",
    "headcount.tells.catalogue": "those on a public list of {size}; the others without their names",
    "headcount.tells.text": "a text of at most 64 characters",
    "headcount.tells.by": "counted together with the release of the program",
}
"""English texts by their ids; names in braces are filled in."""


class Message(TypedDict):
    """A text as plain data: its permanent id, itself, and what was filled in."""

    id: str
    text: str
    values: dict[str, str]


class Words:
    """The texts, translated where the host can.

    `translated` maps ids to texts with the same names in braces; what it lacks,
    or gets wrong, stays English.
    """

    def __init__(self, translated: Mapping[str, str] | None = None) -> None:
        self._translated = translated or {}

    def message(self, identifier: str, **values: str) -> Message:
        """One of our texts, filled in."""
        english = MESSAGES[identifier]
        try:
            text = self._translated.get(identifier, english).format_map(values)
        except (KeyError, ValueError, IndexError, AttributeError):
            text = english.format_map(values)
        return {"id": identifier, "text": text, "values": values}

    def declared(self, identifier: str, text: str) -> Message:
        """A text of the project's own declarations."""
        return {"id": identifier, "text": self._translated.get(identifier, text), "values": {}}

    def mode(self, project: Project) -> Message:
        """What happens without an answer."""
        known = ON_AFTER_NOTICE if project.mode == ON_AFTER_NOTICE else "ask_first"
        return self.message(f"headcount.mode.{known}")

    def tells(self, key: Key) -> Message:
        """What a key can tell at most."""
        values = ", ".join([*key.values, "other"])
        if key.type == "list" and not key.values:
            return self.message("headcount.tells.catalogue", size=str(len(key.catalogue)))
        if key.type == "product" and not key.precision:
            return self.message("headcount.tells.product.bare", values=values)
        parts = {
            "choice": {"values": values},
            "version": {"precision": str(max(key.precision, 1))},
            "product": {"values": values, "precision": str(key.precision)},
            "count": {"ranges": ", ".join(ranges(key.buckets))},
            "list": {"values": values},
        }.get(key.type, {})
        return self.message(f"headcount.tells.{key.type}", **parts)


def ranges(bounds: tuple[int, ...]) -> tuple[str, ...]:
    """The ranges between some bounds, as people read them: 0-9, 10-99, 100+."""
    lower = (0, *(bound for bound in bounds if bound))
    inner = (str(low) if low + 1 == high else f"{low}-{high - 1}" for low, high in pairwise(lower))
    return (*inner, f"{lower[-1]}+")


def shown(key: Key, answer: object) -> str:
    """A collected answer as people read it; `answer` is as the wire has it."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if key.type == "count" and isinstance(answer, int):
        lower = (0, *(bound for bound in key.buckets if bound))
        return ranges(key.buckets)[lower.index(answer)] if answer in lower else str(answer)
    if key.type == "product" and isinstance(answer, tuple):
        return " ".join(part for part in answer if part)
    if isinstance(answer, tuple):
        return ", ".join(answer) or "(none)"
    return str(answer)

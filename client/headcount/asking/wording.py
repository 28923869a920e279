"""The words that people read: the question, its answers, and what a key tells.

Each text has a permanent id, so that hosts can translate it. The consent record
holds `VERSION`, which grows whenever a text changes.
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
    "headcount.question": "May this installation of {title} be counted?",
    "headcount.question.several": "May these programs be counted: {titles}?",
    "headcount.intro": (
        "This installation would send one short report a week to {recipient} ({homepage}). The "
        "report contains the facts listed here and nothing that says whose it is. It is added to "
        "totals that everyone can read, and then dropped."
    ),
    "headcount.mode.ask_first": "Nothing is sent unless you say yes.",
    "headcount.mode.on_after_notice": (
        "Unless you say no, the basic facts are sent, starting 24 hours after this notice."
    ),
    "headcount.withdraw": (
        "You can leave out single facts, see exactly what is sent, and change your mind at any "
        "time. Nothing else depends on your answer."
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
    "headcount.tells.version": "a version, cut to its first {precision} part(s)",
    "headcount.tells.product": "one of: {values}; its version cut to {precision} part(s)",
    "headcount.tells.product.bare": "one of: {values}; without a version",
    "headcount.tells.count": "a range, never the number: {ranges}",
    "headcount.tells.list": "any of these that apply: {values}",
    "headcount.tells.catalogue": (
        "names from a public list of {size}; anything else without its name"
    ),
    "headcount.tells.text": "free text of at most 64 characters",
    "headcount.tells.by": "also counted by the release of the program",
}
"""English texts by their ids; names in braces are filled in."""


class Message(TypedDict):
    """A text as plain data: its permanent id, the text, and the values filled in."""

    id: str
    text: str
    values: dict[str, str]


class Words:
    """The texts, translated as far as the host can.

    `translated` maps ids to texts with the same names in braces. A text that is
    missing or has wrong names stays English.
    """

    def __init__(self, translated: Mapping[str, str] | None = None) -> None:
        self._translated = translated or {}

    def message(self, identifier: str, **values: str) -> Message:
        """Return one of our texts, filled in."""
        english = MESSAGES[identifier]
        try:
            text = self._translated.get(identifier, english).format_map(values)
        except (KeyError, ValueError, IndexError, AttributeError):
            text = english.format_map(values)
        return {"id": identifier, "text": text, "values": values}

    def declared(self, identifier: str, text: str) -> Message:
        """Return a text of the project's own declarations."""
        return {"id": identifier, "text": self._translated.get(identifier, text), "values": {}}

    def mode(self, project: Project) -> Message:
        """Say what happens without an answer."""
        known = ON_AFTER_NOTICE if project.mode == ON_AFTER_NOTICE else "ask_first"
        return self.message(f"headcount.mode.{known}")

    def tells(self, key: Key) -> Message:
        """Say what a key can tell at most."""
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
    """Return the ranges between bounds as people read them: 0-9, 10-99, 100+."""
    lower = (0, *(bound for bound in bounds if bound))
    inner = (str(low) if low + 1 == high else f"{low}-{high - 1}" for low, high in pairwise(lower))
    return (*inner, f"{lower[-1]}+")


def shown(key: Key, answer: object) -> str:
    """Return a collected answer as people read it; `answer` has its wire form."""
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

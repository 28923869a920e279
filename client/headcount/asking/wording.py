"""The words that people read: the question, its answers, and what a key tells.

Each text has a permanent id, so that hosts can translate it. The consent record
holds `VERSION`, which grows whenever a text changes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict

from headcount.asking.language import ENGLISH, catalogue, lookup
from headcount.model.frozen import NOTHING
from headcount.model.project import ON_AFTER_NOTICE
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.project import Key, Project

VERSION = "5"
"""Version of the texts below."""


NO_ANSWER = Sentence("no answer")
"""The reason for a value that is missing without one."""


def marked(text: str) -> str:
    """Return a text as it is; the catalogues are made of what is marked."""
    return text


MESSAGES: dict[str, str] = {
    "headcount.question": marked("May this installation of {title} be counted?"),
    "headcount.question.several": marked("May these programs be counted: {titles}?"),
    "headcount.intro": marked(
        "This installation would send one short report a week to {recipient} ({homepage}). The "
        "report contains the facts listed here and nothing that says whose it is. It is added to "
        "totals that everyone can read, and then dropped."
    ),
    "headcount.mode.ask_first": marked("Nothing is sent unless you say yes."),
    "headcount.mode.on_after_notice": marked(
        "Unless you say no, the basic facts are sent, starting 24 hours after this notice."
    ),
    "headcount.relay": marked(
        "Reports go through a relay, {relay}, which somebody else runs. The relay sees the address "
        "of this machine and cannot read them. {recipient} reads them, each as a whole, and does "
        "not see the address. Only both together could connect the two. If the relay cannot be "
        "used, nothing is sent."
    ),
    "headcount.withdraw": marked(
        "You can leave out single facts, see exactly what is sent, and change your mind at any "
        "time. Nothing else depends on your answer."
    ),
    "headcount.contact": marked("Questions: {contact}"),
    "headcount.sent": marked("Thank you. {title} sends from now on, once a week: {labels}."),
    "headcount.unsent": marked("Nothing is sent about {title}."),
    "headcount.change": marked("See what is sent, or change your mind, at any time:"),
    "headcount.answer.yes": marked("Yes"),
    "headcount.answer.no": marked("No"),
    "headcount.level.basic": marked("Basic: technical facts only"),
    "headcount.level.extended": marked("Extended: also how it is used"),
    "headcount.tells.boolean": marked("yes or no"),
    "headcount.tells.choice": marked("one of: {values}"),
    "headcount.tells.version": marked("a version, cut to its first {precision} part(s)"),
    "headcount.tells.product": marked("one of: {values}; its version cut to {precision} part(s)"),
    "headcount.tells.product.bare": marked("one of: {values}; without a version"),
    "headcount.tells.count": marked("a range, never the number: {ranges}"),
    "headcount.tells.list": marked("any of these that apply: {values}"),
    "headcount.tells.catalogue": marked(
        "names from a public list of {size}; anything else without its name"
    ),
    "headcount.tells.text": marked("free text of at most 64 characters"),
    "headcount.tells.by": marked("also counted by the release of the program"),
    "headcount.other": marked("other"),
    "headcount.none": marked("(none)"),
    "headcount.wider": marked("{title} would like to know more than you agreed to:"),
    "headcount.wider.answers": marked(
        "Yes sends this too, no leaves it out; what you agreed to is sent as before."
    ),
    "headcount.typed.yes": marked("yes"),
    "headcount.typed.no": marked("no"),
    "headcount.typed.basic": marked("basic"),
    "headcount.typed.extended": marked("extended"),
    "headcount.typed.prompt": marked("{answers}? (Enter {empty}, ? shows each value and why)"),
    "headcount.typed.or": marked("{before} or {last}"),
    "headcount.typed.again": marked("Please type {answers}."),
    "headcount.typed.nothing": marked("decides nothing"),
    "headcount.typed.notice": marked("leaves it at the notice"),
    "headcount.typed.level": marked("is {level}"),
    "headcount.change.new": marked(
        'it was not asked when you answered; it is asked to: "{purpose}"'
    ),
    "headcount.change.gone": marked("it is no longer asked"),
    "headcount.change.type": marked('kind: "{before}" became "{after}"'),
    "headcount.change.purpose": marked('purpose: "{before}" became "{after}"'),
    "headcount.change.level": marked('level: "{before}" became "{after}"'),
    "headcount.change.precision": marked("parts of a version: {before} became {after}"),
    "headcount.change.threshold": marked(
        "fewest installations that are published: {before} became {after}"
    ),
    "headcount.change.reach": marked("it belongs to the level {after}, you agreed to {before}"),
    "headcount.change.values.more": marked("more answers: {items}"),
    "headcount.change.values.fewer": marked("fewer answers: {items}"),
    "headcount.change.buckets.more": marked("more bounds of ranges: {items}"),
    "headcount.change.buckets.fewer": marked("fewer bounds of ranges: {items}"),
    "headcount.change.by.more": marked("more counted together with: {items}"),
    "headcount.change.by.fewer": marked("fewer counted together with: {items}"),
    "headcount.change.catalogue.more": marked("names from a public list"),
    "headcount.change.catalogue.fewer": marked("no public list any more"),
    "headcount.value": marked("Here it would be sent as: {value}"),
    "headcount.value.none": marked("Here nothing would be sent: {note}"),
}
"""English texts by their ids; names in braces are filled in."""


class Message(TypedDict):
    """A text as plain data: its permanent id, the text, and the values filled in.

    `lang` is the language of the text (BCP 47), for the attribute of that name; `""` if
    only the host knows.
    """

    id: str
    lang: str
    text: str
    values: dict[str, str]


class Words:
    """The texts in a language (BCP 47), as far as they are translated.

    `translated` maps ids to texts of the host's own, with the same names in braces, which
    replace ours. A text that is missing or has wrong names stays in its source language.
    """

    def __init__(self, translated: Mapping[str, str] | None = None, language: str = "") -> None:
        self.translated = translated or {}
        self._language = language
        self.language = language or ENGLISH
        self._catalogue = catalogue(self.language)

    def message(self, identifier: str, **values: str) -> Message:
        """Return one of our texts, filled in."""
        english = MESSAGES[identifier]
        ours = self._catalogue.gettext(english)
        own = self.translated.get(identifier)
        for text, lang in ((own, self._language), (ours, self._ours(ours is not english))):
            try:
                if text is not None:
                    return _message(identifier, lang, text.format_map(values), values)
            except (KeyError, ValueError, IndexError, AttributeError):
                continue
        return _message(identifier, ENGLISH, english.format_map(values), values)

    def said(self, text: str, /, **values: object) -> str:
        """Return an English text, filled in, or a Sentence, in the language.

        A text without a translation stays English. It is the way for what is said about an
        answer or an error; the question has ids instead, so that hosts can replace its words.
        """
        pattern = text
        if isinstance(text, Sentence):
            pattern, values = text.pattern, text.values
        if not values:
            return self._catalogue.gettext(pattern) if pattern else ""
        filled = {
            name: self.said(value) if isinstance(value, Sentence) else value
            for name, value in values.items()
        }
        return self._catalogue.gettext(pattern).format_map(filled)

    def declared(self, project: Project, name: str, text: str) -> Message:
        """Return a text of a project's declarations: `title`, `recipient`, `<key>.label` and so on.

        The host's own text for `<project>.<name>` comes first, then a declared translation.
        """
        identifier = f"{project.name}.{name}"
        if identifier in self.translated:
            return _message(identifier, self._language, self.translated[identifier])
        if self.language != project.language:
            known = project.translations()
            for tag in lookup(self.language):
                if found := known.get(tag, NOTHING).get(name):
                    return _message(identifier, tag, found)
        return _message(identifier, project.language, text)

    def _ours(self, translated: bool) -> str:  # noqa: FBT001 - a fact about the text beside it
        known = self._catalogue.info().get("language", ENGLISH)
        return known.replace("_", "-") if translated else ENGLISH

    def listed(self, words: list[str]) -> str:
        """Return alternatives as one phrase, such as `yes or no`."""
        *before, last = words
        if not before:
            return last
        return self.message("headcount.typed.or", before=", ".join(before), last=last)["text"]

    def mode(self, project: Project) -> Message:
        """Say what happens without an answer."""
        known = ON_AFTER_NOTICE if project.mode == ON_AFTER_NOTICE else "ask_first"
        return self.message(f"headcount.mode.{known}")

    def relayed(self, project: Project) -> list[Message]:
        """Say who can know what, in one text, if a project has a relay."""
        if not project.relay:
            return []
        host = project.relay.partition("://")[2].partition("/")[0]
        recipient = self.declared(project, "recipient", project.recipient)["text"]
        return [self.message("headcount.relay", relay=host, recipient=recipient)]

    def tells(self, key: Key) -> Message:
        """Say what a key can tell at most."""
        values = ", ".join([*key.values, self.message("headcount.other")["text"]])
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


def _message(
    identifier: str, lang: str, text: str, values: dict[str, str] | None = None
) -> Message:
    return {"id": identifier, "lang": lang, "text": text, "values": values or {}}


def shown(key: Key, answer: object, words: Words | None = None) -> str:
    """Return a collected answer as people read it; `answer` has its wire form."""
    words = words or Words()
    if isinstance(answer, bool):
        return words.message(f"headcount.typed.{'yes' if answer else 'no'}")["text"]
    if key.type == "count" and isinstance(answer, int):
        lower = (0, *(bound for bound in key.buckets if bound))
        return ranges(key.buckets)[lower.index(answer)] if answer in lower else str(answer)
    if key.type == "product" and isinstance(answer, tuple):
        return " ".join(part for part in answer if part)
    if isinstance(answer, tuple):
        return ", ".join(answer) or words.message("headcount.none")["text"]
    return str(answer)

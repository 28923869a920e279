"""The question in a terminal, put once; both answers weigh the same.

It never appears in a build or test run, in a job in the background, without a
terminal, while a switch is off, or a second time. Closing it decides nothing, and
Ctrl-C ends the program as it does elsewhere.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from headcount.asking.form import answer, form, text_digest
from headcount.asking.language import chosen, preferred
from headcount.asking.screen import Screen
from headcount.asking.wording import VERSION, Words
from headcount.consent.record import DENIED, GRANTED, UNREADABLE
from headcount.model.errors import HeadcountError, StateError
from headcount.model.frozen import Frozen
from headcount.model.project import LEVELS, ON_AFTER_NOTICE
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TextIO

    from headcount.asking.askable import Askable

YES = "yes"
NO = "no"
LATER = "later"
NOT_ASKED = "not asked"

_OVERRULED = ("administrator", "machine", "environment", "automated")


class Asked(Frozen):
    """The outcome of a question: `answer` is yes, no, later or not asked; `reason` says why."""

    answer: str
    reason: str = ""


def ask(  # noqa: PLR0913 - streams and environment come in as arguments
    *clients: Askable,
    again: bool = False,
    reading: TextIO | None = None,
    writing: TextIO | None = None,
    translated: Mapping[str, str] | None = None,
    language: str = "",
    environment: Mapping[str, str] = os.environ,
    how: str = "",
) -> Asked:
    """Put one question for all the clients that have no answer yet, and record the answer.

    A client whose project asks for more than was agreed to is asked about the
    new keys alone. `again` asks a person who came to be asked, whatever was
    answered before. `how` is the command by which people change their mind, such as
    `acme usage-counts`; without it the generated package's own is named. `language` is
    that of the person; without it the environment tells it, as it does to gettext. Raises
    StateError if the answer cannot be recorded, and KeyboardInterrupt at Ctrl-C.
    """
    words = Words(translated, chosen((language,) if language else preferred(environment)))
    terminal = Screen(reading or sys.stdin, writing or sys.stdout, words)
    if reason := terminal.why_not or _builds(environment, again=again):
        return Asked(answer=NOT_ASKED, reason=reason)
    reasons = {client: _why_not(client, again=again) for client in clients}
    asked = [client for client in clients if not reasons[client]]
    if not asked:
        return Asked(
            answer=NOT_ASKED,
            reason=next(iter(reasons.values()), Sentence("there is nothing to ask about")),
        )
    try:
        first = [client for client in asked if client.question_shown() or again]
    except StateError as error:
        return Asked(
            answer=NOT_ASKED, reason=Sentence("the answer could not be kept: {why}", why=error.said)
        )
    if not first:
        return Asked(answer=NOT_ASKED, reason=Sentence("another terminal asks just now"))
    wider = [client for client in first if _granted(client) and _novel(client)]
    fresh = [client for client in first if client not in wider]
    came = Asked(answer=LATER)
    try:
        if fresh:
            came = _whole(terminal, fresh, words)
        for client in wider:
            came = _wider(terminal, client, words)
    except EOFError:
        terminal.say("")
        return Asked(answer=LATER, reason=Sentence("the question was closed"))
    except KeyboardInterrupt:
        terminal.say("")
        raise
    if came.answer in {YES, NO}:
        _confirm(terminal, first, words, how)
    return came


def _builds(environment: Mapping[str, str], *, again: bool) -> str:
    """Return why the question is not put in a build, `""` if none runs or a person asked for it."""
    if again or environment.get("MAKELEVEL", "0") in {"", "0"}:
        return ""
    return Sentence("the variable MAKELEVEL shows that make runs this")


def _confirm(terminal: Screen, clients: list[Askable], words: Words, how: str) -> None:
    """Say what follows from an answer, and how to change it."""
    for client in clients:
        keys, project = client.state().keys, client.project
        title = words.declared(project, "title", project.title)["text"]
        labels = ", ".join(
            words.declared(project, f"{key.name}.label", key.label)["text"]
            for key in project.keys
            if key.name in keys
        )
        outcome = words.message("headcount.sent", labels=labels, title=title)
        if not keys:
            outcome = words.message("headcount.unsent", title=title)
        terminal.say(outcome["text"])
    terminal.say(words.message("headcount.change")["text"])
    for command in dict.fromkeys([how] if how else [client.way_back() for client in clients]):
        terminal.say(f"  {words.said(command)}", wrapped=False)


def _why_not(client: Askable, *, again: bool) -> str:
    """Return why the question leaves a client out, `""` if it does not."""
    state, record = client.state(), client.record()
    if state.rule in _OVERRULED:
        return state.explanation
    if again or record is None:
        return ""
    granted, novel = _granted(client), _novel(client)
    cases = (
        (record.decision == UNREADABLE, record.via),
        (record.decision == DENIED, Sentence("somebody said no before; that stands")),
        (granted and not novel, Sentence("somebody said yes before, and nothing new is asked")),
        # Without an answer, nobody is asked again; after a yes or a notice, once per novelty.
        (bool(record.asked) and not granted and not novel, Sentence("the question was put before")),
        (
            record.asked == client.project.consent_digest,
            Sentence("the question about what is new was put before"),
        ),
    )
    return next((reason for holds, reason in cases if holds), "")


def _granted(client: Askable) -> bool:
    record = client.record()
    return record is not None and record.decision == GRANTED


def _novel(client: Askable) -> bool:
    """Return whether more is asked than was agreed to."""
    state = client.state()
    return bool(state.waiting or state.limited)


def _whole(terminal: Screen, clients: list[Askable], words: Words) -> Asked:
    """Return the question about everything."""
    data = form(*clients, translated=words.translated, language=words.language)
    read = {"language": data["language"], "text_digest": data["text_digest"]}
    terminal.say(data["question"]["text"])
    for project in data["projects"]:
        terminal.say("")
        terminal.say(project["intro"]["text"])
        for level in project["levels"]:
            added = [key for key in project["keys"] if key["level"] == level["value"]]
            labels = ", ".join(key["label"]["text"] for key in added)
            terminal.say(f"  {level['label']['text']}: {labels}")
        for text in (*project["relayed"], project["without_answer"]):
            terminal.say(text["text"])
        terminal.say(project["questions"]["text"])
    terminal.say("")
    terminal.say(data["withdraw"]["text"])

    def details() -> list[dict[str, Any]]:
        shown = _with_values(clients, words)["projects"]
        return [key for project in shown for key in project["keys"]]

    noticed = any(client.project.mode == ON_AFTER_NOTICE for client in clients)
    empty = words.message(f"headcount.typed.{'notice' if noticed else 'nothing'}")["text"]
    said = terminal.choice((YES, NO), details, empty=empty)
    if said == NO:
        answer(clients, yes=False, via="terminal", **read)
    elif said == YES:
        levels = {level["value"] for project in data["projects"] for level in project["levels"]}
        level = LEVELS[0]
        if len(levels) > 1:
            basic = words.message(f"headcount.typed.{level}")["text"]
            empty = words.message("headcount.typed.level", level=basic)["text"]
            level = terminal.choice(LEVELS, details, empty=empty) or level
        answer(clients, yes=True, level=level, via="terminal", **read)
    else:
        for client in clients:
            if client.project.mode == ON_AFTER_NOTICE:
                client.notice_shown(VERSION, **read)
    return Asked(answer=said or LATER)


def _wider(terminal: Screen, client: Askable, words: Words) -> Asked:
    """Return the question about what is new since the answer; the rest goes on either way."""
    drawn = form(client, translated=words.translated, language=words.language)
    (project,) = drawn["projects"]
    new = [key for key in project["keys"] if key["waiting"] or key["limited"]]
    shown = [words.message("headcount.wider", title=project["title"])]
    terminal.say(shown[0]["text"])
    for key in new:
        shown += [key["label"], *key["changes"]]
        told = "; ".join(change["text"] for change in key["changes"])
        terminal.say(f"  {key['label']['text']}: {told}")
    shown.append(words.message("headcount.wider.answers"))
    terminal.say(shown[-1]["text"])
    read = {
        "wording": VERSION,
        "language": words.language,
        "text_digest": text_digest(shown),
    }

    def details() -> list[dict[str, Any]]:
        (explained,) = _with_values([client], words)["projects"]
        names = {key["name"] for key in new}
        return [key for key in explained["keys"] if key["name"] in names]

    said = terminal.choice((YES, NO), details)
    for key in new:
        if said == YES:
            client.allow(key["name"], **read)
        elif said == NO and key["waiting"]:  # the other keys stay within the terms of consent
            client.refuse(key["name"], **read)
    return Asked(answer=said or LATER)


def _with_values(clients: list[Askable], words: Words) -> dict[str, Any]:
    """Return the question as data, with the values of this moment as far as they are known."""
    try:
        return form(*clients, translated=words.translated, language=words.language, values=True)
    except HeadcountError:  # schema and keys disagree; the question needs no values
        return form(*clients, translated=words.translated, language=words.language)

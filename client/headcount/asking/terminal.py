"""The question put in a terminal: both answers weigh the same, and it is put once.

It never appears in a build or test run, without a terminal, where a switch is
off, or a second time. Closing it decides nothing.
"""

from __future__ import annotations

import sys
from textwrap import fill
from typing import TYPE_CHECKING

from headcount.asking.form import answer, form
from headcount.asking.wording import VERSION
from headcount.consent.record import DENIED, GRANTED, UNREADABLE
from headcount.model.errors import HeadcountError, StateError
from headcount.model.frozen import Frozen
from headcount.model.project import LEVELS, ON_AFTER_NOTICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TextIO

    from headcount.asking.askable import Askable

YES = "yes"
NO = "no"
LATER = "later"
NOT_ASKED = "not asked"

_TRIES = 3
_WIDTH = 78
_UNDECIDED = "decides nothing"
_OVERRULED = ("administrator", "environment", "automated")


class Asked(Frozen):
    """What came of a question: `answer` is yes, no, later or not asked; `reason` says why."""

    answer: str
    reason: str = ""


def ask(
    *clients: Askable,
    again: bool = False,
    reading: TextIO | None = None,
    writing: TextIO | None = None,
    translated: Mapping[str, str] | None = None,
) -> Asked:
    """Puts one question for all the clients that have no answer yet, and records it.

    A client whose project asks for more than was agreed to is asked about the
    new keys alone. `again` asks a person who came to be asked, whatever was
    answered before. StateError where the answer cannot be recorded.
    """
    terminal = _Terminal(reading or sys.stdin, writing or sys.stdout)
    if not terminal.is_one:
        return Asked(answer=NOT_ASKED, reason="there is no terminal to ask in")
    reasons = {client: _why_not(client, again=again) for client in clients}
    asked = [client for client in clients if not reasons[client]]
    if not asked:
        return Asked(
            answer=NOT_ASKED, reason=next(iter(reasons.values()), "there is nothing to ask about")
        )
    try:
        first = [client for client in asked if client.question_shown() or again]
    except StateError as error:
        return Asked(answer=NOT_ASKED, reason=f"the answer could not be kept: {error}")
    if not first:
        return Asked(answer=NOT_ASKED, reason="another terminal asks just now")
    wider = [client for client in first if _granted(client) and _novel(client)]
    fresh = [client for client in first if client not in wider]
    came = Asked(answer=LATER)
    try:
        if fresh:
            came = _whole(terminal, fresh, translated)
        for client in wider:
            came = _wider(terminal, client, translated)
    except (EOFError, KeyboardInterrupt):
        terminal.say("")
        came = Asked(answer=LATER, reason="the question was closed")
    return came


def _why_not(client: Askable, *, again: bool) -> str:
    """Why a client is not asked about, `""` where it is."""
    state, record = client.state(), client.record()
    if state.rule in _OVERRULED:
        return state.explanation
    if again or record is None:
        return ""
    granted, novel = _granted(client), _novel(client)
    cases = (
        (record.decision == UNREADABLE, record.via),
        (record.decision == DENIED, "somebody said no before; that stands"),
        (granted and not novel, "somebody said yes before, and nothing new is asked"),
        # Who has not answered is not asked again; who said yes or was told, once per novelty.
        (bool(record.asked) and not granted and not novel, "the question was put before"),
        (
            record.asked == client.project.consent_digest,
            "the question about what is new was put before",
        ),
    )
    return next((reason for holds, reason in cases if holds), "")


def _granted(client: Askable) -> bool:
    record = client.record()
    return record is not None and record.decision == GRANTED


def _novel(client: Askable) -> bool:
    """Whether more is asked than was agreed to."""
    state = client.state()
    return bool(state.waiting or state.limited)


def _whole(
    terminal: _Terminal, clients: list[Askable], translated: Mapping[str, str] | None
) -> Asked:
    """The question about everything."""
    data = form(*clients, translated=translated)
    terminal.say(data["question"]["text"])
    for project in data["projects"]:
        terminal.say("")
        terminal.say(project["intro"]["text"])
        for level in project["levels"]:
            added = [key for key in project["keys"] if key["level"] == level["value"]]
            labels = ", ".join(key["label"]["text"] for key in added)
            terminal.say(f"  {level['label']['text']}: {labels}")
        terminal.say(project["without_answer"]["text"])
        terminal.say(project["questions"]["text"])
    terminal.say("")
    terminal.say(data["withdraw"]["text"])

    def details() -> list[dict[str, Any]]:
        shown = _with_values(clients, translated)["projects"]
        return [key for project in shown for key in project["keys"]]

    noticed = any(client.project.mode == ON_AFTER_NOTICE for client in clients)
    empty = "leaves it at the notice" if noticed else _UNDECIDED
    said = terminal.choice((YES, NO), details, empty=empty)
    if said == NO:
        answer(clients, yes=False, via="terminal")
    elif said == YES:
        levels = {level["value"] for project in data["projects"] for level in project["levels"]}
        level = LEVELS[0]
        if len(levels) > 1:
            level = terminal.choice(LEVELS, details, empty=f"is {level}") or level
        answer(clients, yes=True, level=level, via="terminal")
    else:
        for client in clients:
            if client.project.mode == ON_AFTER_NOTICE:
                client.notice_shown(VERSION)
    return Asked(answer=said or LATER)


def _wider(terminal: _Terminal, client: Askable, translated: Mapping[str, str] | None) -> Asked:
    """The question about what is new since the answer; the rest goes on either way."""
    (project,) = form(client, translated=translated)["projects"]
    new = [key for key in project["keys"] if key["waiting"] or key["limited"]]
    terminal.say(f"{client.project.title} would like to know more than you agreed to:")
    for key in new:
        terminal.say(f"  {key['label']['text']}: {'; '.join(key['changes'])}")
    terminal.say("Yes sends this too, no leaves it out; what you agreed to is sent as before.")

    def details() -> list[dict[str, Any]]:
        (shown,) = _with_values([client], translated)["projects"]
        names = {key["name"] for key in new}
        return [key for key in shown["keys"] if key["name"] in names]

    said = terminal.choice((YES, NO), details)
    for key in new:
        if said == YES:
            client.allow(key["name"])
        elif said == NO and key["waiting"]:  # the others stay as they were agreed to
            client.refuse(key["name"])
    return Asked(answer=said or LATER)


def _with_values(clients: list[Askable], translated: Mapping[str, str] | None) -> dict[str, Any]:
    """The question as data, with what would be sent at this moment, as far as that is known."""
    try:
        return form(*clients, translated=translated, values=True)
    except HeadcountError:  # a package that is not of one piece; the question needs no values
        return form(*clients, translated=translated)


class _Terminal:
    """Two streams that a person sits at."""

    def __init__(self, reading: TextIO, writing: TextIO) -> None:
        self._reading = reading
        self._writing = writing

    @property
    def is_one(self) -> bool:
        """Whether a person can read here and answer."""
        try:
            return self._reading.isatty() and self._writing.isatty()
        except (AttributeError, ValueError):  # a host without streams, or with closed ones
            return False

    def say(self, text: str) -> None:
        """Prints a paragraph."""
        indent = text[: len(text) - len(text.lstrip())]
        clean = "".join(letter if letter.isprintable() else "?" for letter in text)
        wrapped = fill(clean, _WIDTH, subsequent_indent=f"{indent}  " if indent else "")
        self._writing.write(f"{wrapped}\n")
        self._writing.flush()

    def choice(
        self,
        answers: tuple[str, ...],
        details: Callable[[], list[dict[str, Any]]],
        *,
        empty: str = _UNDECIDED,
    ) -> str:
        """The answer that was typed in full or begun, `""` where only Enter was.

        EOFError where the terminal was closed.
        """
        for _ in range(_TRIES):
            self._writing.write(
                f"{' or '.join(answers)}? (Enter {empty}, ? shows each value and why) "
            )
            self._writing.flush()
            line = self._reading.readline()
            if not line:
                raise EOFError
            said = line.strip().lower()
            if not said:
                return ""
            if said == "?":
                self._explain(details())
                continue
            for candidate in answers:
                if candidate.startswith(said):
                    return candidate
            self.say(f"Please type {' or '.join(answers)}.")
        return ""

    def _explain(self, details: list[dict[str, Any]]) -> None:
        for key in details:
            self.say("")
            self.say(f"{key['label']['text']} ({key['tells']['text']})")
            if "value" in key:
                self.say(f"    Here it would be sent as: {key['value']}")
            elif "note" in key:
                self.say(f"    Here nothing would be sent: {key['note']}")
            for part in (key["description"]["text"], key["purpose"]["text"], key["issue"]):
                if part:
                    self.say(f"    {part}")
        self.say("")

"""The commands of a site owner, each with its output as text or as data."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.asking.terminal import NOT_ASKED as UNASKED
from headcount.asking.terminal import ask
from headcount.cli import check_text, status_text
from headcount.cli import text as page
from headcount.cli.arguments import FAILED, NOT_ASKED, OFF, OK
from headcount.consent.configured import setting
from headcount.consent.switches import automated
from headcount.model.errors import UsageError
from headcount.model.frozen import plain
from headcount.model.project import LEVELS
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable

    from headcount.asking.wording import Words
    from headcount.client import Client

_VIA = "command"


class Command:
    """One command on one client; every method below `run` is one of them."""

    def __init__(self, client: Client, arguments: Namespace, words: Words, *, hosted: bool) -> None:
        self._client = client
        self._arguments = arguments
        self._words = words
        self._hosted = hosted

    def run(self) -> int:
        """Carry the command out, and return the exit code. Raises HeadcountError."""
        name = self._arguments.command.replace("-", "_")
        code: int = getattr(self, name)()
        sys.stdout.flush()
        return code

    def status(self) -> int:
        """Show the effective state, its rule, and what follows."""
        if self._arguments.ask_server:
            self._needs_host("status --ask-server")
            if not self._client.state().on:
                self._show_status()
                return OFF
            self._client.ask_server()
        self._show_status()
        return OK

    def preview(self) -> int:
        """Show the report that will be sent, or would be sent now."""
        client, level = self._client, self._arguments.level
        report = client.preview(level)
        known = self._hosted or report.frozen
        state = client.state()
        waiting = client.status().waiting
        keys = {key.name: key for key in client.project.keys}
        data = {
            "week": report.week,
            "frozen": report.frozen,
            "rule": state.rule,
            "level": level,
            "keys": [
                {
                    **_described(keys[name]),
                    "value": plain(answer) if known else None,
                    "note": report.notes.get(name, "") if known else "",
                }
                for name, answer in report.values.items()
            ],
            "waiting": [
                {**_described(keys[name]), "differences": plain(differences)}
                for name, differences in waiting.items()
            ],
            "digest": report.digest if known else None,
            "report": json.loads(report.json) if known else None,
        }
        lines = page.preview(
            client.project,
            report,
            self._words,
            heading=page.heading(report, state, self._words, level=level, known=known),
            waiting=waiting,
            known=known,
        )
        self._show(lines, data)
        return OK

    def check(self) -> int:
        """Call every collector, and say what is wrong."""
        self._needs_host("check")
        arguments = self._arguments
        if arguments.show_values and not self._is_private():
            raise UsageError(
                Sentence(
                    "--show-values shows what must not be kept: it works on a terminal, and not in "
                    "a build, with --json or with --format github"
                )
            )
        found = self._client.check()
        if arguments.format == "github" and not arguments.json:
            lines = check_text.github(found, Path.cwd(), self._words)
        else:
            lines = check_text.text(found, Path.cwd(), self._words, values=arguments.show_values)
        self._show(lines, check_text.data(found, Path.cwd()))
        return FAILED if found.faults else OK

    def _is_private(self) -> bool:
        """Return whether only the person who types sees the output."""
        public = self._arguments.json or self._arguments.format != "text"
        return not public and sys.stdout.isatty() and not automated(os.environ)

    def diff(self) -> int:
        """Compare the questions with the terms of consent, and values with those sent last."""
        client = self._client
        record, changed = client.record(), client.changes()
        agreed = record is not None and bool(record.terms)
        sent = client.sent_values()
        now = client.preview(record.level if record and agreed else LEVELS[-1]).values
        pairs = {
            name: (now.get(name) if self._hosted else None, sent.get(name))
            for name in (key.name for key in client.project.keys)
            if name in now or name in sent
        }
        data = {
            "agreed": agreed,
            "changes": plain(changed),
            "values": {
                name: {"now": plain(value), "sent": plain(before)}
                for name, (value, before) in pairs.items()
            },
        }
        lines = page.changes(client.project, changed, self._words, agreed=agreed)
        values = page.values(client.project, pairs, self._words, hosted=self._hosted)
        self._show([*lines, *values], data)
        return OK

    def form(self) -> int:
        """Print what an installer needs to draw the question."""
        data = self._client.form()
        self._show(json.dumps(data, indent=2, ensure_ascii=False).splitlines(), data)
        return OK

    def ask(self) -> int:
        """Put the question in the terminal."""
        # The question is for a person; with --json only the outcome is data.
        came = ask(
            self._client,
            again=self._arguments.again,
            language=self._words.language,
            writing=sys.stderr if self._arguments.json else sys.stdout,
        )
        if came.answer == UNASKED:
            self._show([self._words.said("Not asked: {why}", why=came.reason)], plain(came))
            return NOT_ASKED
        self._show_status(plain(came))
        return OK

    def grant(self) -> int:
        """Record a yes, or print the setting that means it."""
        record, level = self._client.record(), self._arguments.level
        if self._arguments.as_configuration:
            client = self._client
            said = setting(client.project, level or LEVELS[0], now=client.now())
            self._show([said], {"setting": said})
            return OK
        refused = {*(record.refused if record else ()), *self._arguments.refuse}
        self._client.grant(level, refused, via=_VIA)
        return self._recorded()

    def deny(self) -> int:
        """Record a no."""
        self._client.deny(via=_VIA, clear_history=self._arguments.delete_history)
        return self._recorded()

    def set_level(self) -> int:
        """Record another level."""
        self._client.set_level(self._arguments.level)
        return self._recorded()

    def refuse(self) -> int:
        """Leave keys out."""
        return self._each(self._client.refuse, self._client.state().waiting)

    def allow(self) -> int:
        """Agree to keys."""
        state = self._client.state()
        return self._each(self._client.allow, (*state.waiting, *state.limited))

    def send(self) -> int:
        """Send this week's report."""
        self._needs_host("send")
        client, said = self._client, self._words.said
        outcome = client.send_if_due() if self._arguments.if_due else client.send_now()
        sent = client.history()[:1] if outcome.name == "SENT" else ()
        digest = sent[0].digest if sent else None
        why = client.state().explanation if outcome.name == "OFF" else outcome.message
        lines = [f"{outcome.name}: {said(why)}" if why else outcome.name]
        lines += page.sent(digest, outcome.ignored, self._words)
        data = {
            "outcome": outcome.name,
            "message": outcome.message,
            "digest": digest,
            "ignored": plain(outcome.ignored),
        }
        self._show(lines, data)
        return {"SENT": OK, "NOT_DUE": OK, "OFF": OFF}.get(outcome.name, FAILED)

    def history(self) -> int:
        """List the reports that were sent, or remove the list."""
        if self._arguments.delete:
            self._client.clear_history()
        week, place = self._arguments.week, self._client.history_directory
        entries = [item for item in self._client.history() if week in {None, item.week}]
        lines = page.history(entries, place, self._words, reports=week is not None)
        self._show(lines, {"directory": place, "reports": plain(tuple(entries))})
        return OK

    def forget(self) -> int:
        """Remove everything."""
        self._client.forget()
        gone = self._words.said("Every file of this project is gone, your answer included.")
        self._show([gone], {"forgotten": True})
        return OK

    def _each(self, answer: Callable[[str], None], waiting: tuple[str, ...]) -> int:
        keys = self._arguments.keys
        if self._arguments.waiting:
            keys = [*keys, *waiting]
        elif not keys:
            raise UsageError(
                Sentence("name a key, or say --waiting for all that wait for your answer")
            )
        known = {key.name for key in self._client.project.keys}
        if strange := [key for key in keys if key not in known]:
            raise UsageError(
                Sentence(
                    "there is no key {strange}; there are {known}",
                    strange=", ".join(strange),
                    known=", ".join(sorted(known)),
                )
            )
        for key in keys:
            answer(key)
        return self._recorded()

    def _needs_host(self, what: str) -> None:
        """Raise UsageError outside the host, because only the host knows its own switches."""
        if not self._hosted:
            raise UsageError(
                Sentence("{command} needs the program itself: --host MODULE:NAME", command=what)
            )

    def _recorded(self) -> int:
        self._show_status()
        return OK

    def _show_status(self, more: object = None) -> None:
        status = self._client.status()
        data = {"status": plain(status), "hosted": self._hosted}
        if more is not None:
            data["asked"] = more
        project = self._client.project
        self._show(status_text.status(project, status, self._words, hosted=self._hosted), data)

    def _show(self, lines: Iterable[str], data: object) -> None:
        """Print lines for people, or with --json the same as data."""
        if self._arguments.json:
            sys.stdout.write(f"{json.dumps(data, indent=2)}\n")
            return
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        for line in lines:
            text = page.clean(line).encode(encoding, "backslashreplace").decode(encoding)
            sys.stdout.write(f"{text}\n")


def _described(key: object) -> dict[str, object]:
    names = ("name", "label", "description", "purpose", "issue", "level", "type")
    return {name: getattr(key, name) for name in names}

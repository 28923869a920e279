"""The texts that the command line prints: status, preview, history, changes.

Its functions are pure, from values to lines. Times are UTC.
"""

from __future__ import annotations

import json
import time
from textwrap import wrap
from typing import TYPE_CHECKING

from headcount.asking.wording import Words, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from headcount.consent.changes import Change
    from headcount.consent.state import State
    from headcount.delivery.history import Entry
    from headcount.delivery.preview import Preview
    from headcount.model.project import Key, Project
    from headcount.model.report import Wire
    from headcount.status import Status

_WIDTH = 88

_OUTCOMES = {
    "SENT": "counted by the server",
    "LATER": "did not arrive; the next attempt follows within the week",
    "DROPPED": "not accepted; no other attempt follows",
    "UNANSWERED": "handed to the network; no answer is known",
}


def moment(seconds: float | None) -> str:
    """Return a time as people read it."""
    if seconds is None:
        return "never"
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def status(now: Status, *, hosted: bool) -> Iterator[str]:
    """Yield the status, and the next step if there is one."""
    yield f"{now.title} is {'ON' if now.on else 'OFF'}."
    for name, text in _rows(now):
        yield from wrap(
            text, _WIDTH, initial_indent=f"  {name:13}", subsequent_indent=" " * 15,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    if not hosted:
        yield "Seen from outside the program: a switch that the program itself sets is not shown."


def _rows(now: Status) -> Iterator[tuple[str, str]]:
    yield "why", f"{now.explanation} (rule: {now.rule})"
    yield "your answer", _answer(now)
    yield "keys", ", ".join(now.keys) or "none is sent"
    if now.refused:
        yield "left out", f"{', '.join(now.refused)}; answer anew with: allow KEY"
    yield from _unanswered(now)
    for key, note in now.notes.items():
        yield "note" if key == "send_in_background" else "no value", f"{key}: {note}"
    for message in now.unreadable:
        yield "not readable", message
    yield "sent last", _last(now)
    yield "due next", _next(now)
    if now.shared_secret:
        shared = f"all that share {now.shared_secret} count as one"
        yield "replicas", f"{shared}, and the first report of a week wins"
    if now.obstacle:
        yield "obstacle", now.obstacle
    yield "stored in", now.state_directory
    yield "recipient", f"{now.recipient}, {now.endpoint}; questions: {now.contact}"
    if now.relay:
        knows = (
            "which sees this machine's address and cannot read reports. The recipient reads them,"
            " each as a whole, and does not see the address. Only both together could connect the"
            " two. If the relay cannot be used, nothing is sent"
        )
        yield "relay", f"{now.relay}, {knows}"
    if now.promise is not None:
        stated = f"(as the server stated it on {moment(now.promise.at)})"
        yield "promise", f"{now.promise.text} {stated}"
    elif now.on:
        yield "promise", "not asked for yet: status --ask-server"
    else:
        yield "promise", "the server is asked only while this is on"


def _unanswered(now: Status) -> Iterator[tuple[str, str]]:
    for key, reasons in now.waiting.items():
        yield "waiting", f"{key}, not sent: {'; '.join(reasons)}"
    for key, reasons in now.limited.items():
        yield "as agreed", f"{key}, sent as you agreed to it, though: {'; '.join(reasons)}"
    if now.waiting or now.limited:
        yield "", "answer with: ask, or allow KEY, refuse KEY; compare with: diff"


def preview(
    project: Project,
    preview: Preview,
    *,
    heading: str,
    waiting: Mapping[str, Sequence[str]],
    known: bool,
) -> Iterator[str]:
    """Yield each key with its answer (if `known`) and purpose, and the report's digest and JSON."""
    keys = {key.name: key for key in project.keys}
    yield heading
    for text in Words().relayed(project):
        yield from wrap(text["text"], _WIDTH)
    for name, answer in preview.values.items():
        if not known:
            said = str(Words().tells(keys[name])["text"])
        elif answer is None:
            said = f"not sent: {preview.notes.get(name, 'no answer')}"
        else:
            said = shown(keys[name], answer)
        yield from _key(keys[name], said)
        if name in preview.undeclared:
            yield f"    Not declared, so it never leaves: {', '.join(preview.undeclared[name])}"
    for name, reasons in waiting.items():
        yield ""
        shows = "" if name in preview.values else "; see its value with: preview --all"
        yield f"{keys[name].label}: WAITING FOR YOUR ANSWER, not sent{shows}"
        yield from (f"    {reason}" for reason in reasons)
    if known:
        yield ""
        yield f"SHA-256 of the report's bytes: {preview.digest}"
        yield from preview.json.splitlines()


def history(entries: Sequence[Entry], place: str, *, reports: bool) -> Iterator[str]:
    """Yield the reports that left, newest first."""
    if not entries:
        yield "Nothing was ever sent from here."
        return
    for entry in entries:
        tries = f" ({entry.tries} attempts)" if entry.tries > 1 else ""
        yield f"{entry.week}  {moment(entry.at)}  {entry.outcome}{tries}"
        yield f"    {_OUTCOMES[entry.outcome]}{': ' if entry.message else ''}{entry.message}"
        yield f"    SHA-256 {entry.digest}"
        for key, reason in entry.ignored.items():
            yield f"    the server left out {key}: {reason}"
        if reports:
            yield from json.dumps(entry.report, indent=2, ensure_ascii=False).splitlines()
    yield f"The files are in {place}, one per report."


def changes(changed: Sequence[Change], *, agreed: bool) -> Iterator[str]:
    """Yield the differences between the present questions and the terms of consent."""
    if not agreed:
        yield "Nothing was agreed to, so there is nothing to compare with."
    elif not changed:
        yield "Everything is asked as you agreed to it."
    for change in changed:
        waits = ": waits for your answer, not sent" if change.waits else ""
        waits = ": sent as you agreed to it, until you allow more" if change.limited else waits
        yield f"{change.label} ({change.key}): {change.kind}{waits}"
        yield from (f"    {reason}" for reason in change.reasons)


def values(
    project: Project, pairs: Mapping[str, tuple[Wire | None, Wire | None]], *, hosted: bool
) -> Iterator[str]:
    """Yield each key's value now, beside that of the last report that was counted."""
    if pairs:
        yield ""
        yield "Values now, beside the last report that was counted:"
    for key in project.keys:
        if key.name in pairs:
            now, sent = (
                "none" if value is None else shown(key, value) for value in pairs[key.name]
            )
            yield f"  {key.label}: {now if hosted else 'known only to the program'}; sent: {sent}"


def clean(line: str) -> str:
    """Return a line without control characters for terminals."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def heading(preview: Preview, state: State, *, level: str | None, known: bool) -> str:
    """Return the sentence that says what a preview shows."""
    if not known:
        return "These would be asked. The answers are known only inside the program: --host."
    if level is not None:
        return f"A yes to the level {level} would send this, if the report were made now:"
    if preview.frozen:
        return f"This is the report for {preview.week}, as it will be sent:"
    if state.on:
        return f"This would be the report for {preview.week} if it were made now:"
    return f"Nothing is sent now (rule: {state.rule}). If it were, this would be the report:"


def _key(key: Key, answer: str) -> Iterator[str]:
    yield ""
    yield f"{key.label}: {answer}"
    for name, part in (("", key.description), ("Why: ", key.purpose), ("Decided: ", key.issue)):
        if part:
            yield f"    {name}{part}"


def _answer(now: Status) -> str:
    if now.decision == "unreadable":
        return "cannot be read"
    if not now.decision:
        return f"none; the notice was shown {moment(now.notice_at)}" if now.notice_at else "none"
    level = f" to {now.level}" if now.decision == "granted" else ""
    word = "yes" if now.decision == "granted" else "no"
    wording = f", to wording {now.wording}" if now.wording else ""
    wording += f" in the language {now.language}" if now.language not in {"", "en"} else ""
    return f"{word}{level}, {moment(now.decided_at)}, by {now.via}{wording}"


def _last(now: Status) -> str:
    if now.last is None:
        said = "nothing was counted yet"
    else:
        said = f"the report for {now.last.week}, {moment(now.last.at)}, SHA-256 {now.last.digest}"
    if now.latest is not None and now.latest != now.last:
        said += f"; since then one for {now.latest.week}: {_OUTCOMES[now.latest.outcome]}"
    return said


def _next(now: Status) -> str:
    if now.next_due is None:
        return "nothing"
    return moment(now.next_due) if now.on else f"nothing before {moment(now.next_due)}"

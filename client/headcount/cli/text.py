"""The texts that the command line prints: preview, what was sent, history, changes.

Its functions are pure, from values to lines in a person's language. Times are UTC.
"""

from __future__ import annotations

import json
import time
from textwrap import wrap
from typing import TYPE_CHECKING

from headcount.asking.differences import differences
from headcount.asking.wording import NO_ANSWER, marked, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from headcount.asking.wording import Words
    from headcount.consent.changes import Change, Difference
    from headcount.consent.state import State
    from headcount.delivery.history import Entry
    from headcount.delivery.preview import Preview
    from headcount.model.project import Key, Project
    from headcount.model.report import Wire
    from headcount.transport.messages import Ignored

WIDTH = 88
"""The longest line of a text, in characters."""

OUTCOMES = {
    "SENT": marked("counted by the server"),
    "LATER": marked("did not arrive; the next attempt follows within the week"),
    "DROPPED": marked("not accepted; no other attempt follows"),
    "UNANSWERED": marked("handed to the network; no answer is known"),
}
"""What came of a report that left."""

_KINDS = {
    "new": marked("new"),
    "widened": marked("widened"),
    "narrowed": marked("narrowed"),
    "gone": marked("gone"),
}


def moment(seconds: float | None, words: Words) -> str:
    """Return a time as people read it."""
    if seconds is None:
        return words.said("never")
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def preview(  # noqa: PLR0913 - what its command knows comes in as arguments
    project: Project,
    preview: Preview,
    words: Words,
    *,
    heading: str,
    waiting: Mapping[str, Iterable[Difference]],
    known: bool,
) -> Iterator[str]:
    """Yield each key with its answer (if `known`) and purpose, and the report's digest and JSON."""
    said = words.said
    keys = {key.name: key for key in project.keys}
    yield heading
    for relayed in words.relayed(project):
        yield from wrap(relayed["text"], WIDTH)
    for name, answer in preview.values.items():
        if not known:
            told = words.tells(keys[name])["text"]
        elif answer is None:
            told = said("not sent: {why}", why=said(preview.notes.get(name, NO_ANSWER)))
        else:
            told = shown(keys[name], answer, words)
        yield from _key(project, keys[name], told, words)
        if name in preview.undeclared:
            strange = ", ".join(preview.undeclared[name])
            never = said("Not declared, so it never leaves: {values}", values=strange)
            yield f"    {never}"
    for name, found in waiting.items():
        yield ""
        label = _label(project, keys[name], words)
        if name in preview.values:
            yield said("{label}: WAITING FOR YOUR ANSWER, not sent", label=label)
        else:
            yield said(
                "{label}: WAITING FOR YOUR ANSWER, not sent; see its value with: preview --all",
                label=label,
            )
        yield from _differences(project, name, found, words)
    if known:
        yield ""
        yield _digest(preview.digest, words)
        yield from preview.json.splitlines()


def heading(preview: Preview, state: State, words: Words, *, level: str | None, known: bool) -> str:
    """Return the sentence that says what a preview shows."""
    said = words.said
    if not known:
        return said("These would be asked. The answers are known only inside the program: --host.")
    if level is not None:
        level = words.message(f"headcount.typed.{level}")["text"]
        return said(
            "A yes to the level {level} would send this, if the report were made now:", level=level
        )
    if preview.frozen:
        return said("This is the report for {week}, as it will be sent:", week=preview.week)
    if state.on:
        return said("This would be the report for {week} if it were made now:", week=preview.week)
    return said(
        "Nothing is sent now (rule: {rule}). If it were, this would be the report:",
        rule=state.rule,
    )


def sent(digest: str | None, ignored: Iterable[Ignored], words: Words) -> Iterator[str]:
    """Yield what is known about a report that was sent just now."""
    if digest:
        yield _digest(digest, words)
    for item in ignored:
        yield _left_out(item.key, item.message, words)


def history(entries: Sequence[Entry], place: str, words: Words, *, reports: bool) -> Iterator[str]:
    """Yield the reports that left, newest first."""
    said = words.said
    if not entries:
        yield said("Nothing was ever sent from here.")
        return
    for entry in entries:
        tries = said(" ({number} attempts)", number=entry.tries) if entry.tries > 1 else ""
        yield f"{entry.week}  {moment(entry.at, words)}  {entry.outcome}{tries}"
        why = f": {said(entry.message)}" if entry.message else ""
        yield f"    {said(OUTCOMES[entry.outcome])}{why}"
        yield f"    SHA-256 {entry.digest}"
        for key, reason in entry.ignored.items():
            yield f"    {_left_out(key, reason, words)}"
        if reports:
            yield from json.dumps(entry.report, indent=2, ensure_ascii=False).splitlines()
    yield said("The files are in {folder}, one per report.", folder=place)


def changes(
    project: Project, changed: Sequence[Change], words: Words, *, agreed: bool
) -> Iterator[str]:
    """Yield the differences between the present questions and the terms of consent."""
    said = words.said
    if not agreed:
        yield said("Nothing was agreed to, so there is nothing to compare with.")
    elif not changed:
        yield said("Everything is asked as you agreed to it.")
    keys = {key.name: key for key in project.keys}
    for change in changed:
        known = keys.get(change.key)
        label = _label(project, known, words) if known else change.label
        line = f"{label} ({change.key}): {said(_KINDS[change.kind])}"
        if change.limited:
            line += ": " + said("sent as you agreed to it, until you allow more")
        elif change.waits:
            line += ": " + said("waits for your answer, not sent")
        yield line
        yield from _differences(project, change.key, change.differences, words)


def values(
    project: Project,
    pairs: Mapping[str, tuple[Wire | None, Wire | None]],
    words: Words,
    *,
    hosted: bool,
) -> Iterator[str]:
    """Yield each key's value now, beside that of the last report that was counted."""
    said = words.said
    if pairs:
        yield ""
        yield said("Values now, beside the last report that was counted:")
    for key in project.keys:
        if key.name in pairs:
            now, before = (
                said("none") if value is None else shown(key, value, words)
                for value in pairs[key.name]
            )
            now = now if hosted else said("known only to the program")
            pair = said("{now}; sent: {before}", now=now, before=before)
            yield f"  {_label(project, key, words)}: {pair}"


def clean(line: str) -> str:
    """Return a line without control characters for terminals."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _key(project: Project, key: Key, answer: str, words: Words) -> Iterator[str]:
    def declared(name: str, text: str) -> str:
        return words.declared(project, f"{key.name}.{name}", text)["text"]

    yield ""
    yield f"{declared('label', key.label)}: {answer}"
    if key.description:
        yield f"    {declared('description', key.description)}"
    if key.purpose:
        purpose = declared("purpose", key.purpose)
        yield "    " + words.said("Why: {purpose}", purpose=purpose)
    if key.issue:
        yield "    " + words.said("Decided: {issue}", issue=key.issue)


def _label(project: Project, key: Key, words: Words) -> str:
    return words.declared(project, f"{key.name}.label", key.label)["text"]


def _differences(
    project: Project, key: str, found: Iterable[Difference], words: Words
) -> Iterator[str]:
    for said in differences(project, key, found, words):
        yield f"    {said['text']}"


def _digest(digest: str, words: Words) -> str:
    return words.said("SHA-256 of the report's bytes: {digest}", digest=digest)


def _left_out(key: str, why: str, words: Words) -> str:
    return words.said("the server left out {key}: {why}", key=key, why=words.said(why))

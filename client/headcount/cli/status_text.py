"""The status as the command line prints it: one line, and then a row for each fact.

Its functions are pure, from a status to lines in a person's language.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from headcount.asking.differences import differences
from headcount.asking.wording import marked
from headcount.cli.text import OUTCOMES, WIDTH, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount.asking.wording import Words
    from headcount.consent.changes import Difference
    from headcount.model.project import Project
    from headcount.status import Status

_NARROWEST = 13  # columns of the names of rows

_WAYS = (
    marked("command"), marked("terminal"), marked("form"), marked("configuration"),
)  # fmt: skip
"""The ways of an answer that have words; a host's own way is said as it is."""


def status(project: Project, now: Status, words: Words, *, hosted: bool) -> Iterator[str]:
    """Yield the status, and the next step if there is one."""
    title = words.declared(project, "title", now.title)["text"]
    on, off = words.said("{title} is ON.", title=title), words.said("{title} is OFF.", title=title)
    yield on if now.on else off
    rows = [(words.said(name), text) for name, text in _rows(project, now, words)]
    column = max(_NARROWEST, *(len(name) + 1 for name, _ in rows))
    for name, text in rows:
        yield from wrap(
            text, WIDTH, initial_indent=f"  {name:{column}}", subsequent_indent=" " * (column + 2),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    if not hosted:
        yield words.said(
            "Seen from outside the program: a switch that the program itself sets is not shown."
        )


def _rows(project: Project, now: Status, words: Words) -> Iterator[tuple[str, str]]:
    said = words.said
    why = said(now.explanation)
    yield marked("why"), said("{why} (rule: {rule})", why=why, rule=now.rule)
    yield marked("your answer"), _answer(now, words)
    yield marked("keys"), ", ".join(now.keys) or said("none is sent")
    if now.refused:
        keys = ", ".join(now.refused)
        yield marked("left out"), said("{keys}; answer anew with: allow KEY", keys=keys)
    yield from _unanswered(project, now, words)
    for key, note in now.notes.items():
        name = marked("note") if key == "send_in_background" else marked("no value")
        yield name, f"{key}: {said(note)}"
    for message in now.unreadable:
        yield marked("not readable"), said(message)
    yield marked("sent last"), _last(now, words)
    yield marked("due next"), _next(now, words)
    if now.shared_secret:
        yield (
            marked("replicas"),
            said(
                "all that share {file} count as one, and the first report of a week wins",
                file=now.shared_secret,
            ),
        )
    if now.obstacle:
        yield marked("obstacle"), said(now.obstacle)
    yield marked("stored in"), now.state_directory
    yield from _recipient(project, now, words)


def _recipient(project: Project, now: Status, words: Words) -> Iterator[tuple[str, str]]:
    said = words.said
    yield (
        marked("recipient"),
        said(
            "{recipient}, {endpoint}; questions: {contact}",
            recipient=words.declared(project, "recipient", now.recipient)["text"],
            endpoint=now.endpoint,
            contact=now.contact,
        ),
    )
    for told in words.relayed(project):
        yield marked("relay"), told["text"]
    if now.promise is not None:
        yield (
            marked("promise"),
            said(
                "{promise} (as the server stated it on {moment})",
                promise=said(now.promise.text),
                moment=moment(now.promise.at, words),
            ),
        )
    elif now.on:
        yield marked("promise"), said("not asked for yet: status --ask-server")
    else:
        yield marked("promise"), said("the server is asked only while this is on")


def _unanswered(project: Project, now: Status, words: Words) -> Iterator[tuple[str, str]]:
    said = words.said

    def listed(key: str, found: Iterable[Difference]) -> str:
        return "; ".join(each["text"] for each in differences(project, key, found, words))

    for key, found in now.waiting.items():
        changes = listed(key, found)
        yield marked("waiting"), said("{key}, not sent: {changes}", key=key, changes=changes)
    for key, found in now.limited.items():
        yield (
            marked("as agreed"),
            said(
                "{key}, sent as you agreed to it, though: {changes}",
                key=key,
                changes=listed(key, found),
            ),
        )
    if now.waiting or now.limited:
        yield "", said("answer with: ask, or allow KEY, refuse KEY; compare with: diff")


def _answer(now: Status, words: Words) -> str:
    said = words.said
    if now.decision == "unreadable":
        return said("cannot be read")
    if not now.decision:
        if now.notice_at:
            return said("none; the notice was shown {moment}", moment=moment(now.notice_at, words))
        return said("none")
    answer = said("no")
    if now.decision == "granted":
        answer = said("yes to {level}", level=words.message(f"headcount.typed.{now.level}")["text"])
    parts = [answer, moment(now.decided_at, words), said("by {way}", way=said(now.via))]
    if now.language not in {"", "en"}:
        parts.append(
            said(
                "to wording {wording} in the language {language}",
                wording=now.wording,
                language=now.language,
            )
        )
    elif now.wording:
        parts.append(said("to wording {wording}", wording=now.wording))
    return ", ".join(parts)


def _last(now: Status, words: Words) -> str:
    said = words.said
    last = said("nothing was counted yet")
    if now.last is not None:
        last = said(
            "the report for {week}, {moment}, SHA-256 {digest}",
            week=now.last.week,
            moment=moment(now.last.at, words),
            digest=now.last.digest,
        )
    if now.latest is None or now.latest == now.last:
        return last
    return said(
        "{last}; since then one for {week}: {outcome}",
        last=last,
        week=now.latest.week,
        outcome=said(OUTCOMES[now.latest.outcome]),
    )


def _next(now: Status, words: Words) -> str:
    if now.next_due is None:
        return words.said("nothing")
    due = moment(now.next_due, words)
    return due if now.on else words.said("nothing before {moment}", moment=due)

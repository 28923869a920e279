"""The question as plain data, for installers that draw it, and its answer.

One question can cover several projects on a host. Nothing here writes or opens a
connection; only `answer` records, and collectors are asked only for `values`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from headcount.asking.differences import differences
from headcount.asking.wording import NO_ANSWER, VERSION, Words, shown
from headcount.consent.changes import changes
from headcount.consent.state import is_refused, within
from headcount.consent.transitions import checked
from headcount.model.errors import ConsentError
from headcount.model.project import LEVELS
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from headcount.asking.askable import Askable
    from headcount.model.project import Key, Project

LAST = LEVELS[-1]
CHANGES = "changes"


def form(
    *clients: Askable,
    translated: Mapping[str, str] | None = None,
    language: str = "",
    values: bool = False,
) -> dict[str, Any]:
    """Return what it takes to draw the question: texts, keys, purposes, levels, both answers.

    It consists of dicts, lists, strings, numbers and booleans. Every text is
    `{"id", "lang", "text", "values"}`. `language` is that of the person (BCP 47), such as
    `de`; English without it. A text that is not translated stays in its own language, which
    `lang` tells. `translated` maps ids to texts of the host's own. Give `text_digest` and
    `language` back to `answer`, so that the record tells which words were shown.
    With `values` the collectors are asked, and each key has a `value` that says what
    would be sent at this moment, or a `note` that says why nothing would.
    """
    words = Words(translated, language)
    titles = [_title(client.project, words) for client in clients]
    question = (
        words.message("headcount.question", title=titles[0])
        if len(titles) == 1
        else words.message("headcount.question.several", titles=", ".join(titles))
    )
    drawn = {
        "wording": VERSION,
        "language": words.language,
        "question": question,
        "choices": [
            {"value": value, "label": words.message(f"headcount.answer.{value}")}
            for value in ("yes", "no")
        ],
        "withdraw": words.message("headcount.withdraw"),
        "projects": [_project(client, words, values=values) for client in clients],
    }
    return {**drawn, "text_digest": text_digest(drawn)}


def text_digest(drawn: object) -> str:
    """Return the SHA-256 (hex) of all texts of a question, in the order of its data.

    They are the `text` of every message, as a JSON list without spaces. The `changes` since
    an earlier answer are not among them, so that the same words in the same language have
    the same digest on every host.
    """
    texts = json.dumps(list(_texts(drawn)), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(texts.encode()).hexdigest()


def _texts(drawn: object) -> Iterator[str]:
    if isinstance(drawn, dict):
        if "id" in drawn and "text" in drawn:
            yield drawn["text"]
        else:
            for name, part in drawn.items():
                if name != CHANGES:
                    yield from _texts(part)
    elif isinstance(drawn, list):
        for part in drawn:
            yield from _texts(part)


def _title(project: Project, words: Words) -> str:
    return words.declared(project, "title", project.title)["text"]


def answer(  # noqa: PLR0913 - an answer has that many parts
    clients: Iterable[Askable],
    *,
    yes: bool,
    level: str | None = None,
    refused: Iterable[str] | None = None,
    via: str = "form",
    wording: str = VERSION,
    language: str = "",
    text_digest: str = "",
) -> dict[str, tuple[str, ...]]:
    """Record one answer for several projects; return the keys that each sends from now on.

    `refused` names all keys to leave out, as `project.key`. None in its place, or
    in that of `level`, keeps what was answered before. `language` and `text_digest` are
    those of the form that was shown, for the record. ConsentError, and nothing
    recorded, if a key or the level is unknown; StateError names the first project
    that could not be recorded, after all others were.
    """
    asked = list(clients)
    left_out = None if refused is None else _left_out(asked, refused)
    if level is not None:
        checked(level)
    errors: list[Exception] = []
    for client in asked:
        try:
            if yes:
                names = None if left_out is None else left_out[client.project.name]
                client.grant(level, names, via, wording, language=language, text_digest=text_digest)
            else:
                client.deny(via, wording, language=language, text_digest=text_digest)
        except Exception as error:  # noqa: BLE001 - a no must reach the other projects too
            errors.append(error)
    if errors:
        raise errors[0]
    return {client.project.name: client.state().keys for client in asked}


def _left_out(asked: list[Askable], refused: Iterable[str]) -> dict[str, list[str]]:
    """Return the refused keys of each project."""
    found: dict[str, list[str]] = {client.project.name: [] for client in asked}
    for name in refused:
        project, _, key = name.partition(".")
        known = [client.project for client in asked if client.project.name == project]
        if not known or key not in {item.name for item in known[0].keys}:
            raise ConsentError(
                Sentence("{name!r} is no key of what was asked; write project.key", name=name)
            )
        found[project].append(key)
    return found


def _project(client: Askable, words: Words, *, values: bool) -> dict[str, Any]:
    project, record, state = client.project, client.record(), client.state()
    refused = record.refused if record else ()
    changed = {change.key: change.differences for change in changes(project, record)}
    keys = within(project, LAST, (), client.now())
    chosen = record.level if record and record.terms else LEVELS[0]
    known = _values(client, words) if values else {}
    title = words.declared(project, "title", project.title)
    recipient = words.declared(project, "recipient", project.recipient)
    return {
        "name": project.name,
        "title": title["text"],
        "homepage": project.homepage,
        "recipient": recipient["text"],
        "contact": project.contact,
        "mode": project.mode,
        "registry_digest": project.digest,
        "consent_digest": project.consent_digest,
        "decision": record.decision if record else "",
        "state": {"on": state.on, "rule": state.rule, "explanation": words.said(state.explanation)},
        "intro": words.message(
            "headcount.intro", recipient=recipient["text"], homepage=project.homepage
        ),
        "relayed": words.relayed(project),
        "without_answer": words.mode(project),
        "questions": words.message("headcount.contact", contact=project.contact),
        "levels": [
            {
                "value": level,
                "label": words.message(f"headcount.level.{level}"),
                "chosen": level == chosen,
                "keys": [key.name for key in keys if _up_to(key, level)],
            }
            for level in LEVELS
            if any(key.level == level for key in keys)
        ],
        "keys": [
            {
                **_key(project, key, words),
                **known.get(key.name, {}),
                "refused": is_refused(key, refused),
                "waiting": key.name in state.waiting,
                "limited": key.name in state.limited,
                CHANGES: differences(project, key.name, changed.get(key.name, ()), words),
            }
            for key in keys
        ],
    }


def _values(client: Askable, words: Words) -> dict[str, dict[str, str]]:
    """Return what a yes to everything would send, by key, in words; refused keys have none."""
    preview = client.preview(LAST)
    found = {}
    for key in client.project.keys:
        if key.name in preview.values:
            answer = preview.values[key.name]
            note = words.said(preview.notes.get(key.name, NO_ANSWER))
            found[key.name] = (
                {"note": note} if answer is None else {"value": shown(key, answer, words)}
            )
    return found


def _key(project: Project, key: Key, words: Words) -> dict[str, Any]:
    return {
        "name": key.name,
        "type": key.type,
        "level": key.level,
        **{
            name: words.declared(project, f"{key.name}.{name}", getattr(key, name))
            for name in ("label", "description", "purpose")
        },
        "issue": key.issue,
        "tells": words.tells(key),
        "together": [words.message("headcount.tells.by")] if key.by else [],
    }


def _up_to(key: Key, level: str) -> bool:
    return LEVELS.index(key.level) <= LEVELS.index(level)

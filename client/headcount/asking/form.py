"""The question as plain data, for installers that draw it, and its answer.

One question can cover several projects on a host. Nothing here writes or opens a
connection; only `answer` records, and collectors are asked only for `values`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.asking.wording import VERSION, Words, shown
from headcount.consent.changes import changes
from headcount.consent.state import is_refused, within
from headcount.model.errors import ConsentError
from headcount.model.project import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from headcount.asking.askable import Askable
    from headcount.model.project import Key, Project

LAST = LEVELS[-1]


def form(
    *clients: Askable, translated: Mapping[str, str] | None = None, values: bool = False
) -> dict[str, Any]:
    """Return what it takes to draw the question: texts, keys, purposes, levels, both answers.

    It consists of dicts, lists, strings, numbers and booleans. Every text is
    `{"id", "text", "values"}`; `translated` maps ids to texts in another language.
    With `values` the collectors are asked, and each key has a `value` that says what
    would be sent at this moment, or a `note` that says why nothing would.
    """
    words = Words(translated)
    titles = [client.project.title for client in clients]
    question = (
        words.message("headcount.question", title=titles[0])
        if len(titles) == 1
        else words.message("headcount.question.several", titles=", ".join(titles))
    )
    return {
        "wording": VERSION,
        "question": question,
        "choices": [
            {"value": value, "label": words.message(f"headcount.answer.{value}")}
            for value in ("yes", "no")
        ],
        "withdraw": words.message("headcount.withdraw"),
        "projects": [_project(client, words, values=values) for client in clients],
    }


def answer(  # noqa: PLR0913 - an answer has that many parts
    clients: Iterable[Askable],
    *,
    yes: bool,
    level: str | None = None,
    refused: Iterable[str] | None = None,
    via: str = "form",
    wording: str = VERSION,
) -> dict[str, tuple[str, ...]]:
    """Record one answer for several projects; return the keys that each sends from now on.

    `refused` names all keys to leave out, as `project.key`. None in its place, or
    in that of `level`, keeps what was answered before. ConsentError, and nothing
    recorded, if a key or the level is unknown; StateError names the first project
    that could not be recorded, after all others were.
    """
    asked = list(clients)
    left_out = None if refused is None else _left_out(asked, refused)
    if level not in {None, *LEVELS}:
        raise ConsentError(f"{level!r} is no level; there are {' and '.join(LEVELS)}")
    errors: list[Exception] = []
    for client in asked:
        try:
            if yes:
                names = None if left_out is None else left_out[client.project.name]
                client.grant(level, names, via, wording)
            else:
                client.deny(via, wording)
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
            raise ConsentError(f"{name!r} is no key of what was asked; write project.key")
        found[project].append(key)
    return found


def _project(client: Askable, words: Words, *, values: bool) -> dict[str, Any]:
    project, record, state = client.project, client.record(), client.state()
    refused = record.refused if record else ()
    waiting = {change.key: change for change in changes(project, record)}
    keys = within(project, LAST, (), client.now())
    chosen = record.level if record and record.terms else LEVELS[0]
    known = _values(client) if values else {}
    return {
        "name": project.name,
        **{name: getattr(project, name) for name in ("title", "homepage", "recipient", "contact")},
        "mode": project.mode,
        "registry_digest": project.digest,
        "consent_digest": project.consent_digest,
        "decision": record.decision if record else "",
        "state": {"on": state.on, "rule": state.rule, "explanation": state.explanation},
        "intro": words.message(
            "headcount.intro", recipient=project.recipient, homepage=project.homepage
        ),
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
                "changes": list(waiting[key.name].reasons) if key.name in waiting else [],
            }
            for key in keys
        ],
    }


def _values(client: Askable) -> dict[str, dict[str, str]]:
    """Return what a yes to everything would send, by key, in words; refused keys have none."""
    preview = client.preview(LAST)
    found = {}
    for key in client.project.keys:
        if key.name in preview.values:
            answer = preview.values[key.name]
            note = preview.notes.get(key.name, "no answer")
            found[key.name] = {"note": note} if answer is None else {"value": shown(key, answer)}
    return found


def _key(project: Project, key: Key, words: Words) -> dict[str, Any]:
    prefix = f"{project.name}.{key.name}"
    return {
        "name": key.name,
        "type": key.type,
        "level": key.level,
        "label": words.declared(f"{prefix}.label", key.label),
        "description": words.declared(f"{prefix}.description", key.description),
        "purpose": words.declared(f"{prefix}.purpose", key.purpose),
        "issue": key.issue,
        "tells": words.tells(key),
        "together": [words.message("headcount.tells.by")] if key.by else [],
    }


def _up_to(key: Key, level: str) -> bool:
    return LEVELS.index(key.level) <= LEVELS.index(level)

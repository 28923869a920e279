"""The status: everything that a site owner may ask about a project, in one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from headcount.consent.changes import changes
from headcount.consent.record import UNREADABLE
from headcount.delivery import history, server_policy
from headcount.model.errors import StateError
from headcount.model.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headcount.consent.changes import Difference
    from headcount.consent.decision import Decision
    from headcount.delivery.history import Entry
    from headcount.delivery.server_policy import ServerPolicy
    from headcount.model.project import Project
    from headcount.storage.state_directory import StateDirectory


Part = TypeVar("Part")


class Status(Frozen):
    """The state of a project, and the reasons. Times are unix seconds, None if there is none.

    `on`, `rule`, `explanation` and `keys` are those of the effective State.
    `decision` is granted, denied, unreadable or `""`, with its `level`, `refused` keys,
    time (`decided_at`), way (`via`), version of the words (`wording`), their
    `language` and SHA-256 (`text_digest`), and registry
    (`agreed_digest`). `registry_digest` is that of the present registry. `waiting` maps
    each key that nobody has agreed to yet to what differs, and so does `limited` for each
    key that has become wider and is sent within the terms of consent.
    `notes` say why keys had no answer when the last report was made; the key
    `send_in_background` says that its process was lost.
    `shared_secret` is the path of the secret that replicas share, `""` if there is none.
    `obstacle` says why no report can leave this process, `""` if nothing is known.
    `unreadable` says which files could not be read; what they hold is missing here.
    `last` is the last report that was counted, `latest` the last that left.
    """

    project: str
    title: str
    homepage: str
    recipient: str
    contact: str
    endpoint: str
    relay: str
    on: bool
    rule: str
    explanation: str
    keys: tuple[str, ...]
    waiting: Mapping[str, tuple[Difference, ...]]
    limited: Mapping[str, tuple[Difference, ...]]
    decision: str
    level: str
    refused: tuple[str, ...]
    decided_at: float | None
    notice_at: float | None
    via: str
    wording: str
    language: str
    text_digest: str
    agreed_digest: str
    registry_digest: str
    state_directory: str
    shared_secret: str
    obstacle: str
    last: Entry | None
    latest: Entry | None
    next_due: float | None
    notes: Mapping[str, str]
    promise: ServerPolicy | None
    unreadable: tuple[str, ...]


def status(  # noqa: PLR0913 - what its client knows comes in as arguments
    project: Project,
    directory: StateDirectory,
    decision: Decision,
    *,
    endpoint: str,
    next_due: float | None,
    obstacle: str,
    notes: Callable[[], Mapping[str, str]],
) -> Status:
    """Return the status that files and environment tell; this writes nothing."""
    state = decision.state()
    record = decision.record()
    readable = record is not None and record.decision != UNREADABLE
    differ = {change.key: change.differences for change in changes(project, record)}
    unreadable: list[str] = []
    none: tuple[Entry, ...] = ()
    entries = _read(lambda: history.entries(directory), none, unreadable)
    counted = [entry for entry in entries if entry.outcome == "SENT"]
    return Status(
        **{
            name: getattr(project, name)
            for name in ("title", "homepage", "recipient", "contact", "relay")
        },
        project=project.name,
        endpoint=endpoint,
        on=state.on,
        rule=state.rule,
        explanation=state.explanation,
        keys=state.keys,
        waiting={name: differ.get(name, ()) for name in state.waiting},
        limited={name: differ.get(name, ()) for name in state.limited},
        decision=record.decision if record else "",
        level=record.level if record and record.terms else "",
        refused=record.refused if record else (),
        decided_at=(record.at or None) if record else None,
        notice_at=(record.notice or None) if record else None,
        via=record.via if record and readable else "",
        wording=record.wording if record else "",
        language=record.language if record else "",
        text_digest=record.text_digest if record else "",
        agreed_digest=record.registry_digest if record else "",
        registry_digest=project.digest,
        state_directory=directory.path,
        shared_secret=directory.shared_secret,
        obstacle=obstacle,
        last=counted[0] if counted else None,
        latest=entries[0] if entries else None,
        next_due=next_due,
        notes=_read(notes, {}, unreadable),
        promise=_read(lambda: server_policy.load(directory), None, unreadable),
        unreadable=tuple(unreadable),
    )  # fmt: skip


def _read(call: Callable[[], Part], otherwise: Part, unreadable: list[str]) -> Part:
    """Return a part of the status; if it cannot be read, return the default and note why."""
    try:
        return call()
    except StateError as error:
        unreadable.append(error.said)
        return otherwise

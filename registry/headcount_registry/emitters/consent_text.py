"""The text `consent.txt` of a project, which a person reads before answering.

It is plain text of at most 76 columns, for terminals, mail and installers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations.model import Level, Mode
from headcount_registry.emitters import wording
from headcount_registry.emitters.text import plain, wrap

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key, Project

FILE = "consent.txt"
"""The name of its file in the client package."""

_WIDTH = 76
_CATALOGUE = "(The project publishes the list.)"


def emit(project: Project) -> str:
    """Return the text, ending in a line feed."""
    title = plain(project.title)
    lines = [f"{title}: weekly usage counts", "=" * min(_WIDTH, len(title) + 21), ""]
    for paragraph in (_request(project), _answer(project), _promise(project)):
        lines += [*wrap(paragraph, _WIDTH), ""]
    lines += _about(project)
    for level in Level:
        keys = sorted(
            (key for key in project.keys if key.level == level), key=lambda key: key.label.lower()
        )
        if keys:
            heading = f"{wording.LEVELS[level]} (level {level})"
            lines += ["", heading, "-" * len(heading)]
            for key in keys:
                lines += ["", *_key(key)]
    return "\n".join(lines) + "\n"


_PROMISE = (
    "A report does not say whose it is. Besides the answers it carries a token, a different one"
    " every week. The report is added to the week's totals and then dropped. Only totals are"
    " published, rounded down."
)


_RELAYED = (
    " It goes through the relay named below, which somebody else runs. The relay sees your address"
    " and cannot read the report. The recipient reads the report, as a whole, and does not see"
    " your address. Only both together could connect the two. If the relay cannot be used, nothing"
    " is sent."
)


def _promise(project: Project) -> str:
    return _PROMISE + _RELAYED if project.relay else _PROMISE


def _request(project: Project) -> str:
    who = plain(project.recipient) or f"The makers of {plain(project.title)}"
    return (
        f"{who} would like to know how {plain(project.title)} is used. This installation would"
        " send one short report a week: the answers to the"
        f" {wording.quantity(len(project.keys), 'question')} below, and nothing else."
    )


def _answer(project: Project) -> str:
    if project.mode is Mode.ON_AFTER_NOTICE:
        first = "Unless you say no, reports begin 24 hours after this was shown to you."
    else:
        first = "Nothing is sent unless you say yes."
    return (
        f"{first} You can agree to technical facts only, leave out single questions, look at a"
        " report before it is sent, and change your mind at any time."
    )


def _about(project: Project) -> list[str]:
    facts = (
        ("Received by", project.recipient),
        ("Sent to", project.endpoint),
        ("Through", project.relay),
        ("Home page", project.homepage),
        ("Contact", project.contact),
    )
    return [f"{name + ':':<13}{plain(text)}" for name, text in facts if text]


def _key(key: Key) -> list[str]:
    description, purpose, issue = map(plain, (key.description, key.purpose, key.issue))
    parts = [description] if description else []
    parts.append(f"Why: {purpose or 'not said.'}")
    parts.append(f"Sent: {wording.sent(key).replace('`', '')}.")
    if key.catalogue:
        parts[-1] += f" {_CATALOGUE}"
    elif texts := wording.values(key):
        parts.append(f"{'Ranges' if key.buckets else 'Values'}: {', '.join(texts)}.")
    if key.by:
        parts.append("Also counted by release.")
    if key.expires:
        parts.append(f"Asked until {key.expires}.")
    if issue:
        parts.append(f"Decided: {issue}")
    lines = wrap(f"* {plain(key.label)}", _WIDTH)
    for part in parts:
        first, *others = wrap(part, _WIDTH - 8)
        lines += [f"    {first}", *(f"      {line}" for line in others)]
    return lines

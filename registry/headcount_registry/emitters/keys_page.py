"""The page `keys.md`, from the registry: every key, for everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.emitters import wording
from headcount_registry.emitters.text import MARKER, WIDTH, wrap
from headcount_registry.emitters.wording import code, markdown, quantity

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key, Project, Registry

_FOLDED = 30
"""The page folds a set of at least this many values until somebody opens it."""


def emit(registry: Registry) -> str:
    """Return the page: projects by name, their keys by name."""
    keys = sum(len(project.keys) for project in registry.projects)
    lines = [
        f"<!-- {MARKER} from the declarations; do not edit. -->",
        "",
        "# Everything that is asked",
        "",
        *wrap(
            f"{quantity(keys, 'key')} of {quantity(len(registry.projects), 'project')}, with"
            " the reason for each. An answer leaves an installation in a weekly report, after the"
            " site owner agreed to it, and is published as part of a total.",
            WIDTH - 4,
        ),
        "",
    ]
    lines += [
        f"- [{markdown(project.title)}](#{project.name}): {quantity(len(project.keys), 'key')}"
        for project in registry.projects
    ]
    for project in registry.projects:
        lines += ["", *_project(project)]
    return "\n".join(lines) + "\n"


def _project(project: Project) -> list[str]:
    lines = [
        f'<a id="{project.name}"></a>',
        "",
        f"## {markdown(project.title)}",
        "",
        f"- Project: {code(project.name)}",
    ]
    lines += [
        f"- {name}: {_place(text)}"
        for name, text in (
            ("Received by", project.recipient),
            ("Home page", project.homepage),
            ("Contact", project.contact),
            ("Sent to", project.endpoint),
            ("Through the relay", project.relay),
        )
        if text
    ]
    lines.append(f"- Consent: {wording.MODES[project.mode]}")
    keys = sorted(project.keys, key=lambda key: key.name)
    for key in keys:
        replaced = tuple(each.name for each in keys if each.successor == key.name)
        lines += ["", *_key(key, replaced)]
    return lines


def _key(key: Key, replaced: tuple[str, ...]) -> list[str]:
    lines = [f"### {code(key.name)}", "", f"**{markdown(key.label)}.**"]
    if key.description:
        lines[-1:] = _paragraph(f"**{markdown(key.label)}.** {markdown(key.description)}")
    lines += ["", *_item("Why", markdown(key.purpose) if key.purpose else "not said")]
    lines += _item("Decided", _place(key.issue) if key.issue else "not said")
    lines += _item("Sent", f"{wording.sent(key)} ({code(key.type)})")
    lines += _values(key)
    lines += _item("Level", f"{wording.LEVELS[key.level].lower()} ({code(key.level)})")
    if key.by:
        lines += _item("Also counted by", "release of the project")
    if key.threshold:
        lines += _item("Published", f"in multiples of {key.threshold}, or of what rounds it up")
    for name, text in (
        ("Since", key.since),
        ("Until", key.expires and f"{key.expires}; from that day it is neither sent nor counted"),
        ("Owner", key.owner),
        ("Formerly", key.formerly),
        ("Convention", wording.convention(key)),
    ):
        if text:
            lines += _item(name, _place(text))
    if key.successor:
        lines += _item("Replaced by", code(key.successor))
    if replaced:
        lines += _item("Continues", _texts(replaced))
    return lines


def _values(key: Key) -> list[str]:
    texts = wording.values(key)
    if key.catalogue:
        return _folded("Published list", key.catalogue)
    if len(texts) >= _FOLDED:
        return _folded("Values", texts)
    return _item("Ranges" if key.buckets else "Values", _texts(texts)) if texts else []


def _folded(name: str, texts: tuple[str, ...]) -> list[str]:
    return [
        f"- {name}: {len(texts)}",
        f"  <details><summary>{name}</summary>",
        "",
        *(f"  {line}" for line in _paragraph(_texts(texts))),
        "",
        "  </details>",
    ]


def _texts(texts: tuple[str, ...]) -> str:
    return ", ".join(code(text) for text in texts)


def _item(name: str, text: str) -> list[str]:
    first, *others = _paragraph(f"- {name}: {text}")
    return [first, *(f"  {line}" for line in others)]


def _paragraph(text: str) -> list[str]:
    return wrap(text, WIDTH - 4)


def _place(text: str) -> str:
    """Return a link if a text is an address that needs no escapes, else the text."""
    is_link = text.startswith(("http://", "https://")) and not set(text) & set("<> ")
    return f"<{text}>" if is_link else markdown(text)

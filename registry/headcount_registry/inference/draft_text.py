"""The text of a draft: a `.info` file that says what is known, and what a person must write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.checks.table import FILE_CHECKS
from headcount_registry.declarations import names
from headcount_registry.declarations.conventions import conventions
from headcount_registry.declarations.model import MAX_TEXT, VERSION, KeyType
from headcount_registry.emitters.text import plain
from headcount_registry.inference.guess import FEW
from headcount_registry.reading import info
from headcount_registry.reading.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from headcount_registry.inference.guess import Guess
    from headcount_registry.inference.hooks import Told, Unread

TODO = "TODO"
"""Begins every text that a person has to write; `check` refuses it."""

_LONGEST = 100
_WORDS = frozenset({"label", "description"})
"""What sources may say in words."""

_WRITE = {
    "description": "what the answer is, in one sentence",
    "purpose": "which decision it informs, in one sentence",
    "issue": "the address of the page where collecting it was decided",
}
_ABOUT = {
    "homepage": "https://...",
    "recipient": "who receives the reports",
    "contact": "https://...",
    "endpoint": "https://...",
    "owner": "who answers for the keys",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a key: its name in the sources, what samples and a hook say."""

    name: str
    spellings: tuple[str, ...] = ()
    guess: Guess | None = None
    told: Told | None = None


def emit(project: str, about: str, keys: Iterable[Found], unread: Sequence[Unread]) -> str:
    """Return the draft of a project's declarations; `about` says what it was drafted from."""
    lines = [
        *_comment(f"Draft from {about}. `headcount-registry check` names what is to be written."),
        f"project = {project}",
        f"headcount[title] = {project.replace('_', ' ').capitalize()}",
        *(f"; headcount[{name}] = {text}" for name, text in _ABOUT.items()),
    ]
    for found in keys:
        lines += ["", *_key(found)]
    if unread:
        lines += ["", *_comment("Not read, because only PHP can say what it is:")]
        for each in unread:
            lines += _comment(f"{each.location}: {_cut(each.code)}")
    return "\n".join(lines) + "\n"


def warnings(keys: Iterable[Found], unread: Iterable[Unread]) -> Iterator[str]:
    """Yield what a person must look at, a line each."""
    for found in keys:
        if found.guess:
            yield from (f"{found.name}: {plain(text)}" for text in found.guess.warnings)
            if found.guess.type is None:
                yield f"{found.name}: no type fits: {found.guess.reason}"
    for each in unread:
        yield f"{each.location}: not a literal array, so it was not read: {_cut(each.code)}"


def _key(found: Found) -> Iterator[str]:
    """Yield the lines of a key; all are comments if it cannot be declared."""
    told, guess = found.told, found.guess
    others = [name for name in found.spellings if name != found.name]
    if others:
        yield from _comment(f"{found.name} is {', '.join(others)} in the samples.")
    if told:
        when = " under a condition" if told.conditional else ""
        yield from _comment(f"{found.name} is told{when} in {told.location}.")
    if found.name == VERSION:
        yield from _comment("version: every project has this key, so it is not declared.")
        return
    if not names.is_key_name(found.name) or found.name in names.RESERVED:
        yield from _comment(f"{found.name or '(no name)'}: cannot be the name of a key.")
        return
    if guess:
        kind = guess.type.value if guess.type else "no type fits"
        yield from _comment(f"{found.name}: {kind}: {guess.reason}.")
        for text in guess.warnings:
            yield from _comment(f"WARNING: {text}.")
    declared = guess is None or guess.type is not None
    for line in _declaration(found):
        yield line if declared or line.startswith(";") else f"; {line}"


def _declaration(found: Found) -> Iterator[str]:
    guess, told = found.guess, found.told
    kind = guess.type if guess else None
    words = {"description": told.description if told else ""}
    write = dict(_WRITE)
    use = f"common:{found.name}"
    if use in conventions(()) and kind in {None, _type_of(use)} and not (guess and not kind):
        yield from _pair(found.name, "use", use)
        kind = None
        write = {"issue": write["issue"]}  # the convention says the rest
    else:
        label = plain(told.label) if told else ""
        yield from _pair(found.name, "label", label or _label(found.name))
        yield from _pair(found.name, "type", kind.value if kind else TODO)
    for name, what in write.items():
        yield from _pair(found.name, name, plain(words.get(name, "")) or f"{TODO}: {what}")
    if guess and kind in {KeyType.VERSION, KeyType.PRODUCT}:
        yield from _pair(found.name, "precision", str(guess.precision))
    if guess and kind:
        for bound in guess.buckets:
            yield from _pair(found.name, "buckets", str(bound), several=True)
        yield from _values(found.name, guess)


def _values(name: str, guess: Guess) -> Iterator[str]:
    """Yield the values; a spelling that the schema cannot tell from another is an alias of it."""
    first: dict[str, str] = {}
    total = guess.values.total()
    rare = []
    for text, number in sorted(guess.values.items(), key=lambda item: (-item[1], item[0])):
        same = names.squeezed(names.identifier(text))
        if same in {"valueother", "valueunspecified"}:
            continue
        if same == "value" or len(text) > MAX_TEXT or not text.isprintable():
            yield from _comment(f"A value has no name in the schema: {_cut(text)}")
        elif number == 1 and total >= FEW and len(guess.values) > 1:
            rare.append(text)
        elif same in first:
            yield from _pair(name, "aliases", first[same], at=text)
        else:
            first[same] = text
            yield from _pair(name, "values", text, several=True)
    if rare:
        yield from _comment("One sample alone has each of these; a rare value can name somebody:")
    for text in rare:
        yield from (f"; {line}" for line in _pair(name, "values", text, several=True))


def _type_of(use: str) -> KeyType | None:
    stated = [pair.value for pair in conventions(())[use].pairs if pair.path[2:] == ("type",)]
    return KeyType(str(stated[0])) if stated else None


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _pair(
    key: str, attribute: str, text: str, *, at: str = "", several: bool = False
) -> Iterator[str]:
    """Yield the line of a statement, or a comment if the grammar cannot express it."""
    path = ("telemetry", key, attribute, *((at,) if at or several else ()))
    line = _line(path, text)
    if line:
        yield line
        return
    yield from _comment(f"Cannot be written in a .info file: {attribute} {_cut(text)}")
    if attribute in _WORDS:
        yield f"telemetry[{key}][{attribute}] = {TODO}: {attribute} in other words"


def _line(path: tuple[str, ...], text: str) -> str:
    """Return a line without quotes, or with, that no check of files finds fault with; or `""`."""
    try:
        plain_line = info.format_pair(path, text)
    except ValueError:
        return ""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    quoted_line = f'{plain_line.partition(" = ")[0]} = "{escaped}"'
    return next((line for line in (plain_line, quoted_line) if _is_sound(line, path, text)), "")


def _is_sound(line: str, path: tuple[str, ...], text: str) -> bool:
    source = Source("", info.parse(f"{line}\n"))
    read = [(pair.path, pair.value) for pair in source.document.pairs]
    found = (problem for check in FILE_CHECKS for problem in check.problems(source))
    return read == [(path, text)] and next(found, None) is None


def _comment(text: str) -> Iterator[str]:
    yield f"; {plain(text)}"


def _cut(code: str) -> str:
    line = plain(code)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."

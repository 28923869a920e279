"""New declarations: the text of a first one, and of one more key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headcount_registry import checks
from headcount_registry.declarations.draft import gather
from headcount_registry.errors import SourceError
from headcount_registry.findings import has_errors
from headcount_registry.pipeline.stages import number_draft, refuse_errors
from headcount_registry.reading import info
from headcount_registry.reading.files import collect
from headcount_registry.reading.source import parse_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from headcount_registry.findings import Finding
    from headcount_registry.reading.info import Document
    from headcount_registry.reading.source import Sources

_FIRST = """\
; What {title} wants to know about its installations, and why.
; Every example.org is yours to replace. The rules: docs/maintainers/declarations.md of headcount.
project = {project}

headcount[title] = {title}
headcount[homepage] = https://example.org/{project}
headcount[recipient] = The maintainers of {title}
headcount[contact] = https://example.org/{project}/contact
headcount[endpoint] = https://telemetry.example.org
headcount[mode] = ask_first
headcount[owner] = The maintainers of {title}

; Its own release is a key that every project has. This one is an example;
; begin with the decision that you have to make, and ask only what informs it.
telemetry[operating_system][label] = Operating system
telemetry[operating_system][description] = The family of operating systems that {title} runs on.
telemetry[operating_system][purpose] = Decide which operating systems releases are tested on.
telemetry[operating_system][issue] = https://example.org/{project}/issues/1
telemetry[operating_system][type] = choice
telemetry[operating_system][values][] = Linux
telemetry[operating_system][values][] = Windows
telemetry[operating_system][values][] = macOS
telemetry[operating_system][aliases][Darwin] = macOS
telemetry[operating_system][level] = basic
"""


def first_declaration(project: str, title: str) -> str:
    """Return a working `.info` file to edit."""
    return _FIRST.format(project=project, title=title)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to be declared; `scalars` and `several` map attributes to their values."""

    name: str
    scalars: dict[str, str]
    several: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[tuple[str, str], ...] = ()

    def lines(self) -> Iterator[str]:
        """Return the lines of its declaration; `ValueError` if the grammar cannot express them."""
        start = ("telemetry", self.name)
        for attribute, text in self.scalars.items():
            if text:
                yield info.format_pair((*start, attribute), text)
        for attribute, texts in self.several.items():
            for text in texts:
                yield info.format_pair((*start, attribute, ""), text)
        for reported, text in self.aliases:
            yield info.format_pair((*start, "aliases", reported), text)


def append_key(file: Path, key: NewKey, lock_file: Path) -> tuple[bytes, tuple[Finding, ...]]:
    """Return the bytes of a file with one more key, and the new findings of the checks.

    The rest of the file stays byte for byte. The checks cover all declarations of its folder,
    and the numbers of the lock if there is one. Raises `SourceError` if the key cannot be
    written or the file's end would swallow it, and `DeclarationsError` if the key is wrong.
    """
    files = collect([*sorted(file.parent.glob("*.info")), file])
    before = parse_files(files)
    text = files.text(str(file))
    try:
        addition = "\n".join(key.lines()) + "\n"
    except ValueError as error:
        raise SourceError(f"{file}: `{key.name}` cannot be declared: {error}") from error
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    grown = text + _with_line_ends_of(gap + addition, text)
    after = parse_files(files, {str(file): grown})
    _refuse_damage(str(file), before, after, addition)
    new = _new_findings(before, after, lock_file)
    refuse_errors(new)
    return grown.encode("utf-8", "surrogateescape"), new


def _with_line_ends_of(addition: str, text: str) -> str:
    """Return lines with the line ends of a text."""
    return addition.replace("\n", "\r\n") if "\r\n" in text else addition


def _refuse_damage(file: str, before: Sources, after: Sources, addition: str) -> None:
    """Raise `SourceError` unless the pairs are the old ones, followed by the new ones."""
    old, new = (
        next(each.document for each in sources.files if each.file == file)
        for sources in (before, after)
    )
    if _pairs(new) != [*_pairs(old), *_pairs(info.parse(addition))]:
        raise SourceError(
            f"{file}: its end would swallow what is appended (is a quote or a bracket open, or"
            " the last value empty?); mend the last lines, nothing was written"
        )


def _pairs(document: Document) -> list[tuple[str, object]]:
    return [(pair.key, pair.value) for pair in document.pairs]


def _new_findings(before: Sources, after: Sources, lock_file: Path) -> tuple[Finding, ...]:
    known = {(each.check, each.message) for each in checks.run_checks(gather(before))}
    draft = gather(after)
    findings = checks.run_checks(draft)
    if not has_errors(findings):
        findings += number_draft(draft, lock_file).findings
    return tuple(each for each in findings if (each.check, each.message) not in known)

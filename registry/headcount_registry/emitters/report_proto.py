"""One project in, the text of its `report.proto` out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.model import KeyType
from headcount_registry.emitters.code_writer import MARKER, Writer, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.model import Key, Project, Retired
    from headcount_registry.evolution.comparison import Change
    from headcount_registry.evolution.history import Release

_COMMENTS = {
    KeyType.BOOLEAN: "Whether it is so.",
    KeyType.CHOICE: "The declared value, or other.",
    KeyType.VERSION: "Digits and dots, or `other`.",
    KeyType.PRODUCT: "The declared product, or other.",
    KeyType.COUNT: "Lower bound of the bucket that the number falls into.",
    KeyType.LIST: "The declared values that apply, each once.",
    KeyType.TEXT: "The text, at most 64 characters.",
}


def package(project: Project) -> str:
    """The protobuf package of a project."""
    return f"headcount.projects.{project.name}.v1"


def path(project: Project) -> str:
    """Where its file stands, below the root of generated files."""
    return f"{package(project).replace('.', '/')}/report.proto"


def emit(project: Project, releases: Iterable[Release] = ()) -> str:
    """The text of `report.proto`; `releases` are those that changed the project, oldest first."""
    out = Writer("  ")
    out.line(f"// {MARKER} from the declarations of {project.name}; do not edit.")
    out.line("//")
    out.wrapped(f"What installations of {project.title} report, and why.", "// ")
    out.line()
    out.line('syntax = "proto3";')
    out.line()
    out.line(f"package {package(project)};")
    out.line()
    out.line('import "headcount/v1/options.proto";')
    out.line()
    _report(out, project, releases)
    for key in project.keys:
        out.line()
        _key(out, key)
    return out.text()


def _report(out: Writer, project: Project, releases: Iterable[Release]) -> None:
    out.wrapped(f"The facts that one installation of {project.title} reports for one week.", "// ")
    with out.block("message Report {", "}"):
        with out.block("option (headcount.v1.project) = {", "};"):
            out.lines(_texts(project, "name", "title", "homepage", "recipient", "contact"))
            out.lines(_texts(project, "endpoint"))
            out.line(f"mode: CONSENT_MODE_{project.mode.upper()}")
            out.lines(_texts(project, "digest", "consent_digest"))
            for release in releases:
                _release(out, release)
        _reserved(out, project.retired)
        for key in project.keys:
            out.line()
            out.wrapped(_sentences(key.label, key.description), "// ")
            out.line(f"{names.camel(key.field)} {key.field} = {key.number};")


def _release(out: Writer, release: Release) -> None:
    texts = {"name": release.release, "date": release.date, "note": release.note}
    with out.block("releases: {", "}"):
        out.lines(f"{name}: {quoted(text)}" for name, text in texts.items() if text)
        for change in release.changes:
            out.line(f"changes: {{{_change(change)}}}")


def _change(change: Change) -> str:
    parts = [f"key: {quoted(change.key)}"] if change.key else []
    parts += [f"kind: CHANGE_KIND_{change.kind.upper()}", f"detail: {quoted(change.detail)}"]
    parts += ["asks: true"] if change.asks else []
    parts += [f"breaks: BREAKAGE_{change.breaks.upper()}"] if change.breaks else []
    return ", ".join(parts)


def _key(out: Writer, key: Key) -> None:
    out.wrapped(_sentences(key.label, key.description), "// ")
    if key.purpose:
        out.line("//")
        out.wrapped(f"Why: {key.purpose}", "// ")
    if key.issue:
        out.line("//")
        out.wrapped(f"Decided: {key.issue}", "// ")
    with out.block(f"message {names.camel(key.field)} {{", "}"):
        _options(out, key)
        if key.values or key.retired_values:
            out.line()
            _enum(out, key)
        out.line()
        out.line(f"// {_comment(key)}")
        out.line(f"{_field(key)} = 1;")
        if key.type is KeyType.PRODUCT:
            out.line()
            out.line("// Its version in digits and dots; empty where none is known.")
            out.line("string version = 2;")


def _field(key: Key) -> str:
    match key.type:
        case KeyType.BOOLEAN:
            return "optional bool value"
        case KeyType.COUNT:
            return "optional int64 value"
        case KeyType.CHOICE | KeyType.PRODUCT:
            return "Value value"
        case KeyType.LIST:
            return "repeated string values" if key.catalogue else "repeated Value values"
        case KeyType.VERSION | KeyType.TEXT:
            return "string value"


def _comment(key: Key) -> str:
    if key.catalogue:
        return "Items of the catalogue, each once; any other item is `other`, once."
    return _COMMENTS[key.type]


def _options(out: Writer, key: Key) -> None:
    with out.block("option (headcount.v1.key) = {", "};"):
        out.lines(_texts(key, "name", "label", "description", "purpose", "issue"))
        out.line(f"type: KEY_TYPE_{key.type.upper()}")
        if key.precision:
            out.line(f"precision: {key.precision}")
        _repeated(out, "buckets", (str(bound) for bound in key.buckets))
        _repeated(out, "catalogue", (quoted(item) for item in key.catalogue))
        if key.max_items:
            out.line(f"max_items: {key.max_items}")
        out.line(f"level: LEVEL_{key.level.upper()}")
        _repeated(out, "by", (quoted(axis) for axis in key.by))
        out.lines(_texts(key, "since", "expires", "owner", "formerly"))
        for reported, value in key.aliases:
            out.line(f"aliases: {{reported: {quoted(reported)}, value: {quoted(value)}}}")


def _enum(out: Writer, key: Key) -> None:
    out.wrapped(f"Values of {key.label}.", "// ")
    with out.block("enum Value {", "}"):
        _reserved(out, key.retired_values, before=False)
        out.line("// Never used.")
        out.line("VALUE_UNSPECIFIED = 0;")
        out.line("// Any value that is not declared.")
        out.line("VALUE_OTHER = 1;")
        for value in key.values:
            out.wrapped(f"{value.text}.", "// ")
            option = f"[(headcount.v1.text) = {quoted(value.text)}]"
            out.line(f"{value.identifier} = {value.number} {option};")


def _reserved(out: Writer, retired: tuple[Retired, ...], *, before: bool = True) -> None:
    if not retired:
        return
    if before:
        out.line()
    out.line(f"reserved {', '.join(str(each.number) for each in retired)};")
    out.line(f"reserved {', '.join(quoted(each.name) for each in retired)};")
    if not before:
        out.line()


def _texts(model: Project | Key, *attributes: str) -> list[str]:
    texts = [(attribute, getattr(model, attribute)) for attribute in attributes]
    return [f"{attribute}: {quoted(text)}" for attribute, text in texts if text]


def _repeated(out: Writer, name: str, literals: Iterable[str]) -> None:
    found = list(literals)
    if not found:
        return
    with out.block(f"{name}: [", "]"):
        for literal in found[:-1]:
            out.line(f"{literal},")
        out.line(found[-1])


def _sentences(label: str, description: str) -> str:
    return f"{label}: {description}" if description else f"{label}."

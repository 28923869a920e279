"""The file `report.proto` of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.model import SOURCE_LANGUAGE, KeyType
from headcount_registry.emitters.template import render
from headcount_registry.emitters.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.model import Key, Project
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
    """Return the protobuf package of a project."""
    return f"headcount.projects.{project.name}.v1"


def path(project: Project) -> str:
    """Return the path of its file, below the root of generated files."""
    return f"{package(project).replace('.', '/')}/report.proto"


def emit(project: Project, releases: Iterable[Release] = ()) -> str:
    """Return the text of the file; `releases` are those that changed the project, oldest first."""
    return render(
        "report.proto.jinja",
        project=project,
        package=package(project),
        releases=releases,
        camel=names.camel,
        about=_about,
        change_options=_change,
        holds=_holds,
        source_language=SOURCE_LANGUAGE,
        type=_type,
    )


def _change(change: Change) -> str:
    parts = [f"key: {quoted(change.key)}"] if change.key else []
    parts += [f"kind: CHANGE_KIND_{change.kind.upper()}", f"detail: {quoted(change.detail)}"]
    parts += ["asks: true"] if change.asks else []
    parts += [f"breaks: BREAKAGE_{change.breaks.upper()}"] if change.breaks else []
    return ", ".join(parts)


def _about(key: Key) -> str:
    return f"{key.label}: {key.description}" if key.description else f"{key.label}."


def _holds(key: Key) -> str:
    """Return a comment that says what the field of a key's message holds."""
    if key.catalogue:
        return "Items of the catalogue, each once; any other item is `other`, once."
    return _COMMENTS[key.type]


def _type(key: Key) -> str:
    """Return the type and name of the field of a key's message."""
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

"""The typed Python client of a project.

The package has only data and signatures. Everything that acts is in `headcount`.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.conventions import OF_CLIENTS
from headcount_registry.declarations.model import SOURCE_LANGUAGE, KeyType
from headcount_registry.emitters.template import render
from headcount_registry.emitters.text import bytes_lines, docstring, wrap

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key, Project

_ANSWERS = {
    KeyType.BOOLEAN: "bool",
    KeyType.VERSION: "str",
    KeyType.TEXT: "str",
    KeyType.COUNT: "int",
}
_DOCSTRING_WIDTH = 92


def package(project: Project) -> str:
    """Return the name of a project's Python package."""
    return f"{project.name}_telemetry"


def emit(project: Project, schema: bytes) -> dict[str, str]:
    """Return the text of every file, by its path inside the package.

    `schema` is the serialized descriptor of the project's `report.proto`.
    """
    at_least, below = _versions()
    translations = _translations(project)
    values: dict[str, dict[str, object]] = {
        "__init__.py": {"at_least": at_least, "below": below},
        "__main__.py": {"package": package(project)},
        "keys.py": {
            "keys": [key for key in project.keys if not _of_client(key)],
            "alias": _alias,
            "spellings": _spellings,
            "answer": _answer,
            "about": _about,
        },
        "_project.py": {"translated": bool(translations), "source_language": SOURCE_LANGUAGE},
        "_schema.py": {"schema": bytes_lines(schema)},
    }
    if translations:
        values["_translations.py"] = {"translations": translations}
    files = {
        name: render(f"client/{name}.jinja", project=project, **more)
        for name, more in values.items()
    }
    return files | {"py.typed": ""}


def _translations(project: Project) -> dict[str, dict[str, str]]:
    """Return the words in other languages, by language and by key and attribute."""
    found: dict[str, dict[str, str]] = {}
    for each in project.translations:
        found.setdefault(each.language, {}).update(each.texts)
    for key in project.keys:
        for each in key.translations:
            named = {f"{key.name}.{name}": text for name, text in each.texts}
            found.setdefault(each.language, {}).update(named)
    return dict(sorted(found.items()))


@cache
def _versions() -> tuple[str, str]:
    """Return the first release of headcount that fits the package, and the first that does not."""
    major, minor = map(int, version("headcount-registry").split(".")[:2])
    return f"{major}.{minor}", f"{major + 1}.0" if major else f"0.{minor + 1}"


def _of_client(key: Key) -> bool:
    """Return whether the client answers a key, so that its host has no method for it."""
    return key.convention is not None and key.convention.name in OF_CLIENTS


def _alias(key: Key) -> str:
    """Return the name of the type of a key's values, with an ending that no other name has."""
    return f"{names.camel(key.name)}Value"


def _spellings(key: Key) -> dict[str, None]:
    """Return what a host may answer: values, aliases and other, each once and in this order."""
    aliases = (reported for reported, _ in key.aliases)
    return dict.fromkeys([*(value.text for value in key.values), *aliases, "other"])


def _answer(key: Key) -> str:
    match key.type:
        case KeyType.CHOICE:
            return f"{_alias(key)} | str"
        case KeyType.PRODUCT:
            return f"tuple[{_alias(key)} | str, str | None] | str"
        case KeyType.LIST:
            return f"Iterable[{'str' if key.catalogue else f'{_alias(key)} | str'}]"
        case _:
            return _ANSWERS[key.type]


def _about(key: Key) -> str:
    """Return the docstring of a key's method, with quotes and without indentation."""
    label = key.label if key.label.endswith((".", "!", "?")) else f"{key.label}."
    paragraphs = [key.description] if key.description else []
    paragraphs += [f"Why: {key.purpose}"] if key.purpose else []
    paragraphs += [f"Decided: {key.issue}"] if key.issue else []
    if key.successor:
        paragraphs += [f"Deprecated: `{key.successor}` replaces it; asked until {key.expires}."]
    if not paragraphs:
        return f'"""{docstring(label)}"""'
    lines = [f'"""{docstring(label)}']
    for paragraph in paragraphs:
        lines += ["", *wrap(docstring(paragraph), _DOCSTRING_WIDTH)]
    return "\n".join([*lines, '"""'])

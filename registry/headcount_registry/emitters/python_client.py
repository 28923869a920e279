"""One project in, the files of its typed Python client out.

The package is thin: data and signatures. Everything that acts is in `headcount`.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.model import KeyType
from headcount_registry.emitters.code_writer import MARKER, Writer, bytes_lines, plain, quoted, wrap

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
    """Name of the Python package."""
    return f"{project.name}_telemetry"


def emit(project: Project, schema: bytes) -> dict[str, str]:
    """Text of every file, by its path inside the package.

    `schema` is the serialized descriptor of the project's `report.proto`.
    """
    return {
        "__init__.py": _init(project),
        "__main__.py": _main(project),
        "keys.py": _keys(project),
        "_project.py": _project(project),
        "_schema.py": _schema(project, schema),
        "py.typed": "",
    }


def _module(project: Project, *docstring: str) -> Writer:
    out = Writer("    ")
    out.line(f"# {MARKER} from the declarations of {project.name}; do not edit.")
    _docstring(out, *docstring)
    out.line()
    out.line("from __future__ import annotations")
    out.line()
    return out


def _init(project: Project) -> str:
    out = _module(
        project,
        f"Weekly usage counts of {project.title}, anonymous and only with consent.",
        "Subclass `Collectors`, and give an instance to `Telemetry`.",
    )
    out.line("from headcount.generated import Client, requires")
    out.line()
    out.line("from ._project import PROJECT")
    out.line("from .keys import Collectors")
    out.line()
    out.line("TYPE_CHECKING = False")
    with out.block("if TYPE_CHECKING:"):
        out.line("from os import PathLike")
        out.line("from typing import Unpack")
        out.line()
        out.line("from headcount.generated import ClientOptions")
    out.line()
    out.line('__all__ = ["PROJECT", "Collectors", "Telemetry"]')
    out.line()
    at_least, below = _versions()
    out.line(f'requires(__name__, at_least="{at_least}", below="{below}")')
    out.lines(["", ""])
    with out.block("class Telemetry(Client):"):
        _docstring(
            out,
            f"Consent, the weekly report and its sending, for {project.title}.",
            "`settings` are the further arguments of `headcount.Client`, by name.",
        )
        out.line()
        with out.block("def __init__(", ") -> None:"):
            out.line("self,")
            out.line("collectors: Collectors,")
            out.line("*,")
            out.line("state_directory: str | PathLike[str],")
            out.line("endpoint: str | None = None,")
            out.line("**settings: Unpack[ClientOptions],")
        with out.block("    super().__init__(", "    )"):
            for argument in (
                "PROJECT",
                "collectors",
                "state_directory=state_directory",
                "endpoint=endpoint",
                "**settings",
            ):
                out.line(f"    {argument},")
    return out.text()


def _versions() -> tuple[str, str]:
    """Return the first release of headcount that fits the package, and the first that does not."""
    major, minor = map(int, version("headcount-registry").split(".")[:2])
    return f"{major}.{minor}", f"{major + 1}.0" if major else f"0.{minor + 1}"


def _main(project: Project) -> str:
    out = _module(
        project,
        f"The command line for those who run {project.title}.",
        f"`python -m {package(project)} --help`, or whatever name a host gave to this package, says"
        " what it can do.",
    )
    out.line("import sys")
    out.line()
    out.line("from headcount.generated import run")
    out.line()
    out.line("from ._project import PROJECT")
    out.line()
    with out.block('if __name__ == "__main__":'):
        out.line("sys.exit(run(PROJECT, __package__))")
    return out.text()


def _keys(project: Project) -> str:
    out = _module(
        project,
        f"The keys of {project.title}: one method each, for the host to override.",
        "The named sets of values exist for type checkers only; import them under TYPE_CHECKING.",
    )
    closed = [key for key in project.keys if key.values]
    if any(key.type is KeyType.LIST for key in project.keys) or closed:
        out.line("TYPE_CHECKING = False")
        with out.block("if TYPE_CHECKING:"):
            if any(key.type is KeyType.LIST for key in project.keys):
                out.line("from collections.abc import Iterable")
            if closed:
                out.line("from typing import Literal, TypeAlias")
            for key in closed:
                out.line()
                _values(out, key)
        out.line()
    out.line('__all__ = ["Collectors"]')
    out.lines(["", ""])
    with out.block("class Collectors:"):
        _docstring(
            out,
            "What the host knows about itself. None, the default, is no answer.",
            "A method is called only while its key is agreed to. What it returns is cut to the"
            " declared bounds before it leaves: values that are not declared become other,"
            " versions are shortened, and of numbers only the bucket is kept. A method may be"
            " typed more narrowly: with the named sets a type checker refuses what is undeclared.",
        )
        for key in project.keys:
            out.line()
            _method(out, key)
    return out.text()


def _alias(key: Key) -> str:
    """Name of the type of a key's values; the ending keeps it apart from all other names."""
    return f"{names.camel(key.name)}Value"


def _values(out: Writer, key: Key) -> None:
    texts = dict.fromkeys(
        [*(value.text for value in key.values), *(reported for reported, _ in key.aliases), "other"]
    )
    with out.block(f"{_alias(key)}: TypeAlias = Literal[", "]"):
        out.lines(f"{python_quoted(text)}," for text in texts)


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


def _method(out: Writer, key: Key) -> None:
    with out.block(f"def {key.name}(self) -> {_answer(key)} | None:"):
        paragraphs = [key.description] if key.description else []
        if key.purpose:
            paragraphs.append(f"Why: {key.purpose}")
        if key.issue:
            paragraphs.append(f"Decided: {key.issue}")
        _docstring(out, _sentence(key.label), *paragraphs)
        out.line("return None")


def _project(project: Project) -> str:
    out = _module(project, f"{project.title}, as plain data: all that consent and preview need.")
    out.line("from headcount.generated import Key, Project")
    out.lines(["", ""])
    with out.block("def _schema() -> bytes:"):
        out.line("from ._schema import FILE")
        out.line()
        out.line("return FILE")
    out.lines(["", ""])
    with out.block("PROJECT = Project(", ")"):
        for name in ("name", "title", "homepage", "recipient", "contact", "endpoint", "mode"):
            out.line(f"{name}={python_quoted(getattr(project, name))},")
        out.line(f"digest={python_quoted(project.digest)},")
        out.line(f"consent_digest={python_quoted(project.consent_digest)},")
        with out.block("keys=(", "),"):
            for key in project.keys:
                _key(out, key)
        out.line("schema=_schema,")
    return out.text()


def _key(out: Writer, key: Key) -> None:
    with out.block("Key(", "),"):
        out.line(f"name={python_quoted(key.name)},")
        out.line(f"number={key.number},")
        for name in ("label", "description", "purpose", "issue", "type", "level"):
            out.line(f"{name}={python_quoted(getattr(key, name))},")
        _mapping(out, "values", [(value.text, str(value.number)) for value in key.values])
        _mapping(out, "aliases", [(old, python_quoted(new)) for old, new in key.aliases])
        _tuple(out, "catalogue", [python_quoted(item) for item in key.catalogue])
        if key.precision:
            out.line(f"precision={key.precision},")
        _tuple(out, "buckets", [str(bound) for bound in key.buckets])
        if key.max_items:
            out.line(f"max_items={key.max_items},")
        _tuple(out, "by", [python_quoted(axis) for axis in key.by])
        for name in ("since", "expires", "owner", "formerly"):
            if getattr(key, name):
                out.line(f"{name}={python_quoted(getattr(key, name))},")


def _mapping(out: Writer, name: str, items: list[tuple[str, str]]) -> None:
    if items:
        with out.block(f"{name}={{", "},"):
            out.lines(f"{python_quoted(text)}: {literal}," for text, literal in items)


def _tuple(out: Writer, name: str, literals: list[str]) -> None:
    if len(literals) == 1:
        # Where a formatter would put it: a comma after a single item says nothing to it.
        out.line(f"{name}=({literals[0]},),")
    elif literals:
        with out.block(f"{name}=(", "),"):
            out.lines(f"{literal}," for literal in literals)


def _schema(project: Project, schema: bytes) -> str:
    out = _module(
        project,
        f"The schema of a report of {project.title}: a serialized FileDescriptorProto.",
        "Loaded into a private pool, and only when a report is made.",
    )
    with out.block("FILE: bytes = (", ")"):
        out.lines(bytes_lines(schema))
    return out.text()


def _docstring(out: Writer, *paragraphs: str) -> None:
    """A docstring that no text can break out of, its first paragraph on the first line."""
    first, *others = (_escaped(paragraph) for paragraph in paragraphs)
    if not others:
        out.line(f'"""{first}"""')
        return
    out.line(f'"""{first}')
    for paragraph in others:
        out.line()
        out.lines(wrap(paragraph, _DOCSTRING_WIDTH))
    out.line('"""')


def _escaped(text: str) -> str:
    escaped = plain(text).replace("\\", "\\\\").replace('"""', "'''")
    return escaped[:-1] + "'" if escaped.endswith('"') else escaped


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def python_quoted(text: str) -> str:
    """A literal as formatters like it: in single quotes where that saves escapes."""
    literal = quoted(text)
    if text.count('"') <= text.count("'"):
        return literal
    return "'" + literal[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"

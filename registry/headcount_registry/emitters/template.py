"""The templates of generated files, which are in `headcount_registry/templates`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from headcount_registry.emitters import text

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """Return the text of a file; a name that the template uses and nobody gives is an error."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    # Imported late, because most commands use no template.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(  # noqa: S701 - code, not HTML: what is inserted goes through a filter
        loader=PackageLoader("headcount_registry"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # the files of a package do not change while it runs
    )
    environment.globals["MARKER"] = text.MARKER
    environment.filters |= {
        "comment": _comment,
        "docstring": text.docstring,
        "python": text.python_quoted,
        "quoted": text.quoted,
    }
    return environment


def _comment(words: str, depth: int = 0) -> str:
    """Return a paragraph as comments of protobuf, indented by `depth` columns."""
    lines = text.wrap(words, text.WIDTH - depth - len("// "))
    return f"\n{' ' * depth}".join(f"// {line}" for line in lines)

"""The methods that a host wrote, as opposed to those that its generated package gives it.

A generated package gives each key a method that answers nothing; a host overrides it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headcount.model.project import Project


def package(project: Project) -> str:
    """Return the name of a project's generated package, `""` if it has none."""
    return str(getattr(project.schema, "__module__", "")).rpartition(".")[0]


def is_written(project: Project, collectors: object, name: str) -> bool:
    """Return whether a host has a method of its own for a key."""
    try:
        found = getattr(collectors, name, None)
    except Exception:  # noqa: BLE001 - a host's attribute; asking for its answer tells what is wrong
        return True
    return callable(found) and getattr(found, "__module__", "") != _generated(project)


def public(project: Project, collectors: object) -> set[str]:
    """Return the names of the public methods that a host wrote."""
    names = {name for name, item in getattr(collectors, "__dict__", {}).items() if callable(item)}
    for owner in type(collectors).__mro__:
        if owner is not object and owner.__module__ != _generated(project):
            names |= {name for name, item in vars(owner).items() if _is_method(item)}
    return {name for name in names if not name.startswith("_")}


def _generated(project: Project) -> str:
    """Return the module that gives each key its default method."""
    return f"{package(project)}.keys"


def _is_method(item: object) -> bool:
    return callable(item) or isinstance(item, staticmethod | classmethod)

"""The registry in, the files of Backdrop's module `headcount` out.

The code of the module is written by hand and stands in `headcount_registry/backdrop`. Beside
it goes one file of data for each project. `headcount_registry/backdrop_project` is a module
for the site on which projects have their pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.emitters import registry_json
from headcount_registry.emitters.text import MARKER

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Project, Registry

MODULE = "headcount"
"""Name of the module, and of its folder."""

PAGES = "headcount_project"
"""Name of the module for the site of the projects, and of its folder."""

_CODE = Path(__file__).parent.parent / "backdrop"
_PAGES = _CODE.with_name("backdrop_project")
_NOTE = f"{MARKER}; do not edit."
_COMMENTS = {".info": "; {}\n", ".inc": "// {}\n", ".install": "// {}\n", ".module": "// {}\n"}
_OPENING = "<?php\n"


def emit(registry: Registry) -> dict[str, str]:
    """Return the text of every file of the module, by its path below the module's folder."""
    data = {f"projects/{project.name}.json": _data(project) for project in registry.projects}
    return _written(_CODE) | data


def emit_pages() -> dict[str, str]:
    """Return the text of every file of the module for the site of the projects."""
    return _written(_PAGES)


def _written(folder: Path) -> dict[str, str]:
    code = sorted(path for path in folder.rglob("*") if path.suffix in _COMMENTS)
    return {path.relative_to(folder).as_posix(): _marked(path) for path in code}


def _marked(path: Path) -> str:
    """Return the text of a file of code with the mark in its first line."""
    text = path.read_text(encoding="utf-8")
    comment = _COMMENTS[path.suffix].format(_NOTE)
    if text.startswith(_OPENING):
        return _OPENING.rstrip() + " " + comment + text.removeprefix(_OPENING)
    return comment + text


def _data(project: Project) -> str:
    """Return a project's declarations as the module reads them: those of registry.json."""
    model = {"about": _NOTE, **registry_json.project(project)}
    return json.dumps(model, ensure_ascii=False, indent=1) + "\n"

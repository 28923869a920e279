"""The vectors: cases, each with a question, the right answer, and the reason for it.

They are data of this package, and `tests/vectors` is a link to them.
docs/hosts/other-languages.md documents their format.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
"""Version of the files; it grows when a member changes its meaning, not with added cases."""

FOLDER = Path(__file__).with_name("vectors")
PROJECTS = "projects"
"""The file of the declarations that cases refer to."""

Json = Any
"""A value of JSON."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question to a client; `id` is unique in its file, `do` names the operation."""

    id: str
    why: str
    do: str
    given: dict[str, Json]
    expect: Json


@dataclass(frozen=True, slots=True)
class Vectors:
    """The cases of one file, about one promise."""

    name: str
    about: str
    cases: tuple[Case, ...]


def names() -> tuple[str, ...]:
    """Return the names of all files of cases, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.json") if file.stem != PROJECTS))


def load(name: str) -> Vectors:
    """Return the cases of a file."""
    content = _content(name)
    return Vectors(name, content["about"], tuple(Case(**case) for case in content["cases"]))


def projects() -> dict[str, Json]:
    """Return the declarations that cases refer to, by the name that they use."""
    declared: dict[str, Json] = _content(PROJECTS)["projects"]
    return declared


def _content(name: str) -> dict[str, Json]:
    content: dict[str, Json] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content

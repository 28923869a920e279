"""The form of the sources of the vectors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

FORMAT = 1
Json = Any


@dataclass(frozen=True)
class Source:
    """The cases of one file, in the order in which they were added."""

    name: str
    about: str
    operations: dict[str, str]
    cases: list[dict[str, Json]] = field(default_factory=list)

    def add(self, name: str, do: str, given: dict[str, Json], expect: Json, why: str) -> None:
        assert do in self.operations, do
        assert name not in {case["id"] for case in self.cases}, name
        case = {"id": name, "why": why, "do": do, "given": given, "expect": expect}
        self.cases.append(case)

    def text(self) -> str:
        model = {
            "format": FORMAT,
            "about": self.about,
            "operations": self.operations,
            "cases": self.cases,
        }
        return json.dumps(model, ensure_ascii=False, indent=1) + "\n"


def at(moment: str) -> int:
    """A moment such as `2026-11-16 08:00` in UTC, in unix seconds."""
    return int(datetime.fromisoformat(f"{moment}+00:00").timestamp())

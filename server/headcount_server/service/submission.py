"""A report in its envelope, whichever form it came in: protobuf, JSON or that of Backdrop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from headcount_server.counting.answers import Answers
from headcount_server.errors import InvalidReport, UnknownProject, Violation
from headcount_server.registry.schema import REPORT_PREFIX, REPORT_SUFFIX, Project, Schema
from headcount_server.week import Week

TOKEN_BYTES = 16

Read: TypeAlias = Callable[[Project, date], Answers]
"""Reads the answers of a report of this project, on this day. Raises InvalidReport."""


class Submission(NamedTuple):
    """A report as it was sent. Nothing of it is checked, and its answers are not read yet."""

    week: str
    token: bytes
    project: str | None
    """Name of the project; None if the type of the report names none."""
    read: Read
    unknown: Sequence[int] = ()
    """Numbers of fields that the envelope does not have."""

    def opened(self, schema: Schema) -> tuple[Week, Project]:
        """Return week and project. Raises InvalidReport or UnknownProject."""
        violations = [
            Violation(f"field {field}", "this service knows no such field")
            for field in self.unknown
        ]
        week = None
        try:
            week = Week.parse(self.week)
        except ValueError as error:
            violations.append(Violation("week", str(error)))
        if len(self.token) != TOKEN_BYTES:
            length = len(self.token)
            violations.append(Violation("token", f"{length} bytes, exactly {TOKEN_BYTES}"))
        if self.project is None:
            form = f"{REPORT_PREFIX}<project>{REPORT_SUFFIX}"
            violations.append(Violation("report", f"its type is not {form}"))
        if violations or week is None or self.project is None:
            raise InvalidReport(*violations)
        return week, known_project(schema, self.project)


def known_project(schema: Schema, name: str) -> Project:
    """Return the project of this name. Raises UnknownProject."""
    try:
        return schema.projects[name]
    except KeyError:
        msg = f"project: {name!r:.50} is not in this registry"
        raise UnknownProject(msg) from None

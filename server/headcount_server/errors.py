"""What can go wrong, and the code that a caller is told.

The tree::

    ServerError
    ├── ConfigError        a flag or file that the operator has to change
    ├── SchemaError        registry.binpb cannot be used
    ├── StoreError         the database or a week key cannot be used
    ├── DemoError          the demonstration found wrong totals
    └── Refusal            a request is answered with a code other than OK
        ├── InvalidReport      INVALID_ARGUMENT
        ├── WeekNotOpen        FAILED_PRECONDITION
        ├── UnknownProject     NOT_FOUND
        ├── Overloaded         RESOURCE_EXHAUSTED
        │   └── TooLarge       RESOURCE_EXHAUSTED
        ├── Unsupported        UNIMPLEMENTED
        ├── TooLate            DEADLINE_EXCEEDED
        ├── Unavailable        UNAVAILABLE
        └── Fault              INTERNAL

Each refusal carries its code, so this module is the whole table of conditions
and codes; handlers raise and never name a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import grpc


class ServerError(Exception):
    """Base of everything that this distribution raises on purpose."""


class ConfigError(ServerError):
    """A flag or a file that the operator has to change."""


class SchemaError(ServerError):
    """A descriptor set that cannot be used as a registry."""


class StoreError(ServerError):
    """A database or week key that cannot be used."""


class DemoError(ServerError):
    """Published totals that are not what the simulated sites sent."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field of a request that is wrong, and how."""

    field: str
    """Path of the field, such as `php_version.value`."""
    description: str
    """What is wrong with it, with the bound."""

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


class Refusal(ServerError):
    """A request that is answered with a code other than OK."""

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL


MAX_VIOLATIONS = 10
"""Violations that a refusal names. It travels in trailers, of which peers take 8 KiB."""


class InvalidReport(Refusal):
    """The envelope is wrong, or nothing in the report could be used."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations[:MAX_VIOLATIONS]
        more = len(violations) - len(self.violations)
        tail = [f"and {more} more"] if more else []
        super().__init__("; ".join([*map(str, self.violations), *tail]))


class WeekNotOpen(Refusal):
    """The report's week is over, or has not begun."""

    code = grpc.StatusCode.FAILED_PRECONDITION

    def __init__(self, week: object, open_weeks: tuple[str, ...]) -> None:
        super().__init__(f"week: {week} is not open; open: {', '.join(open_weeks)}")
        self.open_weeks = open_weeks


class UnknownProject(Refusal):
    """The server's registry has no such project."""

    code = grpc.StatusCode.NOT_FOUND


class Overloaded(Refusal):
    """More is asked than the server takes at once; come back in hours."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class TooLarge(Overloaded):
    """A request of more bytes than any report has."""


class Unsupported(Refusal):
    """A method, an encoding or a form of the call that this server does not speak."""

    code = grpc.StatusCode.UNIMPLEMENTED


class TooLate(Refusal):
    """The time for the call is over; what was sent may be counted or not."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Unavailable(Refusal):
    """The server cannot keep anything right now; nothing was counted.

    `why` is for the operator: it may name files, and is told to no caller.
    """

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class Fault(Refusal):
    """Something failed that must not; the log has the place, nobody has what was sent."""

    code = grpc.StatusCode.INTERNAL

    def __init__(self) -> None:
        super().__init__("the server failed; it has been logged")

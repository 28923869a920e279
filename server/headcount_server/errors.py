"""Errors of the server, and the code that a caller gets for each.

The tree::

    ServerError
    ├── ConfigError        a flag or file that the operator has to change
    ├── SchemaError        registry.binpb cannot be used
    ├── StoreError         the database or a week key cannot be used
    ├── DeliveryError      a destination cannot be reached or written
    ├── LogError           a log of publications does not show what it should
    ├── DemoError          the demonstration found wrong totals
    └── Refusal            a request is answered with a code other than OK
        ├── InvalidReport      INVALID_ARGUMENT
        │   ├── TooLarge       INVALID_ARGUMENT
        │   └── WrongKey       INVALID_ARGUMENT
        ├── WeekNotOpen        FAILED_PRECONDITION
        ├── UnknownProject     NOT_FOUND
        ├── Overloaded         RESOURCE_EXHAUSTED
        ├── Unsupported        UNIMPLEMENTED
        ├── TooLate            DEADLINE_EXCEEDED
        ├── Unavailable        UNAVAILABLE
        └── Fault              INTERNAL

Each refusal carries its code, so this module is the complete table of conditions
and codes. Handlers raise a refusal and never name a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import grpc


class ServerError(Exception):
    """Base of all errors that this distribution raises on purpose."""


class ConfigError(ServerError):
    """A flag or a file that the operator must change."""


class SchemaError(ServerError):
    """A descriptor set that cannot be used as a registry."""


class StoreError(ServerError):
    """A database or week key that cannot be used."""


class DeliveryError(ServerError):
    """A destination of published totals that cannot be reached or written."""


class LogError(ServerError):
    """A log of publications, or a note of one, that does not show what it should."""


class DemoError(ServerError):
    """Published totals that differ from what the simulated sites sent."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One wrong field of a request."""

    field: str
    """Path of the field, such as `php_version.value`."""
    description: str
    """The fault, with the bound."""

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


class Refusal(ServerError):
    """A request that is answered with a code other than OK."""

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL


MAX_VIOLATIONS = 10
"""Violations that a refusal names. It travels in trailers, of which peers take 8 KiB."""


class InvalidReport(Refusal):
    """The envelope is wrong, or no part of the report can be used."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations[:MAX_VIOLATIONS]
        more = len(violations) - len(self.violations)
        tail = [f"and {more} more"] if more else []
        super().__init__("; ".join([*map(str, self.violations), *tail]))


class TooLarge(InvalidReport):
    """A request of more bytes than any report has; it would be no smaller the next time."""


class WrongKey(InvalidReport):
    """A sealed request that no key of this server opens."""

    def __init__(self, why: str) -> None:
        super().__init__(Violation("request", why))


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
    """The caller asks for more than the server takes at once; try again in some hours."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unsupported(Refusal):
    """A method, an encoding or a form of call that this server does not support."""

    code = grpc.StatusCode.UNIMPLEMENTED


class TooLate(Refusal):
    """The time for the call is over; the report may or may not be counted."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Unavailable(Refusal):
    """The server cannot store anything right now; nothing was counted.

    `why` is for the operator: it may name files, and no caller gets it.
    """

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class Fault(Refusal):
    """An internal fault; the log has its place, and nobody keeps what was sent."""

    code = grpc.StatusCode.INTERNAL

    def __init__(self) -> None:
        super().__init__("the server failed; it has been logged")

"""The messages between host and server: a report in its envelope, and the answer to it.

They are plain values, so that a host can write a transport of its own with them alone.
Only our transports, `grpc_transport` and `http_transport`, open connections.
"""

from __future__ import annotations

from typing import Protocol

from headcount.model.frozen import Frozen


class Transport(Protocol):
    """Anything that can submit a report."""

    def submit(self, request: Request, timeout: float) -> Answer:
        """Send one report; answer within `timeout` seconds, whatever goes wrong."""


SUBMIT_REPORT = "/headcount.v1.TelemetryService/SubmitReport"
GET_REGISTRY = "/headcount.v1.TelemetryService/GetRegistry"
OPEN_WEEKS = "headcount-open-weeks"
"""The trailer of FAILED_PRECONDITION that lists the open weeks, the current one first."""

LARGEST_ANSWER = 256 * 1024
"""Largest number of bytes of an answer that are read."""


class Request(Frozen):
    """One report in its envelope.

    `week` is an ISO week such as `2026-W47`, `token` has 16 bytes, and `report` holds
    the bytes of `headcount.projects.<project>.v1.Report`.
    """

    week: str
    token: bytes
    registry_digest: str
    project: str
    report: bytes


class Ignored(Frozen):
    """A key that the server left out: its name (`""` if unknown), number and reason."""

    key: str
    number: int
    reason: str
    message: str


class Answer(Frozen):
    """The server's answer to a report; `code` is the name of a gRPC status, such as `OK`."""

    code: str
    open_weeks: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    message: str = ""

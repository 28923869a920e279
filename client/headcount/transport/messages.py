"""What travels between a host and the server: a report in its envelope, and an answer.

Plain values, so that a host's own transport can be written with them alone.
`grpc_transport` and `http_transport` are ours; nothing else opens a connection.
"""

from __future__ import annotations

from typing import Protocol

from headcount.model.frozen import Frozen


class Transport(Protocol):
    """Anything that can submit a report."""

    def submit(self, request: Request, timeout: float) -> Answer:
        """Sends one report; answers within `timeout` seconds, errors included."""


SUBMIT_REPORT = "/headcount.v1.TelemetryService/SubmitReport"
GET_REGISTRY = "/headcount.v1.TelemetryService/GetRegistry"
OPEN_WEEKS = "headcount-open-weeks"
"""Trailing metadata of FAILED_PRECONDITION: the open weeks, current first."""

LARGEST_ANSWER = 256 * 1024
"""Bytes of an answer that are read at most."""


class Request(Frozen):
    """One report in its envelope.

    `week` is an ISO week such as `2026-W47`, `token` 16 bytes, `report` the
    bytes of `headcount.projects.<project>.v1.Report`.
    """

    week: str
    token: bytes
    registry_digest: str
    project: str
    report: bytes


class Ignored(Frozen):
    """A key that the server left out: its name (`""` where unknown), number and reason."""

    key: str
    number: int
    reason: str
    message: str


class Answer(Frozen):
    """What came back: `code` is the name of a gRPC status, such as `OK`."""

    code: str
    open_weeks: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    message: str = ""

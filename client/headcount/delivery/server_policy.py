"""The server's policy: its own statement of what it does with reports.

The client asks for it only when a person does, and only while reports may be sent. In
between, it reads the last statement from a file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from headcount.model.errors import ConsentError, ServerError, StateError
from headcount.model.frozen import Frozen
from headcount.model.sentence import Sentence
from headcount.model.week import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from headcount.consent.decision import Decision
    from headcount.storage.state_directory import StateDirectory
    from headcount.transport.messages import Transport

FILE = "promise.json"


class ServerPolicy(Frozen):
    """The policy that the server stated at a time (unix seconds).

    Counts are rounded down to multiples of `threshold`, and smaller counts are not
    published. `grace` seconds after a week's end, everything is destroyed except the
    published totals.
    """

    threshold: int
    grace: float
    at: float

    @property
    def text(self) -> str:
        """Return the policy in words, which people read as the server's promise."""
        published = Sentence("counts are published as they are, down to a single installation")
        if self.threshold > 1:
            published = Sentence(
                "counts are published rounded down to multiples of {threshold}, and fewer than "
                "{threshold} not at all",
                threshold=self.threshold,
            )
        return Sentence(
            "{published}; {span} after a week's end everything but these totals is destroyed",
            published=published,
            span=_span(self.grace),
        )


def ask(  # noqa: PLR0913 - time and place come in as arguments
    project: str,
    directory: StateDirectory,
    decision: Decision,
    *,
    transport: Callable[[], Transport],
    clock: Callable[[], float],
    seconds: float,
) -> ServerPolicy:
    """Ask the server for its policy, and remember it.

    Raises ConsentError while the state is off, without opening a connection.
    """
    state = decision.state()
    if not state.on:
        raise ConsentError(
            Sentence(
                "the server is not asked, since everything is off: {why}", why=state.explanation
            )
        )
    describe = getattr(transport(), "describe", None)
    if describe is None:
        raise ServerError(Sentence("this host's transport sends reports and can ask nothing"))
    answer, data = describe(project, seconds)
    if answer.code != "OK":
        raise ServerError(
            Sentence("the server did not say: {code}: {why}", code=answer.code, why=answer.message)
        )
    policy = parse(data, at=clock())
    if policy is None:
        raise ServerError(
            Sentence("the server's answer holds no policy; is it a headcount server?")
        )
    try:
        with directory.sending() as held:
            if held:  # else return it without remembering it
                save(directory, policy)
    except StateError:
        if decision.state().on:
            raise
    finally:
        decision.leave_no_trace()
    return policy


def parse(data: bytes, *, at: float) -> ServerPolicy | None:
    """Return the policy in the server's answer, None if it holds none."""
    from google.protobuf.message import DecodeError

    from headcount.v1.telemetry_service_pb2 import (
        GetRegistryResponse,
    )

    try:
        policy = GetRegistryResponse.FromString(data).policy
    except DecodeError:
        return None
    if policy.threshold < 1:
        return None
    grace = policy.grace.seconds + policy.grace.nanos / 1e9
    return ServerPolicy(threshold=policy.threshold, grace=grace, at=at)


def save(directory: StateDirectory, policy: ServerPolicy) -> None:
    """Store a policy, which a withdrawal removes."""
    data = json.dumps(policy.parts(), indent=1) + "\n"
    directory.write(FILE, data.encode(), durable=False)


def load(directory: StateDirectory) -> ServerPolicy | None:
    """Return the server's last statement, None if there is none."""
    try:
        parts = json.loads(directory.read(FILE) or b"null")
        return ServerPolicy(
            threshold=int(parts["threshold"]), grace=float(parts["grace"]), at=float(parts["at"])
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _span(seconds: float) -> Sentence:
    if seconds < DAY:
        hours = f"{seconds / 3600:g}"
        return Sentence("1 hour") if hours == "1" else Sentence("{hours} hours", hours=hours)
    days = f"{seconds / DAY:g}"
    return Sentence("1 day") if days == "1" else Sentence("{days} days", days=days)

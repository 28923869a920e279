"""The submission of one report: the week it is sent for, and the server's answer.

`model.token_secret` decides which tokens may be made. Its decision is on disk before a
token is made.
"""

from __future__ import annotations

from headcount.model.errors import EndpointError
from headcount.model.sentence import Sentence
from headcount.model.week import Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from headcount.model.deadline import Deadline
    from headcount.model.report import Report
    from headcount.model.token_secret import TokenSecret
    from headcount.storage.state_directory import StateDirectory
    from headcount.transport.messages import Answer, Transport

TIMEOUT = 10.0
"""Seconds that one call may take."""


class Submission:
    """A report to send for its own week, or for the week that the server names."""

    def __init__(
        self,
        report: Report,
        directory: StateDirectory,
        transport: Callable[[], Transport],
        deadline: Deadline | None,
    ) -> None:
        self._report = report
        self._directory = directory
        self._transport = transport
        self._deadline = deadline

    def send(self) -> tuple[str, Answer]:
        """Send the report; return the week that it was sent for last, and the answer.

        Raises StateError if the week of a token cannot be put on record.
        """
        own = self._report.week
        secret = self._directory.secret()
        kept = secret.for_own(own)
        if kept is not None:
            answer = self._submitted(secret, kept, own)
            if answer.code != "FAILED_PRECONDITION" or not answer.open_weeks:
                return own, answer
        else:
            answer = self._asked()
            if answer.code != "OK":
                return own, answer
        secret = self._directory.secret()
        week = _first(answer.open_weeks)
        kept = secret.for_named(own, week) if week else None
        if kept is None:
            return own, _refused(own, week)
        return week, self._submitted(secret, kept, week)

    def _submitted(self, secret: TokenSecret, kept: TokenSecret, week: str) -> Answer:
        """Return the server's answer to the report with a week's token."""
        from headcount.transport.messages import Request

        if kept != secret:
            self._directory.keep_secret(kept)
        request = Request(
            week=week,
            token=kept.token(self._report.project, week),
            registry_digest=self._report.registry_digest,
            project=self._report.project,
            report=self._report.data,
        )
        return self._answered(lambda seconds: self._transport().submit(request, seconds))

    def _asked(self) -> Answer:
        """Return the server's open weeks, which it names without a token."""
        from headcount.transport.messages import Answer
        from headcount.transport.wire import open_weeks

        def ask(seconds: float) -> Answer:
            describe = getattr(self._transport(), "describe", None)
            if describe is None:
                return Answer(
                    code="FAILED_PRECONDITION",
                    message=Sentence(
                        "this host's transport cannot ask which weeks the server has open"
                    ),
                )
            answer: Answer
            answer, data = describe(self._report.project, seconds)
            return answer.replaced(open_weeks=open_weeks(data)) if answer.code == "OK" else answer

        return self._answered(ask)

    def _answered(self, call: Callable[[float], Answer]) -> Answer:
        """Return a call's answer within the remaining time; an exception counts as an answer."""
        from headcount.transport.messages import Answer

        seconds = min(TIMEOUT, self._deadline.left) if self._deadline else TIMEOUT
        if not seconds:
            return Answer(code="DEADLINE_EXCEEDED", message=Sentence("no time was left to send it"))
        try:
            return call(seconds)
        except EndpointError as error:
            return Answer(code="UNIMPLEMENTED", message=error.said)
        except Exception as error:  # noqa: BLE001 - a broken transport is a failed attempt
            return Answer(code="INTERNAL", message=f"{type(error).__name__}: {error}")


def _first(weeks: tuple[str, ...]) -> str:
    """Return the server's present week, `""` if it names none."""
    try:
        return Week.named(weeks[0]).label if weeks else ""
    except ValueError:
        return ""


def _refused(own: str, week: str) -> Answer:
    """Return why no report was sent for the week that the server named."""
    from headcount.transport.messages import Answer

    if not week:
        none = Sentence("the server names no week that is open")
        return Answer(code="FAILED_PRECONDITION", message=none)
    if Week.named(week).next.label == own:
        # This clock is ahead by hours or days: the server will reach this week in time.
        message = Sentence(
            "the server's clock is still in {week}, this host's in {own}", week=week, own=own
        )
        return Answer(code="UNAVAILABLE", message=message)
    if week == own:
        why = Sentence("its token was made when this host's clock was behind")
    else:
        why = Sentence("this host's clock says {own}: is it right?", own=own)
    return Answer(
        code="FAILED_PRECONDITION",
        message=Sentence(
            "the server has {week} open, and {why}; no token is made for a second time",
            week=week,
            why=why,
        ),
    )

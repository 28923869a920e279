"""An installation for a host's tests, whose clock, network and consent the test controls.

```
with headcount.testing.installed(Telemetry, MyCollectors()) as site:
    assert site.values()["php_version"] == "8.2"
```

Nothing is sent, nothing outside a temporary directory is written, and the
environment of the test run (a CI, say) decides nothing. Collectors are called
in the thread of the test, so a test's transaction or monkeypatch reaches them.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from headcount.model.week import DAY
from headcount.reporting.live_check import ENDPOINT, Fault
from headcount.transport.connect import obstacle
from headcount.transport.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from headcount.client import Client
    from headcount.delivery.outcome import Outcome
    from headcount.model.report import Wire
    from headcount.reporting.live_check import HostCheck

Telemetry = TypeVar("Telemetry", bound="Client")

START = 1_794_816_000.0
"""The time at which a test's clock begins by default: Monday, 2026-11-16 08:00 UTC."""


class Clock:
    """A clock that stands still until a test moves it (unix seconds)."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time it shows."""
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass; a negative number sets the clock back."""
        self.now += seconds


class RecordingTransport:
    """A transport that keeps its requests and returns the responses you set, by default OK."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[Request] = []
        self.answers = list(answers)

    def submit(self, request: Request, timeout: float) -> Answer:
        """Keep a request and return the next answer."""
        if timeout <= 0:
            raise ValueError("a transport must be given some time")
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else Answer(code="OK")


class Installation(Generic[Telemetry]):
    """One host under test: `telemetry` is its client, and the rest are its parts."""

    def __init__(self, telemetry: Telemetry, clock: Clock, transport: RecordingTransport) -> None:
        self.telemetry = telemetry
        self.clock = clock
        self.transport = transport

    def values(self) -> Mapping[str, Wire | None]:
        """Return the value that each agreed key would send; None if its collector has no answer."""
        return self.telemetry.preview().values

    def notes(self) -> Mapping[str, str]:
        """Return why keys have no answer: a collector is missing, raised or returned nonsense."""
        return self.telemetry.preview().notes

    def undeclared(self) -> Mapping[str, tuple[str, ...]]:
        """Return what collectors answer that their keys do not declare; `other` is sent for it."""
        return self.telemetry.preview().undeclared

    def check(self) -> HostCheck:
        """Call every collector once, whatever was agreed to, and return what is wrong with them.

        `assert site.check().faults == ()` fails for a key without collector, a collector
        without key, an answer of a wrong type, over its bounds or not declared, and an
        endpoint that this environment cannot send to.
        """
        found = self.telemetry.check()
        project = self.telemetry.project
        reason = obstacle(
            project.endpoint, relay=project.relay, oblivious_key=project.oblivious_key
        )
        fault = (Fault(key="", check=ENDPOINT, message=reason),) if reason else ()
        return found.replaced(faults=(*found.faults, *fault))

    def send_when_due(self) -> Outcome:
        """Let time pass until a report is due, and send it."""
        for _ in range(5):
            if self.telemetry.due():
                return self.telemetry.send_if_due()
            moment = self.telemetry.next_due()
            if moment is None:
                break
            self.clock.now = max(moment, self.clock.now)
        return self.telemetry.send_if_due()

    def sent(self) -> list[dict[str, object]]:
        """Return the reports that were sent, as the JSON that people see."""
        from google.protobuf import json_format

        from headcount.reporting.report import message_class

        kind = message_class(self.telemetry.project)
        return [
            json.loads(json_format.MessageToJson(kind.FromString(request.report)))
            for request in self.transport.requests
        ]


@contextmanager
def installed(
    telemetry: Callable[..., Telemetry],
    *arguments: object,
    level: str | None = "extended",
    refused: tuple[str, ...] = (),
    answers: tuple[Answer, ...] = (),
    now: float = START,
) -> Iterator[Installation[Telemetry]]:
    """Yield an installation that lasts as long as the `with` block.

    `telemetry` is a generated class, `arguments` are its collectors (or, for
    `headcount.Client`, a project and its collectors). Somebody has said yes to
    `level` two days before `now`, except to `refused`; with None nobody was asked.
    Warns (RuntimeWarning) if this environment could not send to the project's
    endpoint, which the recording transport stands in for.
    """
    clock = Clock(now)
    transport = RecordingTransport(*answers)
    with tempfile.TemporaryDirectory(prefix="headcount-") as directory:
        client = telemetry(
            *arguments,
            state_directory=directory,
            environment={},
            clock=clock,
            randomness=lambda: 0.5,
            transport=transport,
            patience=None,
            off_file="",
        )
        project = client.project
        if reason := obstacle(
            project.endpoint, relay=project.relay, oblivious_key=project.oblivious_key
        ):
            warnings.warn(f"nothing could be sent from here: {reason}", RuntimeWarning, 3)
        if level is not None:
            clock.forward(-2 * DAY)
            client.grant(level, refused, via="test")
            clock.forward(2 * DAY)
        yield Installation(client, clock, transport)

"""The server's work as metrics for its operator; never a key or a value."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from headcount_server.metrics.gauges import Gauges
from headcount_server.metrics.project_health import ProjectHealth

OUTCOMES = (
    "counted",
    "duplicate",
    "invalid_argument",
    "failed_precondition",
    "not_found",
    "resource_exhausted",
    "deadline_exceeded",
    "unavailable",
)
DOORS = ("grpc", "connect", "post", "oblivious")
CODES = (
    "ok",
    "invalid_argument",
    "failed_precondition",
    "not_found",
    "resource_exhausted",
    "unimplemented",
    "deadline_exceeded",
    "unavailable",
    "internal",
)


class Counters:
    """Counters of one server, in their own Prometheus registry for the operations port."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._signals: ProjectHealth | None = None
        self._reports = Counter(
            "headcount_server_reports",
            "Reports answered since the start, by what became of them.",
            ("outcome",),
            registry=self.registry,
        )
        self._calls = Counter(
            "headcount_server_calls",
            "Calls answered since the start, by door and by the code that the caller was told.",
            ("door", "code"),
            registry=self.registry,
        )
        self._group = Histogram(
            "headcount_server_commit_reports",
            "Reports in one commit.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=self.registry,
        )
        self._commit = Histogram(
            "headcount_server_commit_seconds",
            "Time of one commit.",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0),
            registry=self.registry,
        )
        self._erased = Gauge(
            "headcount_server_erased",
            "1 if nothing of closed weeks or past commits is left to wipe, else 0.",
            registry=self.registry,
        )
        self._queue = Gauge(
            "headcount_server_waiting_reports",
            "Reports that wait for a commit.",
            registry=self.registry,
        )
        self._writable = Gauge(
            "headcount_server_writable",
            "1 while reports can be kept; 0 while the disk is full or read-only.",
            registry=self.registry,
        )
        self._writable.set(1)
        self._jumps = Counter(
            "headcount_server_clock_jumps",
            "How often the machine's clock was set by ten minutes or more since the start.",
            registry=self.registry,
        )
        self._lacking = Gauge(
            "headcount_server_destination_lacking_weeks",
            "Published weeks that a destination lacks, or has in a state before a correction.",
            ("destination",),
            registry=self.registry,
        )
        self._delivered = Counter(
            "headcount_server_destination_weeks",
            "Weeks that this server gave to a destination since its start.",
            ("destination",),
            registry=self.registry,
        )
        self._undelivered = Counter(
            "headcount_server_destination_failures",
            "How often a destination could not be given what it lacks since the start.",
            ("destination",),
            registry=self.registry,
        )
        # Rates exist from the start, even before anything happens.
        # They are kept, because looking them up costs more than counting.
        self._outcomes = {outcome: self._reports.labels(outcome) for outcome in OUTCOMES}
        self._codes = {
            (door, code): self._calls.labels(door, code) for door in DOORS for code in CODES
        }

    def watch_queue(self, length: Callable[[], float]) -> None:
        """Expose this as the number of waiting reports."""
        self._queue.set_function(length)

    def watch_projects(self, signals: ProjectHealth) -> None:
        """Expose these collectors too, and pass every report to them."""
        self._signals = signals
        self.registry.register(signals)

    def watch_standing(self, standing: Gauges) -> None:
        """Expose the state of the server too."""
        self.registry.register(standing)

    def understood(self, project: str, how: str, moment: float) -> None:
        """Record a project's report as `complete`, `partial` or `refused` at this unix time."""
        if self._signals is not None:
            self._signals.understood(project, how, moment)

    def answered(self, outcome: str) -> None:
        """Record a report that was counted, was a duplicate, or was refused with this code."""
        (self._outcomes.get(outcome) or self._reports.labels(outcome)).inc()

    def ignored(self, project: str, reason: str) -> None:
        """Record that a key was left out of a project's report, for one of `REASONS`."""
        if self._signals is not None:
            self._signals.ignored(project, reason)

    def called(self, door: str, code: str) -> None:
        """Record that a call through this door got this code."""
        (self._codes.get((door, code)) or self._calls.labels(door, code)).inc()

    def jumped(self) -> None:
        """Record that the clock was set."""
        self._jumps.inc()

    def committed(self, reports: int, seconds: float) -> None:
        """Record the commit of this many reports in this many seconds."""
        self._group.observe(reports)
        self._commit.observe(seconds)

    def erased(self, *, done: bool) -> None:
        """Record whether everything is wiped, or wiping must be tried again."""
        self._erased.set(1 if done else 0)

    def writable(self, *, ok: bool) -> None:
        """Record whether the store can be written."""
        self._writable.set(1 if ok else 0)

    def watch_destination(self, destination: str) -> None:
        """Expose the counters of a destination from the start."""
        self._delivered.labels(destination)
        self._undelivered.labels(destination)

    def lacks(self, destination: str, weeks: int) -> None:
        """Record the number of weeks that a destination lacks."""
        self._lacking.labels(destination).set(weeks)

    def delivered(self, destination: str) -> None:
        """Record that a destination was given a week."""
        self._delivered.labels(destination).inc()

    def failed(self, destination: str) -> None:
        """Record that a destination could not be given what it lacks."""
        self._undelivered.labels(destination).inc()

"""The course of the weeks: opens those that take reports, and closes those that are over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from headcount_server.clock import Clock
from headcount_server.errors import ServerError
from headcount_server.publication.terms import Policy, Terms
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.service.clock_watch import ClockWatch
from headcount_server.store.contract import Store
from headcount_server.store.writer import Writer
from headcount_server.week import Week

TICK_SECONDS = 1.0
"""Seconds between two looks at the clock."""

_NEVER = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


class _Present(NamedTuple):
    """The result of `WeekCycle.open`, kept so that reports need not look for it again."""

    terms: Mapping[Week, Terms]
    """The weeks that were open then; once the terms are others, the result no longer holds."""
    since: datetime
    until: datetime
    """End of the time in which the result holds; `since` is its start, as the clock may go back."""
    weeks: tuple[Week, ...]


class WeekCycle:
    """Opens each week as it begins and closes it when its grace is over.

    `on_close` is called on the writer's thread after weeks were closed. `on_jump` is called
    on any thread if the clock was set.
    """

    def __init__(  # noqa: PLR0913 - the composition root hands over one of each
        self,
        writer: Writer,
        store: Store,
        clock: Clock,
        policy: Policy,
        registry: CurrentRegistry,
        *,
        on_close: Callable[[], None],
        on_jump: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self._store = store
        self._clock = clock
        self._policy = policy
        self._registry = registry
        self._on_close = on_close
        self._on_jump = on_jump
        self._clock_watch = ClockWatch(clock)
        self._jumped = timedelta()
        """How far the clock was set ahead since the weeks were last up to date."""
        self._open: Mapping[Week, Terms] = {}
        self._present = _Present({}, _NEVER, _NEVER, ())
        self._advanced_for: Week | None = None
        self._untold = False
        self._advancing = threading.Lock()
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="weeks")

    def start(self) -> None:
        """Close overdue weeks, open due ones, and keep doing so on a thread.

        Raises Unavailable if the first pass fails.
        """
        self.advance()
        self.thread.start()

    def stop(self) -> None:
        """Stop looking at the clock; the weeks stay as they are."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join()

    def open(self) -> tuple[Week, ...]:
        """Return the weeks that take reports now, the current one first.

        If the week has just turned, open the new one first, which may take a while.
        """
        now = self._clock.now()
        if not self._is_settled(now):
            self._present = self._look(now)
        return self._present.weeks

    def is_settled(self) -> bool:
        """Return whether `open` returns at once."""
        return self._is_settled(self._clock.now())

    def _is_settled(self, now: datetime) -> bool:
        present = self._present
        return present.terms is self._open and present.since <= now < present.until

    def _look(self, now: datetime) -> _Present:
        current = Week.of(now)
        # A week that was closed and comes again, because the clock went back, stays closed.
        if current not in self._open and current != self._advanced_for:
            self.advance()
        terms = self._open  # replaced by another thread, never changed
        known = [week for week in (current, current.previous()) if week in terms]
        turns = [current.start, current.end, *(terms[week].closes for week in known)]
        return _Present(
            terms,
            since=max(turn for turn in turns if turn <= now),
            until=min(turn for turn in turns if turn > now),
            weeks=tuple(week for week in known if now < terms[week].closes),
        )

    def terms(self) -> Terms:
        """Return the terms of the current week."""
        current = Week.of(self._clock.now())
        return self._open.get(current) or self._policy.terms(current)

    def advance(self) -> None:
        """Bring the store to the present: close due weeks, open the present ones.

        Raises Unavailable if that fails.
        """
        with self._advancing:
            self._look_at_clock()
            now = self._clock.now()
            try:
                self._writer.run(lambda: self._advance(now))
            finally:
                self._open = self._store.open_weeks()
            self._advanced_for = Week.of(now)
            self._jumped = timedelta()

    def _look_at_clock(self) -> None:
        jump = self._clock_watch.jump()
        if jump:
            self._jumped = max(self._jumped, jump)
            self._on_jump()
            way = "ahead" if jump > timedelta() else "back"
            log.error(
                "the clock was set %s by %s: weeks that are over by it are closed for good, and "
                "reports of other weeks are refused",
                way,
                _words(abs(jump)),
            )

    def use_registry(self, schema: Schema) -> None:
        """Count by another registry from now on; the open weeks note it first.

        Raises Unavailable if that fails; the old registry then stays in force.
        """

        def note() -> None:
            for week, terms in self._store.open_weeks().items():
                self._store.open_week(week, terms, schema)
            # On the writer's thread, so that no week opens under the old registry in between.
            self._registry.replace(schema)

        self._writer.run(note)

    def correct(self, correction: Callable[[], None]) -> None:
        """Make a correction between two commits, reopen weeks that it gave up, and show the result.

        Raises what the correction raises.
        """

        def run() -> None:
            correction()
            self._untold = True
            with suppress(ServerError):  # `_watch` tries again
                self._advance(self._clock.now())

        with self._advancing:
            try:
                self._writer.run(run)
            finally:
                self._open = self._store.open_weeks()

    def note(self, change: Callable[[], None]) -> None:
        """Make a change between two commits that nothing public shows. Raises what it raises."""
        self._writer.run(change)

    def _advance(self, now: datetime) -> None:
        if self._store.refresh():
            self._untold = True
        due = [week for week, terms in self._store.open_weeks().items() if terms.closes <= now]
        for week in due:
            self._store.close_week(week, now, self._note())
            log.info("week %s is closed and published", week)
            self._untold = True
        if self._untold:
            self._store.wipe_leftovers()
            self._on_close()
            self._untold = False
        current, known = Week.of(now), self._store.open_weeks()
        for week in (current.previous(), current):
            terms = known.get(week) or self._policy.terms(week)
            if terms.closes > now:
                self._store.open_week(week, terms, self._registry.schema)

    def _note(self) -> str:
        """Return the note for readers of a week that closes after the clock was set ahead."""
        if not self._jumped:
            return ""
        ahead = _words(self._jumped)
        return f"The server's clock was set ahead by {ahead}; reports may be missing."

    def _watch(self) -> None:
        told = ""
        while not self._stopping.wait(TICK_SECONDS):
            now = self._clock.now()
            due = any(terms.closes <= now for terms in self._open.values())
            idle = not (due or self._untold) and Week.of(now) == self._advanced_for
            if idle:
                with self._advancing:
                    self._look_at_clock()
                    self._jumped = timedelta()
            if idle and not self._store.may_have_changed():
                continue
            try:
                self.advance()
                told = ""
            except ServerError as error:
                if str(error) != told:
                    told = str(error)
                    log.error("trying again: %s", told)  # noqa: TRY400 - the operator needs no trace


def _words(time: timedelta) -> str:
    if time >= timedelta(days=2):
        return f"{time.days} days"
    return f"{time / timedelta(hours=1):.1f} hours"

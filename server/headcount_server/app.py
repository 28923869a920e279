"""The whole server, put together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from starlette.routing import Route

from headcount_server.clock import Clock
from headcount_server.config import Config
from headcount_server.destinations.ledger import ServerLedger
from headcount_server.destinations.publisher import Publisher
from headcount_server.doors.address import Address
from headcount_server.doors.backdrop import BackdropDoor
from headcount_server.doors.connect import ConnectDoor, UnaryCalls
from headcount_server.doors.corrections import CorrectionsDoor
from headcount_server.doors.descriptors import descriptors, places
from headcount_server.doors.grpc_server import DRAIN_SECONDS, GrpcDoor
from headcount_server.doors.http_application import application, health
from headcount_server.doors.http_requests import HttpRequests
from headcount_server.doors.http_server import HttpDoor
from headcount_server.doors.oblivious import key_file
from headcount_server.doors.rate_limits import Gate
from headcount_server.doors.tls import Identity
from headcount_server.errors import ConfigError, ServerError
from headcount_server.log.head import LogHead
from headcount_server.metrics import published_totals
from headcount_server.metrics.counters import Counters
from headcount_server.metrics.gauges import Gauges
from headcount_server.metrics.project_health import RELEASE_WEEKS, ProjectHealth
from headcount_server.notices.channel import Announced
from headcount_server.notices.news import News, news
from headcount_server.pages.routes import Pages
from headcount_server.publication.published import PublishedWeek, with_totals
from headcount_server.publication.terms import Policy
from headcount_server.registry import pinned_keys, schema
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.pinned_keys import YEARS, Served
from headcount_server.service.telemetry_service import Service
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store import served_registries
from headcount_server.store.contract import Store
from headcount_server.store.corrections import Correctable
from headcount_server.store.writer import Writer
from headcount_server.week import Week

END_SECONDS = DRAIN_SECONDS + 10
"""Longest duration of an orderly shutdown in seconds: callers, then commit and checkpoint."""

log = logging.getLogger(__name__)


class App:
    """A server that starts on entering a `with` block and shuts down on leaving it.

    Entering raises ServerError if configuration, registry or database is wrong;
    nothing is left running then.
    """

    weeks: WeekCycle
    grpc: Address
    public: Address
    operations: Address

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._running = ExitStack()
        self._keys: tuple[bytes, ...] = ()
        self._served: tuple[Served, ...] = ()

    def __enter__(self) -> Self:
        try:
            with ExitStack() as starting:
                self._start(starting)
                self._running = starting.pop_all()
        except RuntimeError as error:
            if "new thread" not in str(error):
                raise
            msg = (
                "not all threads can be started that the server needs; give it room for 200 tasks "
                "(TasksMax=, --pids-limit, ulimit -u) and for their memory"
            )
            raise ConfigError(msg) from error
        return self

    def threads(self) -> Iterator[threading.Thread]:
        """The threads without which there is no service."""
        yield from self._writer.threads
        yield self.weeks.thread
        for door in (*self._doors, *self._corrections):
            yield from door.threads

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def _start(self, starting: ExitStack) -> None:
        config, meter = self._config, Counters()
        registry = CurrentRegistry(schema.load(config.registry))
        store: Store = config.database.open_store()
        writer = self._writer = Writer(store, meter)
        writer.start()
        starting.callback(writer.stop)
        meter.watch_queue(writer.waiting)

        totals = published_totals.PublishedTotals(registry)
        signals = ProjectHealth(registry, lambda: self._clock.now().timestamp())
        meter.watch_projects(signals)
        standing = Gauges(registry, store.open_weeks, config.database.files)
        meter.watch_standing(standing)
        policy = Policy(config.threshold, config.grace)
        key = config.log_key
        self._pages = Pages(
            registry,
            store.published,
            policy,
            config.operator,
            config.frame_ancestors,
            LogHead(store.snapshot, key).read if key else lambda: None,
        )

        def compose(week: PublishedWeek) -> News:
            before = store.published(None, week.week.previous(), RELEASE_WEEKS)
            return news(registry.schema, [week, *before])

        publishers = [
            Publisher(destination, ServerLedger(store, writer), meter)
            for destination in (
                *config.destinations,
                *(Announced(channel, compose) for channel in config.channels),
            )
        ]

        def show() -> None:
            weeks = store.published(None, None, RELEASE_WEEKS)
            totals.show(with_totals(weeks))
            signals.show(weeks)
            standing.show(weeks)
            self._pages.show()
            for publisher in publishers:
                publisher.call()

        self.weeks = WeekCycle(
            writer, store, self._clock, policy, registry, on_close=show, on_jump=meter.jumped
        )
        service = Service(registry, store, writer, self.weeks, policy, self._clock, meter)

        # Before any port is taken, since a damaged database ends the start here.
        show()
        public, operations, grpc = self._open_doors(starting, service, registry, meter, totals)
        writer.watch(lambda ok, why: _tell(grpc, why, ok=ok))
        first = Week.of(self._clock.now()).back(YEARS * 53)
        with store.snapshot() as connection:
            self._served = tuple(served_registries.since(connection, first))
        self._tell_missing_keys(registry.schema)

        self._corrections = list(self._open_corrections(starting, store))
        starting.callback(self.weeks.stop)
        self.weeks.start()
        for door in self._corrections:
            door.start()
        public.start()
        operations.start()
        grpc.start()
        starting.callback(grpc.leave)
        for publisher in publishers:
            meter.watch_destination(str(publisher))
            starting.callback(publisher.stop)
            publisher.start()

    def _open_corrections(self, starting: ExitStack, store: Store) -> Iterator[CorrectionsDoor]:
        socket = self._config.database.socket
        if socket is not None and isinstance(store, Correctable):
            door = CorrectionsDoor(socket, self.weeks, store)
            starting.callback(door.stop)
            yield door

    def _open_doors(
        self,
        starting: ExitStack,
        service: Service,
        registry: CurrentRegistry,
        meter: Counters,
        totals: published_totals.PublishedTotals,
    ) -> tuple[HttpDoor, HttpDoor, GrpcDoor]:
        config = self._config
        identity = Identity.of(config.tls_certificate, config.tls_key)
        room = places(config.limits.connections, descriptors())
        gate = Gate(replace(config.limits, connections=room.grpc))
        intake = HttpRequests(gate)
        doors = self._doors = list[GrpcDoor | HttpDoor]()
        starting.callback(_stop, doors)

        grpc = GrpcDoor(service, registry, gate, meter, config.grpc, identity)
        doors.append(grpc)
        calls = UnaryCalls(service, self.weeks, intake)
        routes = [
            *ConnectDoor(calls, intake, meter).routes(),
            *self._sealed_routes(calls, intake, meter),
            *BackdropDoor(service, self.weeks, intake, meter).routes(),
            *self._pages.routes(),
        ]
        pages = application(
            published_totals.registry(totals), routes, config.hsts, self._pages.missing
        )
        public = HttpDoor(pages, "--public", config.public, room.http, identity)
        doors.append(public)
        own = application(meter.registry, [health(lambda: grpc.serving)])
        operations = HttpDoor(own, "--operations", config.operations, room.http, None)
        doors.append(operations)

        self.grpc = config.grpc.at(grpc.port)
        self.public = config.public.at(public.port)
        self.operations = config.operations.at(operations.port)
        return public, operations, grpc

    def _sealed_routes(
        self, calls: UnaryCalls, intake: HttpRequests, meter: Counters
    ) -> list[Route]:
        if not self._config.oblivious_keys:
            return []
        gateway = key_file.gateway("--oblivious-key", self._config.oblivious_keys)
        self._keys = gateway.configurations
        # It needs an extra of this distribution.
        from headcount_server.doors.oblivious.gateway import ObliviousDoor  # noqa: PLC0415

        return ObliviousDoor(gateway, calls, intake, meter).routes()

    def reload(self) -> None:
        """Reload the registry's file and judge reports by it from now on.

        If the file cannot be used, keep the registry in force and log the reason.
        """
        try:
            loaded = schema.load(self._config.registry)
            self.weeks.use_registry(loaded)
        except ServerError as error:
            log.error("the registry in force is kept: %s", error)  # noqa: TRY400 - no trace needed
        else:
            log.info("the registry was read again: %s", self._config.registry)
            self._tell_missing_keys(loaded)

    def _tell_missing_keys(self, loaded: schema.Schema) -> None:
        """Warn of keys that clients seal to and that this server does not have."""
        declarations = (project.declaration for project in loaded.projects.values())
        pins = pinned_keys.pins(declarations, self._served)
        needed = pinned_keys.needed(pins, self._clock.now().date())
        for wrong in pinned_keys.missing(needed, self._keys):
            log.warning(wrong)


def _tell(grpc: GrpcDoor, why: str, *, ok: bool) -> None:
    grpc.tell(serving=ok)
    if ok:
        log.info("reports can be kept again")
    else:
        log.error("reports cannot be kept: %s. It is tried again", why)


def _stop(doors: list[GrpcDoor | HttpDoor]) -> None:
    # Together, so that the slowest alone settles how long it takes.
    for door in doors:
        door.begin_to_stop()
    for door in doors:
        door.stop()

"""The whole server, put together."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from headcount_server import public_metrics, schema
from headcount_server.clock import Clock
from headcount_server.config import Address, Config
from headcount_server.grpc_door import GrpcDoor
from headcount_server.http_door import HttpDoor, metrics_app
from headcount_server.operations import Operations
from headcount_server.service import Service
from headcount_server.sqlite_store import SqliteStore
from headcount_server.store import Store
from headcount_server.weeks import Policy, Weeks
from headcount_server.writer import Writer


class App:
    """A server: begins on entering a `with` block, ends in good order on leaving it.

    Entering raises ServerError where configuration, registry or database is
    wrong; nothing is left running then.
    """

    weeks: Weeks
    grpc: Address
    public: Address
    operations: Address

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._start(starting)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def _start(self, starting: ExitStack) -> None:
        config, known, meter = self._config, schema.load(self._config.registry), Operations()
        store: Store = SqliteStore(config.database)
        writer = Writer(store, meter)
        writer.start()
        starting.callback(writer.stop)
        meter.watch_queue(writer.waiting)

        totals = public_metrics.PublishedTotals(known)
        policy = Policy(config.threshold, config.grace)

        def show() -> None:
            totals.show(next(iter(store.published(None, None, 1)), None))

        self.weeks = Weeks(writer, store, self._clock, policy, known, on_close=show)
        service = Service(known, store, writer, self.weeks, policy, self._clock, meter)

        grpc = GrpcDoor(service, known, str(config.grpc))
        starting.callback(grpc.stop)
        self.grpc = config.grpc.at(grpc.port)
        public = HttpDoor(metrics_app(public_metrics.registry(totals)), "--public", config.public)
        starting.callback(public.stop)
        self.public = config.public.at(public.port)
        operations = HttpDoor(metrics_app(meter.registry), "--operations", config.operations)
        starting.callback(operations.stop)
        self.operations = config.operations.at(operations.port)

        show()
        starting.callback(self.weeks.stop)
        self.weeks.start()
        public.start()
        operations.start()
        grpc.start()

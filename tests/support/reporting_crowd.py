"""Callers that report all the time, and like the client return when they are told to."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import grpc
from headcount.v1 import telemetry_service_pb2 as wire

from support.server_process import ServerProcess
from support.waiting import PATIENCE, until

SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
COME_BACK = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
}
"""After these the client sends the same report again (`test_client_transport`), minutes later."""
REPLAYED = 4
"""One report in so many is sent again, as if its answer had been lost."""
_OPTIONS = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 300)]


class Crowd:
    """Threads that send reports, each with a token of its own, while the `with` block runs.

    At its end nothing new is sent, and what was not acknowledged is sent on
    until it is, or for so long as `PATIENCE` lasts.
    """

    def __init__(
        self, servers: Sequence[ServerProcess], report: bytes, size: int = 8, week: str = "2026-W47"
    ) -> None:
        self._servers = servers
        self._report = report
        self._week = week
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(size)]
        self.acknowledged: set[bytes] = set()
        self.given_up: set[bytes] = set()
        self.refusals: Counter[grpc.StatusCode] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more reports are acknowledged."""
        enough = len(self.acknowledged) + more
        until(
            lambda: len(self.acknowledged) >= enough,
            told=lambda: (len(self.acknowledged), self.refusals),
        )

    def _send(self, number: int) -> None:
        channels: dict[str, grpc.Channel] = {}
        try:
            while not self._over.is_set():
                token = os.urandom(16)
                self._send_one(number, token, channels)
                if token[-1] % REPLAYED == 0:
                    self._send_one(number, token, channels)
        finally:
            for channel in channels.values():
                channel.close()

    def _send_one(self, number: int, token: bytes, channels: dict[str, grpc.Channel]) -> None:
        request = wire.SubmitReportRequest(week=self._week, token=token)
        request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
        request.report.value = self._report
        data, deadline = request.SerializeToString(), time.monotonic() + PATIENCE
        for attempt in itertools.count(number):
            address = self._servers[attempt % len(self._servers)].addresses["gRPC"]
            if address not in channels:
                channels[address] = grpc.insecure_channel(address, options=_OPTIONS)
            submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channels[address].unary_unary(
                SUBMIT
            )
            try:
                submit(data, timeout=15)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                with self._lock:
                    self.refusals[code] += 1
                if code not in COME_BACK or time.monotonic() > deadline:
                    with self._lock:
                        self.given_up.add(token)
                    return
                time.sleep(0.02)
            else:
                with self._lock:
                    self.acknowledged.add(token)
                return

"""Measure what a relay costs: the same report directly over HTTPS, and sealed through nginx.

    python bench/relay.py [--rounds N] [--reports N]

The client is the one that hosts embed, the relay is the nginx of the documented configuration
but for its limit, and the server is the product. In each round both ways take turns, with a
connection of the client for each report, as installations come. Processor times are those of a
report. Bytes are those of the whole request, head included.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import nginx
import reports
import results
import servers
from headcount.transport.connect import opened
from headcount.transport.grpc_transport import GrpcTransport
from headcount.transport.http_transport import HttpTransport
from headcount.transport.messages import Request
from headcount_server.week import Week
from results import Result
from servers import LOOPBACK, Product
from support.server_process import held_port

ROOT = Path(__file__).parents[1]
MOST_BYTES = 200
"""The budget: bytes of a request above its size class."""
SIZES = (1 << 10, 4 << 10, 16 << 10, 64 << 10)
DIRECT, SEALED = "directly", "through a relay"


class Way(NamedTuple):
    """A way to the server: what the client connects to, and by which transport."""

    name: str
    transport: GrpcTransport | HttpTransport


def request() -> Request:
    """Return the ordinary report with a token of its own."""
    return Request(
        week=str(Week.of(datetime.now(UTC))),
        token=os.urandom(reports.TOKEN_BYTES),
        registry_digest="",
        project=reports.PROJECT,
        report=reports.report(),
    )


@contextmanager
def relay(folder: Path, server: int, identity: tuple[Path, Path]) -> Iterator[tuple[int, int]]:
    """Yield the port and the process of an nginx that relays to a port, until the block ends."""
    held = held_port()
    port: int = held.getsockname()[1]
    certificate, key = map(str, identity)
    changes = {
        r"rate=6r/m": "rate=1000000r/s",
        r"burst=30": "burst=1000",
        r"\n    listen \[::\].*": "",
        r"listen 443 ssl": f"listen {LOOPBACK}:{port} ssl",
        r"/etc/ssl/relay\.example\.net\.pem": certificate,
        r"/etc/ssl/private/relay\.example\.net\.key": key,
        r"server telemetry\.example\.org:443": f"server {LOOPBACK}:{server}",
        r"proxy_ssl_name telemetry\.example\.org": "proxy_ssl_name localhost",
        r"/etc/ssl/certs/ca-certificates\.crt": certificate,
        r"/var/log/nginx/": f"{folder}/",
    }
    documented = nginx.DEPLOY / "relay-nginx.conf"
    with held, nginx.running(folder, documented, changes, port, servers.LOAD_CORE) as process:
        yield port, process


def pinned_key(folder: Path) -> tuple[Path, str]:
    """Return the file of a new key of the gateway, and what a project pins."""
    file = folder / "oblivious.key"
    program = Path(sys.executable).with_name("headcount-server")
    made = subprocess.run(
        [program, "oblivious-key", "new", file], check=True, capture_output=True, text=True
    )
    return file, made.stdout.partition(" = ")[2].strip()


def size(key: str) -> dict[str, int]:
    """Return the bytes of one request each way, as a listener on this machine gets them."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        place = f"http://localhost:{listener.getsockname()[1]}"
        found = {}
        for name, transport in {
            DIRECT: opened(place),
            SEALED: opened(
                "https://telemetry.example.org", relay=f"{place}/headcount", oblivious_key=key
            ),
        }.items():
            caller = threading.Thread(target=transport.submit, args=(request(), 10))
            caller.start()
            found[name] = _hung_up_on(listener)
            caller.join()
    return found


def _hung_up_on(listener: socket.socket) -> int:
    """Take a request, answer nothing, and return its bytes."""
    connection, _ = listener.accept()
    with connection:
        told = b""
        while b"\r\n\r\n" not in told:
            told += connection.recv(65536)
        head, _, body = told.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None  # noqa: S101 - the client always says it
        total, got = int(length[1]), len(body)
        while got < total:
            got += len(connection.recv(65536))
        return len(head) + 4 + total


def weigh(result: Result, key: str) -> None:
    """Add the bytes of a request each way, and those above the size class."""
    found = size(key)
    for name, count in found.items():
        result.add(f"bytes of a request, {name}", "B", count)
    above = min(found[SEALED] - one for one in SIZES if one <= found[SEALED])
    result.add("bytes above the size class", "B", above)
    result.expect("bytes above the size class", "bytes above the size class", most=MOST_BYTES)


def measure(result: Result, ways: list[Way], pids: dict[str, int], rounds: int, count: int) -> None:
    """Let both ways take turns; add what client, server and relay spend on a report."""
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", flush=True)
        for way in ways if turn % 2 else ways[::-1]:
            asked = [request() for _ in range(count)]
            before = {name: servers.processor_time(pid) for name, pid in pids.items()}
            own = time.process_time()
            for one in asked:
                told = way.transport.submit(one, 20)
                if told.code != "OK":
                    sys.exit(f"{way.name}: {told.code} {told.message}")
            spent = {"client": time.process_time() - own}
            spent |= {n: servers.processor_time(pid) - before[n] for n, pid in pids.items()}
            for name, seconds in spent.items():
                if name != "relay" or way.name == SEALED:
                    result.add(f"{name}, {way.name}", "µs a report", seconds / count * 1e6)
    for name in ("client", "server"):
        result.expect(f"{name}: {SEALED}/{DIRECT}", f"{name}, {SEALED}", f"{name}, {DIRECT}")


def main() -> int:
    """Measure and print; return 1 if the budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--reports", type=int, default=400, help="reports of a round, each way")
    given = results.arguments(parser)
    if given.quick:
        given.rounds, given.reports = 3, 100
    result = results.began(given)
    os.sched_setaffinity(0, {int(servers.LOAD_CORE)})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)  # the relay's worker is another user if this one is root
        identity = servers.identity(folder)
        key, pinned = pinned_key(folder)
        weigh(result, pinned)
        certificate, secret = identity
        flags = (
            f"--tls-certificate={certificate}", f"--tls-key={secret}",
            f"--oblivious-key={key}", f"--relay={LOOPBACK}",
        )  # fmt: skip
        product = Product(folder, reports.REGISTRY, *flags, core=servers.SERVER_CORE)
        with servers.running(product):
            public = product.ports["public"]
            server = f"https://{LOOPBACK}:{public}"
            with relay(folder, public, identity) as (port, pid):
                roots = certificate.read_bytes()
                through = f"https://{LOOPBACK}:{port}/headcount"
                ways = [
                    Way(DIRECT, opened(server, root_certificates=roots)),
                    Way(
                        SEALED,
                        opened(
                            server, relay=through, oblivious_key=pinned, root_certificates=roots
                        ),
                    ),
                ]
                pids = {"server": product.pid, "relay": pid}
                measure(result, ways, pids, given.rounds, given.reports)
            product.stop()
        if servers.counted(product.database) != 2 * given.rounds * given.reports:
            sys.exit("the server has not counted every report")
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())

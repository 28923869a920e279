"""Two reports of one installation have nothing in common that others' reports have not too.

Two installations that answer alike report two projects in two weeks, through
every door, over a relay that keeps every byte which they send. What recurs in
the reports of one of them has to recur in the other's: the name of the service,
the answers, the digest of the registry. Whatever only one has would be an
identifier. The check sees one in the request of a Backdrop site of old, whose
key PRIVACY.md tells about.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import backdrop_telemetry
import bee_telemetry
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RemoteSettingsChanged, RequestReceived
from headcount import Client
from headcount.delivery.outcome import Outcome
from headcount.testing import Clock
from support.doors import certificate
from support.forked_server import ForkedServer, Nursery
from support.relay import Connection, Relay
from support.repository import REGISTRY
from support.server_process import ServerProcess

WEEKS = (datetime(2026, 11, 19, 12, tzinfo=UTC), datetime(2026, 11, 24, 11, tzinfo=UTC))
BOTH_WEEKS_OPEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
AROUND = {
    "http": {
        *("post /headcount.v1.telemetryservice/submitreport http/1.1", "host", "accept-encoding"),
        *("content-length", "content-type", "connection"),
        *("connect-protocol-version", "connect-timeout-ms"),
    },
    "grpc": {
        *("method", "scheme", "path", "authority", "te", "content-type", "user-agent"),
        *("grpc-accept-encoding", "grpc-timeout", "settings"),
    },
}
"""Names of the headers around a report."""
Captured = dict[tuple[str, str, int], Connection]
"""What was sent, by installation, project and week."""


class Site(backdrop_telemetry.Collectors):
    def version(self) -> str:
        return "1.30.1"

    def php_version(self) -> str:
        return "8.2.7"

    def multisite(self) -> bool:
        return True


class Tool(bee_telemetry.Collectors):
    def version(self) -> str:
        return "1.1"

    def multisite(self) -> bool:
        return True


PROJECTS: dict[str, Callable[..., Client]] = {
    "backdrop": lambda **place: backdrop_telemetry.Telemetry(Site(), **place),
    "bee": lambda **place: bee_telemetry.Telemetry(Tool(), **place),
}


@dataclass
class Seen:
    """What a connection carried: what can be told apart, and bytes that cannot."""

    lines: set[bytes] = field(default_factory=set)
    blob: bytes = b""
    piece: int = 5
    """Bytes of a stretch that is no accident."""

    def pieces(self) -> dict[int, bytes]:
        """Every stretch of the bytes, by where it begins."""
        starts = range(len(self.blob) - self.piece + 1)
        return {start: self.blob[start : start + self.piece] for start in starts}

    def pieces_unlike(self, others: Iterable[Seen]) -> set[bytes]:
        """Stretches of which no byte belongs to what others have as well."""
        common = {piece for other in others for piece in other.pieces().values()}
        mine = self.pieces()
        known = {
            start + offset
            for start, piece in mine.items()
            if piece in common
            for offset in range(self.piece)
        }
        return {
            piece
            for start, piece in mine.items()
            if known.isdisjoint(range(start, start + self.piece))
        }


def identifying(pair: Sequence[Seen], others: Sequence[Seen]) -> set[bytes]:
    """What recurs in two reports and is in none of the others."""
    lines = pair[0].lines & pair[1].lines
    unlike = pair[0].pieces_unlike(others) & set(pair[1].pieces().values())
    return lines.difference(*(other.lines for other in others)) | unlike


def of_tls(connection: Connection) -> Seen:
    """A ticket of an earlier session, say, would be longer.

    Between random bytes stand up to eleven that are always the same, so the stretches
    hold five more, which are not the same by accident.
    """
    return Seen(blob=connection.request, piece=16)


def of_http(connection: Connection) -> Seen:
    """Lines of the head, and the body; the time that is left says nothing."""
    head, _, body = connection.request.partition(b"\r\n\r\n")
    lines = re.sub(rb"(?<=connect-timeout-ms: )\d+", b"N", head, flags=re.IGNORECASE)
    return Seen(set(lines.split(b"\r\n")), body)


def of_grpc(connection: Connection) -> Seen:
    """Headers, settings, and the message."""
    server = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    server.initiate_connection()
    seen = Seen()
    for event in server.receive_data(connection.request):
        if isinstance(event, RequestReceived):
            for name, text in event.headers:
                told = b"N" if name == b"grpc-timeout" else bytes(text)
                seen.lines.add(bytes(name).lstrip(b":") + b": " + told)
        elif isinstance(event, DataReceived):
            seen.blob += event.data
        elif isinstance(event, RemoteSettingsChanged):
            settings = {name: change.new_value for name, change in event.changed_settings.items()}
            seen.lines.add(b"settings: " + repr(settings).encode())
    return seen


DOORS: dict[str, tuple[str, Callable[[Connection], Seen]]] = {
    "grpc": ("gRPC", of_grpc),
    "http": ("public", of_http),
    "grpcs": ("gRPC", of_tls),
    "https": ("public", of_tls),
}


@pytest.fixture(scope="module", name="identity")
def _identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files of a certificate for localhost and of its key."""
    key, chain = certificate(tmp_path_factory.mktemp("identity"))
    return chain, key


@pytest.fixture(scope="module", name="nursery")
def _nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(name="server", params=list(DOORS))
def _server(
    request: pytest.FixtureRequest,
    nursery: Nursery,
    identity: tuple[Path, Path],
    tmp_path: Path,
) -> Iterator[ServerProcess]:
    chain, key = identity
    secure = request.param.endswith("s")
    flags = (f"--tls-certificate={chain}", f"--tls-key={key}") if secure else ()
    server = ForkedServer(REGISTRY, tmp_path, BOTH_WEEKS_OPEN, flags, nursery=nursery)
    server.start()
    yield server
    server.kill()


@pytest.fixture(name="captured")
def _captured(
    request: pytest.FixtureRequest,
    server: ServerProcess,
    identity: tuple[Path, Path],
    tmp_path: Path,
) -> Captured:
    """What two installations send, each of both projects in both weeks."""
    scheme = request.node.callspec.params["server"]
    captured: Captured = {}
    with Relay(server.addresses[DOORS[scheme][0]]) as relay:
        for name in ("one", "other"):
            for project, telemetry in PROJECTS.items():
                clock = Clock()
                client = telemetry(
                    state_directory=tmp_path / name,
                    endpoint=f"{scheme}://{relay.address.replace('127.0.0.1', 'localhost')}",
                    environment={},
                    clock=clock,
                    root_certificates=identity[0].read_bytes(),
                )
                clock.now = (WEEKS[0] - timedelta(days=2)).timestamp()
                client.grant("extended", via="test")
                for week, moment in enumerate(WEEKS):
                    clock.now = moment.timestamp()
                    assert client.send_now() == Outcome.SENT
                    # One report, one connection, and nothing else on it.
                    (captured[name, project, week],) = relay.connections
                    relay.connections.clear()
    return captured


def test_two_reports_share_nothing_that_another_installation_does_not_share(
    request: pytest.FixtureRequest, captured: Captured
) -> None:
    """Two weeks of one project, two projects in one week, and two projects in two weeks."""
    scheme = request.node.callspec.params["server"]
    read = {place: DOORS[scheme][1](connection) for place, connection in captured.items()}
    for name, other in (("one", "other"), ("other", "one")):
        theirs = [found for (whose, _, _), found in read.items() if whose == other]
        own = [found for (whose, _, _), found in read.items() if whose == name]
        assert len(own) == 4
        for pair in combinations(own, 2):
            assert identifying(pair, theirs) == set()
    if scheme in AROUND:
        tokens = {_token(connection) for connection in captured.values()}
        assert len(tokens) == len(captured)


def _token(connection: Connection) -> bytes:
    """The sixteen bytes after the tag of field 2; the week stands before them."""
    (token,) = re.findall(rb"2026-W4[78]\x12\x10(.{16})", connection.request, re.DOTALL)
    return bytes(token)


@pytest.mark.parametrize("server", ["http", "grpc"], indirect=True)
def test_what_goes_around_a_report_is_what_privacy_says(
    request: pytest.FixtureRequest, captured: Captured
) -> None:
    """Nothing else but what each library tells of itself, to every server."""
    scheme = request.node.callspec.params["server"]
    for connection in captured.values():
        lines = DOORS[scheme][1](connection).lines
        assert {line.partition(b":")[0].lower().decode() for line in lines} == AROUND[scheme]


@pytest.mark.parametrize("server", ["http"], indirect=True)
def test_the_key_of_a_backdrop_site_of_old_is_what_the_comparison_finds(
    server: ServerProcess,
) -> None:
    told = json.dumps({"backdrop": {"version": "1.30.1", "php_version": "8.2.7"}}).encode()
    sent: dict[str, list[Seen]] = {"one": [], "other": []}
    with Relay(server.addresses["public"]) as relay:
        for site, key in (("one", "k" * 43), ("other", "q" * 43)) * 2:
            address = f"http://{relay.address}/telemetry/post"
            old = urllib.request.Request(address, told, {"X-Site-Key": key})
            with urllib.request.urlopen(old, timeout=10) as answer:  # noqa: S310 - loopback
                assert answer.status == 200
            sent[site].append(of_http(relay.connections.pop()))
    assert identifying(sent["one"], sent["other"]) == {b"X-Site-Key: " + b"k" * 43}

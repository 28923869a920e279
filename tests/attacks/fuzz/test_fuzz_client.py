"""Whatever a server or something before it answers: the host never sees an error of ours."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from headcount import Outcome
from headcount.transport.http_transport import HttpTransport
from headcount.transport.messages import Answer
from support.doors import REQUEST
from support.fuzzing import Surface, linewise
from support.sample_project import Host, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERS = Surface(
    Path(__file__).parent / "corpus" / "answer",
    linewise(
        (
            b"HTTP/1.1 ",
            b"200",
            b"400",
            b"100",
            b"Content-Type: application/proto\r\n",
            b"Content-Type: application/json\r\n",
            b"Content-Length: 0\r\n",
            b"Content-Length: 9999999999999999999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"headcount-open-weeks: 2026-W48\r\n",
            b"headcount-open-weeks: \xff\r\n",
            b'"code": "unavailable"',
            b'"code": "ok"',
            b'"code": null',
            b'"message": "\\ud800"',
            b"\r\n\r\n",
            b"\r",
            b"\n",
            b"\0",
            b"\xff",
            b"{",
            b"[" * 2000,
            b"\x1b[2J",
            b"A" * 70_000,
        )
    ),
)
CODE = re.compile(r"[A-Z_]+")


class Speaker:
    """Says to each caller what it is told to, whatever it is asked."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.port: int = listening.getsockname()[1]
        self.answer = b""

    def serve(self) -> None:
        with suppress(OSError):  # it is closed at the end
            while True:
                caller, _ = self._listening.accept()
                with caller, suppress(OSError):
                    caller.recv(65_536)
                    caller.sendall(self.answer)
                    caller.shutdown(socket.SHUT_WR)


@contextmanager
def speaker() -> Iterator[Speaker]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        speaking = Speaker(listening)
        thread = threading.Thread(target=speaking.serve)
        thread.start()
        try:
            yield speaking
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_any_answer_over_http_is_an_outcome_and_never_an_error(tmp_path: Path) -> None:
    """And what is kept of it can be read again."""
    codes = set()
    with speaker() as server:
        transport = HttpTransport(f"http://127.0.0.1:{server.port}")
        for number, said in enumerate(ANSWERS.inputs(400)):
            with ANSWERS.keeping(said):
                server.answer = said
                answer = transport.submit(REQUEST, 5.0)
                assert isinstance(answer, Answer)
                assert CODE.fullmatch(answer.code)
                codes.add(answer.code)
                if number % 10 == 0:
                    _lived_through(Host(tmp_path / str(number), transport=Recorder(answer)))
    assert {"OK", "UNAVAILABLE", "INVALID_ARGUMENT", "FAILED_PRECONDITION"} <= codes


def _lived_through(site: Host) -> None:
    site.client.grant()
    site.until_due()
    outcome = site.client.send_if_due()
    assert outcome in {Outcome.SENT, Outcome.LATER, Outcome.DROPPED}
    assert site.client.state().on
    for entry in site.client.history():
        json.dumps(entry.message).encode()
        assert entry.week
    site.client.preview()


def test_an_answer_that_breaks_off_is_none() -> None:
    """Or keys that the server left out would be taken for counted."""
    with speaker() as server:
        server.answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\nContent-Length: 25\r\n\r\n"
            b"\x0a\x082026-W47"
        )
        transport = HttpTransport(f"http://127.0.0.1:{server.port}")
        assert transport.submit(REQUEST, 5.0).code == "UNAVAILABLE"

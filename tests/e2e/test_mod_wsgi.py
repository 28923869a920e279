"""A site behind Apache's mod_wsgi is counted, and goes on answering whatever it sends with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import grpc
import pytest
from headcount.transport.messages import SUBMIT_REPORT
from headcount.v1.telemetry_service_pb2 import SubmitReportResponse
from support.doors import http_door
from support.server_process import held_port
from support.waiting import PATIENCE, until

MODULES = Path("/usr/lib/apache2/modules")
APACHE = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin")
PATH = [path for path in sys.path if path and not path.startswith(sys.base_prefix)]
"""What the site needs besides the standard library, which it brings along itself."""
SITE = """
import sys
sys.path[:0] = {path!r}
import time
from urllib.parse import parse_qs
from headcount import Client
from support.sample_project import SAMPLE, Site

def application(environ, start_response):
    asked = {{name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}}
    said = "alive"
    if asked:
        days = [9]
        client = Client(
            SAMPLE, Site(), state_directory=asked["state"], environment={{}},
            endpoint=asked["endpoint"], randomness=lambda: 0.0,
            clock=lambda: time.time() - days[0] * 86400,
        )
        client.grant()
        days[0] = 0
        outcome = getattr(client, asked["way"])()
        said = f"{{outcome}} {{outcome.message}}"
    body = said.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
SETTINGS = """
ServerRoot {place}
ServerName localhost
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
PidFile {place}/pid
ErrorLog {place}/error.log
{user}
WSGISocketPrefix {place}/socket
WSGIDaemonProcess site processes=1 threads=4
WSGIProcessGroup site
WSGIScriptAlias / {place}/site.wsgi
{group}
<Directory {place}>
Require all granted
</Directory>
"""


class Apache:
    """A running Apache, and a place that its processes may write to."""

    def __init__(self, place: Path, port: int) -> None:
        self.place = place
        self._url = f"http://127.0.0.1:{port}/"

    def ask(self, endpoint: str = "", way: str = "") -> str:
        state = tempfile.mkdtemp(dir=self.place)
        Path(state).chmod(0o777)
        query = f"?endpoint={quote(endpoint)}&way={way}&state={state}" if way else ""
        with urllib.request.urlopen(self._url + query, timeout=PATIENCE) as answer:  # noqa: S310 - on the loopback
            said: bytes = answer.read()
        return said.decode()


@pytest.fixture(name="port")
def _port() -> Iterator[int]:
    with held_port() as held:
        yield held.getsockname()[1]


@pytest.fixture(name="apache", params=["sub-interpreter", "main interpreter"])
def _apache(request: pytest.FixtureRequest, port: int) -> Iterator[Apache]:
    assert APACHE, "Apache is missing: run `make system-packages`"
    library = "libpython{}.{}.".format(*sys.version_info)  # among those that it is linked to
    if library.encode() not in (MODULES / "mod_wsgi.so").read_bytes():
        pytest.skip("this Apache runs another Python than the tests do")
    place = Path(tempfile.mkdtemp(prefix="headcount-apache-"))
    place.chmod(0o755)  # its processes are not root's, even if we are
    main = request.param == "main interpreter"
    (place / "site.wsgi").write_text(SITE.format(path=PATH), encoding="utf-8")
    (place / "httpd.conf").write_text(
        SETTINGS.format(
            place=place, port=port, modules=MODULES,
            user="User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
            group="WSGIApplicationGroup %{GLOBAL}" if main else "",
        ),
        encoding="utf-8",
    )  # fmt: skip
    command: list[str | Path] = [APACHE, "-f", place / "httpd.conf", "-D", "FOREGROUND"]
    process = subprocess.Popen(command, cwd=place)
    apache = Apache(place, port)
    try:
        until(lambda: _answers(apache), told=(place / "error.log").read_text)
        yield apache
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(place)


def _answers(apache: Apache) -> bool:
    try:
        return apache.ask() == "alive"
    except OSError:
        return False


@pytest.fixture(name="grpc_door")
def _grpc_door() -> Iterator[tuple[str, list[bytes]]]:
    seen: list[bytes] = []

    def submit(request: bytes, _context: grpc.ServicerContext) -> bytes:
        seen.append(request)
        return SubmitReportResponse().SerializeToString()

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(submit)
    service, method = SUBMIT_REPORT.strip("/").split("/")
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    handlers = grpc.method_handlers_generic_handler(service, {method: handler})
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"grpc://127.0.0.1:{port}", seen
    server.stop(None).wait()


@pytest.mark.slow
def test_the_site_answers_within_the_deadline_and_goes_on(
    apache: Apache, grpc_door: tuple[str, list[bytes]], request: pytest.FixtureRequest
) -> None:
    endpoint, seen = grpc_door
    main = "main interpreter" in request.node.name
    with http_door() as door:
        assert apache.ask(f"http://127.0.0.1:{door.port}", "send_now") == "SENT "
    begin = time.monotonic()
    for _ in range(3):  # the second one used to stop the process
        said = apache.ask(endpoint, "send_now")
        assert said == "SENT " if main else said.startswith("DROPPED")
        assert main or "cannot be used in a sub-interpreter" in said
    assert time.monotonic() - begin < PATIENCE
    assert len(seen) == (3 if main else 0)
    assert apache.ask() == "alive"
    assert apache.ask(endpoint, "send_in_background") == "STARTED "
    until(lambda: len(seen) == (4 if main else 1))
    assert apache.ask() == "alive"
    # The process of the background removes it last; then the place may go.
    until(lambda: not list(apache.place.rglob("errand.json")))

"""An endpoint that cannot be used from here is told, and is not tried for ever."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest
from headcount import Client, Outcome
from headcount.cli.main import main
from headcount.model.errors import EndpointError
from headcount.testing import installed
from headcount.transport.connect import obstacle, opened
from support.sample_project import SAMPLE, Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.sample_project import Host

SECURE = SAMPLE.replaced(endpoint="grpcs://telemetry.example")
MISSING = (
    "grpcs://telemetry.example needs grpcio, which is not installed: install 'headcount[grpc]', "
    "or name an https:// endpoint"
)


@pytest.fixture(name="bare")
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment into which nobody installed grpcio."""
    monkeypatch.setitem(sys.modules, "grpc", None)


@pytest.mark.usefixtures("bare")
def test_a_grpc_endpoint_without_grpcio_is_given_up_with_the_remedy(
    host: Callable[..., Host],
) -> None:
    site = host(endpoint="grpcs://telemetry.example")
    site.client.grant()
    outcome = site.client.send_now()
    assert outcome == Outcome.DROPPED
    assert MISSING in outcome.message
    assert site.client.send_now() == Outcome.NOT_DUE


@pytest.mark.usefixtures("bare")
def test_status_tells_the_obstacle_before_anything_is_sent(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    site = host(endpoint="grpcs://telemetry.example")
    assert site.client.status().obstacle == MISSING
    main(site.client, ["status"])
    printed = capsys.readouterr().out
    assert "needs grpcio, which is not installed" in " ".join(printed.split())


@pytest.mark.usefixtures("bare")
def test_the_test_of_a_host_is_warned_of_the_obstacle() -> None:
    with (
        pytest.warns(RuntimeWarning, match="nothing could be sent from here: .*headcount.grpc"),
        installed(Client, SECURE, Site()),
    ):
        pass


@pytest.mark.usefixtures("bare")
def test_over_http_nothing_is_missed(host: Callable[..., Host]) -> None:
    site = host(endpoint="https://telemetry.example")
    assert site.client.status().obstacle == ""
    assert opened("https://telemetry.example")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with installed(Client, SAMPLE.replaced(endpoint="https://telemetry.example"), Site()):
            pass


def test_with_grpcio_there_is_no_obstacle(host: Callable[..., Host]) -> None:
    assert host(endpoint="grpcs://telemetry.example").client.obstacle() == ""


def test_a_transport_of_the_hosts_own_has_no_obstacle(host: Callable[..., Host]) -> None:
    assert host(project=SAMPLE.replaced(endpoint="nonsense")).client.obstacle() == ""


def test_an_endpoint_that_is_none_is_an_obstacle() -> None:
    reason = obstacle("grpc://telemetry.example")
    assert "would send reports unencrypted beyond this machine" in reason
    with pytest.raises(EndpointError, match="unencrypted"):
        opened("grpc://telemetry.example")
    assert obstacle("grpc://telemetry.example", allow_plaintext=True) == ""


INSIDE = """
import sys
sys.path[:] = {path!r}
from headcount.transport.connect import obstacle, opened
from headcount.transport.messages import Request
print(obstacle("grpc://127.0.0.1:1"))
print([obstacle("http://127.0.0.1:1")])
request = Request(week="2026-W47", token=b"t" * 16, registry_digest="", project="p", report=b"")
print(opened("http://127.0.0.1:1").submit(request, 5).code, flush=True)
"""
OUTSIDE = """
import sys
try:
    import _interpreters as interpreters  # Python 3.13
    place = interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    place = interpreters.create(isolated=False)
interpreters.run_string(place, sys.argv[1])
"""


def test_in_a_sub_interpreter_grpc_is_refused_with_a_reason_and_http_is_not(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDE, INSIDE.format(path=sys.path)],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    refusal, *rest = done.stdout.splitlines()
    assert refusal.startswith("grpc://127.0.0.1:1 cannot be used in a sub-interpreter")
    assert "WSGIApplicationGroup %{GLOBAL}" in refusal
    assert rest == ["['']", "UNAVAILABLE"]

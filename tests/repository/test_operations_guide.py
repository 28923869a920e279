"""What docs/operators/operations.md offers works: a real nginx, the unit, the commands."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import grpc
import pytest
import yaml
from click.testing import CliRunner
from grpc_health.v1 import health_pb2, health_pb2_grpc
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import END_SECONDS
from headcount_server.cli import main
from headcount_server.commands.flags import ServeCommand
from headcount_server.registry import schema
from headcount_server.registry.schema import Project
from headcount_server.week import Week
from support.doors import certificate
from support.random_weeks import live
from support.repository import REGISTRY, ROOT
from support.server_process import BIN, ServerProcess, held_port, installed
from support.waiting import PATIENCE, until

DOCS = ROOT / "docs"
DEPLOY = DOCS / "operators" / "deploy"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATH = "/headcount.v1.TelemetryService/SubmitReport"
CANARY = "77.31"


def below_a_path() -> str:
    """What the guide says of a public port below a path."""
    text = (DOCS / "operators" / "operations.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"`(location /usage/ \{[^`]+\})`", text)
    return str(found)


class Proxy:
    """The documented nginx configuration in front of a server, on a port of its own."""

    def __init__(self, server: ServerProcess, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        key, self.certificate = certificate(directory)
        site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        site = site.removesuffix("}\n") + f"    {below_a_path()}\n}}\n"
        for documented, here in {
            "    listen [::]:443 ssl http2;\n": "",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/etc/ssl/telemetry.example.org.pem": str(self.certificate),
            "/etc/ssl/private/telemetry.example.org.key": str(key),
            "/var/log/nginx/": f"{directory}/",
            "127.0.0.1:50051": server.addresses["gRPC"],
            "127.0.0.1:8080": server.addresses["public"],
        }.items():
            assert documented in site
            site = site.replace(documented, here)
        temporary = "".join(
            f"{name}_temp_path {directory}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.configuration = directory / "nginx.conf"
        self.configuration.write_text(
            f"daemon off; pid {directory}/pid; error_log {directory}/main.log;\n"
            f"worker_processes 1; events {{}}\nhttp {{\n{temporary}{site}}}\n",
            encoding="utf-8",
        )

    def start(self) -> subprocess.Popen[bytes]:
        nginx = installed("nginx")
        process = subprocess.Popen([nginx, "-p", self.directory, "-c", self.configuration])
        log, pid = (self.directory / name for name in ("main.log", "pid"))
        until(lambda: pid.exists() or process.poll() is not None, told=log.read_text)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        return process

    def curl(self, *arguments: str) -> tuple[str, str]:
        """The status and the body of an answer."""
        done = subprocess.run(
            [
                installed("curl"), "--silent", "--cacert", self.certificate,
                "--write-out", "\n%{http_code}", *arguments[1:],
                f"https://localhost:{self.port}{arguments[0]}",
            ],
            check=True,
            capture_output=True,
            text=True,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        return status, body

    def channel(self) -> grpc.Channel:
        credentials = grpc.ssl_channel_credentials(self.certificate.read_bytes())
        return grpc.secure_channel(f"localhost:{self.port}", credentials)


@pytest.fixture(name="server")
def _server(serve: Callable[..., ServerProcess], toy_registry: Path) -> ServerProcess:
    return serve(toy_registry, "--threshold=1", "--trusted-proxy=127.0.0.1", clock=NOW)


@pytest.fixture(name="proxy")
def _proxy(server: ServerProcess, tmp_path: Path) -> Iterator[Proxy]:
    directory = tmp_path / "nginx"
    directory.mkdir()
    directory.chmod(0o777)  # the worker is another user where the test is root
    with held_port() as held:
        proxy = Proxy(server, directory, held.getsockname()[1])
        process = proxy.start()
        yield proxy
        process.terminate()
        process.wait(PATIENCE)


def _json(token: int) -> str:
    report = {
        "@type": "type.googleapis.com/headcount.projects.toy.v1.Report",
        "phpVersion": {"value": CANARY},
    }
    encoded = b64encode(token.to_bytes(16)).decode()
    return json.dumps({"week": "2026-W47", "token": encoded, "report": report})


@pytest.mark.heavy
def test_nginx_carries_grpc_json_and_the_pages_and_writes_nothing_of_a_report(
    server: ServerProcess, proxy: Proxy, toy: Project
) -> None:
    request = wire.SubmitReportRequest(week="2026-W47", token=(1).to_bytes(16))
    request.report.Pack(toy.report_class(php_version={"value": CANARY}))
    with proxy.channel() as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(PATH)
        answer = wire.SubmitReportResponse.FromString(call(request.SerializeToString(), timeout=10))
        assert answer.week == "2026-W47"
        health: Any = health_pb2_grpc.HealthStub(channel)
        status = health.Check(health_pb2.HealthCheckRequest(), timeout=10).status
        assert status == health_pb2.HealthCheckResponse.SERVING
    for token in (1, 2, 3):
        asked = ("--header", "Content-Type: application/json", "--data", _json(token))
        code, body = proxy.curl(PATH, *asked)
        assert (code, json.loads(body)["week"]) == ("200", "2026-W47")
    large = proxy.directory / "large"
    large.write_bytes(b" " * 70_000)
    code, _ = proxy.curl(PATH, "--header", "Content-Type: application/json", "--data", f"@{large}")
    assert code == "413"
    server.set_clock(datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC))
    server.wait_for_metric("headcount_toy_reports 3.0")
    assert f'headcount_toy_php_version_reports{{value="{CANARY}"}} 3.0' in proxy.curl("/metrics")[1]
    for path in proxy.directory.rglob("*"):
        if path.is_file() and path.name not in {"nginx.conf", "large"}:
            content = path.read_text(encoding="utf-8", errors="replace")
            assert CANARY not in content, path
            assert "client:" not in content, path


@pytest.mark.heavy
def test_pages_files_and_redirects_work_below_a_path_that_nginx_strips(
    server: ServerProcess, proxy: Proxy
) -> None:
    data = ("--header", "Content-Type: application/json", "--data", _json(1))
    assert proxy.curl(f"/usage{PATH}", *data)[0] == "200"
    server.set_clock(datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC))
    server.wait_for_metric("headcount_toy_reports 1.0")
    asked = ("--location", "--write-out", "\n%{url_effective} %{num_redirects}\n%{http_code}")
    code, said = proxy.curl("/usage/projects/toy", *asked)
    page, _, effective = said.rpartition("\n")
    assert (code, effective.split()) == (
        "200", [f"https://localhost:{proxy.port}/usage/projects/toy/", "1"]
    )  # fmt: skip
    links = {link for link in re.findall(r' (?:href|src)="([^"#]+)', page) if ":" not in link}
    assert len(links) > 5
    for link in links:
        address = urljoin("/usage/projects/toy/", link)
        assert address.startswith("/usage/")
        assert proxy.curl(address)[0] == "200", link


@pytest.mark.heavy
def test_the_operations_port_is_not_reached_through_nginx(
    server: ServerProcess, proxy: Proxy
) -> None:
    assert "headcount_server_" in server.metrics("operations")
    assert "headcount_server_" not in proxy.curl("/metrics")[1]
    assert server.addresses["operations"] not in proxy.configuration.read_text(encoding="utf-8")


@pytest.fixture(name="unit")
def _unit() -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "headcount.service")
    return dict(parser["Service"])


def test_the_unit_leaves_the_server_nothing_but_its_state_directory(unit: dict[str, str]) -> None:
    assert unit["ProtectSystem"] == "strict"
    assert unit["StateDirectory"] == "headcount"
    assert unit["NoNewPrivileges"] == unit["ProtectHome"] == unit["PrivateTmp"] == "yes"
    assert unit["CapabilityBoundingSet"] == ""
    assert "ReadWritePaths" not in unit
    assert unit["LimitCORE"] == "0"
    assert int(unit["TimeoutStopSec"]) > END_SECONDS
    assert (unit["Type"], unit["WatchdogSec"]) == ("notify", "30")


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "headcount.service").read_text(encoding="utf-8")
    here = unit.replace("/opt/headcount/bin/headcount-server", str(BIN / "headcount-server"))
    (tmp_path / "headcount.service").write_text(here, encoding="utf-8")
    done = _systemd("analyze", "verify", tmp_path / "headcount.service")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_lets_the_server_hold_itself_to_a_core(unit: dict[str, str]) -> None:
    """A later line of the unit adds to what an earlier one took away."""
    assert unit["SystemCallFilter"] == "sched_setaffinity"


def test_systemd_makes_the_user_and_lets_it_read_the_settings(tmp_path: Path) -> None:
    for folder in ("etc/headcount", "var/lib"):
        (tmp_path / folder).mkdir(parents=True)
    config = tmp_path / "etc" / "headcount" / "server.toml"
    config.touch(0o600)
    root = f"--root={tmp_path}"
    assert _systemd("sysusers", root, DEPLOY / "headcount.sysusers").returncode == 0
    (user,) = (tmp_path / "etc" / "passwd").read_text(encoding="utf-8").splitlines()
    name, _, number, group, *_, home, shell = user.split(":")
    assert (name, home, shell) == ("headcount", "/var/lib/headcount", "/usr/sbin/nologin")
    assert int(number) < 1000
    done = _systemd("tmpfiles", root, "--create", DEPLOY / "headcount.tmpfiles")
    if os.getuid() == 0:  # others may not give files away
        assert done.returncode == 0, done.stderr
        assert (config.stat().st_gid, config.stat().st_mode & 0o777) == (int(group), 0o640)


def _systemd(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [installed(f"systemd-{program}"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("shell", "said"),
    [("bash", "complete -o nosort"), ("zsh", "compdef"), ("fish", "complete --no-files")],
)
def test_a_shell_gets_its_completion(
    shell: str, said: str, clean_environment: dict[str, str]
) -> None:
    variable = "_HEADCOUNT_SERVER_COMPLETE"
    text = (DOCS / "operators" / "operations.md").read_text(encoding="utf-8")
    assert f"{variable}={shell}_source headcount-server" in text
    done = subprocess.run(
        [BIN / "headcount-server"],
        env=clean_environment | {variable: f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said in done.stdout


@pytest.mark.parametrize(
    "name", ["headcount.service", "Containerfile", "compose.yaml", "../operations.md"]
)
def test_every_variable_and_flag_that_the_guide_names_exists(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    serve = main.commands["serve"]
    assert isinstance(serve, ServeCommand)
    known = {str(getattr(option, "envvar", "")) for option in serve.params}
    named = set(re.findall(r"(?<!_)HEADCOUNT_SERVER_[A-Z_]*[A-Z]", text))
    assert named
    assert named <= known
    flags = {flag for command in main.commands.values() for p in command.params for flag in p.opts}
    lines = [line for line in text.splitlines() if "headcount-server " in line]
    assert {flag for line in lines for flag in re.findall(r"(?<= )--[a-z-]+", line)} <= flags


@pytest.mark.heavy
def test_the_corrections_of_the_guide_do_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "operators" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(headcount-server annotate .*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    live(tmp_path / "headcount.db", schema.load(REGISTRY), [Week(2026, 47)], 200)
    for line in block.splitlines():
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
    site = ["site", "--database=headcount.db", f"--registry={REGISTRY}", "--out=public"]
    assert CliRunner().invoke(main, site).exit_code == 0
    (quoted,) = re.findall(r'find "(About[^"]+)"', text.replace("\n", " "))
    for page in ("projects/backdrop", "weeks/2026-W47"):
        shown = (tmp_path / "public" / page / "index.html").read_text(encoding="utf-8")
        assert quoted in shown
        assert "It let host names through." in shown
    assert "An outage on Tuesday and Wednesday." in shown


def test_every_command_of_the_guide_exists_and_is_explained() -> None:
    text = (DOCS / "operators" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"headcount-server ([a-z]+(?:-[a-z]+)*)", text))
    assert named <= set(main.commands)
    assert set(main.commands) - {"demo", "site"} <= named
    for command in named:
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_compose_scrapes_as_the_example_for_prometheus_does() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    inner = yaml.safe_load(compose["configs"]["prometheus"]["content"])
    example = (DEPLOY.parent / "prometheus.yml").read_text(encoding="utf-8")
    assert inner == yaml.safe_load(example.replace("127.0.0.1", "server"))

"""Two servers in one Prometheus: what a dashboard shows of one has nothing of the other."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from headcount_server.week import Week
from support.explained import explained
from support.prometheus import Prometheus, filled, running
from support.server_process import BIN, THURSDAY, ServerProcess
from support.waiting import until

KEYS = 80
"""So many that the reader of the dashboard picks one."""
pytestmark = pytest.mark.heavy


def made(folder: Path) -> Path:
    """Return the folder of everything that is generated of a project with very many keys."""
    declarations, generated = folder / "declarations", folder / "generated"
    declarations.mkdir()
    keys = "".join(f"telemetry[k{number}][type] = boolean\n" for number in range(KEYS))
    (declarations / "toy.info").write_text(explained(keys), encoding="utf-8")
    for command in (["build"], ["generate", "grafana"]):
        program = [str(BIN / "headcount-registry"), *command, str(declarations)]
        subprocess.run([*program, "--out", str(generated)], check=True, capture_output=True)
    return generated


@contextmanager
def published(registry: Path, folder: Path, reports: int) -> Iterator[ServerProcess]:
    """A server that has published a week, in which all that reported said yes to one key."""
    folder.mkdir()
    server = ServerProcess(registry / "registry.binpb", folder, THURSDAY, ("--threshold=1",))
    server.start()
    try:
        url = f"http://{server.addresses['public']}/headcount.v1.TelemetryService/SubmitReport"
        for number in range(reports):
            report: dict[str, Any] = {
                "@type": "type.googleapis.com/headcount.projects.toy.v1.Report",
                "k7": {"value": True},
            }
            token = base64.b64encode(number.to_bytes(16)).decode()
            message = {"week": str(Week.of(THURSDAY)), "token": token, "report": report}
            kind = {"Content-Type": "application/json"}
            request = urllib.request.Request(url, json.dumps(message).encode(), kind)
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback
        server.set_clock(THURSDAY + timedelta(days=7))
        server.wait_for_metric(f"headcount_toy_reports {reports}")
        yield server
    finally:
        server.kill()


def shown(by: Prometheus, dashboard: Path, **picked: str) -> dict[str, list[float]]:
    """Return the numbers that each panel shows; what is not picked is as it is at first."""
    panels = json.loads(dashboard.read_text(encoding="utf-8"))
    for variable in panels["templating"]["list"][1:]:
        name, query = variable["name"], variable["query"]
        if name not in picked:
            picked[name] = by.label_values(query, picked)[0]
    return {
        panel["title"]: [
            float(series["value"][1])
            for target in panel.get("targets", ())
            for series in by.series(filled(target["expr"], picked))
        ]
        for panel in panels["panels"]
    }


def test_a_dashboard_shows_one_server_and_another_only_if_that_is_picked(tmp_path: Path) -> None:
    registry = made(tmp_path)
    with (
        published(registry, tmp_path / "one", 7) as one,
        published(registry, tmp_path / "two", 4) as two,
    ):
        addresses = [server.addresses["public"] for server in (one, two)]
        (tmp_path / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: production, static_configs: [{{targets: ['{addresses[0]}']}}]}}\n"
            f"- {{job_name: staging, static_configs: [{{targets: ['{addresses[1]}']}}]}}\n"
            f"- {{job_name: beside, static_configs: [{{targets: {addresses}}}]}}\n",
            encoding="utf-8",
        )
        with running(tmp_path / "prometheus.yml", tmp_path / "data") as by:
            until(lambda: len(by.series("headcount_toy_k7_answers")) == 4)
            dashboard = registry / "toy.json"
            for job, instance, reports in (
                ("production", addresses[0], 7),
                ("staging", addresses[1], 4),
                ("beside", addresses[0], 7),
                ("beside", addresses[1], 4),
            ):
                seen = shown(by, dashboard, job=job, instance=instance, key="k7")
                assert (seen["Reports"], seen["Answers"]) == ([reports], [1])
                assert seen["Answers, over time"] == [1]
            assert shown(by, dashboard, job="staging", key="k7")["Reports"] == [4]
            assert shown(by, dashboard, job="staging", key="k8")["Answers"] == []

"""A real Prometheus scrapes a real server, with the rules and dashboards that were generated.

Closed weeks stand in the past of Prometheus too, so that the change in a week can be asked
for. Then reports come in, and stop.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from headcount_server.week import Week
from support import shop
from support.prometheus import Prometheus, filled, running
from support.repository import ROOT
from support.server_process import BIN, ServerProcess, installed
from support.waiting import until

SILENCE = 2
"""Hours without a report until the alert."""
SITES = 24
NAMES = re.compile(r"\bheadcount_\w+")
RECORDED = re.compile(r"record: (\S+)")


class Reporter:
    """Sends reports to a server's JSON door, each under a token of its own."""

    def __init__(self, server: ServerProcess) -> None:
        self._url = (
            f"http://{server.addresses['public']}/headcount.v1.TelemetryService/SubmitReport"
        )
        self._reports = enumerate(shop.reports())

    def send(self, moment: datetime, count: int = 1) -> None:
        for _ in range(count):
            number, report = next(self._reports)
            token = base64.b64encode(number.to_bytes(16)).decode()
            message = {"week": str(Week.of(moment)), "token": token, "report": report}
            data = json.dumps(message).encode()
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(self._url, data, headers)  # noqa: S310 - loopback
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - loopback
                assert response.status == 200


@dataclass
class Watched:
    """A server, its reporter, and the Prometheus that watches them."""

    generated: Path
    reporter: Reporter
    by: Prometheus

    def wait(self) -> None:
        """Until both ports were scraped twice and the rules evaluated."""
        share = "value:headcount_shop_os_reports:share"
        twice = 'min(count_over_time(up{job=~"headcount.*"}[1m])) >= 2'
        until(
            lambda: (
                self.by.series(share)
                and self.by.series(twice)
                and all(rule["health"] != "unknown" for rule in self.rules())
            ),
            told=lambda: self.by.api("targets"),
        )

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.by.api("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> dict[str, str]:
        """State by name of the alerts about the project, or about no project."""
        return {
            alert["labels"]["alertname"]: alert["state"]
            for alert in self.by.api("alerts")["alerts"]
        }

    def texts(self, pattern: str) -> str:
        return "".join(path.read_text() for path in sorted(self.generated.glob(pattern)))


def generate(folder: Path) -> Path:
    """Everything that is generated of the shop, the alerts with a short patience."""
    declarations, generated = shop.write(folder / "declarations"), folder / "generated"
    registry = str(BIN / "headcount-registry")
    out = [str(declarations), "--out", str(generated)]
    patience = [f"--silence={SILENCE}h", "--disk-free=1kB"]
    for command in (["build"], ["generate", "grafana"], ["generate", "prometheus", *patience]):
        subprocess.run([registry, *command, *out], check=True, capture_output=True)
    return generated


def time_of_prometheus() -> int:
    """Return the real time in seconds, which Prometheus tells on other days too."""
    real = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return int(subprocess.check_output(["date", "+%s"], env=real))  # noqa: S607 - any date


def remembering(scraped: str, data: Path, instance: str) -> None:
    """Make the data of a Prometheus that scraped this of an instance a week ago too."""
    then = time_of_prometheus() - 7 * 86_400
    lines = [line for line in scraped.splitlines() if line and not line.startswith("#")]
    moments = range(then - 120, then + 240, 30)
    target = f'job="headcount",instance="{instance}"'
    named = [re.sub(r"^(\w+)(?:{(.*)})?", rf"\1{{{target},\2}}", line, count=1) for line in lines]
    samples = [f"{line} {moment}".replace(",}", "}") for line in named for moment in moments]
    text = data.with_name("past.txt")
    text.write_text("\n".join([*samples, "# EOF", ""]), encoding="utf-8")
    command = [installed("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, str(text), str(data)], check=True, capture_output=True)


def configuration(server: ServerProcess, generated: Path) -> str:
    """The example of the documents, with the addresses of the server and no patience."""
    example = ROOT / "docs" / "operators" / "prometheus.yml"
    text = example.read_text(encoding="utf-8")
    for old, new in (
        ("127.0.0.1:8080", server.addresses["public"]),
        ("127.0.0.1:8081", server.addresses["operations"]),
        ("60s", "1s\n  evaluation_interval: 1s"),
        ("15s", "1s"),
        ("headcount/*.yml", f"{generated}/*.yml"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module", name="watched")
def _watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    generated = generate(folder)
    now = datetime.fromtimestamp(time_of_prometheus(), UTC)
    weeks_ago = [now - timedelta(days=days) for days in (42, 35, 28, 21, 14, 7)]
    server = ServerProcess(generated / "registry.binpb", folder, weeks_ago[0], ("--threshold=1",))
    server.start()
    try:
        reporter = Reporter(server)
        for moment in weeks_ago:
            server.set_clock(moment)
            reporter.send(moment, SITES)
        server.set_clock(now)
        scraped = server.wait_for_metric(f"headcount_shop_reports {SITES}")
        data = folder / "data"
        remembering(scraped, data, server.addresses["public"])
        config = folder / "prometheus.yml"
        config.write_text(configuration(server, generated), encoding="utf-8")
        with running(config, data, "--storage.tsdb.retention.time=1y") as prometheus:
            watched = Watched(generated, reporter, prometheus)
            watched.wait()
            yield watched
    finally:
        server.kill()


def test_the_alert_fires_while_no_report_comes_and_is_quiet_once_one_does(
    watched: Watched,
) -> None:
    until(lambda: watched.alerts().get("HeadcountProjectSilent") == "firing", told=watched.alerts)
    (alert,) = (
        each
        for each in watched.by.api("alerts")["alerts"]
        if each["labels"]["alertname"] == "HeadcountProjectSilent"
    )
    assert alert["labels"]["project"] == "shop"
    assert alert["annotations"]["summary"] == f"No report of shop has come for {SILENCE}h."
    watched.reporter.send(datetime.fromtimestamp(time_of_prometheus(), UTC))
    until(lambda: "HeadcountProjectSilent" not in watched.alerts(), told=watched.alerts)
    assert [name for name, state in watched.alerts().items() if state == "firing"] == []


def test_its_counts_are_the_published_ones(watched: Watched) -> None:
    (reports,) = watched.by.series("headcount_shop_reports")
    assert float(reports["value"][1]) == SITES
    linux = 'headcount_shop_os_reports{value="Linux"} / on() headcount_shop_os_answers'
    (share,) = watched.by.series(linux)
    assert float(share["value"][1]) == pytest.approx(3 / 4)
    hostile = {
        series["metric"]["value"] for series in watched.by.series("headcount_shop_note_reports")
    }
    assert hostile == {'say "hi" \\ {{x}} $y'}


def test_every_metric_that_a_dashboard_or_rule_names_is_there(watched: Watched) -> None:
    recorded = set(RECORDED.findall(watched.texts("*.yml")))
    named = set(NAMES.findall(watched.texts("*.json") + watched.texts("*.yml")))
    known = set(watched.by.api("label/__name__/values"))
    known |= set(watched.by.api("metadata"))
    assert len(named) > 40
    # The name of a recorded series holds the name of a metric.
    groups = {name for name in named if name.endswith("_totals")}
    assert named - known - groups == set()
    assert groups == {"headcount_shop_totals"}
    # A change of shares needs shares that were recorded a week ago.
    assert {name for name in recorded - known if not name.endswith(":share_change1w")} == set()


def test_every_panel_of_every_dashboard_has_data(watched: Watched) -> None:
    empty = []
    queries = 0
    for path in sorted(watched.generated.glob("*.json")):
        shown = json.loads(path.read_text())
        if "templating" not in shown:
            continue
        picked: dict[str, str] = {}
        for variable in shown["templating"]["list"][1:]:
            picked[variable["name"]], *_ = watched.by.label_values(variable["query"], picked)
        for panel in shown["panels"]:
            for target in panel.get("targets", ()):
                queries += 1
                expression = filled(target["expr"], picked)
                if not watched.by.series(expression):
                    empty.append((path.name, panel["title"], expression))
    assert empty == []
    assert queries > 60


def test_every_rule_is_evaluated_without_an_error(watched: Watched) -> None:
    rules = watched.rules()
    files = watched.generated.glob("*.yml")
    written = sum(
        len(re.findall(r"^ *- (?:alert|record):", path.read_text(), re.MULTILINE)) for path in files
    )
    assert len(rules) == written > 40
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


def test_what_is_recorded_names_the_server_that_it_was_computed_of(watched: Watched) -> None:
    (total,) = watched.by.series("headcount_shop_reports")
    target = {name: total["metric"][name] for name in ("job", "instance")}
    for name in (
        "value:headcount_shop_os_reports:share",
        "project:headcount_shop_reports:change1w",
    ):
        found = watched.by.series(name)
        assert found
        assert all(target.items() <= each["metric"].items() for each in found)


def test_the_parts_of_a_whole_add_up_to_it(watched: Watched) -> None:
    for key in ("php", "os", "nodes", "server", "version"):
        metric = f"headcount_shop_{key}_reports"
        total = f"sum(value:{metric}:share) + sum(key:{metric}:remainder)"
        (whole,) = watched.by.series(total)
        assert float(whole["value"][1]) == pytest.approx(1), key

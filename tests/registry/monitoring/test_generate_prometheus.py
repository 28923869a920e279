"""Rules follow from the declarations, and do what they say when promtool tries them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from headcount_registry.commands.generate import prometheus_command
from headcount_registry.monitoring.alerts import alert_rules
from headcount_registry.monitoring.thresholds import Thresholds, duration, size
from headcount_server.store.writer import QUEUE_LIMIT
from support import shop
from support.repository import ROOT, TESTS
from support.server_process import installed
from support.workbench import Bench

if TYPE_CHECKING:
    from click.testing import Result

DATA = TESTS / "registry" / "data"
GENERATED = ROOT / "registry" / "generated" / "prometheus"
KEY = "telemetry[{0}][type] = boolean\ntelemetry[{0}][label] = About {0}\n"


def promtool(*arguments: str | Path) -> None:
    command = [installed("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def generate(bench: Bench, *options: str) -> Result:
    where = ("--out", str(bench.out))
    return bench.run("generate", "prometheus", str(bench.declarations), *where, *options)


def alerts(bench: Bench) -> str:
    return (bench.out / "alerts.yml").read_text(encoding="utf-8")


def test_promtool_takes_the_rules_that_are_shipped() -> None:
    promtool("check", "rules", GENERATED / "alerts.yml", GENERATED / "recording.yml")


def test_promtool_takes_the_rules_of_every_kind_of_key_and_of_hostile_words(bench: Bench) -> None:
    shop.write(bench.declarations)
    assert generate(bench).exit_code == 0
    promtool("check", "rules", bench.out / "alerts.yml", bench.out / "recording.yml")


@pytest.mark.parametrize("name", ["alerts_test.yml", "recording_test.yml"])
def test_the_rules_that_are_shipped_do_what_they_say(name: str) -> None:
    promtool("test", "rules", DATA / name)


def test_every_alert_is_tried_both_ways() -> None:
    tried = (DATA / "alerts_test.yml").read_text(encoding="utf-8")
    shipped = (GENERATED / "alerts.yml").read_text(encoding="utf-8")
    for name in re.findall(r"alert: (\w+)", shipped):
        assert re.search(rf"alertname: {name}, .*exp_alerts: \[\]", tried), name
        assert re.search(rf"alertname: {name}\n", tried), name


def test_the_documents_list_every_alert_with_its_option_and_default() -> None:
    text = (ROOT / "docs" / "operators" / "dashboards.md").read_text(encoding="utf-8")
    row = r"^\| `(Headcount\w+)` \| [^|]* \|(?: `(\S+)`)? \|(?: (\S+))? \|$"
    rows = re.findall(row, text, re.MULTILINE)
    shipped = (GENERATED / "alerts.yml").read_text(encoding="utf-8")
    assert [name for name, _, _ in rows] == re.findall(r"alert: (\w+)", shipped)
    told = {option: default for _, option, default in rows if option}
    shown = {
        option.opts[0]: str(option.default)
        for option in prometheus_command.params
        if option.default is not None and isinstance(option, click.Option) and not option.is_flag
    }
    assert told == {name: shown[name] for name in shown.keys() - {"--out", "--lock"}}


def test_the_series_that_the_documents_name_are_recorded() -> None:
    text = (ROOT / "docs" / "operators" / "dashboards.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+:headcount_<project>\S+)` \|", text, re.MULTILINE)
    assert len(named) == 4
    recorded = (GENERATED / "recording.yml").read_text(encoding="utf-8")
    shapes = {
        name.replace("<project>_<key>", "backdrop_php_version").replace("<project>", "backdrop")
        for name in named
    }
    assert shapes <= set(re.findall(r"record: (\S+)", recorded))


def test_a_key_that_is_added_has_its_rules_with_no_other_edit(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("first"))
    assert generate(bench).output.endswith(" rules in 2 files\n")
    assert generate(bench, "--check").exit_code == 0
    bench.write("toy.info", KEY.format("first") + KEY.format("second"))
    stale = generate(bench, "--check")
    assert stale.exit_code == 1
    assert f"{bench.out / 'recording.yml'}: differs\n" in stale.output
    assert generate(bench).exit_code == 0
    recorded = (bench.out / "recording.yml").read_text(encoding="utf-8")
    assert "record: value:headcount_toy_second_reports:share\n" in recorded


def test_thresholds_are_what_the_operator_says(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    settings = {
        "--silence": "1d12h",
        "--refused": "0.05",
        "--stale": "3w",
        "--waiting": "50",
        "--database": "500MB",
        "--disk-free": "2GiB",
    }
    generate(bench, *(word for pair in settings.items() for word in pair))
    text = alerts(bench)
    for expected in (
        "_last_report_timestamp_seconds) > 129600\n",
        "[1d12h])",
        "for 1d12h.",
        " > 0.05\n",
        "refuses more than 5 % of the calls",
        "_closed_week_start_timestamp_seconds) > 1814400\n",
        "headcount_server_waiting_reports > 50\n",
        "headcount_server_database_bytes > 500000000\n",
        "headcount_server_disk_free_bytes < 2147483648\n",
    ):
        assert expected in text
    promtool("check", "rules", bench.out / "alerts.yml")


def test_no_more_than_the_usual_thresholds_is_shipped() -> None:
    assert (GENERATED / "alerts.yml").read_text(encoding="utf-8") == alert_rules(Thresholds())


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--silence", "2 days", "write one such as 10s, 90m, 12h, 2d, 3w or 1d12h"),
        ("--silence", "0s", "write one such as"),
        ("--stale", "12h1d", "write one such as"),
        ("--stale", "", "write one such as"),
        ("--database", "10 GB", "write one such as 500MB or 10GiB"),
        ("--disk-free", "-1", "write one such as"),
        ("--refused", "20", "0<=x<=1"),
        ("--waiting", "0", "x>=1"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused_with_a_remedy(
    bench: Bench, option: str, value: str, remedy: str
) -> None:
    bench.write("toy.info", KEY.format("k"))
    refused = generate(bench, f"{option}={value}")
    assert refused.exit_code == 2
    assert option in refused.output
    assert remedy in " ".join(refused.output.replace("\u2502", " ").split())
    assert not bench.out.exists()


def test_durations_and_sizes_are_read_as_prometheus_and_people_mean_them() -> None:
    assert [duration(text).seconds for text in ("10s", "90m", "1d12h", "1w2d3h4m5s")] == [
        *(10, 5400, 129_600, 788_645)
    ]
    assert [size(text).size for text in ("1", "1kB", "1KiB", "10GiB", "2TB")] == [
        *(1, 1000, 1024, 10 << 30, 2 * 10**12)
    ]


def test_dashboards_and_rules_can_share_a_directory(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    generate(bench)
    bench.run("generate", "grafana", str(bench.declarations), "--out", str(bench.out))
    generate(bench)
    assert sorted(path.name for path in bench.out.iterdir()) == [
        *("alerts.yml", "recording.yml", "server.json", "toy.json")
    ]


def test_a_file_of_somebody_else_is_never_overwritten(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    bench.out.mkdir()
    (bench.out / "alerts.yml").write_text("groups: []\n")
    refused = generate(bench)
    assert refused.exit_code == 1
    assert "alerts.yml: was not written by headcount-registry" in refused.output
    assert alerts(bench) == "groups: []\n"


def test_the_limit_of_the_queue_that_is_told_is_the_servers(bench: Bench) -> None:
    bench.write("toy.info", KEY.format("k"))
    generate(bench)
    assert f"If {QUEUE_LIMIT} reports wait," in alerts(bench)

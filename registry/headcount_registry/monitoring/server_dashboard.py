"""The dashboard of the server itself, for its operator; it shows no answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.monitoring import panels, promql
from headcount_registry.monitoring.dashboard import Dashboard, Row, servers
from headcount_registry.monitoring.panels import Query

if TYPE_CHECKING:
    from headcount_registry.monitoring.panels import Json, Panel

NAME = "server"
"""The name of the dashboard, which no project can have."""
_PREFIX = "headcount_server"
_RATE = "$__rate_interval"
_PER_SECOND: Json = {"unit": "reqps", "min": 0}
_RED_BELOW_1 = ((None, "red"), (1, "green"))


def server_dashboard() -> Dashboard:
    """Return the dashboard; the same for every registry."""
    return Dashboard(
        name=NAME,
        title="headcount: the server",
        description="The work of a headcount server.",
        since="24h",
        refresh="1m",
        pickers=servers(f"{_PREFIX}_waiting_reports", together=True),
        rows=(
            Row("Overview", _overview()),
            Row("Intake", _intake()),
            Row("Commits", _commits()),
            Row("Disk", _disk()),
            Row("Projects", _projects()),
        ),
    )


def _overview() -> tuple[Panel, ...]:
    return (
        _yes_or_no("Keeps reports", "No if the disk is full or read-only.", "writable"),
        _yes_or_no(
            "All erased",
            "No while data of a closed week or of past commits is not wiped yet.",
            "erased",
        ),
        panels.number(
            "Waiting",
            "Reports that wait for a commit. If 4096 wait, callers are told to come back.",
            Query(f"sum({_of('waiting_reports')})"),
            {"unit": panels.COUNT},
            ((None, "green"), (1000, "orange"), (4000, "red")),
        ),
        panels.number(
            "Last closed week",
            "The Monday of that week. By default, a week is closed two days after its end.",
            Query(f"1000 * max({_of('closed_week_start_timestamp_seconds')})"),
            {"unit": "time:YYYY-MM-DD", "noValue": "none yet"},
        ),
        panels.number(
            "Next close",
            "The time at which the oldest open week is closed and published.",
            Query(f"1000 * min({_of('close_due_timestamp_seconds')})"),
            {"unit": "dateTimeFromNow"},
        ),
        panels.number(
            "Database",
            "The file and its write-ahead log.",
            Query(f"max({_of('database_bytes')})"),
            {"unit": "bytes", "noValue": "elsewhere"},
        ),
    )


def _intake() -> tuple[Panel, ...]:
    calls, failed = _of("calls_total"), _of("calls_total", 'code!="ok"')
    return (
        panels.graph(
            "Reports by outcome",
            "A duplicate was counted before. The rest were refused, with this code.",
            [_rates("outcome", "reports_total")],
            _PER_SECOND,
            stacked=True,
        ),
        panels.graph(
            "Calls by code",
            "The codes that callers got, including refusals of the rate limit.",
            [_rates("code", "calls_total")],
            _PER_SECOND,
            stacked=True,
        ),
        panels.graph(
            "Calls by door",
            "gRPC, HTTP with protobuf or JSON (connect), and Backdrop's requests (post).",
            [_rates("door", "calls_total")],
            _PER_SECOND,
        ),
        panels.graph(
            "Refused",
            "The share of calls without the code OK.",
            [Query(f"sum(rate({failed}[{_RATE}])) / sum(rate({calls}[{_RATE}]))", "refused")],
            {"unit": panels.SHARE, "min": 0, "max": 1},
        ),
        panels.graph(
            "Keys left out",
            "Keys that were not counted, although the rest of their report was.",
            [_rates("reason", "ignored_keys_total")],
            _PER_SECOND,
        ),
        panels.graph(
            "Reports by how much was understood",
            "Complete: all keys. Partial: some keys were left out. Refused: no key was left.",
            [_rates("understood", "project_reports_total")],
            _PER_SECOND,
            stacked=True,
        ),
    )


def _commits() -> tuple[Panel, ...]:
    return (
        panels.graph(
            "Time of a commit",
            "The longest time of half, 95 % and 99 % of the commits.",
            _quantiles("commit_seconds"),
            {"unit": "s", "min": 0},
            width=8,
        ),
        panels.graph(
            "Reports in a commit",
            "The largest number of reports in half, 95 % and 99 % of the commits.",
            _quantiles("commit_reports"),
            {"unit": panels.COUNT, "min": 0},
            width=8,
        ),
        panels.graph(
            "Reports that wait",
            "Reports that wait for a commit.",
            [Query(f"sum({_of('waiting_reports')})", "waiting")],
            {"unit": panels.COUNT, "min": 0},
            width=8,
        ),
    )


def _disk() -> tuple[Panel, ...]:
    return (
        panels.graph(
            "Size of the database",
            "The file and its write-ahead log.",
            [Query(_of("database_bytes"), "{{instance}}")],
            {"unit": "bytes", "min": 0},
        ),
        panels.graph(
            "Free room",
            "The free room on the disk of the database.",
            [Query(_of("disk_free_bytes"), "{{instance}}")],
            {"unit": "bytes", "min": 0},
        ),
    )


def _projects() -> tuple[Panel, ...]:
    silence = f"time() - max by (project) ({_of('last_report_timestamp_seconds')})"
    now = f"max by (project) ({_of('last_week_reports')})"
    usual = f"max by (project) ({_of('usual_reports')})"
    by_project = f"sum by (project) (increase({_of('project_reports_total')}[1d]))"
    return (
        panels.graph(
            "Silence",
            "Time since the last report, whose time is known to the hour.",
            [Query(silence, "{{project}}")],
            {"unit": "s", "min": 0},
        ),
        panels.graph(
            "Reports of a day",
            "The reports of the 24 hours before.",
            [Query(by_project, "{{project}}")],
            {"unit": panels.COUNT, "min": 0},
        ),
        panels.graph(
            "Last week against the usual",
            "Reports of the last closed week, as a multiple of the median of the eight before.",
            [Query(f"{now} / {usual}", "{{project}}")],
            {"unit": "suffix: times", "min": 0},
        ),
        panels.graph(
            "Releases that never reported",
            "The declarations name them, but no report named them or a later release in a year.",
            [Query(f"max by (project) ({_of('unreported_releases')})", "{{project}}")],
            {"unit": panels.COUNT, "min": 0, "decimals": 0},
        ),
        panels.table(
            "Registry in force",
            "Digests of the projects. If a project has two, the instances differ.",
            {"Instances": Query(f"count by (project, digest) ({_of('registry_info')})")},
            {"Instances": panels.COUNT},
        ),
    )


def _of(metric: str, *matchers: str) -> str:
    return promql.series(f"{_PREFIX}_{metric}", *matchers, *promql.PICKED)


def _yes_or_no(title: str, description: str, metric: str) -> Panel:
    return panels.number(
        title,
        description,
        Query(f"min({_of(metric)})"),
        {"unit": "bool_yes_no"},
        _RED_BELOW_1,
    )


def _rates(label: str, metric: str) -> Query:
    return Query(f"sum by ({label}) (rate({_of(metric)}[{_RATE}]))", f"{{{{{label}}}}}")


def _quantiles(metric: str) -> tuple[Query, ...]:
    rates = f"sum by (le) (rate({_of(f'{metric}_bucket')}[{_RATE}]))"
    return tuple(
        Query(f"histogram_quantile({part}, {rates})", name)
        for part, name in ((0.5, "half"), (0.95, "95 %"), (0.99, "99 %"))
    )

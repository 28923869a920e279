"""Alert rules for the operator of a server; the same for every registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.monitoring import rules
from headcount_registry.monitoring.rules import Alert, Group

if TYPE_CHECKING:
    from headcount_registry.monitoring.thresholds import Thresholds

_CRITICAL, _WARNING = "critical", "warning"
_PROJECT = "{{ $labels.project }}"


def alert_rules(thresholds: Thresholds) -> str:
    """The file."""
    alerts = (*_server(thresholds), *_weeks(thresholds), *_projects(thresholds))
    return rules.text([Group("headcount", alerts)])


def _server(thresholds: Thresholds) -> tuple[Alert, ...]:
    refused = 'sum by (job) (increase(headcount_server_calls_total{code!="ok"}[6h]))'
    return (
        Alert(
            name="HeadcountServerUnseen",
            expression="absent(headcount_server_writable)",
            wait="10m",
            severity=_CRITICAL,
            summary="No server of headcount is scraped.",
            description="It is down, or its operations port is not where Prometheus looks.",
        ),
        Alert(
            name="HeadcountCannotKeepReports",
            expression="headcount_server_writable == 0",
            wait="2m",
            severity=_CRITICAL,
            summary="The disk is full or the database read-only; reports are refused.",
            description="Make room; the server goes on by itself. Clients try again for days.",
        ),
        Alert(
            name="HeadcountDiskNearlyFull",
            expression=f"headcount_server_disk_free_bytes < {thresholds.disk_free.size}",
            wait="5m",
            severity=_WARNING,
            summary=f"Less than {thresholds.disk_free.text} is free where the database lies.",
            description="When nothing is left, reports are refused.",
        ),
        Alert(
            name="HeadcountDatabaseLarge",
            expression=f"headcount_server_database_bytes > {thresholds.database.size}",
            wait="5m",
            severity=_WARNING,
            summary=f"The database is larger than {thresholds.database.text}.",
            description="An open week takes room by the report and gives it back at its close.",
        ),
        Alert(
            name="HeadcountReportsWait",
            expression=f"headcount_server_waiting_reports > {thresholds.waiting}",
            wait="5m",
            severity=_WARNING,
            summary=f"More than {thresholds.waiting} reports wait for a commit.",
            description="The disk is slower than the intake; past 4096 callers are sent away.",
        ),
        Alert(
            name="HeadcountCallsRefused",
            expression=(
                f"{refused}\n"
                "  / sum by (job) (increase(headcount_server_calls_total[6h]))"
                f" > {thresholds.refused:g}\n"
                f"and {refused} >= 10"
            ),
            wait="15m",
            severity=_WARNING,
            summary=f"More than {thresholds.refused * 100:g} % of the calls are refused.",
            description="headcount_server_calls_total tells with which codes.",
        ),
    )


def _weeks(thresholds: Thresholds) -> tuple[Alert, ...]:
    start = "headcount_server_closed_week_start_timestamp_seconds"
    return (
        Alert(
            name="HeadcountCloseOverdue",
            expression="time() - headcount_server_close_due_timestamp_seconds > 900",
            severity=_CRITICAL,
            summary="A week that is over was neither closed nor published.",
            description="The log of the server says why; it is tried again every second.",
        ),
        Alert(
            name="HeadcountPublicationStale",
            expression=(f"time() - max by (job) ({start}) > {thresholds.stale.seconds}"),
            severity=_WARNING,
            summary=f"The last closed week began more than {thresholds.stale.text} ago.",
            description="Usually a week begins 9 to 16 days before it is the last closed one.",
        ),
        Alert(
            name="HeadcountErasurePending",
            expression="headcount_server_erased == 0",
            wait="15m",
            severity=_WARNING,
            summary="Something of a closed week or past commits is still to be wiped.",
            description="Often a program that reads the database all the time is in the way.",
        ),
    )


def _projects(thresholds: Thresholds) -> tuple[Alert, ...]:
    silence = thresholds.silence
    return (
        Alert(
            name="HeadcountProjectSilent",
            # The last report is told to the hour, so the counter has the last word.
            expression=(
                "time() - max by (job, project) (headcount_server_last_report_timestamp_seconds)"
                f" > {silence.seconds}\n"
                "unless sum by (job, project) (\n"
                '  increase(headcount_server_project_reports_total{understood!="refused"}'
                f"[{silence.text}])\n"
                ") > 0"
            ),
            severity=_WARNING,
            summary=f"No report of {_PROJECT} for {silence.text}.",
            description="Is the address in the declarations the one where the server answers?",
        ),
        Alert(
            name="HeadcountReportsNotUnderstood",
            expression=(
                f"{_not_understood('1d')} > 0.1\n  > 2 * ({_not_understood('7d', ' offset 1d')})"
            ),
            wait="1h",
            severity=_WARNING,
            summary=f"More reports of {_PROJECT} than usual are refused or understood in part.",
            description="Often a release declares what the server's registry does not know yet.",
        ),
        Alert(
            name="HeadcountReleaseNeverReported",
            expression=("max by (job, project) (headcount_server_unreported_releases) > 0"),
            wait="14d",
            severity=_WARNING,
            summary=f"A release of {_PROJECT} that declarations name never reported.",
            description="It has not come out, or its client does not send.",
        ),
        Alert(
            name="HeadcountTotalJumped",
            expression=(f"{_LAST} > 3 * {_USUAL}\nor {_LAST} < {_USUAL} / 3"),
            severity=_WARNING,
            summary=f"The last week of {_PROJECT} is far from the weeks before; explain or look.",
            description="`headcount-server annotate` puts an explanation on the public pages.",
        ),
    )


_LAST = "max by (job, project) (headcount_server_last_week_reports)"
_USUAL = "max by (job, project) (headcount_server_usual_reports)"


def _not_understood(span: str, offset: str = "") -> str:
    metric = "headcount_server_project_reports_total"
    part = f'{metric}{{understood!="complete"}}[{span}]{offset}'
    return (
        f"sum by (job, project) (increase({part}))"
        f"\n  / sum by (job, project) (increase({metric}[{span}]{offset}))"
    )

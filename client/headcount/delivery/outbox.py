"""The inner files of a project as values: the plan, the saved report, the notes.

A malformed file counts as none: the plan is drawn again, and the answers are collected
again. The week's token stays the same, so nothing counts twice.
"""

from __future__ import annotations

import json

from headcount.delivery.schedule import DROPPED, SENT, SKIPPED, Plan
from headcount.model.week import Week
from headcount.storage.state_directory import REPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.report import Report
    from headcount.storage.state_directory import StateDirectory

PLAN = "plan.json"
NOTES = "notes.json"

_NONSENSE = (
    ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip


def read_plan(directory: StateDirectory) -> Plan | None:
    """Return the plan on disk, None if there is none."""
    data = directory.read(PLAN)
    if data is None:
        return None
    try:
        parts = json.loads(data)
        plan = Plan(
            week=Week.named(parts["week"]).label,
            moment=float(parts["moment"]),
            tries=int(parts["tries"]),
            done=parts["done"],
        )
    except _NONSENSE:
        return None
    return plan if plan.done in {"", SENT, DROPPED, SKIPPED} else None


def write_plan(directory: StateDirectory, plan: Plan) -> None:
    """Store the plan. It is not durable: a plan that a power cut loses is drawn again."""
    directory.write(PLAN, json.dumps(plan.parts()).encode(), durable=False)


def save_report(directory: StateDirectory, report: Report) -> None:
    """Store the week's report before its first attempt; it is durable when this returns."""
    parts = {
        "project": report.project,
        "week": report.week,
        "registry_digest": report.registry_digest,
        "digest": report.digest,
        "asked": report.asked,
        "values": dict(report.values),
        "data": report.data.hex(),
        "report": json.loads(report.text),
    }
    directory.write(REPORT, _pretty(parts), durable=True)


def load_report(directory: StateDirectory) -> Report | None:
    """Return the saved report, None if there is none."""
    data = directory.read(REPORT)
    if data is None:
        return None
    from headcount.model.report import Report

    try:
        parts = json.loads(data)
        report = Report(
            week=Week.named(parts["week"]).label,
            project=parts["project"],
            registry_digest=parts["registry_digest"],
            asked=tuple(parts["asked"]),
            values={
                name: tuple(value) if isinstance(value, list) else value
                for name, value in parts["values"].items()
            },
            data=bytes.fromhex(parts["data"]),
            text=json.dumps(parts["report"], indent=2, ensure_ascii=False),
        )
        return report if report.digest == parts["digest"] else None
    except _NONSENSE:
        return None


def write_notes(directory: StateDirectory, notes: Mapping[str, str]) -> None:
    """Store, for people, why some keys had no answer when the report was made."""
    if notes:
        directory.write(NOTES, _pretty(dict(notes)), durable=False)
    else:
        directory.drop(NOTES)


def read_notes(directory: StateDirectory) -> dict[str, str]:
    """Return why keys had no answer when the last report was made, by key."""
    try:
        parts = json.loads(directory.read(NOTES) or b"{}")
        return {str(name): str(note) for name, note in parts.items()}
    except _NONSENSE:
        return {}


def _pretty(parts: dict[str, object]) -> bytes:
    return (json.dumps(parts, indent=1, ensure_ascii=False) + "\n").encode()

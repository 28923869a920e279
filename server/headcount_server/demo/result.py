"""What the demonstration shows at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headcount.v1 import telemetry_service_pb2 as wire
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from headcount_server.demo.ledger import Ledger, published
from headcount_server.week import Week

CHARTS = 4
"""Number of keys that get a chart."""
BARS = 6
"""Most bars in a chart."""
BAR_WIDTH = 32


def differences(
    ledger: Ledger,
    weeks: Sequence[Week],
    statistics: wire.GetStatisticsResponse,
    answered: Mapping[str, int],
) -> Iterator[str]:
    """Where the published totals are not what the sites agreed to send."""
    for outcome, due in (("counted", len(ledger.seen)), ("duplicate", ledger.duplicates)):
        if answered[outcome] != due:
            yield f"{answered[outcome]} reports {outcome}, {due} due"
    by_week = {week.week: week for week in statistics.weeks}
    for week in map(str, weeks):
        if week not in by_week:
            yield f"{week} is not published"
            continue
        threshold = by_week[week].threshold
        by_project = {p.project: published(p) for p in by_week[week].projects}
        expected_projects = {project for w, project in ledger.totals if w == week}
        for project in sorted({*by_project, *expected_projects}):
            expected = ledger.floored(week, project, threshold)
            actual = by_project.get(project, {})
            for what in sorted({*expected, *actual}):
                if expected.get(what, 0) != actual.get(what, 0):
                    name = " ".join((week, project, *what))
                    yield f"{name}: {actual.get(what, 0)} published, {expected.get(what, 0)} due"
    for key in sorted(ledger.wrongly_asked):
        yield f"{key}: its collector was called without consent"


def show(
    console: Console, ledger: Ledger, week: wire.WeekStatistics, registry: wire.GetRegistryResponse
) -> None:
    """Tables and charts of one week."""
    labels = {
        (project.declaration.name, key.declaration.name): key.declaration.label
        for project in registry.projects
        for key in project.keys
    }
    table = Table(title=f"Published of {week.week}, in multiples of {week.threshold}")
    for heading, justify in (("project", "left"), ("reports", "right"), ("keys", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type] # a literal
    table.add_column("values", justify="right")
    table.add_column("withheld as rare", justify="right")
    for project in week.projects:
        withheld = ledger.withheld(week.week, project.project, week.threshold)
        values = sum(len(key.values) for key in project.keys)
        row = (project.reports, len(project.keys), values, withheld)
        table.add_row(project.project, *map(str, row))
    console.print(table)
    for project in week.projects[:1]:
        charted = sorted(project.keys, key=lambda key: -len(key.values))
        preferred = [key for key in charted if 2 < len(key.values) <= 4 * BARS]  # noqa: PLR2004 - a shape worth drawing
        for key in preferred[:CHARTS]:
            console.print(_chart(labels[project.project, key.key], key))


def tell(console: Console, ledger: Ledger, answered: Mapping[str, int]) -> None:
    """What went on beside the totals."""
    people = ledger.people
    console.print(
        f"\n{people['yes']} owners said yes, {people['no']} no, {people['']} nothing; "
        f"{people['refused a key']} refused single keys, {people['withdrew']} withdrew later, "
        f"{people['cloned']} sites were cloned."
    )
    console.print(
        f"{answered['counted']} reports counted; {answered['duplicate']} not counted twice "
        f"({ledger.lost_answers} answers were lost on the way and asked for again, "
        "the rest are clones)."
    )


def _chart(label: str, key: wire.KeyStatistics) -> RenderableType:
    totals: dict[str, int] = {}
    for value in key.values:
        totals[value.value] = totals.get(value.value, 0) + value.reports
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=20)
    grid.add_column(width=BAR_WIDTH)
    grid.add_column(justify="right")
    for text, n in sorted(totals.items(), key=lambda item: -item[1])[:BARS]:
        grid.add_row(Text(text), Bar(key.answers, 0, n, width=BAR_WIDTH), f"{n}")
    return Group(Text(f"\n{label} ({key.answers} answers)", style="bold"), grid)

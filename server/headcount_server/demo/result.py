"""The results that the demonstration shows at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from headcount.v1 import options_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from headcount_server.demo.ledger import Ledger, published
from headcount_server.quantity import quantity
from headcount_server.week import Week

BARS = 6
"""Most bars in a chart."""
BAR_WIDTH = 32
CHARTED = (
    options_pb2.KEY_TYPE_PRODUCT,
    options_pb2.KEY_TYPE_VERSION,
    options_pb2.KEY_TYPE_COUNT,
    options_pb2.KEY_TYPE_LIST,
)
"""Types of which one key each is charted."""

# The frame that rich brings along loads a font from elsewhere; this one loads nothing.
PICTURE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font: {char_height}px monospace; line-height: {line_height}px }}
.{unique_id}-title {{ font: bold 18px sans-serif }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def differences(
    ledger: Ledger,
    weeks: Sequence[Week],
    statistics: wire.GetStatisticsResponse,
    answered: Mapping[str, int],
    grace: timedelta,
) -> Iterator[str]:
    """Where the published totals are not what the sites agreed to send."""
    for outcome, due in (("counted", len(ledger.seen)), ("duplicate", ledger.duplicates)):
        if answered[outcome] != due:
            yield f"{quantity(answered[outcome], 'report')} {outcome}, {due} due"
    by_week = {week.week: week for week in statistics.weeks}
    missing = [str(week) for week in weeks if str(week) not in by_week]
    yield from (f"{week} is not published" for week in missing)
    if not missing:
        yield from _wrong(ledger, weeks, by_week, grace)
    for key in sorted(ledger.wrongly_asked):
        yield f"{key}: its collector was called without consent"


def _wrong(
    ledger: Ledger,
    weeks: Sequence[Week],
    by_week: Mapping[str, wire.WeekStatistics],
    grace: timedelta,
) -> Iterator[str]:
    thresholds = {name: week.threshold for name, week in by_week.items()}
    told = {(p.project, w): published(p) for w, week in by_week.items() for p in week.projects}
    projects = {project for project, _ in told} | {project for _, project in list(ledger.totals)}
    for project in sorted(projects):
        due = ledger.due(weeks, project, thresholds, grace)
        for week in map(str, weeks):
            expected, actual = due.get(week, {}), told.get((project, week), {})
            for what in sorted({*expected, *actual}):
                if expected.get(what, 0) != actual.get(what, 0):
                    name = " ".join((week, project, *what))
                    yield f"{name}: {actual.get(what, 0)} published, {expected.get(what, 0)} due"


def show(
    console: Console, ledger: Ledger, week: wire.WeekStatistics, registry: wire.GetRegistryResponse
) -> None:
    """Tables and charts of one week."""
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
    if not week.projects:
        console.print(f"Nothing is published of fewer than {week.threshold} reports.")
        return
    first = week.projects[0]
    declared = next(p for p in registry.projects if p.declaration.name == first.project)
    for kind in CHARTED:
        keys = {k.declaration.name: k.declaration for k in declared.keys}
        candidates = [key for key in first.keys if keys[key.key].type == kind]
        if candidates:
            # Keys that are cross-tabulated are those that matter most to somebody.
            key = max(candidates, key=lambda key: (len(keys[key.key].by), len(_totals(key))))
            console.print(_chart(keys[key.key], key))


def tell(console: Console, ledger: Ledger, answered: Mapping[str, int]) -> None:
    """What went on beside the totals."""
    people = ledger.people
    console.print(
        f"\n{quantity(people['yes'], 'owner')} said yes, {people['no']} no, {people['']} nothing; "
        f"{people['refused a key']} refused single keys, {people['withdrew']} withdrew later. "
        f"{quantity(people['cloned'], 'site')} cloned."
    )
    console.print(
        f"{quantity(answered['counted'], 'report')} counted; "
        f"{answered['duplicate']} not counted twice "
        f"({quantity(ledger.lost_answers, 'answer')} lost on the way and asked for again, "
        "the rest are clones)."
    )


def draw(console: Console, picture: Path) -> None:
    """What a recording console has shown, as an SVG that loads nothing from elsewhere."""
    console.save_svg(str(picture), title="headcount-server demo", code_format=PICTURE)


def _chart(declaration: options_pb2.KeyOptions, key: wire.KeyStatistics) -> RenderableType:
    totals = _totals(key)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=24)
    grid.add_column(width=BAR_WIDTH)
    grid.add_column(justify="right")
    for text, n in totals.most_common(BARS):
        grid.add_row(Text(text), Bar(key.answers, 0, n, width=BAR_WIDTH), f"{n}")
    if declaration.type != options_pb2.KEY_TYPE_LIST:  # whose values overlap
        rest = key.answers - totals.total()
        bar = Bar(key.answers, 0, rest, width=BAR_WIDTH, color="bright_black")
        grid.add_row(Text("other, rare or unknown", "bright_black"), bar, f"{rest}")
    return Group(Text(f"\n{declaration.label} ({key.answers} answers)", style="bold"), grid)


def _totals(key: wire.KeyStatistics) -> Counter[str]:
    totals: Counter[str] = Counter()
    for value in key.values:
        totals[value.value] += value.reports
    return totals

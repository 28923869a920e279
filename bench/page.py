"""Write docs/generated/benchmarks.md from the samples in benchmarks.json, beside it.

    python bench/page.py [--check]

Nothing is measured here, and only measured figures appear. Ratios and budgets come first.
Absolute figures are those of one machine.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from results import BUSY, GENERATOR, SPENT, Budget, Result, Series

ROOT = Path(__file__).resolve().parents[1]
GENERATED = ROOT / "docs" / "generated"
DATA, PAGE = GENERATED / "benchmarks.json", GENERATED / "benchmarks.md"
BOUNDS = Path(__file__).with_name("bounds.md")
"""The text on what limits the intake, if there is one."""

_FOLDED = re.compile(rf"(.*), (p[\d.]+|{SPENT}|{GENERATOR}|[\d,]+ reports)")


class Part(NamedTuple):
    """A part of the suite: its program, and an explanation for readers."""

    name: str
    title: str
    words: str
    by_name: bool = False
    """Whether it is measured only if it is named, because it takes long."""


PARTS = (
    Part(
        "intake",
        "Taking reports",
        "Unary gRPC reports of twenty keys, acknowledged when they are durable. *no-op* is a "
        "servicer on the same gRPC settings that parses nothing and answers; *naive* is the "
        "product with one commit for each report. *durable* is the product as it is shipped, "
        "which holds itself to one core; *held from outside* is the same with a core that it was "
        "given, and *all cores* is the product with `--cores all`. h2load has another core, with "
        "32 streams on each connection that never wait: latencies are those of a full queue. The "
        "servers take turns within each round.",
    ),
    Part(
        "doors",
        "Every door",
        "A connection for each report, as installations come that report once a week, plain "
        "and with TLS 1.3 (P-256, no session is resumed); and the two doors of HTTP. *no-op* "
        "is a server on the same settings that parses nothing; the request of Backdrop's sites "
        "has nine keys. 32 callers are there at any time, on the core that does not serve: "
        "latencies are those of a full queue. *At a tenth* are callers that come evenly, a tenth "
        "as many as were just served, whether or not the earlier ones have their answers.",
    ),
    Part(
        "original",
        "The original server of Backdrop",
        "The request of Backdrop's sites, with nine keys, from sites that are new to both servers, "
        "on a connection for each. *original* is what takes it at Backdrop: the telemetry server "
        "of the Project module, on a site of Backdrop CMS. *headcount* is the product's own door "
        "for Backdrop. They do different work. The original loads Backdrop as far as its database, "
        "checks the names of keys but no value, deletes what it holds of the site, and stores a "
        "row for each key, under the permanent key of the site. It commits each statement by "
        "itself, and counts the rows of the last two weeks whenever somebody opens its page. So it "
        "can replace what a site said, and can count in another way later. The product checks "
        "every value, adds it to a total, and keeps no row of a site's answers. It commits the "
        "reports of many sites together, and answers when they are durable. So it can do neither. "
        "*headcount behind nginx* leaves TLS to the nginx of the documented configuration, as the "
        "original does. Each server is held to one core with all its processes, and its processor "
        "time is that of all of them. Neither writes an access log. Every acknowledged report was "
        "found in the databases afterwards. *Disk* is that of all reports divided by their number, "
        "fixed parts included.",
    ),
    Part(
        "burst",
        "A burst",
        "Callers who come evenly within seconds, whether or not the earlier ones have their "
        "answers, each over a TLS connection, from a thousand networks, and with a report of its "
        "own. Acknowledged reports are compared with what the database holds in the end. Beyond a "
        "bound of connections the server closes new ones at once, since a handshake is what costs "
        "it most. Networks share the connections: one that holds more of them than another gives a "
        "place up, and the server closes its oldest connection. Such callers are told nothing, "
        "take it for UNAVAILABLE and try again later in the week.",
    ),
    Part(
        "size",
        "A week of many reports",
        "One database, filled through the product's own store, copied at each size; servers on "
        "the copies run side by side and are asked in turn. While the week is open they show "
        "the week before, of 10,000 reports; when it is closed they show the week itself. "
        "Start-up, close and backup are those of the programs as people run them.",
    ),
    Part(
        "memory",
        "Memory",
        "Resident memory of one server that took all these reports over gRPC, of two thousand "
        "different kinds, one after the other.",
        by_name=True,
    ),
    Part(
        "client_start",
        "What a host pays for embedding the client",
        "Processor time of importing a generated client and asking whether anything is due, "
        "beside that of three modules of the standard library, each in an interpreter of its own.",
    ),
    Part(
        "relay",
        "Reports through a relay",
        "The same report of twenty keys, as protobuf over HTTPS directly, and sealed through the "
        "nginx of the documented configuration, but for its limit. Client and relay have one core, "
        "the server another. Both ways take turns within a round. Each report has a connection of "
        "its own to what the client connects to, with TLS 1.3. The relay keeps its connections to "
        "the server open, so the server is spared a handshake for each report, and opens a seal in "
        "its place. Bytes are those of a request with its head, for a relay at `/headcount`.",
    ),
    Part(
        "registry",
        "Building a registry",
        "The whole of `headcount-registry build`, into an empty directory.",
    ),
)

HEAD = """\
# Benchmarks

Written by `make bench`, which measures, and from what it measured by `python bench/page.py`;
[benchmarks.json](benchmarks.json) has every sample. Servers and clients are real processes over
loopback. A ratio is the median of its rounds, in which the compared ones take turns, so that a
machine that changes its pace changes it for all. Figures in absolute terms are medians and those
of the machine named below: compare them within one table only. *Processor time* is that of the
server for each report. *Generator* is the share of its core that the load took: a rate at which it
took more than @BUSY@% is no measurement of the server, and a ratio of such rates is replaced by
the ratio of processor times.
""".replace("@BUSY@", f"{BUSY:g}")

COSTS = """\
Processor time of the server for one report at each door when it is busy, from "Every door" below:
twenty keys, and nine in the request of Backdrop's sites. A core that does nothing else takes as
many as fit in a second.
"""

OTHERS = """\
## Other servers, for orientation

Measured in another sitting and not by this suite, with seven keys a report, a server on one core
and the load on the other (16 connections): a gRPC server that keeps a row per value as Backdrop
does, with a commit for each report, took 1,380 a second and 971 bytes of disk for each.
KUserFeedback's server took about 1,250 a second on MariaDB, with both cores.
"""


def rendered(data: Mapping[str, Any]) -> str:
    """Return the page of a run."""
    parts = {name: Result.of_json(part) for name, part in data["parts"].items()}
    return "\n".join(_page(data["machine"], parts)).rstrip("\n") + "\n"


def _page(machine: Mapping[str, str], parts: Mapping[str, Result]) -> Iterator[str]:
    yield HEAD
    yield from on_machine(machine)
    yield from _budgets(parts)
    yield from _costs(parts)
    for part in PARTS:
        if part.name in parts:
            yield from _part(part, parts[part.name])
    if BOUNDS.exists():
        yield BOUNDS.read_text(encoding="utf-8")
    missing = [f"`{part.name}`" for part in PARTS if part.name not in parts]
    if missing:
        yield f"Not measured in this run: {', '.join(missing)}.\n"
    yield OTHERS


def on_machine(machine: Mapping[str, str]) -> Iterator[str]:
    """Return the lines that describe the machine."""
    yield "## The machine\n"
    yield from table(("what", "which"), machine.items())


def _budgets(parts: Mapping[str, Result]) -> Iterator[str]:
    rows = [
        (result.name(budget), number(value), _bounds(budget), _word(budget.kept(value)))
        for result in parts.values()
        for budget, value in result.values()
        if _bounds(budget)
    ]  # fmt: skip
    if rows:
        yield "## Budgets\n"
        yield from table(("what", "measured", "budget", ""), rows)


def _costs(parts: Mapping[str, Result]) -> Iterator[str]:
    """Return the table that says what a machine can take, from the rates of all doors."""
    spent = re.compile(rf"durable, (.*), {SPENT}")
    rows = [
        (found[1], _cell(one), f"{number(float(f'{1e6 / one.median:.2g}'))} reports/s")
        for result in (parts[name] for name in ("doors",) if name in parts)
        for name, one in result.series.items()
        if (found := spent.fullmatch(name)) and "at a tenth" not in name
    ]
    if rows:
        yield "## What a report costs\n"
        yield COSTS
        yield from table(("door", SPENT, "one busy core takes"), rows)


def _word(kept: bool) -> str:  # noqa: FBT001 - the verdict itself
    return "kept" if kept else "**missed**"


def _part(part: Part, result: Result) -> Iterator[str]:
    yield f"## {part.title}\n"
    yield f"{part.words}\n"
    day = datetime.fromisoformat(result.began).date().isoformat()
    short = ", the short form" if result.quick else ""
    yield f"`{result.command}`, {day}, {result.seconds:.0f} s{short}.\n"
    ratios = [
        (result.name(budget), number(value))
        for budget, value in result.values()
        if budget.to and not _bounds(budget)
    ]
    if ratios:
        yield from table(("ratio without a budget", "measured"), ratios)
    yield from figures(result.series)
    if result.notes:
        yield "\n".join(f"- {note}" for note in result.notes) + "\n"


def figures(series: Mapping[str, Series]) -> Iterator[str]:
    """Return tables of absolute figures: latencies beside their rate, sizes beside each other."""
    plain, folded = [], {"p": {}, "reports": {}}  # type: ignore[var-annotated]
    for name, one in series.items():
        found = _FOLDED.fullmatch(name)
        if found is None:
            plain.append(name)
        else:
            kind = "reports" if found[2].endswith("reports") else "p"
            folded[kind].setdefault(found[1], {})[found[2]] = one
    rows: list[tuple[str, Series | None]] = [(name, series[name]) for name in plain]
    latencies = folded["p"]
    columns = tuple(dict.fromkeys(column for cells in latencies.values() for column in cells))
    # Latencies without a rate of that name have a row of their own.
    rows += [(name, None) for name in latencies if name not in series]
    if rows:
        yield from table(
            ("on this machine", "median", "lowest–highest", *columns),
            (
                (
                    name,
                    _cell(one),
                    _spread(one),
                    *(_cell(latencies.get(name, {}).get(column)) for column in columns),
                )
                for name, one in rows
            ),
        )
    columns = tuple(
        dict.fromkeys(column for cells in folded["reports"].values() for column in cells)
    )
    if columns:
        yield from table(
            ("on this machine, median", *columns),
            (
                (name, *(_cell(cells.get(column)) for column in columns))
                for name, cells in folded["reports"].items()
            ),
        )


def _cell(series: Series | None) -> str:
    return "" if series is None else f"{number(series.median)} {series.unit}"


def _spread(series: Series | None) -> str:
    if series is None or len(series.samples) == 1:
        return ""
    return f"{number(min(series.samples))}–{number(max(series.samples))}"


def _bounds(budget: Budget) -> str:
    bounds = ((budget.least, "≥"), (budget.most, "≤"))
    return ", ".join(f"{sign} {bound:g}" for bound, sign in bounds if bound is not None)


def number(value: float) -> str:
    """Return a number with its significant digits."""
    if value >= 100 or value == int(value):  # noqa: PLR2004 - how many digits say something
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.2g}"


def table(head: tuple[str, ...], rows: Any) -> Iterator[str]:  # noqa: ANN401 - rows of texts
    """Yield a table of texts, the first column to the left."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' if at == 0 else '--:' for at in range(len(head)))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def command(about: str, render: Callable[[Any], str], data: Path, place: Path, again: str) -> int:
    """Write a page from a record; with `--check`, only say whether it is current.

    Return the exit status; `again` is the command that writes the page again.
    """
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where it differs")
    parser.add_argument("--data", type=Path, default=data, help="what was measured")
    parser.add_argument("--page", type=Path, default=place, help="where to write")
    given = parser.parse_args()
    text = render(json.loads(given.data.read_text(encoding="utf-8")))
    if not given.check:
        given.page.write_text(text, encoding="utf-8")
        return 0
    if given.page.exists() and given.page.read_text(encoding="utf-8") == text:
        return 0
    print(f"{given.page} is not what {given.data} makes: run `{again}`")
    return 1


if __name__ == "__main__":
    sys.exit(command(__doc__, rendered, DATA, PAGE, "python bench/page.py"))

"""A project with a key of every type, whose texts look like variables, markup and syntax."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from support.explained import explained

LONG = "x" * 40
DECLARATIONS = rf"""
headcount[title] = Shop $datasource ${{datasource}} [[datasource]] {{{{value}}}} <b> \ %
headcount[homepage] = https://example.org/?$datasource
telemetry[server][label] = A "web" $datasource ${{datasource}} [[datasource]] {{{{x}}}} \ <i>
telemetry[server][description] = Say "which" $datasource \ {{{{x}}}} [x](javascript:1) <s>
telemetry[server][purpose] = Why $__interval ${{datasource:raw}} [[datasource]] {{{{end}}}}
telemetry[server][issue] = https://example.org/$datasource/[[datasource]]
telemetry[server][type] = product
telemetry[server][values][] = A "quoted" one
telemetry[server][values][] = back\slash {{{{x}}}} $datasource
telemetry[server][precision] = 2
telemetry[php][label] = PHP
telemetry[php][type] = version
telemetry[php][by][] = version
telemetry[cache][label] = Cache
telemetry[cache][type] = boolean
telemetry[nodes][label] = Nodes
telemetry[nodes][type] = count
telemetry[nodes][buckets][] = 10
telemetry[nodes][buckets][] = 100
telemetry[nodes][buckets][] = 101
telemetry[nodes][level] = extended
telemetry[os][label] = System
telemetry[os][type] = choice
telemetry[os][values][] = Linux
telemetry[os][values][] = Windows NT
telemetry[languages][label] = Languages
telemetry[languages][type] = list
telemetry[languages][values][] = de
telemetry[languages][values][] = fr
telemetry[modules][label] = Modules
telemetry[modules][type] = list
telemetry[modules][catalogue] = modules.txt
telemetry[note] = Note
telemetry[{LONG}][label] = A key with a long name
telemetry[{LONG}][type] = boolean
"""
NODES = (5, 50, 100, 1000)
"""A number of each range."""


def write(folder: Path) -> Path:
    """Return the declarations, in a folder that is made."""
    folder.mkdir(parents=True)
    (folder / "shop.info").write_text(explained(DECLARATIONS), encoding="utf-8")
    (folder / "modules.txt").write_text("views\nwebform\n", encoding="utf-8")
    return folder


def reports() -> Iterator[dict[str, object]]:
    """Reports as JSON that hold every value several times, without end."""
    number = 0
    while True:
        yes = number % 4 != 0
        yield {
            "@type": "type.googleapis.com/headcount.projects.shop.v1.Report",
            "version": {"value": "1.2" if yes else "1.3"},
            "server": {"value": 2 if yes else 3, "version": "2.4"},
            "php": {"value": "8.2" if number % 3 else "8.10"},
            "cache": {"value": yes},
            "nodes": {"value": NODES[number % len(NODES)]},
            "os": {"value": 2 if yes else 1},
            "languages": {"values": [2, 3] if yes else [2]},
            "modules": {"values": ["views", "webform"] if yes else ["views"]},
            "note": {"value": 'say "hi" \\ {{x}} $y'},
            LONG: {"value": yes},
        }
        number += 1

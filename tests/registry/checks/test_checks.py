from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from collections.abc import Iterable

import pytest
from headcount_registry import checks
from headcount_registry.checks import metrics
from headcount_registry.declarations import names
from headcount_registry.declarations.draft import gather
from headcount_registry.findings import Finding, Severity
from headcount_registry.pipeline.review import review
from headcount_registry.reading.source import read
from support.repository import ROOT
from support.workbench import Bench

ABOUT = """\
headcount[homepage] = https://toymakers.org
headcount[recipient] = The toy makers
headcount[contact] = toys@toymakers.org
headcount[endpoint] = grpcs://telemetry.toymakers.org
"""


def key(name: str, kind: str, *lines: str) -> str:
    attributes = (f"[type] = {kind}", "[label] = Some words", *lines)
    return "".join(f"telemetry[{name}]{attribute}\n" for attribute in attributes)


VALID = ABOUT + key("good", "boolean")
SET = "headcount[conventions] = acme\nheadcount[version] = 2\n"
SHARED = "".join(
    f"telemetry[size]{line}\n"
    for line in (
        *("[label] = Size", "[description] = How large.", "[purpose] = Decide."),
        *("[type] = choice", "[values][] = small", "[values][] = large"),
    )
)
USED = VALID + "telemetry[k][use] = acme:size\n"
LONG = "x" * 65
KEY = "AQAgMeHwWnQBAhFSIOmvkY9zhnSuyV9U224E63Baro55gVUACAABAAEAAQAD"
"""The key configuration of RFC 9458, appendix A."""
NUMBERS = "".join(f"item{number}\n" for number in range(101))
EXPLAINED = ABOUT + key(
    "good",
    "boolean",
    "[description] = Whether it is good.",
    "[purpose] = Decide whether to mend it.",
    "[issue] = https://toymakers.org/issues/1",
    "[owner] = The toy makers",
)
PERSONAL = [
    "ann@example.org",
    "https://example.org/x",
    "www.example.org",
    "build-01.internal",
    "localhost",
    "192.168.0.7",
    "2001:db8::1:2:3",
    "00:1a:2b:3c:4d:5e",
    "/home/ann/site",
    "~/site",
    r"C:\Users\Ann",
    "0123456789abcdef0123",
    "123e4567-e89b-12d3-a456-426614174000",
]
NOT_PERSONAL = [
    "8.2.7",
    "Node.js",
    "ASP.NET",
    "TCP/IP",
    "C++",
    "and/or",
    "12:30",
    "facade",
    "pt-br",
]
TODAY = dt.date(2026, 1, 1)
WHOLE = {"unexplained", "owner-unstated"}
"""Checks whose examples get no explanations."""
STRICT = {check.name for check in checks.ALL if check.when is checks.When.STRICT}

# For each check: declarations that earn it, and no other finding. A tuple names its files.
WRONG: dict[str, list[str | dict[str, str]]] = {
    "joined-text": [
        VALID + "just text\ntelemetry[good][purpose] = To know.",
        VALID + "[Section]\ntelemetry[good][purpose] = To know.",
        VALID + "just text\nproject = toy",
    ],
    "hash-comment": [
        VALID + "# telemetry[k][type] = boolean\n",
        VALID + "// headcount[x] = y",
        VALID + "# why\ntelemetry[good][purpose] = To know.",
        VALID + "// why\nproject = toy",
    ],
    "misspelt-word": [
        VALID + "Telemetry[k][type] = boolean",
        VALID + "telemetry [k][type] = boolean",
        VALID + "telemtry[k][type] = boolean",
        VALID + "telemetry.k.type = boolean",
        VALID + '"telemetry[k][type]" = boolean',
        VALID + "Project = toy",
        VALID + "project[] = toy",
    ],
    "encoding": [
        VALID + "telemetry[good][owner] = J\udcf6rg",
        {"toy.info": VALID, "b.info": "\udcff\udcfet\0e\0l\0e\0m\0"},
        {"toy.info": VALID, "b.info": "\0t\0e\0l\0e\0m\0e\0t\0r\0y"},
    ],
    "byte-order-mark": [
        "\ufefftelemetry[k][type] = boolean\n" + VALID,
        "\ufeffname = Toy\n" + VALID,
        "\ufeff\nname = Toy\n" + VALID,
    ],
    "carriage-return": [
        VALID + "telemetry[k][type] = boolean\rtelemetry[k][label] = L",
        VALID + "telemetry[k][type] = boolean\rtelemetry[k][label] = L\r\nname = x",
        VALID + "; a comment\rtelemetry[k][type] = boolean",
        {"toy.info": VALID, "b.info": VALID.replace("\n", "\r")},
    ],
    "ignored-line": [
        VALID + "telemetry[k[type] = boolean",
        EXPLAINED + "telemetry[k][type] boolean",
    ],
    "malformed-line": [VALID + "telemetry = yes", VALID + "headcount = yes"],
    "swallowed-line": [
        VALID + "description =\ntelemetry[k][type] = boolean",
        VALID + "telemetry[good][description] =\nSome text",
        VALID + "telemetry[good][description] =\n\n; a comment",
        VALID + "description =\nproject = toy",
        VALID + 'description = "A toy\ntelemetry[k][type] = 5"',
    ],
    "lost-backslash": [
        VALID + r'telemetry[good][purpose] = "Look into C:\temp."',
        VALID + r'telemetry[good][purpose] = "Look into C:\"',
    ],
    "doubled-equals-sign": [VALID + "telemetry[good][purpose] == To know."],
    "empty-value": [
        VALID + 'telemetry[good][purpose] = ""',
        EXPLAINED.replace("telemetry[good][purpose] = Decide whether to mend it.\n", "")
        + "telemetry[good][purpose] = ",
    ],
    "unclosed-quote": [
        VALID + 'telemetry[good][purpose] = "To know.',
        VALID + 'telemetry[good][purpose] = "To" know.',
    ],
    "trailing-comment": [
        VALID + "telemetry[good][purpose] = To know. ; because",
        VALID + 'telemetry[good][purpose] = "To know." ; because',
        VALID + "telemetry[good][purpose] = To know.;",
    ],
    "line-break": [VALID + 'telemetry[good][purpose] = "To\nknow."'],
    "constant-value": [
        VALID + key("k", "choice", "[values][] = TRUE", "[values][] = Yes please"),
        VALID + "telemetry[good][since] = BACKDROP_VERSION",
        VALID + 'telemetry[good][owner] = "PHP_OS"',
    ],
    "control-character": [VALID + "telemetry[good][purpose] = To\x07know."],
    "key-name": [VALID + key("Web-Server", "boolean"), VALID + key("some__words", "boolean")],
    "reserved-word": [VALID + key("class", "boolean"), VALID + key("report", "boolean")],
    "implied-key": [VALID + key("version", "boolean")],
    "mixed-forms": [
        VALID + key("k", "boolean") + "telemetry[k] = Label",
        VALID + "telemetry[k] = Label\ntelemetry[k][allow][] = text-type",
    ],
    "convention": [
        VALID + "telemetry[k][use] = common:php",
        VALID + "telemetry[k][use] = php_version",
        USED,
        {"acme.info": SET + SHARED, "toy.info": VALID + "telemetry[k][use] = acme:weight\n"},
    ],
    "convention-contradicted": [
        VALID + "telemetry[k][use] = common:php_version\ntelemetry[k][precision] = 3",
        VALID + "telemetry[k][use] = common:php_version\ntelemetry[k][type] = version",
        VALID + "telemetry[k][values][] = xl\ntelemetry[k][use] = common:installation_age",
        {"acme.info": SET + SHARED, "toy.info": USED + "telemetry[k][aliases][S] = small"},
    ],
    "convention-set": [
        {"acme.info": SET.replace("acme", "Acme Corp") + SHARED, "toy.info": VALID},
        {"acme.info": SET.replace("2", "two") + SHARED, "toy.info": VALID},
        {"acme.info": SET.replace("2", "0") + SHARED, "toy.info": VALID},
        {"acme.info": "headcount[conventions] = acme\n" + SHARED, "toy.info": VALID},
        {"acme.info": SET + SHARED + "headcount[title] = Acme", "toy.info": VALID},
        {"acme.info": SET + SHARED + "headcount[allow][] = text-type", "toy.info": VALID},
    ],
    "convention-attribute": [
        {"acme.info": SET + SHARED + "telemetry[size][level] = basic", "toy.info": VALID},
        {"acme.info": SET + SHARED + "telemetry[size][by][] = version", "toy.info": VALID},
        {
            "acme.info": SET + SHARED.replace("telemetry[size][purpose] = Decide.\n", ""),
            "toy.info": VALID,
        },
        {"acme.info": SET + "telemetry[size] = Size\n", "toy.info": VALID},
        {"acme.info": SET + SHARED + "telemetry[size][allow][] = text-type", "toy.info": VALID},
    ],
    "convention-set-twice": [
        {"acme.info": SET + SHARED, "b.info": SET + SHARED, "toy.info": VALID},
        {"acme.info": SET.replace("acme", "common") + SHARED, "toy.info": VALID},
    ],
    "unknown-attribute": [VALID + key("k", "boolean", "[lable] = Some")],
    "attribute-form": [
        VALID + key("k", "choice", "[values] = a", "[values][] = b"),
        VALID + key("k", "choice", "[values][x] = a", "[values][] = b"),
        VALID + key("k", "boolean", "[allow] = text-type"),
        VALID + key("k", "boolean", "[purpose][] = a"),
        VALID + key("k", "choice", "[values][] = a", "[aliases] = a"),
    ],
    "append-collision": [
        VALID + key("k", "choice", "[values][1] = a", "[values][] = b"),
        VALID + key("k", "choice", "[values][0] = a", "[values][2] = b", "[values][] = c"),
    ],
    "duplicate-attribute": [
        VALID + key("k", "boolean", "[label] = Other words"),
        VALID + key("k", "choice", "[values][] = a", "[aliases][x] = a", "[aliases][x] = a"),
    ],
    "two-files": [{"toy.info": VALID, "b.info": "project = toy\n" + key("good", "boolean")}],
    "type": [VALID + key("k", "boolaen"), VALID + "telemetry[k][label] = Some words"],
    "text-type": [VALID + "telemetry[k] = Label", VALID + key("k", "text")],
    "attribute-of-other-type": [
        VALID + key("k", "boolean", "[precision] = 2"),
        VALID + key("k", "version", "[values][] = a"),
        VALID + key("k", "choice", "[values][] = a", "[max_items] = 3"),
    ],
    "level": [VALID + key("k", "boolean", "[level] = secret")],
    "issue-url": [VALID + key("k", "boolean", "[issue] = 123")],
    "expiry-date": [
        VALID + key("k", "boolean", "[expires] = 2026-02-30"),
        VALID + key("k", "boolean", "[review] = soon"),
    ],
    "distant-expiry": [
        VALID + key("k", "boolean", "[expires] = 2028-01-03"),
        VALID + key("k", "boolean", "[review] = 2028-01-03"),
    ],
    "endless": [EXPLAINED],
    "deprecated": [
        VALID + key("k", "boolean", "[deprecated] = renamed:good"),
        VALID + key("k", "boolean", "[deprecated] = good", "[expires] = 2026-12-31"),
        VALID + key("k", "boolean", "[deprecated] = renamed:goods", "[expires] = 2026-12-31"),
        VALID + key("k", "boolean", "[deprecated] = renamed:k", "[expires] = 2026-12-31"),
        VALID
        + key("k", "boolean", "[deprecated] = renamed:good", "[expires] = 2026-12-31")
        + key("n", "boolean", "[deprecated] = renamed:k", "[expires] = 2026-12-31"),
    ],
    "long-text": [
        VALID + key("k", "boolean", f"[purpose] = {'x ' * 300}x"),
        VALID + key("k", "boolean", f"[since] = {LONG}"),
        {
            "toy.info": VALID + f"telemetry[k] = {LONG}",
            "more.info": "project = toy\ntelemetry[k][allow][] = text-type",
        },
    ],
    "unexplained": [
        EXPLAINED.replace("[issue]", "[since]"),
        EXPLAINED.replace("[label]", "[since]"),
        EXPLAINED.replace("[purpose]", "[formerly]").replace("[description]", "[since]"),
    ],
    "unwritten": [
        EXPLAINED.replace("Decide whether to mend it.", "TODO"),
        EXPLAINED.replace("Decide whether to mend it.", "TODO: which decision it informs"),
        EXPLAINED.replace("https://toymakers.org/issues/1", "TODO: the page"),
    ],
    "owner-unstated": [EXPLAINED.replace("[owner] = The toy makers", "[since] = 1.0")],
    "placeholder": [
        EXPLAINED.replace("https://toymakers.org", "https://example.org"),
        EXPLAINED.replace("grpcs://telemetry.toymakers.org", "grpcs://telemetry.example.org"),
        EXPLAINED.replace("toys@toymakers.org", "toys@shop.test"),
        EXPLAINED.replace("https://toymakers.org/issues/1", "https://shop.example/issues/1"),
        EXPLAINED.replace("Decide whether to mend it.", "Decide TODO"),
    ],
    "personal-value": [
        *(
            VALID + key("k", "choice", "[values][] = a", f"[values][] = {text}")
            for text in PERSONAL
        ),
        VALID + key("k", "choice", "[values][] = a", "[aliases][ann@example.org] = a"),
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": "a\nweb.lan\n"},
    ],
    "large-vocabulary": [
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": NUMBERS},
        VALID + key("k", "list", *(f"[values][] = {text}" for text in NUMBERS.split())),
    ],
    "first-range": [VALID + key("k", "count", "[buckets][] = 1", "[buckets][] = 10")],
    "shared-catalogue": [
        {
            "toy.info": VALID
            + key("k", "list", "[catalogue] = c.txt")
            + key("other", "list", "[catalogue] = c.txt"),
            "c.txt": "a\nb\n",
        },
    ],
    "too-many-cells": [
        VALID + key("k", "version", "[precision] = 3", "[by][] = version"),
        VALID + key("k", "text", "[by][] = version", "[allow][] = text-type"),
        VALID
        + key(
            "k",
            "choice",
            "[by][] = version",
            *(f"[values][] = {text}" for text in NUMBERS.split()[:51]),
        ),
    ],
    "similar-keys": [
        VALID + key("web_server", "boolean") + key("web_servers", "boolean"),
        VALID + key("web_server", "boolean") + key("server_web", "boolean"),
        VALID + key("web_server", "boolean") + key("web_sevrer", "boolean"),
        VALID + key("web_server", "boolean") + key("web_serber", "boolean"),
    ],
    "similar-values": [
        VALID + key("k", "choice", "[values][] = PostgreSQL", "[values][] = PostgresSQL"),
        VALID + key("k", "choice", "[values][] = Site manager", "[values][] = Manager site"),
    ],
    "unit-in-name": [
        VALID + key("cache_size_mb", "boolean"),
        VALID + key("seconds_online", "boolean"),
        {"toy_ms.info": VALID},
    ],
    "metric-word": [
        VALID + key("pages_total", "boolean"),
        VALID + key("page_counter", "boolean"),
        {"toy_summary.info": VALID},
    ],
    "unknown-allowance": [
        VALID + "telemetry[good][allow][] = txt-type",
        VALID + "telemetry[good][allow][] = key-name",
        VALID + "telemetry[good][allow][] = type-change",
        VALID + "telemetry[good][allow][] = unused-allowance",
        VALID + "telemetry[good][allow][] = unknown-allowance",
        VALID + "telemetry[missing][allow][] = text-type",
        VALID + "headcount[allow][] = nonsense",
    ],
    "unused-allowance": [
        VALID + "telemetry[good][allow][] = text-type",
        VALID + "telemetry[good][allow][] = distant-expiry",
        VALID + "headcount[allow][] = project-unstated",
        VALID + key("k", "text", "[allow][] = text-type", "[allow][] = text-type"),
    ],
    "values-missing": [
        VALID + key("k", "choice"),
        VALID + key("k", "product"),
        VALID + key("k", "list"),
        {
            "toy.info": VALID + key("k", "list", "[values][] = a", "[catalogue] = c.txt"),
            "c.txt": "a",
        },
    ],
    "duplicate-value": [VALID + key("k", "choice", "[values][] = a", "[values][] = a")],
    "reserved-value": [VALID + key("k", "choice", "[values][] = a", "[values][] = Other")],
    "value-name": [VALID + key("k", "choice", "[values][] = a", "[values][] = 日本")],
    "value-clash": [
        VALID + key("k", "choice", "[values][] = C", "[values][] = C++"),
        VALID + key("k", "choice", "[values][] = 1.1", "[values][] = 11"),
    ],
    "long-value": [
        VALID + key("k", "choice", "[values][] = a", f"[values][] = {LONG}"),
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": LONG},
    ],
    "catalogue": [
        VALID + key("k", "list", "[catalogue] = missing.txt"),
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": "; nothing\n"},
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": "a\nb\na\n"},
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": "a\nother\n"},
        {"toy.info": VALID + key("k", "list", "[catalogue] = c.txt"), "c.txt": "\ufeffa\nb\n"},
        {"a/toy.info": VALID + key("k", "list", "[catalogue] = ../c.txt"), "c.txt": "a\n"},
        VALID + key("k", "list", "[catalogue] = /etc/passwd"),
        VALID + key("k", "list", f"[catalogue] = {'x' * 300}"),
    ],
    "alias": [
        VALID + key("k", "boolean", "[aliases][Ja] = Jup"),
        VALID + key("k", "choice", "[values][] = a", "[aliases][x] = b"),
        VALID + key("k", "choice", "[values][] = a", "[aliases][a] = a"),
    ],
    "buckets": [
        VALID + key("k", "count"),
        VALID + key("k", "count", "[buckets][] = 10", "[buckets][] = 5"),
        VALID + key("k", "count", "[buckets][] = 0"),
        VALID + key("k", "count", "[buckets][] = ten"),
    ],
    "bounds": [
        VALID + key("k", "version", "[precision] = 0"),
        VALID + key("k", "version", "[precision] = 9"),
    ],
    "cross-tabulation": [
        VALID + key("k", "boolean", "[by][] = good"),
        VALID + key("k", "list", "[values][] = a", "[by][] = version"),
    ],
    "project-name": [{"My-Toy.info": VALID}],
    "project-reserved": [{"headcount.info": VALID}, {"class.info": VALID}, {"server.info": VALID}],
    "project-address": [
        VALID.replace("grpcs://", "ftp://"),
        VALID.replace("grpcs://telemetry.toymakers.org", "grpcs://telemetry.toymakers.org/path"),
        VALID.replace("grpcs://telemetry.toymakers.org", "grpcs://telemetry.toymakers.org:99999"),
        VALID.replace("https://", "www."),
    ],
    "project-relay": [
        VALID + "headcount[relay] = https://relay.example.org",
        VALID + f"headcount[oblivious_key] = {KEY}",
        VALID + f"headcount[relay] = grpcs://relay.example.org\nheadcount[oblivious_key] = {KEY}",
        VALID + f"headcount[relay] = relay.example.org\nheadcount[oblivious_key] = {KEY}",
        VALID + "headcount[relay] = https://relay.example.org\nheadcount[oblivious_key] = AAAA",
        VALID + f"headcount[relay] = https://r.example.org\nheadcount[oblivious_key] = {KEY[4:]}",
    ],
    "project-long-text": [VALID + f"headcount[title] = {LONG}"],
    "project-attribute": [
        VALID + "headcount[titel] = Toy",
        VALID + "headcount[title][x] = Toy",
        VALID + "headcount[allow] = project-unstated",
    ],
    "project-stated-twice": [
        {"a.info": "project = toy\n" + VALID, "toy.info": "headcount[contact] = me"}
    ],
    "project-language": [VALID + "headcount[language] = english"],
    "translation": [
        VALID + "telemetry[good][translations][deutsch][label] = Gut",
        VALID + "telemetry[good][translations][xx][label] = Gut",
        VALID + "telemetry[good][translations][en][label] = Well",
        VALID + "telemetry[good][translations][de][labels] = Gut",
        VALID + "telemetry[good][translations][de] = Gut",
        VALID + "headcount[translations][de][title] = Spielzeug",
        VALID + f"telemetry[good][translations][de][label] = {LONG}",
        VALID + "headcount[translations][de][homepage] = https://example.org/de",
        VALID + "headcount[language] = de\ntelemetry[good][translations][de][label] = Gut",
        {
            "a.info": "project = toy\ntelemetry[good][translations][de][label] = Gut",
            "toy.info": VALID + "telemetry[good][translations][de][label] = Besser",
        },
    ],
    "translation-of-nothing": [VALID + "telemetry[goood][translations][de][label] = Gut"],
    "project-ignored": [
        VALID + "headcount[ignored][] = Old-Name",
        VALID + "headcount[ignored][] = version",
        VALID + key("k", "boolean") + "headcount[ignored][] = k",
    ],
    "project-mode": [VALID + "headcount[mode] = silent"],
    "project-unstated": [key("k", "boolean")],
    "key-clash": [VALID + key("web_page", "boolean") + key("webpage", "boolean")],
    "metric-clash": [
        {"a.info": ABOUT + key("x_y", "boolean"), "a_x.info": ABOUT + key("y", "boolean")},
        {"a.info": ABOUT + key("x", "boolean"), "a_x.info": ABOUT},
        {"threshold.info": VALID},
        VALID + key("good_by_version", "boolean"),
    ],
}


def findings(
    bench: Bench, files: str | dict[str, str], *, of: str = "", whole: bool = False
) -> tuple[Finding, ...]:
    strict, whole = of in STRICT, whole or of in WHOLE
    for name, text in ({"toy.info": files} if isinstance(files, str) else files).items():
        bench.write(name, text, whole=whole)
    return review([bench.declarations], bench.lock, TODAY, strict=strict).findings


def test_every_check_has_a_wrong_example() -> None:
    assert sorted(WRONG) == sorted(check.name for check in checks.ALL)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        pytest.param(name, files, id=f"{name}-{number}")
        for name, examples in WRONG.items()
        for number, files in enumerate(examples)
    ],
)
def test_a_wrong_example_is_found_and_nothing_else(
    bench: Bench, name: str, files: str | dict[str, str]
) -> None:
    found = findings(bench, files, of=name)
    assert {finding.check for finding in found} == {name}


def test_right_declarations_have_no_findings(bench: Bench) -> None:
    assert findings(bench, VALID) == ()


def test_names_of_products_are_not_personal(bench: Bench) -> None:
    values = (f"[values][] = {text}" for text in NOT_PERSONAL)
    assert findings(bench, VALID + key("k", "choice", *values)) == ()


@pytest.mark.slow
def test_every_message_says_what_to_write_instead(bench: Bench) -> None:
    for name, examples in WRONG.items():
        for number, files in enumerate(examples):
            place = Bench(bench.root / f"{name}-{number}")
            for finding in findings(place, files, of=name):
                assert re.search(r"; |\?", finding.message), finding


def test_names_that_differ_in_digits_are_a_series(bench: Bench) -> None:
    series = "".join(key(f"ckeditor{number}_used", "boolean") for number in ("", 4, 5))
    assert findings(bench, VALID + series) == ()


@pytest.mark.slow
def test_what_promtool_refuses_in_a_name_is_found(bench: Bench) -> None:
    words = sorted({*metrics.ABBREVIATIONS, *metrics.UNITS, *metrics.TYPE_WORDS, "sizes", "kib"})
    refused = {
        name.removeprefix("headcount_toy_cache_").removesuffix("_reports")
        for name in refused_by_promtool(f"headcount_toy_cache_{word}_reports" for word in words)
    }
    assert {"mb", "minutes", "gauge"} <= refused
    bench.write("toy.info", VALID + "".join(key(f"cache_{word}", "boolean") for word in words))
    found = {
        finding.message.partition("`cache_")[2].partition("`")[0]
        for finding in review([bench.declarations], bench.lock, TODAY).findings
        if finding.check in {"unit-in-name", "metric-word"}
    }
    assert refused <= found


def test_promtool_takes_the_metrics_of_what_is_shipped() -> None:
    draft = gather(read([ROOT / "registry" / "declarations"]))
    published = [
        metric
        for project in draft.projects
        for each in project.keys
        for metric in names.metrics(project.name, each.name)
    ]
    assert len(published) > 40
    assert refused_by_promtool(published) == set()


def refused_by_promtool(metrics: Iterable[str]) -> set[str]:
    """Which gauges promtool finds fault with for their names."""
    program = shutil.which("promtool")
    assert program, "promtool is missing: install the Debian package prometheus"
    text = "".join(f"# HELP {name} Some.\n# TYPE {name} gauge\n{name} 1\n" for name in metrics)
    done = subprocess.run(
        [program, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 3}, done.stderr
    return {line.split(" ")[0] for line in done.stdout.splitlines() + done.stderr.splitlines()}


def test_a_finding_says_where_what_and_what_to_write_instead(bench: Bench) -> None:
    found = findings(bench, VALID + key("k", "boolean", "[lable] = Some"))
    assert str(found[0]).removeprefix(str(bench.declarations)) == (
        "/toy.info:9:1: error: there is no attribute `lable`; did you mean `label`?"
        " [unknown-attribute]"
    )


def test_all_findings_come_at_once_sorted_by_place(bench: Bench) -> None:
    text = "telemetry[b][type] = bad\ntelemetry[a][typo] = x\ntelemetry[a][level] = high\n"
    found = findings(bench, text)
    assert list(found) == sorted(found)
    assert [finding.check for finding in found if finding.severity is Severity.ERROR] == [
        "type",
        "type",
        "unknown-attribute",
        "level",
    ]


def test_lines_of_the_host_are_nobodys_business(bench: Bench) -> None:
    host = 'name = "Toy ; shop\nconfigure =\nadmin/config\n# note = x\nfiles[] = a\nfiles[] = b\n'
    assert findings(bench, VALID + host) == ()


def test_a_file_without_declarations_is_not_judged(bench: Bench) -> None:
    assert findings(bench, {"toy.info": VALID, "Other-Module.info": "name = Other\n"}) == ()


@pytest.mark.slow
def test_the_implied_version_may_have_words_of_its_own(bench: Bench) -> None:
    project = bench.project(VALID + "telemetry[version][label] = Toy release\n")
    version = project.keys[0]
    assert (version.name, version.number, version.label) == ("version", 1, "Toy release")
    assert version.purpose


@pytest.mark.slow
def test_project_comes_from_the_last_project_line(bench: Bench) -> None:
    bench.write("some_module.info", "project = first\n" + VALID + "project = shop\n")
    assert [project.name for project in bench.build().registry.projects] == ["shop"]


@pytest.mark.slow
def test_several_files_extend_one_project(bench: Bench) -> None:
    bench.write("toy.info", VALID)
    bench.write("more/extra.info", "project = toy\n" + key("extra", "boolean"))
    (project,) = bench.build().registry.projects
    assert [each.name for each in project.keys] == ["version", "extra", "good"]


def test_spellings_of_yes_and_no_may_be_declared_for_a_boolean(bench: Bench) -> None:
    declared = VALID + key("k", "boolean") + "telemetry[k][aliases][Ja] = yes\n"
    assert findings(bench, declared) == ()
    (found,) = findings(bench, declared + "telemetry[k][aliases][Nein] = nein\n")
    assert "`nein` is not among the values" in found.message


def test_a_relay_needs_an_endpoint_to_pass_reports_on_to(bench: Bench) -> None:
    stated = f"headcount[relay] = https://r.example.org\nheadcount[oblivious_key] = {KEY}\n"
    text = VALID.replace("headcount[endpoint] = grpcs://telemetry.toymakers.org\n", stated)
    found = [each for each in findings(bench, text) if each.check == "project-relay"]
    assert ["not stated" in each.message for each in found] == [True]

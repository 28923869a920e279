from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from headcount_registry import checks
from headcount_registry.build import build
from headcount_registry.errors import DeclarationsError
from headcount_registry.finding import Finding, Severity

if TYPE_CHECKING:
    from registry.workbench import Bench

ABOUT = """\
headcount[homepage] = https://example.org
headcount[recipient] = The toy makers
headcount[contact] = toys@example.org
headcount[endpoint] = grpcs://telemetry.example.org
"""


def key(name: str, kind: str, *lines: str) -> str:
    attributes = (f"[type] = {kind}", "[label] = Some words", *lines)
    return "".join(f"telemetry[{name}]{attribute}\n" for attribute in attributes)


VALID = ABOUT + key("good", "boolean")
LONG = "x" * 65

# For each check: declarations that earn it, and no other finding. A tuple names its files.
WRONG: dict[str, list[str | dict[str, str]]] = {
    "joined-text": [VALID + "just text\ntelemetry[good][purpose] = To know."],
    "hash-comment": [VALID + "# telemetry[k][type] = boolean\n", VALID + "// headcount[x] = y"],
    "misspelt-word": [
        VALID + "Telemetry[k][type] = boolean",
        VALID + "telemetry [k][type] = boolean",
        "\ufefftelemetry[k][type] = boolean\n" + VALID,
    ],
    "ignored-line": [VALID + "telemetry[k[type] = boolean", VALID + "telemetry[k][type] boolean"],
    "malformed-line": [VALID + "telemetry = yes", VALID + "headcount = yes"],
    "swallowed-line": [
        VALID + "description =\ntelemetry[k][type] = boolean",
        VALID + "telemetry[good][description] =\nSome text",
    ],
    "empty-value": [VALID + 'telemetry[good][purpose] = ""', VALID + "telemetry[good][purpose] = "],
    "unclosed-quote": [VALID + 'telemetry[good][purpose] = "To know.'],
    "trailing-comment": [VALID + "telemetry[good][purpose] = To know. ; because"],
    "line-break": [VALID + 'telemetry[good][purpose] = "To\nknow."'],
    "constant-value": [VALID + key("k", "choice", "[values][] = TRUE", "[values][] = Yes please")],
    "control-character": [VALID + "telemetry[good][purpose] = To\x07know."],
    "key-name": [VALID + key("Web-Server", "boolean"), VALID + key("a__b", "boolean")],
    "reserved-word": [VALID + key("class", "boolean"), VALID + key("report", "boolean")],
    "implied-key": [VALID + key("version", "boolean")],
    "mixed-forms": [VALID + key("k", "boolean") + "telemetry[k] = Label"],
    "unknown-attribute": [VALID + key("k", "boolean", "[lable] = Some")],
    "attribute-form": [
        VALID + key("k", "choice", "[values] = a", "[values][] = b"),
        VALID + key("k", "choice", "[values][0] = a", "[values][] = b"),
        VALID + key("k", "boolean", "[purpose][] = a"),
        VALID + key("k", "choice", "[values][] = a", "[aliases] = a"),
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
    "expiry-date": [VALID + key("k", "boolean", "[expires] = 2026-02-30")],
    "long-text": [VALID + key("k", "boolean", f"[purpose] = {'x ' * 300}x")],
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
    ],
    "alias": [
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
    "cross-tabulation": [VALID + key("k", "boolean", "[by][] = good")],
    "project-name": [{"My-Toy.info": VALID}],
    "project-attribute": [VALID + "headcount[titel] = Toy", VALID + "headcount[title][x] = Toy"],
    "project-stated-twice": [
        {"a.info": "project = toy\n" + VALID, "toy.info": "headcount[contact] = me"}
    ],
    "project-mode": [VALID + "headcount[mode] = silent"],
    "project-unstated": [key("k", "boolean")],
    "key-clash": [VALID + key("a_b", "boolean") + key("ab", "boolean")],
    "metric-clash": [
        {"a.info": ABOUT + key("b_c", "boolean"), "a_b.info": ABOUT + key("c", "boolean")},
        {"a.info": ABOUT + key("b", "boolean"), "a_b.info": ABOUT},
        {"threshold.info": VALID},
        VALID + key("good_by_version", "boolean"),
    ],
}


def findings(bench: Bench, files: str | dict[str, str]) -> tuple[Finding, ...]:
    for name, text in ({"toy.info": files} if isinstance(files, str) else files).items():
        bench.write(name, text)
    try:
        return build([bench.declarations], bench.lock).findings
    except DeclarationsError as error:
        return error.findings


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
    assert {finding.check for finding in findings(bench, files)} == {name}


def test_right_declarations_have_no_findings(bench: Bench) -> None:
    assert findings(bench, VALID) == ()


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


def test_the_implied_version_may_have_words_of_its_own(bench: Bench) -> None:
    project = bench.project(VALID + "telemetry[version][label] = Toy release\n")
    version = project.keys[0]
    assert (version.name, version.number, version.label) == ("version", 1, "Toy release")
    assert version.purpose


def test_project_comes_from_the_last_project_line(bench: Bench) -> None:
    bench.write("some_module.info", "project = first\n" + VALID + "project = shop\n")
    assert [project.name for project in bench.build().registry.projects] == ["shop"]


def test_several_files_extend_one_project(bench: Bench) -> None:
    bench.write("toy.info", VALID)
    bench.write("more/extra.info", "project = toy\n" + key("extra", "boolean"))
    (project,) = bench.build().registry.projects
    assert [each.name for each in project.keys] == ["version", "extra", "good"]

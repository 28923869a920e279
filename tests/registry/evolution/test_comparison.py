"""What a comparison says of each kind of change."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from headcount.consent.terms import present_terms
from headcount.model.project import Key as ClientKey
from headcount.model.project import Project as ClientProject
from headcount_registry.declarations.draft import gather
from headcount_registry.declarations.resolve import resolve
from headcount_registry.evolution.attribute_changes import Breaks, Kind
from headcount_registry.evolution.comparison import Snapshot, compare
from headcount_registry.evolution.comparison_text import text, to_json
from headcount_registry.evolution.lock import Lock
from headcount_registry.evolution.numbering import number
from headcount_registry.reading.source import read
from support.workbench import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from headcount_registry.evolution.comparison import Comparison

BASE = """\
headcount[title] = Toys
headcount[endpoint] = grpcs://telemetry.toymakers.org
telemetry[server][type] = product
telemetry[server][label] = Server
telemetry[server][purpose] = Test on it.
telemetry[server][values][] = Apache
telemetry[server][values][] = nginx
telemetry[server][precision] = 2
telemetry[pages][type] = count
telemetry[pages][label] = Pages
telemetry[pages][buckets][] = 10
telemetry[pages][buckets][] = 100
telemetry[modules][type] = list
telemetry[modules][label] = Modules
telemetry[modules][catalogue] = modules.txt
telemetry[modules][max_items] = 50
telemetry[modules][level] = extended
telemetry[flag][type] = boolean
telemetry[flag][label] = Flag
telemetry[flag][expires] = 2098-12-31
"""
ITEMS = "one\ntwo\n"


def built(root: Path, *steps: str | tuple[str, str]) -> list[Snapshot]:
    """The states of one project, built one after the other over one lock."""
    bench, lock = Bench(root), Lock()
    states = []
    for step in steps:
        declarations, items = step if isinstance(step, tuple) else (step, ITEMS)
        bench.write("modules.txt", items)
        bench.write("toy.info", declarations)
        numbered = number(resolve(gather(read([bench.declarations]))), lock)
        assert not numbered.findings
        lock = numbered.lock
        states.append(Snapshot("", numbered.registry))
    return states


def compared(root: Path, *steps: str | tuple[str, str]) -> Comparison:
    old, new = built(root, *steps)[-2:]
    return compare(old, new)


def without(key: str) -> str:
    return "\n".join(line for line in BASE.splitlines() if f"[{key}]" not in line) + "\n"


NEW_KEY = BASE + "telemetry[new][type] = version\ntelemetry[new][label] = New\n"
RENAMED = BASE.replace("[flag]", "[banner]") + "telemetry[banner][formerly] = flag\n"
NO, CLIENTS, TOTALS = Breaks.NOTHING, Breaks.CLIENTS, Breaks.TOTALS
CASES = [
    # what was changed, then: key, kind, breaks, asks
    (NEW_KEY, ("new", Kind.ADDED, NO, True)),
    (without("flag"), ("flag", Kind.RETIRED, NO, False)),
    (RENAMED, ("banner", Kind.RENAMED, NO, False)),
    (
        BASE.replace("[values][] = nginx", "[values][] = nginx\ntelemetry[server][values][] = IIS"),
        ("server", Kind.WIDENED, NO, True),
    ),
    (
        BASE.replace("telemetry[server][values][] = nginx\n", ""),
        ("server", Kind.NARROWED, NO, False),
    ),
    (BASE.replace("[precision] = 2", "[precision] = 3"), ("server", Kind.WIDENED, NO, True)),
    (BASE.replace("[precision] = 2", "[precision] = 1"), ("server", Kind.NARROWED, NO, False)),
    (
        BASE.replace("[max_items] = 50", "[max_items] = 40"),
        ("modules", Kind.NARROWED, TOTALS, False),
    ),
    (BASE.replace("= extended", "= basic"), ("modules", Kind.WIDENED, NO, True)),
    (
        BASE + "telemetry[server][by][] = version\n",
        ("server", Kind.WIDENED, NO, True),
    ),
    (BASE.replace("Test on it", "Sell it"), ("server", Kind.REWORDED, NO, True)),
    (BASE.replace("= Server", "= Web server"), ("server", Kind.REWORDED, NO, False)),
    (
        BASE + "telemetry[server][aliases][httpd] = Apache\n",
        ("server", Kind.REWORDED, NO, False),
    ),
    (BASE.replace("2098", "2097"), ("flag", Kind.NARROWED, NO, False)),
    (BASE.replace("2098", "2099"), ("flag", Kind.WIDENED, NO, False)),
    ((BASE, ITEMS + "three\n"), ("modules", Kind.WIDENED, NO, False)),
    ((BASE, "one\n"), ("modules", Kind.NARROWED, NO, False)),
    (BASE.replace("= Toys", "= All toys"), ("", Kind.REWORDED, NO, False)),
    (
        BASE.replace("telemetry.toymakers", "other.toymakers"),
        ("", Kind.REWORDED, NO, False),
    ),
    (BASE + "headcount[mode] = on_after_notice\n", ("", Kind.WIDENED, NO, False)),
]


@pytest.mark.parametrize(("later", "expected"), CASES)
def test_each_change_is_named_with_its_direction_and_what_follows(
    tmp_path: Path, later: str | tuple[str, str], expected: tuple[str, Kind, Breaks, bool]
) -> None:
    comparison = compared(tmp_path, BASE, later)
    named = [
        (change.key, change.kind, change.breaks, change.asks)
        for change in comparison.changes
        # The title of a project stands in the description of its version, too.
        if (change.key, change.kind) != ("version", Kind.REWORDED)
    ]
    assert named == [expected]
    assert bool(comparison.breaking) == bool(expected[2])


@pytest.mark.parametrize(("later", "_expected"), CASES)
def test_the_way_back_is_never_the_same_change(
    tmp_path: Path, later: str | tuple[str, str], _expected: object
) -> None:
    first, second = built(tmp_path, BASE, later)
    there, back = compare(first, second), compare(second, first)
    assert there.changes
    assert back.changes
    opposite = {Kind.ADDED: Kind.RETIRED, Kind.WIDENED: Kind.NARROWED}
    opposite |= {after: before for before, after in opposite.items()}
    mirrored = {(change.kind, change.key) for change in back.changes}
    for change in there.changes:
        if change.kind in opposite:
            assert (opposite[change.kind], change.key) in mirrored


def test_nothing_changed_is_said_so(tmp_path: Path) -> None:
    comparison = compared(tmp_path, BASE, BASE)
    assert comparison.changes == ()
    assert text(comparison) == "Nothing changed.\n"


def test_a_retired_key_that_comes_back_is_asked_about(tmp_path: Path) -> None:
    comparison = compared(tmp_path, BASE, without("flag"), BASE)
    (change,) = comparison.changes
    assert (change.kind, change.detail) == (Kind.ADDED, "declared again, Flag (boolean)")
    assert comparison.ask_again == {"toy": ("flag",)}


def test_keys_that_swap_their_numbers_break_clients(tmp_path: Path) -> None:
    (first,) = built(tmp_path / "a", BASE)
    renamed = BASE.replace("[flag]", "[zebra]")
    (second,) = built(tmp_path / "b", renamed)
    comparison = compare(first, second)
    assert {change.key for change in comparison.breaking} >= {"modules", "pages", "server"}
    assert all(change.breaks is Breaks.CLIENTS for change in comparison.breaking)


@pytest.mark.parametrize("later", [" = 100\ntelemetry[pages][buckets][] = 500", " = 50"])
def test_other_bounds_break_totals_and_name_the_remedy(tmp_path: Path, later: str) -> None:
    (first,) = built(tmp_path / "a", BASE)
    (second,) = built(tmp_path / "b", BASE.replace(" = 100", later))
    (breaking,) = compare(first, second).breaking
    assert (breaking.key, breaking.breaks) == ("pages", Breaks.TOTALS)
    assert "declare a new key with `formerly = pages`" in breaking.detail


def test_a_count_with_other_bounds_under_a_new_name_is_a_new_key(tmp_path: Path) -> None:
    later = BASE.replace("[pages]", "[pages_2]").replace(" = 100", " = 500")
    first, second = built(tmp_path, BASE, f"{later}telemetry[pages_2][formerly] = pages\n")
    comparison = compare(first, second)
    assert not comparison.breaking
    assert {(change.key, change.kind) for change in comparison.changes} == {
        ("pages_2", Kind.ADDED), ("pages", Kind.RETIRED),
    }  # fmt: skip
    assert comparison.ask_again == {"toy": ("pages_2",)}


def test_a_number_that_another_key_takes_over_is_named_with_both(tmp_path: Path) -> None:
    key = "telemetry[{}][type] = boolean\ntelemetry[{}][label] = Some words\n"
    (first,) = built(tmp_path / "a", key.format("flag", "flag"))
    (second,) = built(tmp_path / "b", key.format("zebra", "zebra"))
    (breaking,) = compare(first, second).breaking
    assert (breaking.key, breaking.breaks) == ("zebra", Breaks.CLIENTS)
    assert "number 2 was that of `flag`; restore registry.lock" in breaking.detail


def test_a_value_that_gets_another_meaning_breaks_totals(tmp_path: Path) -> None:
    (first,) = built(tmp_path / "a", BASE)
    (second,) = built(tmp_path / "b", BASE.replace("= Apache", "= Caddy"))
    (breaking,) = compare(first, second).breaking
    assert breaking.breaks is Breaks.TOTALS
    assert "value `Caddy` has number 2, which meant VALUE_APACHE" in breaking.detail


@pytest.mark.slow
def test_new_and_lost_projects_are_named_and_can_be_left_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.write("modules.txt", ITEMS)
    bench.write("toy.info", BASE)
    old = Snapshot("", bench.build().registry)
    (bench.declarations / "toy.info").rename(bench.declarations / "shop.info")
    new = Snapshot("", bench.build().registry)
    comparison = compare(old, new)
    kinds = [(change.project, change.kind) for change in comparison.changes if not change.key]
    assert kinds == [("shop", Kind.ADDED), ("toy", Kind.RETIRED)]
    assert {change.project for change in compare(old, new, ["shop"]).changes} == {"shop"}


def test_both_forms_of_the_outcome_say_the_same(tmp_path: Path) -> None:
    comparison = compared(tmp_path, BASE, NEW_KEY.replace("[precision] = 2", "[precision] = 3"))
    model = json.loads(to_json(comparison))
    assert model["compatible"] is True
    assert model["ask_again"] == {"toy": ["new", "server"]}
    lines = text(comparison)
    for change in model["changes"]:
        assert f"{change['key']}: {change['detail']}" in lines
    assert "People are asked about: toy (new, server)." in lines


STEPS = [case[0] for case in CASES if isinstance(case[0], str) and "[formerly]" not in case[0]] + [
    NEW_KEY.replace("= 2\n", "= 1\n"),
    without("server"),
]


@pytest.mark.parametrize(("old", "new"), [*((BASE, step) for step in STEPS), *pairwise(STEPS)])
def test_people_are_asked_again_exactly_when_the_client_waits_for_an_answer(
    tmp_path: Path, old: str, new: str
) -> None:
    first, second = built(tmp_path, old, new)
    comparison = compare(first, second)
    assert set(comparison.ask_again.get("toy", ())) == waiting(first, second)


def waiting(first: Snapshot, second: Snapshot) -> set[str]:
    """The keys that a client of the second state holds back, had people agreed to the first."""
    agreed, present = (present_terms(client_project(each)) for each in (first, second))
    return {
        name
        for name, terms in present.items()
        if name not in agreed or agreed[name].widened_by(terms)
    }


def client_project(state: Snapshot) -> ClientProject:
    """The plain data that the generated client of a state holds."""
    (project,) = state.registry.projects
    return ClientProject(
        name=project.name,
        title=project.title,
        homepage=project.homepage,
        recipient=project.recipient,
        contact=project.contact,
        endpoint=project.endpoint,
        mode=project.mode,
        digest=project.digest,
        consent_digest=project.consent_digest,
        keys=tuple(
            ClientKey(
                name=key.name,
                number=key.number,
                label=key.label,
                description=key.description,
                purpose=key.purpose,
                issue=key.issue,
                type=key.type,
                level=key.level,
                values={value.text: value.number for value in key.values},
                catalogue=key.catalogue,
                precision=key.precision,
                buckets=key.buckets,
                max_items=key.max_items,
                by=key.by,
            )
            for key in project.keys
        ),
        schema=bytes,
    )

"""What projects share stands once, and a key takes it by name."""

from __future__ import annotations

import pytest
from headcount_registry.declarations.conventions import conventions
from support.backdrop_source import DECLARED
from support.workbench import Bench

USE = "telemetry[k][use] = common:operating_system\n"
SYSTEMS = ("Linux", "macOS", "Windows", "FreeBSD", "OpenBSD", "NetBSD", "Solaris")


@pytest.mark.slow
def test_a_key_takes_label_type_values_and_aliases(bench: Bench) -> None:
    key = bench.key(f"{USE}telemetry[k][purpose] = Decide.\n")
    assert (key.label, key.type, key.purpose) == ("Operating system", "choice", "Decide.")
    assert tuple(value.text for value in key.values) == SYSTEMS
    assert dict(key.aliases)["WINNT"] == "Windows"


@pytest.mark.slow
def test_what_a_key_states_itself_replaces_what_it_takes(bench: Bench) -> None:
    own = "".join(
        f"telemetry[k]{line}\n"
        for line in (
            *("[label] = System", "[values][] = Linux", "[values][] = Haiku"),
            "[aliases][BeOS] = Haiku",
        )
    )
    for text in (USE + own, own + USE):
        key = bench.key(text)
        assert key.label == "System"
        assert tuple(value.text for value in key.values) == ("Linux", "Haiku")
        assert key.aliases == (("BeOS", "Haiku"),)


def test_what_is_wrong_with_something_taken_is_told_where_it_is_taken(bench: Bench) -> None:
    bench.write("toy.info", f"{USE}telemetry[k][values][] = Haiku\n")
    result = bench.run("check", str(bench.declarations))
    assert result.exit_code == 1
    assert "toy.info:1:" in result.output
    assert "Windows" in result.output


def test_every_convention_makes_a_key(bench: Bench) -> None:
    for count, name in enumerate(conventions()):
        bench.write(f"toy{count}.info", f"project = toy\ntelemetry[k{count}][use] = {name}\n")
    assert bench.run_build().exit_code == 0


def test_a_shipped_declaration_states_no_values_that_another_has_stated() -> None:
    stated: dict[tuple[str, ...], str] = {}
    for file in sorted(DECLARED.parents[1].joinpath("declarations").rglob("*.info")):
        lists: dict[str, list[str]] = {}
        for line in file.read_text(encoding="utf-8").splitlines():
            name, mark, value = line.partition("][values][] = ")
            if mark:
                lists.setdefault(name, []).append(value)
        for name, values in lists.items():
            other = stated.setdefault(tuple(sorted(values)), f"{file.name}: {name}")
            assert other == f"{file.name}: {name}"

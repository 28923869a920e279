"""What readers see keeps its budgets, and the page says what the program measures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module

import pytest
from support.repository import ROOT

BENCH = ROOT / "bench"


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    sys.modules.pop("usefulness", None)


@pytest.mark.slow
def test_readers_see_as_much_as_the_budgets_ask_for_and_releases_rarely_come_and_go() -> None:
    usefulness = import_module("usefulness")
    course = usefulness.live(usefulness.demonstration, usefulness.BUDGET_SITES, 16)
    assert list(usefulness.missed(course)) == []
    assert course.changes["leave"] / course.weeks <= 0.5


def test_the_page_has_a_row_for_every_population_rule_and_question() -> None:
    usefulness = import_module("usefulness")
    page = usefulness.PAGE.read_text(encoding="utf-8")
    assert page.startswith(usefulness.HEAD.rstrip())
    for population in usefulness.POPULATIONS:
        for label in usefulness.LABELS.values():
            assert page.count(f"| {population}, {label} | told apart |") == 4

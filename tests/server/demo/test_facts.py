"""The facts of the demonstration, which it makes without the code that it checks."""

from __future__ import annotations

from headcount.model.week import Week
from headcount.reporting import installation_age
from headcount_server.demo.facts import age


def test_the_age_that_it_expects_is_the_one_that_clients_answer() -> None:
    first = Week.named("2026-W40")
    week = first
    for _ in range(60):
        said = installation_age.age(first.label, week.label)
        assert age(first.label, week.label) == (() if said == "other" else (said,))
        week = week.next

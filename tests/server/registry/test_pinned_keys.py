"""A key that a registry pinned is needed until two years after the release that replaced it."""

from __future__ import annotations

from base64 import b64encode
from datetime import date

import pytest
from headcount.v1 import options_pb2
from headcount_server.registry.pinned_keys import Pin, identity, needed, pins
from headcount_server.week import Week

TODAY = date(2026, 11, 19)
ALGORITHMS = b"\0\4\0\1\0\3"


def pinned(letter: str, algorithms: bytes = ALGORITHMS) -> str:
    return b64encode(letter.encode() + b"\0\x20" + letter.encode() * 32 + algorithms).decode()


def declaration(key: str, *releases: tuple[str, str, str]) -> options_pb2.ProjectOptions:
    """A project that pins a key, with releases of a name, a day and one change."""
    told = options_pb2.ProjectOptions(name="toy", oblivious_key=key)
    for name, day, detail in releases:
        told.releases.add(name=name, date=day).changes.add(detail=detail)
    return told


def replaced(old: str, new: str) -> str:
    """As the registry writes it, with the words after it."""
    return f"oblivious_key: {old} -> {new}; clients already installed go on sealing to the old one"


def waiting(told: options_pb2.ProjectOptions, today: date = TODAY) -> dict[bytes, Pin]:
    return dict(needed(pins([told], []), today))


def test_a_key_in_force_is_needed_without_an_end() -> None:
    found = waiting(declaration(pinned("a"), ("1.0", "2020-01-01", "a new project, Toy")))
    pin = found[identity(pinned("a"))]
    assert (pin.project, pin.until) == ("toy", None)
    assert "the registry in force pins it for `toy`, since release 1.0 of 2020-01-01" in pin.why


@pytest.mark.parametrize(
    ("released", "until"),
    [("2024-11-19", None), ("2024-11-20", date(2026, 11, 20)), ("2026-11-01", date(2028, 11, 1))],
)
def test_a_replaced_key_is_needed_until_its_last_release_is_two_years_old(
    released: str, until: date | None
) -> None:
    change = replaced(pinned("a"), pinned("b"))
    found = waiting(declaration(pinned("b"), ("1.2", released, change)))
    old = found.get(identity(pinned("a")))
    assert (old.until if old else None) == until
    assert old is None or f"release 1.2 of {released} replaced it for `toy`" in old.why
    assert identity(pinned("b")) in found


def test_two_years_from_a_leap_day_end_on_the_first_of_march() -> None:
    told = declaration("", ("2", "2024-02-29", replaced(pinned("a"), "(nothing)")))
    assert waiting(told, date(2026, 2, 28))[identity(pinned("a"))].until == date(2026, 3, 1)
    assert not waiting(told, date(2026, 3, 1))


def test_a_key_whose_replacement_awaits_a_release_is_needed_without_an_end() -> None:
    told = declaration(pinned("b"), ("", "", replaced(pinned("a"), pinned("b"))))
    assert waiting(told)[identity(pinned("a"))].until is None


def test_a_key_that_comes_back_is_needed_for_its_last_use() -> None:
    first = ("1", "2020-01-01", replaced(pinned("a"), pinned("b")))
    second = ("2", "2026-01-01", replaced(pinned("b"), pinned("a")))
    found = waiting(declaration(pinned("a"), first, second))
    assert found[identity(pinned("a"))].until is None
    assert found[identity(pinned("b"))].until == date(2028, 1, 1)


def test_the_algorithms_that_a_key_announces_make_no_other_key_of_it() -> None:
    shorter = pinned("a")
    longer = pinned("a", b"\0\x08\0\1\0\1\0\1\0\3")
    assert shorter != longer
    assert identity(shorter) == identity(longer)


def test_a_registry_that_was_served_needs_its_keys_although_nothing_names_them_now() -> None:
    gone = declaration(pinned("a"), ("1.0", "2023-05-01", "a new project, Toy"))
    found = dict(needed(pins([], [(Week.parse("2025-W10"), gone)]), TODAY))
    pin = found[identity(pinned("a"))]
    assert pin.until == date(2027, 3, 10)
    assert "this server took reports by it until 2025-W10 (release 1.0 of 2023-05-01)" in pin.why
    old = pins([], [(Week.parse("2023-W10"), gone)])
    assert not dict(needed(old, TODAY))


def test_a_project_without_a_relay_needs_no_key() -> None:
    assert not waiting(declaration("", ("1.0", "2026-01-01", "endpoint: a -> b")))

"""Stock collectors answer what keys of their kind ask for."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import entry_points

import pytest
from headcount import stock


def test_the_version_of_python_is_three_numbers() -> None:
    assert stock.python_version() == "{}.{}.{}".format(*sys.version_info)
    assert platform.python_version().startswith(stock.python_version())
    assert stock.python_implementation() == platform.python_implementation()


@pytest.mark.parametrize(
    ("told", "name"),
    [("Linux", "Linux"), ("Darwin", "macOS"), ("Windows", "Windows"), ("FreeBSD", "FreeBSD"),
     ("", None)],
)  # fmt: skip
def test_a_system_has_the_name_that_people_know(
    told: str, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: told)
    assert stock.operating_system() == name


@pytest.mark.parametrize(
    ("told", "name"),
    [("AMD64", "x86_64"), ("x86_64", "x86_64"), ("arm64", "aarch64"), ("aarch64", "aarch64"),
     ("i686", "x86"), ("riscv64", "riscv64"), ("", None)],
)  # fmt: skip
def test_a_processor_is_called_the_same_on_every_system(
    told: str, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: told)
    assert stock.architecture() == name


def test_a_release_is_that_of_the_distribution_or_no_answer() -> None:
    assert stock.release("pytest") == pytest.__version__
    assert stock.release("no-such-distribution") is None


def test_plugins_are_the_distributions_that_have_entry_points_in_the_group() -> None:
    found = stock.plugins("pytest11")
    assert {"hypothesis", "pytest-timeout", "pytest-xdist"} <= set(found)
    assert found == sorted(set(found))
    assert len(found) <= len(entry_points(group="pytest11"))
    assert stock.plugins("no.such.group") == []

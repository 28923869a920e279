"""The command `renew`: a key goes on, and the history says why."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from headcount_registry.evolution import history
from support.explained import explained

if TYPE_CHECKING:
    from click.testing import Result
    from support.workbench import Bench

KEY = """\
; Until the next release is planned.\r
telemetry[k][type] = boolean\r
telemetry[k][label] = "Ends on 2026-12-01"\r
telemetry[k][expires] = {day}  \r
telemetry[lasting][type] = boolean\r
telemetry[lasting][label] = Some words\r
"""
BARE, QUOTED = (explained(KEY.format(day=day)) for day in ("2026-12-01", "'2026-12-01'"))


def renew(bench: Bench, key: str, until: str, *more: str) -> Result:
    place = (str(bench.declarations), "--until", until, "--today", "2026-11-29")
    return bench.run("renew", key, *place, "--because", "Two  hosts\nstill differ.", *more)


@pytest.mark.parametrize("text", [BARE, QUOTED])
@pytest.mark.parametrize("name", ["k", "toy.k"])
def test_the_day_changes_and_every_other_byte_stays(bench: Bench, text: str, name: str) -> None:
    path = bench.write("toy.info", text)
    result = renew(bench, name, "2027-11-29")
    assert (result.exit_code, result.stdout) == (0, f"{name}: until 2027-11-29\n")
    day = text.rindex("2026-12-01")
    assert path.read_bytes().decode() == text[:day] + "2027-11-29" + text[day + 10 :]
    (entry,) = history.renewals(bench.lock)
    assert entry == history.Renewal(
        "toy", "k", "2027-11-29", "2026-11-29", "Two hosts still differ."
    )
    check = ("check", str(bench.declarations), "--expiring", "90d", "--today", "2026-11-29")
    assert bench.run(*check).exit_code == 0


@pytest.mark.slow
def test_the_page_of_changes_gives_the_reason_and_releases_keep_it(bench: Bench) -> None:
    bench.write("toy.info", BARE)
    page = bench.root / "changes.md"
    assert bench.run_build("--release", "1.0").exit_code == 0
    renew(bench, "k", "2027-11-29")
    assert bench.run_build("--release", "1.1", "--changes", str(page)).exit_code == 0
    renew(bench, "k", "2028-01-01")
    assert [each.release for each in history.releases(bench.lock)] == ["1.0", "1.1"]
    assert [each.until for each in history.renewals(bench.lock)] == ["2027-11-29", "2028-01-01"]
    kinds = [
        next(iter(json.loads(line)))
        for line in history.history_path(bench.lock).read_text().splitlines()
    ]
    assert kinds == ["release", "renewed", "release", "renewed"]
    text = page.read_text()
    line = "- 2026-11-29: `k` of `toy`, until 2027-11-29: Two hosts still differ."
    assert line in text
    assert "expires" in text  # the release tells the change as well


@pytest.mark.parametrize(
    ("key", "until", "told"),
    [
        ("nobody", "2027-11-29", "no such key is declared"),
        ("lasting", "2027-11-29", "has no day on which it ends"),
        ("k", "2026-12-01", "renew it until a later day"),
        ("k", "2026-11-01", "renew it until a later day"),
        ("k", "2028-12-01", "at most two years from now, which is 2028-11-29"),
    ],
)
def test_what_is_no_renewal_changes_nothing(bench: Bench, key: str, until: str, told: str) -> None:
    path = bench.write("toy.info", BARE)
    result = renew(bench, key, until)
    assert result.exit_code == 1
    assert told in result.stderr
    assert path.read_bytes().decode() == BARE
    assert not history.history_path(bench.lock).exists()


def test_a_name_in_two_projects_must_be_told_apart(bench: Bench) -> None:
    for name in ("shop", "toy"):
        bench.write(f"{name}.info", BARE)
    result = renew(bench, "k", "2027-11-29")
    assert result.exit_code == 1
    assert "write one of shop.k, toy.k" in result.stderr
    assert renew(bench, "shop.k", "2027-11-29").exit_code == 0


def test_a_damaged_history_is_named_and_nothing_is_written(bench: Bench) -> None:
    path = bench.write("toy.info", BARE)
    history.history_path(bench.lock).write_text('{"renewed": "toy.k", "until": "soon"}\n')
    result = renew(bench, "k", "2027-11-29")
    assert result.exit_code == 1
    assert "registry.history:1: error: no line of a history" in result.stderr
    assert path.read_bytes().decode() == BARE


def test_a_key_in_an_archive_is_renewed_where_it_is_written(bench: Bench) -> None:
    bench.declarations.mkdir()
    with zipfile.ZipFile(bench.declarations / "toy.zip", "w") as packed:
        packed.writestr("toy/toy.info", BARE)
    result = renew(bench, "k", "2027-11-29")
    assert result.exit_code == 1
    assert "is in an archive" in result.stderr


def test_a_renewal_needs_a_reason(bench: Bench) -> None:
    bench.write("toy.info", BARE)
    run = ("renew", "k", str(bench.declarations), "--until", "2027-11-29", "--because", "  ")
    assert bench.run(*run).exit_code == 2

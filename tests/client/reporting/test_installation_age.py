"""The client itself says how old its installation is, in three ranges and no more."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf.json_format import MessageToDict
from headcount import Outcome
from headcount.model.token_secret import TokenSecret
from headcount.model.week import WEEK, Week
from headcount.reporting.installation_age import CONVENTION, age
from headcount.reporting.live_check import check
from headcount.reporting.report import message_class
from headcount.storage.state_directory import SHARED
from hypothesis import given
from hypothesis import strategies as st
from support.sample_project import KEYS, MONDAY, Host, Site, key, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RANGES = ("first week", "2 to 4 weeks", "5 to 24 weeks")
AGE = key(
    "age",
    10,
    "choice",
    values={text: number for number, text in enumerate(RANGES, start=2)},
    convention=CONVENTION,
)
AGED = project(keys=(*KEYS, AGE))
FIRST, SECOND, FIFTH = ("VALUE_" + text.upper().replace(" ", "_") for text in RANGES)
OTHER = "VALUE_OTHER"


def said(site: Host) -> str | None:
    """Send the week's report by hand, and return the age in it, None if there is none."""
    assert site.client.send_now() == Outcome.SENT
    report = message_class(AGED).FromString(site.transport.requests[-1].report)
    part = MessageToDict(report).get("age")
    return part and str(part["value"])


def week_by_week(site: Host, *numbers: int) -> list[str | None]:
    """Return the ages in the reports of some weeks, counted from the present one."""
    begin = site.now
    found = []
    for number in numbers:
        site.now = begin + number * WEEK
        found.append(said(site))
    return found


@pytest.mark.slow
def test_the_first_report_is_of_the_first_week_and_whole_weeks_count(
    host: Callable[..., Host],
) -> None:
    site = host(project=AGED)
    site.client.grant()
    site.now += 9 * WEEK  # nothing was sent yet
    ages = week_by_week(site, 0, 1, 3, 4, 23, 24, 200)
    assert ages == [FIRST, SECOND, SECOND, FIFTH, FIFTH, OTHER, OTHER]


def test_the_question_and_the_preview_show_the_age_before_anything_is_stored(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site = host(project=AGED)
    assert site.client.preview().values["age"] == "first week"
    assert not (tmp_path / "state").exists()
    site.client.grant()
    assert week_by_week(site, 0, 5) == [FIRST, FIFTH]
    site.now += WEEK
    assert site.client.preview().values["age"] == "5 to 24 weeks"


def test_a_key_that_is_refused_is_not_answered(host: Callable[..., Host]) -> None:
    site = host(project=AGED)
    site.client.grant(refused=["age"])
    assert said(site) is None


def test_a_state_of_a_former_client_says_no_age_ever(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site = host(project=AGED)
    site.client.grant()
    secret = tmp_path / "state" / "sample" / "secret"
    former = {"key": "ab" * 32, "latest": "2026-W20", "named": {}}
    secret.write_text(json.dumps(former), encoding="utf-8")
    assert site.client.preview().values["age"] == "other"
    assert week_by_week(site, 0, 1, 5) == [OTHER] * 3
    assert json.loads(secret.read_text(encoding="utf-8"))["key"] == "ab" * 32


def test_what_is_kept_is_a_week_and_a_no_removes_it(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site = host(project=AGED)
    site.client.grant()
    assert week_by_week(site, 0, 1) == [FIRST, SECOND]
    kept = json.loads((tmp_path / "state" / "sample" / "secret").read_text(encoding="utf-8"))
    assert kept["since"] == "2026-W47"
    site.client.deny()
    rest = "".join(path.read_text() for path in (tmp_path / "state").glob("*.json"))
    assert "since" not in rest
    site.client.grant()
    site.now += 2 * WEEK
    assert said(site) == FIRST


def test_replicas_with_one_secret_are_always_in_their_first_week(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    secret = tmp_path / "shared"
    secret.write_bytes(bytes(range(32)))
    secret.chmod(0o400)
    site = host(project=AGED, environment={SHARED: str(secret)})
    site.client.grant()
    assert week_by_week(site, 0, 1, 9) == [FIRST] * 3


def test_an_answer_within_older_terms_is_cut_to_them(host: Callable[..., Host]) -> None:
    coarse = project(keys=(*KEYS, AGE.replaced(values={"first week": 2, "2 to 4 weeks": 3})))
    site = host(project=coarse)
    site.client.grant()
    assert week_by_week(site, 0) == [FIRST]
    assert week_by_week(host(project=AGED, now=site.now), 1, 6) == [SECOND, OTHER]


def test_the_check_of_a_host_wants_no_collector_for_it_and_refuses_one() -> None:
    rest = {"modules": ["views"]}
    outcome = check(AGED, Site(**rest), seconds=None, obstacle="")
    assert outcome.faults == ()
    assert "age" in outcome.answered

    class Eager(Site):
        def age(self) -> str:
            raise AssertionError

    (fault,) = check(AGED, Eager(**rest), seconds=None, obstacle="").faults
    assert (fault.key, fault.check) == ("age", "no-key")
    assert fault.message.endswith("headcount answers this key itself; remove it")


@given(
    weeks=st.lists(st.integers(min_value=0, max_value=60), min_size=1, max_size=12),
    origin=st.dates(dt.date(1999, 1, 1), dt.date(2098, 1, 1)),
)
def test_whatever_the_clock_does_an_age_is_that_of_the_first_report_or_unknown(
    weeks: list[int], origin: dt.date
) -> None:
    """Compare with the calendar of the standard library; a report may be of any week."""
    secret = TokenSecret(key=bytes(32))
    first, lost = None, False
    for number in weeks:
        day = origin + dt.timedelta(weeks=number)
        year, own, _ = day.isocalendar()
        label = f"{year:04d}-W{own:02d}"
        found = age(secret.first_week(label), label)
        kept = secret.for_own(label)
        assert kept is not None
        secret = TokenSecret.decode(kept.encode()) or secret
        first = number if first is None else first
        lost = lost or number < first
        passed = number - first + 1
        expected = "other"
        if not lost and passed <= 24:
            expected = RANGES[(passed > 1) + (passed > 4)]
        assert found == expected


@given(st.integers(min_value=1, max_value=400), st.integers(min_value=1, max_value=400))
def test_an_older_installation_never_says_that_it_is_younger(one: int, other: int) -> None:
    begin = Week.at(MONDAY)
    ages = [
        age(begin.label, Week(index=begin.index + weeks - 1).label)
        for weeks in sorted((one, other))
    ]
    order = (*RANGES, "other")
    assert order.index(ages[0]) <= order.index(ages[1])

"""A yes by configuration counts for the terms that it names, from the day after its day."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.cli.main import main
from headcount.consent.configured import setting
from headcount.consent.record import VARIABLE
from support.doors import HttpDoor, http_door
from support.sample_project import DAY, HOUR, MONDAY, SAMPLE
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.sample_project import Host

EARLIER = MONDAY - 7 * DAY


def yes(level: str = "basic", *, day: float = EARLIER) -> dict[str, str]:
    name, _, value = setting(SAMPLE, level, now=day).partition("=")
    assert name == VARIABLE
    return {VARIABLE: value}


@pytest.fixture(name="door")
def _door() -> Iterator[HttpDoor]:
    with http_door() as door:
        yield door


def test_it_turns_on_without_a_file_and_the_week_is_sent(host: Callable[..., Host]) -> None:
    site = host(environment=yes())
    state = site.client.state()
    assert (state.rule, state.on) == ("granted", True)
    assert site.client.record().via == "configuration"  # type: ignore[union-attr] # just seen
    assert not site.directory.exists()
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT
    assert "sample.json" not in site.files()


def test_it_has_a_level(host: Callable[..., Host]) -> None:
    assert "users" not in host(environment=yes()).client.state().keys
    assert "users" in host(environment=yes("extended")).client.state().keys


def test_nothing_leaves_before_the_day_after_its_day_is_over(host: Callable[..., Host]) -> None:
    site = host(environment=yes(day=MONDAY + HOUR), chance=0.0)
    assert site.client.next_due() == MONDAY + 2 * DAY


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("sample:basic:2026-11-09:" + "0" * 64, "agrees to other terms of sample"),
        ("sample:all:2026-11-09:{digest}", "makes no sense for sample"),
        ("sample:basic:2026-02-30:{digest}", "makes no sense for sample"),
        ("sample:basic:yesterday:{digest}", "makes no sense for sample"),
        ("sample:basic:99999999-01-01:{digest}", "makes no sense for sample"),
        ("sample:yes", "makes no sense for sample"),
        ("sample", "makes no sense for sample"),
    ],
)
def test_what_is_no_yes_to_these_terms_is_none_and_is_told(
    host: Callable[..., Host], value: str, said: str
) -> None:
    site = host(environment={VARIABLE: value.format(digest=SAMPLE.consent_digest)})
    state = site.client.state()
    assert (state.rule, state.on) == ("unreadable", False)
    assert said in state.explanation
    assert SAMPLE.consent_digest in state.explanation
    assert site.client.send_now() == Outcome.OFF
    assert not site.directory.exists()


@pytest.mark.parametrize("value", ["", "another:basic:2026-11-09:abc"])
def test_a_yes_to_another_project_is_none_to_this(host: Callable[..., Host], value: str) -> None:
    assert host(environment={VARIABLE: value}).client.state().rule == "undecided"
    both = f"{value} {yes()[VARIABLE]}"
    assert host(environment={VARIABLE: both}).client.state().on


def test_an_answer_on_disk_goes_before_it(host: Callable[..., Host]) -> None:
    site = host(environment=yes())
    site.client.refuse("php_version")
    assert "php_version" not in site.client.state().keys
    assert site.client.state().on
    site.client.deny()
    assert host(environment=yes()).client.state().rule == "denied"


@pytest.mark.parametrize("switch", ["DO_NOT_TRACK", "CI"])
def test_every_switch_goes_before_it(host: Callable[..., Host], switch: str) -> None:
    assert not host(environment={**yes(), switch: "1"}).client.state().on


def test_the_background_process_hears_of_it(host: Callable[..., Host], door: HttpDoor) -> None:
    site = host(
        environment=yes(day=time.time() - 9 * DAY),
        endpoint=f"http://127.0.0.1:{door.port}",
        now=time.time(),
        chance=0.0,
    )
    assert site.client.send_in_background() == Outcome.STARTED
    until(lambda: door.requests)


def test_the_command_prints_the_setting_and_writes_nothing(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    site = host()
    assert main(site.client, ["grant", "--as-configuration", "--level", "extended"]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed == f"{VARIABLE}=sample:extended:2026-11-16:{SAMPLE.consent_digest}"
    assert not site.directory.exists()
    name, _, value = printed.partition("=")
    assert host(environment={name: value}).client.state().on

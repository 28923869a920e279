"""The question in a terminal: once, with two answers of the same weight."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from headcount.asking.terminal import ask
from headcount.asking.wording import VERSION
from headcount.consent.switches import CI, TESTS
from support.sample_project import DAY, KEYS, NOTICED, Site, key, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.sample_project import Host

FRESH = key("fresh", 20, "boolean", purpose="Decide about freshness.")
WIDER = project((*KEYS, FRESH)).replaced(consent_digest="f" * 64)


class Screen(io.StringIO):
    """A stream that a person sits at."""

    def isatty(self) -> bool:
        return True


def asked(*sites: Host, typed: str = "", again: bool = False) -> tuple[str, str]:
    """What came of a question to somebody who types this, and what they saw."""
    screen = Screen()
    came = ask(*(site.client for site in sites), again=again, reading=Screen(typed), writing=screen)
    return came.answer, screen.getvalue()


@pytest.mark.parametrize(
    ("typed", "came", "rule", "level"),
    [
        ("yes\n\n", "yes", "granted", "basic"),
        ("yes\nextended\n", "yes", "granted", "extended"),
        ("YES\nbasic\n", "yes", "granted", "basic"),
        ("y\ne\n", "yes", "granted", "extended"),
        ("no\n", "no", "denied", ""),
        ("N\n", "no", "denied", ""),
        ("?\nno\n", "no", "denied", ""),
        ("perhaps\nno\n", "no", "denied", ""),
        ("\n", "later", "undecided", ""),
        ("", "later", "undecided", ""),
        ("a\nb\nc\nyes\n", "later", "undecided", ""),
    ],
)
def test_an_answer_is_what_was_typed_and_closing_decides_nothing(
    host: Callable[..., Host], typed: str, came: str, rule: str, level: str
) -> None:
    site = host()
    assert asked(site, typed=typed)[0] == came
    status = site.client.status()
    assert (status.rule, status.level) == (rule, level)
    assert not rule.endswith("ed") or rule == "undecided" or status.via == "terminal"
    assert status.wording == ("" if rule == "undecided" else VERSION)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("yes\nbasic\n", "Sample sends from now on, once a week: Version, Php_Version,"),
        ("no\n", "Nothing is sent about Sample."),
    ],
)
def test_an_answer_is_confirmed_with_what_follows_and_the_way_back(
    host: Callable[..., Host], typed: str, said: str
) -> None:
    site = host()
    _, screen = asked(site, typed=typed)
    assert said in screen
    assert str(site.directory / "sample.json") in screen
    assert "Nothing is sent" not in asked(host(project=WIDER), typed="\n")[1]


def test_both_answers_weigh_the_same(host: Callable[..., Host]) -> None:
    _, screen = asked(host(), typed="\n")
    prompt = screen.splitlines()[-1]
    assert prompt.startswith("yes or no? (Enter decides nothing")
    assert "[" not in prompt  # no default in brackets
    assert "Y/n" not in screen
    assert "\x1b" not in screen  # neither is coloured
    assert screen.count("yes or no?") == 1


def test_a_question_mark_shows_each_value_before_the_answer(host: Callable[..., Host]) -> None:
    site = host(site=Site(multisite=RuntimeError("boom")))
    _, screen = asked(site, typed="?\n\n")
    assert "Here it would be sent as: nginx 1.24" in screen
    assert "Here nothing would be sent: its collector raised RuntimeError: boom" in screen
    assert site.files() == {"sample.json"}  # that the question was put
    site.client.grant("extended", refused=["modules"])
    site = host(project=WIDER, site=Site(fresh=True))
    _, screen = asked(site, typed="?\n\n")
    assert "Here it would be sent as: yes" in screen
    assert "modules" not in site.site.called


def test_a_wider_question_is_put_once_and_a_no_leaves_it_as_it_was_agreed_to(
    host: Callable[..., Host],
) -> None:
    host().client.grant()
    finer = tuple(
        item.replaced(precision=3) if item.name == "php_version" else item for item in KEYS
    )
    site = host(project=project(finer).replaced(consent_digest="f" * 64))
    came, screen = asked(site, typed="no\n")
    assert came == "no"
    assert "Php_Version: parts of a version: 2 became 3" in screen
    assert site.client.state().limited == ("php_version",)
    assert asked(site, typed="yes\n")[0] == "not asked"
    assert asked(site, typed="yes\n", again=True)[0] == "yes"
    assert site.client.state().rule == "granted"


def test_a_notice_of_more_is_shown_in_the_terminal_again(host: Callable[..., Host]) -> None:
    site = host(project=NOTICED)
    assert asked(site, typed="\n")[0] == "later"
    wider = project((*KEYS, FRESH), mode="on_after_notice").replaced(consent_digest="f" * 64)
    site = host(project=wider, now=site.now + 3 * DAY)
    assert asked(site, typed="\n")[0] == "later"
    assert asked(site, typed="\n")[0] == "not asked"
    assert site.client.state().waiting == ("fresh",)
    site.now += DAY
    assert "fresh" in site.client.state().keys


def test_the_question_says_who_asks_for_what_and_why(host: Callable[..., Host]) -> None:
    _, screen = asked(host(), typed="?\n\n")
    seen = " ".join(screen.split())
    for item in KEYS:
        assert item.label in seen
        assert item.purpose in seen
        assert item.issue in seen
    for text in ("The Sample project", "privacy@example.org", "change your mind", "0-9, 10-99"):
        assert text in seen


@pytest.mark.parametrize("first", ["yes\n\n", "no\n", "\n", ""])
def test_nobody_is_asked_twice(host: Callable[..., Host], first: str) -> None:
    asked(host(), typed=first)
    assert asked(host(), typed="yes\n") == ("not asked", "")
    if first in {"no\n", "\n", ""}:  # and whatever a later version asks for
        assert asked(host(project=WIDER), typed="yes\n") == ("not asked", "")


def test_an_answer_given_elsewhere_is_not_asked_for(host: Callable[..., Host]) -> None:
    host().client.grant()
    assert asked(host(), typed="no\n") == ("not asked", "")


def test_whoever_comes_to_be_asked_again_is(host: Callable[..., Host]) -> None:
    site = host()
    site.client.deny()
    assert asked(site, typed="yes\n\n", again=True)[0] == "yes"
    assert site.client.state().on


@pytest.mark.parametrize("name", [*CI, *TESTS, "DO_NOT_TRACK"])
def test_no_question_appears_in_a_build_or_where_a_switch_is_off(
    host: Callable[..., Host], name: str
) -> None:
    site = host(environment={name: "1"})
    assert asked(site, typed="yes\n", again=True) == ("not asked", "")
    assert not site.directory.exists()


@pytest.mark.parametrize("without", ["reading", "writing"])
def test_no_question_appears_without_a_terminal(host: Callable[..., Host], without: str) -> None:
    site = host()
    streams = {"reading": Screen("yes\n"), "writing": Screen(), without: io.StringIO("yes\n")}
    came = ask(site.client, reading=streams["reading"], writing=streams["writing"])
    assert came.answer == "not asked"
    assert "terminal" in came.reason
    assert not site.directory.exists()


def test_no_question_appears_where_the_answer_could_not_be_kept(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert asked(host(tmp_path / "file" / "state"), typed="yes\n") == ("not asked", "")


def test_a_decision_that_cannot_be_read_is_not_asked_over(host: Callable[..., Host]) -> None:
    site = host()
    site.client.deny()
    (site.directory / "sample.json").write_text("{")
    assert asked(site, typed="yes\n") == ("not asked", "")
    assert asked(site, typed="no\n", again=True)[0] == "no"


@pytest.mark.parametrize(
    ("typed", "keys", "waiting"),
    [("yes\n", True, False), ("no\n", False, False), ("\n", False, True)],
)  # fmt: skip
def test_of_a_wider_project_only_what_is_new_is_asked_and_once(
    host: Callable[..., Host], typed: str, *, keys: bool, waiting: bool
) -> None:
    host().client.grant()
    site = host(project=WIDER)
    came, screen = asked(site, typed=typed)
    assert came != "not asked"
    assert "Decide about freshness." in " ".join(screen.split())
    assert "Php_Version" not in screen.partition("yes or no?")[0]
    assert ("fresh" in site.client.state().keys) is keys
    assert ("fresh" in site.client.state().waiting) is waiting
    assert "php_version" in site.client.state().keys
    assert asked(site, typed="yes\n") == ("not asked", "")
    reason = ask(site.client, reading=Screen("yes\n"), writing=Screen()).reason
    assert "was put before" in reason or "nothing new is asked" in reason


def test_one_question_covers_several_projects(host: Callable[..., Host]) -> None:
    one, other = host(), host(project=project(name="sample_two"))
    came, screen = asked(one, other, typed="yes\n\n")
    assert came == "yes"
    assert screen.count("yes or no?") == 1
    assert one.client.state().on
    assert other.client.state().on


def test_a_project_by_notice_takes_no_answer_as_the_notice_but_not_a_closed_terminal(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site = host(project=NOTICED)
    _, screen = asked(site, typed="\n")
    assert "24 hours after this notice" in " ".join(screen.split())
    assert "Enter leaves it at the notice" in screen
    assert site.client.state().rule == "notice-pending"
    site.now += DAY
    assert site.client.state().rule == "notice"
    closed = host(tmp_path / "closed", project=NOTICED)
    asked(closed, typed="")
    assert closed.client.state().rule == "undecided"


def test_a_text_of_a_project_cannot_steer_the_terminal(host: Callable[..., Host]) -> None:
    tricky = project((*KEYS[:1], key("odd", 2, "boolean", label="Odd\x1b[2J", purpose="\x07")))
    _, screen = asked(host(project=tricky), typed="?\n\n")
    assert screen.isprintable() or set(screen) - {"\n"} == {c for c in screen if c.isprintable()}


@pytest.mark.slow
def test_the_command_asks_in_a_real_terminal(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "bee_telemetry", "ask", "--state", str(tmp_path / "state")]
    environment = {**clean_environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    above, below = pty.openpty()
    process = subprocess.Popen(
        command, stdin=below, stdout=below, stderr=below, env=environment, close_fds=True
    )
    os.close(below)
    seen = b""
    while b"yes or no?" not in seen:
        seen += os.read(above, 4096)
    os.write(above, b"no\n")
    assert process.wait(30) == 0
    os.close(above)
    # Without a terminal, the same command says why it does not ask.
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, "")
    assert done.stdout == "Not asked: there is no terminal to ask in\n"

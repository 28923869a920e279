"""The check of a host's collectors: what it finds, and what it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backdrop_telemetry import PROJECT, Collectors
from headcount import Client
from headcount.reporting.live_check import Fault, HostCheck, check
from headcount.testing import installed
from support.sample_project import SAMPLE, Host, Site, key, project

WELL = {"modules": ["views", "webform"]}
SECRET = "s3cret-of-a-site"  # noqa: S105 - what must not be told


def sample(**answers: object) -> HostCheck:
    return check(SAMPLE, Site(**{**WELL, **answers}), seconds=None, obstacle="")


def found(outcome: HostCheck) -> dict[str, str]:
    return {fault.key: fault.check for fault in outcome.faults}


def test_a_host_whose_collectors_are_right_has_nothing_to_mend() -> None:
    outcome = sample()
    assert outcome.faults == ()
    assert (outcome.keys, outcome.silent) == (9, ())
    assert set(outcome.answered) == {each.name for each in SAMPLE.keys}


@pytest.mark.parametrize(
    ("name", "answer", "word", "message"),
    [
        ("multisite", RuntimeError(SECRET), "raised", "its collector raised RuntimeError"),
        ("multisite", [SECRET], "wrong-type", "its collector returned a list that is no boolean"),
        ("users", SECRET, "wrong-type", "its collector returned a str that is no count"),
        ("users", 2.5, "wrong-type", "its collector returned a float that is no count"),
        ("version", 8.2, "wrong-type", "its collector returned a float that is no version"),
        ("server_os", SECRET, "became-other", "it answers a value that is not declared"),
        ("web_server", (SECRET, "1.0"), "became-other", "it answers a value that is not declared"),
        ("web_server", f"{SECRET} 1.0", "became-other", "it answers a value that is not declared"),
        ("version", SECRET, "became-other", "it answers a value that is not declared"),
        ("modules", ["views", SECRET, "x"], "became-other", "it answers 2 values that are not"),
        ("layouts", [SECRET], "became-other", "it answers a value that is not declared"),
        ("motto", SECRET * 9, "out-of-bounds", "its answer has 144 characters, and 64 are allowed"),
        ("users", -1, "out-of-bounds", "its answer has a negative number"),
        ("users", 10**18, "out-of-bounds", "its answer has more than 18 digits"),
        pytest.param(
            *("users", 10**5000, "out-of-bounds", "its answer has more than 18 digits"),
            id="a number that Python does not write",
        ),
    ],
)
def test_a_fault_has_its_word_and_a_sentence_without_the_value(
    name: str, answer: object, word: str, message: str
) -> None:
    outcome = sample(**{name: answer})
    assert found(outcome) == {name: word}
    (fault,) = outcome.faults
    assert fault.message.startswith(message)
    assert SECRET not in repr(fault.replaced(raw=()))


def test_a_list_that_is_longer_than_its_bound_is_told_with_its_length() -> None:
    long = project(keys=(key("plugins", 1, "list", catalogue=("a", "b", "c"), max_items=2),))
    outcome = check(long, Site(plugins=["a", "b", "c"]), seconds=None, obstacle="")
    assert outcome.faults[0].message == "its answer has 3 items, of which 2 are sent"


def test_what_a_developer_may_see_is_held_apart() -> None:
    (fault,) = sample(server_os=SECRET).faults
    assert fault.raw == (SECRET,)
    (fault,) = sample(multisite=RuntimeError(SECRET)).faults
    assert SECRET in fault.raw[0]


def test_no_answer_is_no_fault_and_is_told() -> None:
    outcome = sample(users=None)
    assert (outcome.faults, outcome.silent) == ((), ("users",))
    assert "users" not in outcome.answered


def test_a_collector_that_hangs_is_named() -> None:
    told = threading.Event()

    class Slow(Site):
        def users(self) -> int:
            told.wait()
            return 1

    try:
        assert found(check(SAMPLE, Slow(**WELL), seconds=0.5, obstacle="")) == {"users": "late"}
    finally:
        told.set()


class Some(Collectors):
    def php_version(self) -> str:
        return "8.2"

    @staticmethod
    def web_server() -> str:
        return "nginx/1.24"

    def database_server(self) -> None:
        """Declared nowhere; beside `database`, and not a helper by its name."""

    def _helper(self) -> None:
        raise AssertionError


def test_a_key_keeps_no_collector_until_the_host_overrides_it() -> None:
    outcome = check(PROJECT, Some(), seconds=None, obstacle="")
    missing = {fault.key for fault in outcome.faults if fault.check == "no-collector"}
    assert missing == {key.name for key in PROJECT.keys} - {"php_version", "web_server"}
    assert set(outcome.answered) == {"php_version", "web_server"}


def test_a_collector_without_key_is_named_with_its_place_and_what_it_may_mean() -> None:
    class Typo(Some):
        def php_versoin(self) -> str:
            return "8.2"

    faults = check(PROJECT, Typo(), seconds=None, obstacle="").faults
    stray = {fault.key: fault for fault in faults if fault.check == "no-key"}
    assert stray.keys() == {"php_versoin", "database_server"}
    assert "perhaps to `php_version`" in stray["php_versoin"].message
    assert Path(stray["php_versoin"].file) == Path(__file__)
    line = Path(__file__).read_text(encoding="utf-8").splitlines()[stray["php_versoin"].line - 1]
    assert line.strip() == "def php_versoin(self) -> str:"


def test_a_collector_may_stand_on_the_object_itself() -> None:
    class Bare:
        __slots__ = ()

    some = Some()
    vars(some).update(core_layouts=list, strange=list)
    faults = check(PROJECT, some, seconds=None, obstacle="").faults
    assert "strange" in {fault.key for fault in faults}
    assert "core_layouts" not in {fault.key for fault in faults}
    empty = check(PROJECT, Bare(), seconds=None, obstacle="")
    assert {fault.check for fault in empty.faults} == {"no-collector"}


def test_an_endpoint_that_cannot_be_used_is_a_fault(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headcount.transport.connect.find_spec", lambda _name: None)
    client = host(site=Site(**WELL), endpoint="grpcs://telemetry.example.org").client
    assert found(client.check()) == {"": "endpoint"}


def test_it_asks_whatever_was_agreed_to_and_leaves_nothing_behind(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    site: Any = host(tmp_path / "state", site=Site(**WELL))
    site.environment["DO_NOT_TRACK"] = "1"
    assert site.client.check().faults == ()
    assert set(site.site.called) == {each.name for each in SAMPLE.keys}
    assert not (tmp_path / "state").exists()
    assert site.transport.requests == []


def test_a_test_of_the_host_asks_the_same(tmp_path: Path) -> None:
    with installed(Client, SAMPLE, Site(**WELL), level=None) as site:
        assert site.check().faults == ()
    with installed(Client, SAMPLE, Site(server_os="Plan 9", **WELL)) as site:
        (fault,) = site.check().faults
        assert isinstance(fault, Fault)
        assert (fault.key, fault.check) == ("server_os", "became-other")
    plaintext = SAMPLE.replaced(endpoint="http://telemetry.example.org")
    with (
        pytest.warns(RuntimeWarning, match="nothing could be sent"),
        installed(Client, plaintext, Site(**WELL)) as site,
    ):
        assert found(site.check()) == {"": "endpoint"}
    assert list(tmp_path.iterdir()) == []

"""Nothing is sent, collected or kept without a yes to exactly that."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from headcount import Client, HeadcountError, Outcome
from headcount.consent.switches import CI
from headcount.model.errors import ConsentError, StateError
from support.sample_project import DAY, KEYS, MONDAY, NOTICED, Site, key, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.sample_project import Host

BASIC = tuple(item.name for item in KEYS if item.level == "basic")
ALL = tuple(item.name for item in KEYS)


@pytest.mark.slow
def test_the_first_rule_that_matches_decides(host: Callable[..., Host]) -> None:
    site = host(environment={"DO_NOT_TRACK": "1", "CI": "true"})
    rules = [site.client.state().rule]
    del site.environment["DO_NOT_TRACK"]
    rules.append(site.client.state().rule)
    del site.environment["CI"]
    rules.append(site.client.state().rule)
    site.client.deny()
    rules.append(site.client.state().rule)
    site.client.grant()
    rules.append(site.client.state().rule)
    assert rules == ["environment", "automated", "undecided", "denied", "granted"]
    off = host(administrator_off=True).client.state()
    assert (off.rule, off.on, off.keys) == ("administrator", False, ())


@pytest.mark.parametrize(
    ("name", "value", "on"),
    [
        ("DO_NOT_TRACK", "1", False), ("DO_NOT_TRACK", "true", False),
        ("DO_NOT_TRACK", "yes", False), ("DO_NOT_TRACK", "", True), ("DO_NOT_TRACK", "0", True),
        ("DO_NOT_TRACK", "false", True), ("DO_NOT_TRACK", "No", True),
        ("HEADCOUNT_TELEMETRY", "off", False), ("HEADCOUNT_TELEMETRY", "0", False),
        *(
            ("HEADCOUNT_TELEMETRY", word, False)
            for word in ("disabled", "disable", "none", "n", "never", "f", "deny", "nein", "of")
        ),
        *(("HEADCOUNT_TELEMETRY", word, True) for word in ("1", "True", " YES ", " ", "ON")),
        ("HEADCOUNT_TELEMETRY", "False", False), ("HEADCOUNT_TELEMETRY", "no", False),
        ("HEADCOUNT_TELEMETRY", "on", True), ("HEADCOUNT_TELEMETRY", "", True),
        ("CI", "false", True), ("PYTEST_CURRENT_TEST", "test_x", False),
        *((name, "x", False) for name in CI),
    ],
)  # fmt: skip
def test_the_environment_overrules_a_yes(
    host: Callable[..., Host], name: str, value: str, *, on: bool
) -> None:
    site = host()
    site.client.grant()
    before = (site.directory / "sample.json").read_bytes()
    site.environment[name] = value
    assert site.client.state().on is on
    assert (site.directory / "sample.json").read_bytes() == before


def test_the_machines_off_file_overrules_a_yes_and_is_named(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    file = tmp_path / "headcount" / "off"
    site = host(off_file=str(file), environment={"HEADCOUNT_TELEMETRY": "on"})
    site.client.grant()
    assert site.client.state().rule == "granted"
    file.parent.mkdir()
    file.symlink_to("nowhere")  # whatever it is, it is there
    state = site.client.state()
    assert (state.on, state.rule) == (False, "machine")
    assert str(file) in state.explanation
    assert site.client.send_now() == Outcome.OFF
    assert not site.site.called
    assert host(off_file=str(file), administrator_off=True).client.state().rule == "administrator"
    file.unlink()
    assert site.client.state().rule == "granted"


def test_the_off_file_costs_one_look(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    real = os.lstat

    def look(path: str) -> os.stat_result:
        looks.append(path)
        return real(path)

    monkeypatch.setattr(os, "lstat", look)
    host(off_file="/etc/headcount/off").client.state()
    assert looks == ["/etc/headcount/off"]
    looks.clear()
    host(off_file="").client.state()
    assert not looks


def test_a_value_that_nobody_understands_is_shown(host: Callable[..., Host]) -> None:
    site = host(environment={"HEADCOUNT_TELEMETRY": "disabeld"})
    assert "HEADCOUNT_TELEMETRY, which is 'disabeld'" in site.client.status().explanation


def test_a_yes_under_an_environment_that_says_no_keeps_only_the_decision(
    host: Callable[..., Host],
) -> None:
    site = host(environment={"DO_NOT_TRACK": "1"})
    site.client.grant()
    assert not site.client.due()
    assert site.client.send_now() == Outcome.OFF
    assert site.files() == {"sample.json"}
    site.environment.clear()
    assert site.client.send_now() == Outcome.SENT


def test_withdrawing_removes_all_but_the_decision_and_on_request_the_history(
    host: Callable[..., Host],
) -> None:
    site = host()
    site.client.grant()
    site.client.send_now()
    (kept,) = site.directory.glob("sample.history/*")
    site.client.deny()
    assert site.files() == {"sample.json", f"sample.history/{kept.name}"}
    site.client.deny(clear_history=True)
    assert [path.name for path in site.directory.iterdir()] == ["sample.json"]
    assert site.client.send_now() == Outcome.OFF
    assert site.client.next_due() is None


def test_forgetting_leaves_nothing(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    site.client.send_now()
    site.client.forget()
    assert not site.directory.exists()
    site.client.forget()
    assert site.client.state().rule == "undecided"


def test_forgetting_one_project_leaves_the_other(host: Callable[..., Host]) -> None:
    one, other = host(), host(project=project(name="sample_two"))
    one.client.grant()
    other.client.grant()
    one.client.forget()
    assert other.files() == {"sample_two.json", "sample_two/secret", "sample_two/lock"}
    assert other.client.state().on


def test_a_no_is_sticky_over_new_keys(host: Callable[..., Host]) -> None:
    host().client.deny()
    wider = host(project=project((*KEYS, key("fresh", 20, "boolean"))))
    assert wider.client.state().rule == "denied"
    assert wider.client.state().waiting == ()


def test_a_no_survives_the_notice(host: Callable[..., Host]) -> None:
    site = host(project=NOTICED)
    site.client.deny()
    site.client.notice_shown()
    site.now += 30 * DAY
    assert site.client.state().rule == "denied"


def test_a_notice_turns_on_after_a_day(host: Callable[..., Host]) -> None:
    site = host(project=NOTICED, chance=0.0)
    assert site.client.state().rule == "undecided"
    site.client.notice_shown()
    assert site.client.state().rule == "notice-pending"
    assert site.files() == {"sample.json"}
    assert site.client.next_due() == site.now + DAY
    site.now += DAY - 1
    site.client.notice_shown()  # a second showing starts nothing afresh
    assert not site.client.state().on
    site.now += 1
    assert site.client.state().rule == "notice"
    assert site.client.state().keys == BASIC
    assert site.client.send_if_due() == Outcome.SENT


def test_a_notice_turns_nothing_on_in_a_project_that_asks_first(host: Callable[..., Host]) -> None:
    asking = host()
    asking.client.notice_shown()
    asking.now += 30 * DAY
    assert asking.client.state().rule == "undecided"
    upgraded = host(project=NOTICED, now=asking.now)
    assert upgraded.client.state().rule == "undecided"


def test_a_refused_keys_collector_is_not_called(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant(refused=["php_version"])
    site.client.refuse("modules")
    site.client.send_now()
    assert set(site.site.called) == set(BASIC) - {"php_version", "modules"}
    site.client.allow("modules")
    assert "modules" in site.client.state().keys


def test_a_no_to_one_key_survives_a_later_yes(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant("extended", refused=["modules"])
    site.client.refuse("motto")
    state = site.client.grant()
    assert not {"modules", "motto"} & set(state.keys)
    assert "users" in state.keys  # the level stays as well
    site.client.deny()
    state = site.client.grant()
    assert not {"modules", "motto", "users"} & set(state.keys)  # a no undoes the level, no refusal
    site.client.allow("modules")
    assert "modules" in site.client.grant().keys
    assert site.client.grant("extended", refused=[]).keys == tuple(item.name for item in KEYS)


def test_a_no_to_one_key_survives_a_yes_after_the_notice_and_to_its_new_name(
    host: Callable[..., Host],
) -> None:
    site = host(project=NOTICED)
    site.client.notice_shown()
    site.client.refuse("modules")
    renamed = tuple(
        item.replaced(name="parts", formerly="modules") if item.name == "modules" else item
        for item in KEYS
    )
    site = host(project=project(renamed, mode="on_after_notice"))
    assert "parts" not in site.client.grant().keys
    assert "parts" not in site.client.grant("extended").keys
    site.client.set_level("basic")
    site.client.set_level("extended")
    assert "parts" not in site.client.state().keys


def test_a_no_keeps_what_was_left_out_and_compares_nothing(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant(refused=["modules"])
    site.client.deny()
    assert site.client.status().refused == ("modules",)
    assert site.client.changes() == ()


def test_a_key_refused_after_freezing_does_not_leave(host: Callable[..., Host]) -> None:
    site = host()
    site.transport.answers = _unavailable()
    site.client.grant()
    site.client.send_now()
    assert "outbox.json" in {path.name for path in site.directory.rglob("*")}
    site.client.refuse("php_version")
    assert "outbox.json" not in {path.name for path in site.directory.rglob("*")}
    site.client.send_now()
    first, second = site.transport.requests
    assert b"8.2" in first.report
    assert b"8.2" not in second.report
    assert first.token == second.token


def test_a_level_adds_and_takes_its_keys(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    assert site.client.state().keys == BASIC
    site.client.set_level("extended")
    assert site.client.state().keys == ALL
    site.client.set_level("basic")
    assert site.client.state().keys == BASIC


WIDER: list[tuple[str, dict[str, Any]]] = [
    ("precision", {"precision": 3}),
    ("purpose", {"purpose": "Sell it."}),
    ("values", {"values": {"Apache": 2, "nginx": 3, "Caddy": 4}}),
    ("by", {"by": ("version",)}),
    ("type", {"type": "text"}),
]


@pytest.mark.parametrize("change", [change for _, change in WIDER], ids=[name for name, _ in WIDER])
def test_a_key_that_was_widened_waits_or_is_sent_as_it_was_agreed_to(
    host: Callable[..., Host], change: dict[str, Any]
) -> None:
    host().client.grant()
    keys = tuple(item.replaced(**change) if item.name == "web_server" else item for item in KEYS)
    state = host(project=project(keys)).client.state()
    assert state.rule == "widened"
    if change.keys() <= {"values", "precision"}:
        assert (state.waiting, state.limited, state.keys) == ((), ("web_server",), BASIC)
    else:
        assert (state.waiting, state.limited) == (("web_server",), ())
        assert state.keys == tuple(name for name in BASIC if name != "web_server")


@pytest.mark.slow
def test_what_was_agreed_to_flows_on_within_the_agreed_terms(host: Callable[..., Host]) -> None:
    changes: dict[str, dict[str, Any]] = {
        "server_os": {"values": {"Linux": 2, "Windows": 3, "BSD": 4}},
        "web_server": {"values": {"Apache": 2, "nginx": 3, "nginx Plus": 4}, "precision": 3},
        "php_version": {"precision": 3},
        "layouts": {"values": {"moscone": 2, "taylor": 3, "harris": 4}},
    }
    host().client.grant()
    keys = tuple(item.replaced(**changes.get(item.name, {})) for item in KEYS)
    site = host(
        project=project(keys).replaced(digest="e" * 64),
        site=Site(
            server_os="BSD", web_server="nginx Plus 1.2.3", layouts=["harris", "taylor"],
        ),
    )  # fmt: skip
    wide = {
        "server_os": "BSD", "web_server": ("nginx Plus", "1.2.3"), "php_version": "8.2.7",
        "layouts": ("harris", "taylor"),
    }  # fmt: skip
    cut = {
        "server_os": "other", "web_server": ("other", ""), "php_version": "8.2",
        "layouts": ("other", "taylor"),
    }  # fmt: skip
    assert set(site.client.state().limited) == changes.keys()
    preview = site.client.preview()
    assert {name: preview.values[name] for name in cut} == cut
    assert {name: site.client.preview("basic").values[name] for name in cut} == wide
    site.client.send_now()
    assert site.client.sent_values() == preview.values
    assert {item.key for item in site.client.changes() if item.limited} == changes.keys()
    for name in changes:
        site.client.allow(name)
    assert site.client.state().rule == "granted"
    site.now += 7 * DAY
    site.client.send_now()
    assert {name: site.client.sent_values()[name] for name in wide} == wide


def test_a_newer_notice_starts_a_day_of_its_own_and_interrupts_nothing(
    host: Callable[..., Host],
) -> None:
    site = host(project=NOTICED)
    site.client.notice_shown()
    site.client.refuse("modules")
    newer = project((*KEYS, key("fresh", 20, "boolean")), mode="on_after_notice")
    newer = newer.replaced(
        keys=tuple(
            item.replaced(precision=3) if item.name == "php_version" else item
            for item in newer.keys
        ),
        consent_digest="f" * 64,
    )
    site = host(project=newer, site=Site(fresh=True), now=MONDAY + 3 * DAY)
    for _ in range(2):
        state = site.client.state()
        assert (state.rule, state.waiting, state.limited) == (
            "notice",
            ("fresh",),
            ("php_version",),
        )
        site.now += 10 * DAY
    shown = site.now
    site.client.notice_shown()
    before = (site.directory / "sample.json").read_bytes()
    site.now += DAY - 1
    site.client.notice_shown()  # once more: only the first counts
    assert (site.directory / "sample.json").read_bytes() == before
    assert "fresh" not in site.client.state().keys
    assert "php_version" in site.client.state().keys
    site.now = shown + DAY
    state = site.client.state()
    assert (state.waiting, state.limited) == ((), ())
    assert "fresh" in state.keys
    assert "modules" not in state.keys
    assert site.client.preview().values["php_version"] == "8.2.7"
    site.now = shown - DAY  # a clock that is set back takes nothing for agreed to
    assert "fresh" not in site.client.state().keys


@pytest.mark.parametrize(
    "change",
    [
        {"precision": 1}, {"values": {"nginx": 3}}, {"label": "x"}, {"description": "x"},
        {"aliases": {"httpd": "Apache"}}, {"issue": "https://example.org"}, {"owner": "x"},
    ],
)  # fmt: skip
def test_a_key_that_tells_no_more_does_not_wait(
    host: Callable[..., Host], change: dict[str, Any]
) -> None:
    host().client.grant()
    keys = tuple(item.replaced(**change) if item.name == "web_server" else item for item in KEYS)
    assert host(project=project(keys)).client.state().rule == "granted"


def test_other_bounds_wait(host: Callable[..., Host]) -> None:
    host().client.grant("extended")

    def bucketed(*bounds: int) -> tuple[str, ...]:
        keys = tuple(
            item.replaced(buckets=bounds) if item.name == "users" else item for item in KEYS
        )
        return host(project=project(keys)).client.state().waiting

    assert bucketed(10, 50, 100, 1000) == ("users",)
    assert bucketed(100) == ("users",)


def test_a_new_key_waits_until_it_is_allowed(host: Callable[..., Host]) -> None:
    host().client.grant()
    site = host(project=project((*KEYS, key("fresh", 20, "boolean"))), site=Site(fresh=True))
    assert site.client.state().waiting == ("fresh",)
    site.client.send_now()
    assert "fresh" not in site.site.called
    site.client.allow("fresh")
    assert site.client.state().rule == "granted"
    assert "fresh" in site.client.state().keys


def test_a_refusal_follows_a_key_to_its_new_name(host: Callable[..., Host]) -> None:
    host().client.grant(refused=["modules"])
    keys = tuple(
        item.replaced(name="addons", formerly="modules") if item.name == "modules" else item
        for item in KEYS
    )
    state = host(project=project(keys)).client.state()
    assert "addons" not in (*state.keys, *state.waiting)


def test_an_expired_key_is_neither_sent_nor_asked(host: Callable[..., Host]) -> None:
    keys = (*KEYS[:-1], key("gone", 20, "boolean", expires="2026-11-17"))
    site = host(project=project(keys))
    site.client.grant()
    assert "gone" in site.client.state().keys
    site.now = MONDAY + DAY
    assert "gone" not in site.client.state().keys
    assert site.client.state().waiting == ()


def test_a_change_of_mind_within_a_week_counts_once(host: Callable[..., Host]) -> None:
    """The secret is destroyed with the no, so the same week is not reported again."""
    site = host()
    site.client.grant()
    assert site.client.send_now() == Outcome.SENT
    site.client.deny()
    site.client.grant()
    assert site.client.send_now() == Outcome.NOT_DUE
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT
    assert [request.week for request in site.transport.requests] == ["2026-W47", "2026-W48"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'"granted"', b"\xff\xfe", b'{"format": 2}', b"[" * 100_000],
)
def test_a_damaged_decision_is_undecided_and_never_granted(
    host: Callable[..., Host], damage: bytes
) -> None:
    site = host(project=NOTICED)
    site.client.grant()
    (site.directory / "sample.json").write_bytes(damage)
    assert site.client.state().rule == "unreadable"
    assert str(site.directory / "sample.json") in site.client.state().explanation
    site.client.notice_shown()  # what cannot be read may have been a no
    site.now += 30 * DAY
    assert site.client.send_now() == Outcome.OFF
    assert not site.transport.requests
    site.client.grant()
    assert site.client.state().on


@pytest.mark.parametrize(
    "part", ["decision", "level", "terms", "refused", "at", "not_before", "notice", "spent"]
)
@pytest.mark.parametrize("nonsense", [None, 7, "nonsense", [7], {"a": 1}, True])
def test_a_decision_with_one_bad_part_never_sends_more(
    host: Callable[..., Host], part: str, nonsense: object
) -> None:
    site = host()
    site.client.grant()
    path = site.directory / "sample.json"
    parts = json.loads(path.read_bytes())
    parts[part] = nonsense
    path.write_text(json.dumps(parts))
    state = site.client.state()
    harmless = part in {"at", "not_before", "notice"} and nonsense == 7
    assert state.rule == ("granted" if harmless and nonsense is not True else "unreadable")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.refuse("php_version"),
        lambda client: client.allow("php_version"),
        lambda client: client.set_level("extended"),
        lambda client: client.grant("everything"),
        lambda client: client.grant(refused=["no_such_key"]),
        lambda client: (client.grant(), client.allow("users")),
        lambda client: (client.grant(), client.refuse("no_such_key")),
        lambda client: (client.deny(), client.refuse("php_version")),
    ],
)
def test_an_answer_that_makes_no_sense_is_said_so(
    host: Callable[..., Host], call: Callable[[Client], object]
) -> None:
    with pytest.raises(ConsentError):
        call(host().client)


def test_a_state_directory_that_cannot_be_made_is_named(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    site = host(blocker / "state")
    with pytest.raises(StateError, match="file"):
        site.client.grant()
    assert issubclass(StateError, HeadcountError)
    assert not site.client.due()
    assert site.client.send_now() == Outcome.OFF


def test_leftovers_of_a_crash_are_swept(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    (site.directory / "sample.json.abcd.tmp").write_text("half a decision")
    gone = site.directory / "sample.abcd.gone"
    gone.mkdir()
    (gone / "secret").write_bytes(b"x" * 32)
    site.client.deny()
    assert site.files() == {"sample.json"}
    assert sorted(path.name for path in site.directory.iterdir()) == ["sample.json"]


def _unavailable() -> list[Any]:
    from headcount.transport.messages import Answer  # noqa: PLC0415 - only here

    return [Answer(code="UNAVAILABLE")]

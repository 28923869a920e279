"""What a site owner reads: status, history, what changed, and the server's promise."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from headcount import Outcome
from headcount.asking.differences import differences
from headcount.asking.wording import Words
from headcount.consent import state as consent
from headcount.consent.changes import Difference, changes
from headcount.consent.state import agreed_terms
from headcount.consent.terms import Terms
from headcount.consent.transitions import yes_given
from headcount.delivery.history import LIMIT
from headcount.model.errors import ConsentError, ServerError
from headcount.model.frozen import plain
from headcount.model.project import Project
from headcount.transport.messages import GET_REGISTRY, Answer, Ignored, Request
from hypothesis import given
from hypothesis import strategies as st
from support.doors import http_door
from support.sample_project import (
    DAY,
    HOUR,
    KEYS,
    MONDAY,
    NOTICED,
    SAMPLE,
    Recorder,
    Site,
    Talking,
    key,
    project,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


def wider(*more: Any, **changed: dict[str, Any]) -> Project:
    """The sample with further keys, and with parts of its keys changed."""
    keys = tuple(item.replaced(**changed.get(item.name, {})) for item in KEYS)
    grown = project((*keys, *more))
    return grown.replaced(digest="e" * 64, consent_digest="f" * 64)


def test_what_was_previewed_is_what_was_sent_and_what_the_history_holds(
    host: Callable[..., Host],
) -> None:
    site = host()
    site.client.grant()
    previewed = site.client.preview()
    assert site.client.send_now() == Outcome.SENT
    (request,) = site.transport.requests
    (entry,) = site.client.history()
    assert previewed.digest == hashlib.sha256(request.report).hexdigest() == entry.digest
    assert json.loads(previewed.json) == entry.report
    assert (entry.outcome, entry.week, entry.counted_week) == ("SENT", "2026-W47", "2026-W47")
    assert (entry.first_at, entry.at, entry.tries) == (site.now, site.now, 1)


def test_the_history_holds_what_left_whatever_came_of_it(host: Callable[..., Host]) -> None:
    ignored = Ignored(key="motto", number=9, reason="IGNORED_REASON_EXPIRED", message="gone")
    site = host(
        transport=Recorder(
            Answer(code="UNAVAILABLE", message="down"),
            Answer(code="OK", ignored=(ignored,)),
            Answer(code="INVALID_ARGUMENT", message="no"),
        )
    )
    site.client.grant()
    site.client.send_now()
    (entry,) = site.client.history()
    assert (entry.outcome, entry.message) == ("LATER", "UNAVAILABLE: down")
    site.client.send_now()
    (entry,) = site.client.history()
    assert (entry.outcome, entry.tries, entry.ignored) == ("SENT", 2, {"motto": "gone"})
    site.now += 7 * DAY
    site.client.send_now()
    assert [entry.outcome for entry in site.client.history()] == ["DROPPED", "SENT"]


def test_the_history_names_a_key_that_an_older_server_knows_no_name_of(
    host: Callable[..., Host],
) -> None:
    older = Ignored(
        key="", number=4, reason="IGNORED_REASON_UNKNOWN",
        message="report[4]: no key has this number",
    )  # fmt: skip
    other = older.replaced(key="", number=99, message="report[99]: no key has this number")
    site = host(transport=Recorder(Answer(code="OK", ignored=(older, other))))
    site.client.grant()
    outcome = site.client.send_now()
    assert [item.key for item in outcome.ignored] == ["server_os", ""]
    (entry,) = site.client.history()
    assert entry.ignored == {
        "server_os": "the server does not know this key yet",
        "99": "report[99]: no key has this number",
    }


def test_a_report_is_on_record_before_it_leaves(host: Callable[..., Host]) -> None:
    site = host()
    seen: list[str] = []

    class Looking(Recorder):
        def submit(self, request: Request, timeout: float) -> Answer:
            seen.extend(entry.outcome for entry in site.client.history())
            return super().submit(request, timeout)

    site.client._transport = Looking()
    site.client.grant()
    site.client.send_now()
    assert seen == ["UNANSWERED"]


def test_a_report_that_cannot_be_put_on_record_does_not_leave(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    (site.directory / "sample.history").write_text("in the way, for root too")
    assert site.client.send_now() == Outcome.LATER
    assert not site.transport.requests


@pytest.mark.slow
def test_the_history_is_bounded_and_reads_without_us(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    for _ in range(LIMIT + 3):
        assert site.client.send_now() == Outcome.SENT
        site.now += 7 * DAY
    entries = site.client.history()
    assert len(entries) == LIMIT
    assert entries[0].at > entries[-1].at > MONDAY + 3 * 7 * DAY
    for path in (site.directory / "sample.history").iterdir():
        text = path.read_text("utf-8")
        assert json.loads(text)["outcome"] == "SENT"
        assert '\n  "phpVersion"' in text


@pytest.mark.parametrize("damage", ["", "{}", "[]", "null", '{"week": 7}', "\x00", "[" * 100_000])
def test_a_damaged_file_of_the_history_is_left_out(host: Callable[..., Host], damage: str) -> None:
    site = host()
    site.client.grant()
    site.client.send_now()
    (site.directory / "sample.history" / "2026-W01-ab.json").write_text(damage)
    assert [entry.week for entry in site.client.history()] == ["2026-W47"]
    site.now += 7 * DAY
    assert site.client.send_now() == Outcome.SENT


def test_status_names_the_rule_the_place_and_what_is_next(host: Callable[..., Host]) -> None:
    site = host(chance=0.0)
    status = site.client.status()
    assert (status.on, status.rule, status.decision) == (False, "undecided", "")
    assert (status.last, status.next_due, status.decided_at) == (None, None, None)
    assert not site.directory.exists()
    site.client.grant(refused=["modules"], via="installer", wording="7")
    status = site.client.status()
    assert (status.on, status.rule, status.level) == (True, "granted", "basic")
    assert (status.refused, status.via, status.wording) == (("modules",), "installer", "7")
    assert (status.decided_at, status.next_due) == (site.now, site.now + DAY)
    assert (status.agreed_digest, status.registry_digest) == (SAMPLE.digest, SAMPLE.digest)
    assert status.state_directory == str(site.directory)
    site.client.send_now()
    status = site.client.status()
    assert status.last == site.client.history()[0]
    assert status.next_due == MONDAY + 7 * DAY
    json.dumps(plain(status))
    site.now += 7 * DAY
    site.client.send_now()
    last = site.client.status().last
    assert last is not None
    assert last.week == "2026-W48"


def test_status_tells_a_yes_from_the_switch_that_overrules_it(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    site.environment["DO_NOT_TRACK"] = "1"
    status = site.client.status()
    assert (status.on, status.rule, status.decision) == (False, "environment", "granted")
    assert status.next_due is None


def test_status_says_which_key_had_no_value_and_why(host: Callable[..., Host]) -> None:
    site = host(site=Site(php_version=ValueError("boom")))
    site.client.grant()
    site.client.send_now()
    assert "boom" in site.client.status().notes["php_version"]


def test_the_decision_is_the_hosts_to_read_for_its_own_use(host: Callable[..., Host]) -> None:
    """Say, for an update check of its own that would list modules."""
    site = host()
    assert site.client.record() is None
    site.client.grant(refused=["modules"])
    record = site.client.record()
    assert record is not None
    assert (record.decision, record.refused) == ("granted", ("modules",))
    assert "modules" not in site.client.state().keys
    assert not site.transport.requests


def test_a_key_newer_than_the_answer_waits_with_its_reason(host: Callable[..., Host]) -> None:
    host().client.grant()
    fresh = key("fresh", 20, "boolean", purpose="Decide about freshness.")
    site = host(project=wider(fresh))
    (change,) = site.client.changes()
    assert (change.key, change.kind, change.waits) == ("fresh", "new", True)
    assert change.differences == (Difference(part="asked", before=False, after=True),)
    assert site.client.status().waiting == {"fresh": change.differences}
    site.client.allow("fresh")
    assert site.client.changes() == ()
    record = site.client.record()
    assert record is not None
    assert record.registry_digest == site.client.project.digest


@pytest.mark.parametrize(
    ("name", "changed", "kind", "said"),
    [
        ("php_version", {"purpose": "Sell it."}, "widened", '"Sell it."'),
        ("php_version", {"precision": 3}, "widened", "2 became 3"),
        ("php_version", {"precision": 1}, "narrowed", "2 became 1"),
        ("server_os", {"values": {"Linux": 2, "BSD": 4}}, "widened", "more answers: BSD"),
        ("server_os", {"values": {"Linux": 2}}, "narrowed", "fewer answers: Windows"),
        ("multisite", {"by": ("version",)}, "widened", "more counted together with: version"),
        ("multisite", {"type": "text"}, "widened", '"boolean" became "text"'),
        ("multisite", {"level": "extended"}, "widened", "belongs to the level extended"),
        ("layouts", {"values": {}, "catalogue": ("a",)}, "widened", "names from a public list"),
    ],
)
def test_each_difference_is_said_in_words(
    host: Callable[..., Host], name: str, changed: dict[str, Any], kind: str, said: str
) -> None:
    host().client.grant()
    client = host(project=wider(**{name: changed})).client
    (change,) = client.changes()
    assert (change.key, change.kind) == (name, kind)
    told = differences(client.project, change.key, change.differences, Words())
    assert said in "; ".join(each["text"] for each in told)
    german = differences(client.project, change.key, change.differences, Words(language="de"))
    assert [each["lang"] for each in german] == ["de"] * len(told)
    assert {each["text"] for each in german}.isdisjoint(each["text"] for each in told)


def test_a_key_that_is_no_longer_asked_is_said_so(host: Callable[..., Host]) -> None:
    host().client.grant()
    fewer = project(tuple(item for item in KEYS if item.name != "modules"))
    (change,) = host(project=fewer).client.changes()
    assert (change.key, change.kind, change.waits) == ("modules", "gone", False)


@pytest.mark.slow
@given(
    level=st.sampled_from(["basic", "extended"]),
    refused=st.sets(st.sampled_from([item.name for item in KEYS])),
    grown=st.sets(st.sampled_from(["fresh", "php_version", "users", "modules"])),
    finer=st.booleans(),
)
def test_what_waits_is_what_the_differences_say(
    level: str, refused: set[str], grown: set[str], *, finer: bool
) -> None:
    """The state and the diff are two readings of one record, and never disagree."""
    record = yes_given(SAMPLE, None, level=level, refused=tuple(refused), via="", now=MONDAY)
    changed: dict[str, dict[str, Any]] = {
        name: {"purpose": "Another."} for name in grown if name != "fresh"
    }
    if finer:
        changed.setdefault("version", {})["precision"] = 3
        changed.setdefault("php_version", {})["precision"] = 3
    now = wider(*([key("fresh", 20, "boolean")] if "fresh" in grown else []), **changed)
    if refused:  # a record that was edited by hand may hold terms of what is refused
        record = record.replaced(terms={**record.terms, **agreed_terms(SAMPLE, "basic")})
    state = consent.effective(now, record, now=MONDAY)
    assert {item.key for item in changes(now, record) if item.waits} == set(state.waiting)
    assert {item.key for item in changes(now, record) if item.limited} == set(state.limited)


def test_a_record_of_the_first_format_is_still_read(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    path = site.directory / "sample.json"
    parts = json.loads(path.read_bytes())
    assert parts["terms"]["php_version"]["precision"] == Terms.of(KEYS[1]).precision
    del parts["wording"], parts["asked"], parts["pending"], parts["pending_at"]
    path.write_text(json.dumps(parts))
    assert site.client.state().rule == "granted"


def test_the_record_survives_whatever_the_environment_says(host: Callable[..., Host]) -> None:
    site = host(environment={"CI": "true", "DO_NOT_TRACK": "1", "HEADCOUNT_TELEMETRY": "off"})
    site.client.grant(wording="3", via="installer")
    before = (site.directory / "sample.json").read_bytes()
    for call in (
        site.client.due, site.client.send_if_due, site.client.send_now, site.client.status,
        site.client.preview, site.client.form, site.client.history, site.client.changes,
    ):  # fmt: skip
        call()
    assert (site.directory / "sample.json").read_bytes() == before


def test_an_answer_that_changes_no_key_keeps_the_frozen_report(host: Callable[..., Host]) -> None:
    site = host(transport=Recorder(Answer(code="UNAVAILABLE")))
    site.client.grant()
    site.client.send_now()
    previewed = site.client.preview()
    assert previewed.frozen
    site.client.question_shown()
    site.client.grant()
    assert site.client.preview() == previewed


def test_everything_that_would_be_asked_is_seen_with_its_value_before_the_answer(
    host: Callable[..., Host],
) -> None:
    site = host(site=Site(multisite=RuntimeError("boom")))
    preview = site.client.preview("extended")
    assert preview.values["users"] == 10
    assert preview.values["multisite"] is None
    assert "boom" in preview.notes["multisite"]
    assert not site.directory.exists()
    site.client.grant("extended")
    site.client.send_now()
    assert preview.digest == site.client.history()[0].digest


def test_a_waiting_key_is_seen_with_its_value_and_a_refused_one_is_not_asked(
    host: Callable[..., Host],
) -> None:
    host().client.grant(refused=["modules"])
    site = host(project=wider(key("fresh", 20, "boolean")), site=Site(fresh=True))
    assert "fresh" not in site.client.preview().values
    assert site.client.preview("basic").values["fresh"] is True
    assert "modules" not in site.site.called
    with pytest.raises(ConsentError, match="everything"):
        site.client.preview("everything")


def test_what_was_sent_last_can_be_read_as_values(host: Callable[..., Host]) -> None:
    site = host()
    assert site.client.sent_values() == {}
    site.client.grant("extended")
    preview = site.client.preview()
    site.client.send_now()
    assert site.client.sent_values() == preview.values
    renamed = tuple(
        item.replaced(name="engine", formerly="php_version") if item.number == 2 else item
        for item in KEYS
        if item.name != "motto"
    )
    sent = host(project=project(renamed)).client.sent_values()
    assert sent == {
        "engine" if name == "php_version" else name: value
        for name, value in preview.values.items()
        if name != "motto"
    }


def test_a_preview_under_a_switch_asks_no_refused_collector(host: Callable[..., Host]) -> None:
    site = host(environment={"DO_NOT_TRACK": "1"})
    site.client.grant("extended", refused=["modules"])
    assert "users" in site.client.preview().values
    assert "modules" not in site.site.called


def test_the_server_is_asked_only_on_request_and_remembered(host: Callable[..., Host]) -> None:
    talking = Talking(threshold=7, days=3)
    site = host(transport=talking)
    site.client.grant()
    site.client.send_now()
    assert site.client.status().promise is None
    assert talking.asked == []
    promise = site.client.ask_server()
    assert talking.asked == ["sample"]
    assert (promise.threshold, promise.grace, promise.at) == (7, 3 * DAY, site.now)
    assert "multiples of 7" in promise.text
    assert "3 days after" in promise.text
    site.now += HOUR
    assert site.client.status().promise == promise
    site.client.deny()
    assert site.client.status().promise is None


@pytest.mark.parametrize("rule", ["undecided", "environment", "denied", "administrator"])
def test_the_server_is_not_asked_while_anything_is_off(
    host: Callable[..., Host], rule: str
) -> None:
    talking = Talking()
    site = host(transport=talking, administrator_off=rule == "administrator")
    if rule == "environment":
        site.client.grant()
        site.environment["DO_NOT_TRACK"] = "1"
    if rule == "denied":
        site.client.deny()
    before = site.files() if site.directory.exists() else set()
    with pytest.raises(ConsentError):
        site.client.ask_server()
    assert talking.asked == []
    assert (site.files() if site.directory.exists() else set()) == before


def test_a_server_that_does_not_say_is_an_error(host: Callable[..., Host]) -> None:
    talking = Talking(Answer(code="UNAVAILABLE", message="down"))
    site = host(transport=talking)
    site.client.grant()
    with pytest.raises(ServerError, match="down"):
        site.client.ask_server()
    talking.response.Clear()
    with pytest.raises(ServerError, match="no policy"):
        site.client.ask_server()
    site.client._transport = Recorder()
    with pytest.raises(ServerError, match="transport"):
        site.client.ask_server()


def test_a_no_while_the_server_is_asked_leaves_only_the_decision(
    host: Callable[..., Host],
) -> None:
    site = host()

    class Denier(Talking):
        def describe(self, name: str, timeout: float) -> tuple[Answer, bytes]:
            site.client.deny()
            return super().describe(name, timeout)

    site.client._transport = Denier()
    site.client.grant()
    site.client.ask_server()
    assert site.files() == {"sample.json"}


def test_a_promise_is_asked_for_over_http_too(host: Callable[..., Host]) -> None:
    policy = Talking(threshold=9).response.SerializeToString()
    with http_door() as door:
        door.answers = [
            (200, "application/proto", policy, {}),
            (200, "application/proto", b"\xff", {}),
            (200, "text/html", b"<p>hello", {}),
        ]
        site = host(endpoint=f"http://127.0.0.1:{door.port}")
        site.client.grant()
        assert site.client.ask_server().threshold == 9
        assert door.lines == [f"POST {GET_REGISTRY} HTTP/1.1"]
        for words in ("no policy", "not from a headcount server"):
            with pytest.raises(ServerError, match=words):
                site.client.ask_server()
    with pytest.raises(ServerError, match="UNAVAILABLE"):
        site.client.ask_server()


def test_a_no_after_a_mere_question_costs_no_week(host: Callable[..., Host]) -> None:
    site = host(chance=0.0)
    site.client.question_shown()
    site.client.deny()
    site.client.grant()
    assert site.client.send_now() == Outcome.SENT


def test_a_question_shown_turns_nothing_on_and_survives_a_notice(
    host: Callable[..., Host],
) -> None:
    site = host(project=NOTICED)
    assert site.client.question_shown()
    assert not site.client.question_shown()
    assert site.client.state().rule == "undecided"
    site.client.notice_shown()
    assert not site.client.question_shown()
    site.now += DAY
    assert site.client.state().rule == "notice"

"""From a yes to a counted report, and what a person sees on the way."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.reporting.report import message_class
from headcount.transport.messages import Answer, Ignored
from support.sample_project import DAY, HOUR, MONDAY, SAMPLE, Recorder, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


def test_nothing_is_sent_before_consent(host: Callable[..., Host]) -> None:
    site = host()
    assert site.client.send_if_due() == Outcome.OFF
    assert site.client.send_now() == Outcome.OFF
    assert site.client.next_due() is None
    assert not site.transport.requests
    assert not site.site.called
    assert not site.directory.exists()


def test_a_granted_report_arrives_with_the_token_of_its_week(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT
    (request,) = site.transport.requests
    kept = json.loads((site.directory / "sample" / "secret").read_text())
    key = bytes.fromhex(kept["key"])
    assert request.week == "2026-W47"
    assert request.token == hmac.digest(key, b"sample:2026-W47", "sha256")[:16]
    assert request.registry_digest == SAMPLE.digest
    report = message_class(SAMPLE).FromString(request.report)
    assert [field.name for field, _ in report.ListFields()] == [
        "version", "php_version", "web_server", "server_os", "multisite", "modules", "layouts",
    ]  # fmt: skip
    assert "users" not in site.site.called  # its level was not agreed to


def test_a_report_carries_only_what_the_declaration_allows(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant("extended")
    assert json.loads(site.client.preview().json) == {
        "version": {"value": "1.30"},
        "phpVersion": {"value": "8.2"},
        "webServer": {"value": "VALUE_NGINX", "version": "1.24"},
        "serverOs": {"value": "VALUE_WINDOWS"},
        "multisite": {"value": False},
        "users": {"value": "10"},
        "modules": {"values": ["other", "views"]},
        "layouts": {"values": ["VALUE_MOSCONE", "VALUE_TAYLOR"]},
        "motto": {"value": "hello"},
    }


@pytest.mark.slow
def test_one_report_leaves_per_week(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    for hour in range(5 * 7 * 24):
        site.now = MONDAY + hour * HOUR
        site.client.send_if_due()
    assert [request.week for request in site.transport.requests] == [
        "2026-W47", "2026-W48", "2026-W49", "2026-W50", "2026-W51",
    ]  # fmt: skip
    assert len({request.token for request in site.transport.requests}) == 5


def test_sending_by_hand_does_not_wait_but_sends_once(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    assert site.client.send_now() == Outcome.SENT
    assert site.client.send_now() == Outcome.NOT_DUE
    site.now += 3 * DAY
    assert site.client.send_if_due() == Outcome.NOT_DUE
    assert len(site.transport.requests) == 1


def test_the_first_report_leaves_no_earlier_than_a_day_after_the_answer(
    host: Callable[..., Host],
) -> None:
    site = host(chance=0.0)
    site.client.grant()
    assert site.client.next_due() == MONDAY + HOUR + DAY
    site.now = MONDAY + HOUR + DAY - 1
    assert not site.client.due()
    site.now += 1
    assert site.client.due()


def test_a_preview_of_a_frozen_report_is_what_is_sent(host: Callable[..., Host]) -> None:
    site = host(transport=Recorder(Answer(code="UNAVAILABLE")))
    site.client.grant()
    assert not site.client.preview().frozen
    site.until_due()
    assert site.client.send_if_due() == Outcome.LATER
    site.site.answers["php_version"] = "7.4.33"  # too late for this week
    preview = site.client.preview()
    site.until_due()
    assert site.client.send_if_due() == Outcome.SENT
    first, second = site.transport.requests
    assert preview.frozen
    assert preview.digest == hashlib.sha256(second.report).hexdigest()
    assert preview.values["php_version"] == "8.2"
    assert first == second


def test_a_preview_leaves_no_file(host: Callable[..., Host]) -> None:
    site = host()
    preview = site.client.preview()
    assert preview.week == "2026-W47"
    assert preview.values["server_os"] == "Windows"
    assert not site.directory.exists()


def test_every_report_that_left_is_kept_without_its_token(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    site.client.send_now()
    (request,) = site.transport.requests
    name = f"sample.history/2026-W47-{hashlib.sha256(request.report).hexdigest()[:16]}.json"
    text = (site.directory / name).read_text()
    assert json.loads(text)["report"]["phpVersion"] == {"value": "8.2"}
    assert request.token.hex() not in text
    assert site.files() == {
        "sample.json", name, "sample/lock", "sample/plan.json", "sample/secret",
    }  # fmt: skip


@pytest.mark.parametrize("answer", [RuntimeError("boom"), object(), -1, "", b"x", None])
def test_a_bad_collector_costs_its_own_key_only(host: Callable[..., Host], answer: object) -> None:
    site = host(site=Site(php_version=answer))
    site.client.grant()
    preview = site.client.preview()
    assert preview.values["php_version"] is None
    assert preview.values["version"] == "1.30"


def test_a_missing_collector_is_no_answer(host: Callable[..., Host]) -> None:
    site = host()
    del site.site.answers["version"]
    site.client.grant()
    assert site.client.preview().values["version"] is None


def test_a_report_without_any_answer_is_not_sent(host: Callable[..., Host]) -> None:
    site = host(site=Site(**dict.fromkeys(Site().answers)))
    site.client.grant()
    assert site.client.send_now() == Outcome.DROPPED
    assert not site.transport.requests


def test_keys_that_the_server_left_out_are_named(host: Callable[..., Host]) -> None:
    ignored = Ignored(key="motto", number=9, reason="IGNORED_REASON_EXPIRED", message="motto: gone")
    site = host(transport=Recorder(Answer(code="OK", ignored=(ignored,))))
    site.client.grant()
    outcome = site.client.send_now()
    assert outcome == Outcome.SENT
    assert outcome.ignored == (ignored,)


def test_files_are_private(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    site.client.send_now()
    for path in (site.directory, *site.directory.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_asking_is_cheap(host: Callable[..., Host]) -> None:
    """Asking a planned client opens two files at most and collects nothing."""
    site = host()
    site.client.grant()
    assert not site.client.due()
    assert site.client.send_if_due() == Outcome.NOT_DUE
    assert not site.site.called

"""What the module does on a site: it asks first, and no means no. The site is a stand-in."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
from support.backdrop_site import MODULE

if TYPE_CHECKING:
    from support.backdrop_site import BackdropSite

DAY = 86_400
YES = {"level": "basic", "refused": {}}
ALL = {"level": "extended", "refused": {}}
KEYS = json.loads((MODULE / "projects" / "backdrop.json").read_text(encoding="utf-8"))["keys"]
TELEMETRY = """
function telemetry_cron() { throw new Exception('core sends'); }
function telemetry_requirements() { return array(); }
"""


@pytest.mark.slow
def test_until_somebody_answers_there_is_a_message_and_nothing_is_kept(site: BackdropSite) -> None:
    (message,) = site.do("visit")["messages"]
    assert "May this site be counted?" in message
    assert site.do("state")["rule"] == "undecided"
    assert site.do("cron")["projects"]["backdrop"]["plan"] is None
    assert site.kept() == ""


@pytest.mark.slow
@pytest.mark.parametrize("path", ["node/1", "admin/config/system/headcount"])
def test_visitors_and_the_page_with_the_question_see_no_message(
    site: BackdropSite, path: str
) -> None:
    site.parts["path"] = path
    assert site.do("visit")["messages"] == []


@pytest.mark.slow
def test_who_may_not_answer_is_not_asked(site: BackdropSite) -> None:
    site.parts["permissions"] = []
    assert site.do("visit")["messages"] == []


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["grant", "deny"])
def test_an_answer_ends_the_message(site: BackdropSite, answer: str) -> None:
    site.do(answer, YES)
    assert site.do("visit") == {"messages": [], "queries": 0}


@pytest.mark.slow
def test_cron_costs_no_query_if_nothing_is_due(site: BackdropSite) -> None:
    assert site.do("idle") == {"queries": 0}
    site.do("grant", YES)
    assert site.do("idle") == {"queries": 0}


def test_nothing_is_planned_before_a_day_has_passed(site: BackdropSite) -> None:
    granted = site.do("grant", YES)
    record = granted["projects"]["backdrop"]["record"]
    assert record["not_before"] == record["at"] + DAY
    assert granted["due"] == record["not_before"]


@pytest.mark.slow
def test_a_no_deletes_secret_and_report(site: BackdropSite) -> None:
    site.do("grant", ALL)
    assert site.do("send") == {"backdrop": "later"}  # nobody listens
    kept = site.do("state")["projects"]["backdrop"]
    assert len(kept["secret"]) == 64
    assert kept["report"]["json"]["phpVersion"]
    left = site.do("deny")["projects"]["backdrop"]
    assert (left["secret"], left["report"], left["plan"], left["history"]) == ("", None, None, [])
    assert kept["secret"] not in site.kept()
    assert site.do("send") == {"backdrop": "off"}


@pytest.mark.slow
def test_a_refused_key_is_not_asked_for_and_stays_refused(site: BackdropSite) -> None:
    site.module(
        "tripwire",
        "function tripwire_telemetry_info() {"
        " return array('install_version' => array('label' => 'x', 'project' => 'backdrop')); }\n"
        "function tripwire_telemetry_data($key) { exit('asked ' . $key); }\n",
    )
    site.do("grant", {"level": "basic", "refused": {"backdrop": ["install_version"]}})
    assert site.do("send") == {"backdrop": "later"}
    site.do("grant", {"level": "extended", "refused": {}})
    assert site.do("send") == {"backdrop": "later"}
    assert "installVersion" not in site.do("state")["projects"]["backdrop"]["report"]["json"]


@pytest.mark.slow
def test_the_report_is_saved_before_it_leaves_and_shown_as_it_is(site: BackdropSite) -> None:
    site.do("grant", ALL)
    site.do("send")
    saved = site.do("state")["projects"]["backdrop"]["report"]
    site.parts["rows"]["node"] = 5_000
    page = json.dumps(site.do("report"))
    assert "This report is saved, and is sent as it is here." in page
    assert saved["digest"] in page
    site.do("send")
    again = site.do("state")["projects"]["backdrop"]
    assert again["report"]["digest"] == saved["digest"]
    assert len(again["history"]) == 1


@pytest.mark.slow
def test_what_fails_puts_the_report_off_and_the_module_does_not_come_back_at_once(
    site: BackdropSite,
) -> None:
    site.do("grant", YES)
    site.do("send")
    told = site.do("state")
    plan = told["projects"]["backdrop"]["plan"]
    assert plan["tries"] == 1
    assert told["due"] >= plan["moment"]
    assert site.do("idle") == {"queries": 0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "environment", "rule"),
    [
        ({"telemetry_enabled": False}, {}, "administrator"),
        ({"headcount_enabled": False}, {}, "administrator"),
        ({"telemetry_enabled": False, "headcount_enabled": True}, {}, None),
        ({}, {"DO_NOT_TRACK": "1"}, "environment"),
        ({}, {"HEADCOUNT_TELEMETRY": "off"}, "environment"),
        ({}, {"CI": "true"}, "automated"),
    ],
)
def test_switches_win_over_a_yes(
    site: BackdropSite, settings: dict[str, bool], environment: dict[str, str], rule: str | None
) -> None:
    site.do("grant", YES)
    before = site.kept()
    site.parts["settings"] |= settings
    assert site.do("state", **environment)["off"] == rule
    sent = site.do("send", **environment)
    assert sent == {"backdrop": "later" if rule is None else "off"}
    assert (site.kept() == before) is (rule is not None)


@pytest.mark.slow
def test_a_test_environment_of_backdrop_is_off(site: BackdropSite) -> None:
    site.do("grant", YES)
    site.parts["test_environment"] = True
    assert site.do("send") == {"backdrop": "off"}


@pytest.mark.slow
def test_core_sends_nothing_and_no_longer_says_that_it_does(site: BackdropSite) -> None:
    site.module("telemetry", TELEMETRY)
    assert site.do("implements") == {"cron": ["headcount"], "requirements": ["headcount"]}
    assert "is not sent: this page replaces it" in json.dumps(site.do("report"))
    (warning,) = site.do("disable")
    assert "disable it too" in warning


@pytest.mark.slow
def test_the_check_for_updates_tells_no_modules_without_a_yes(site: BackdropSite) -> None:
    project = {"includes": {"views": "Views"}, "info": {"version": "1.28.2"}}
    assert site.do("updates", {"backdrop": project})["backdrop"]["includes"] == []
    site.do("grant", YES)
    assert site.do("updates", {"backdrop": project}) == {"backdrop": project}
    site.do("deny")
    assert site.do("updates", {"backdrop": project})["backdrop"]["includes"] == []


def test_the_checkbox_of_the_installer_is_empty_and_both_answers_count(site: BackdropSite) -> None:
    no = site.do("installer", {"headcount_yes": 0})
    assert no["form"]["headcount"]["headcount_yes"]["#default_value"] == 0
    assert no["rule"] == "denied"
    assert site.do("installer", {"headcount_yes": 1})["rule"] == "granted"


def test_the_form_shows_every_key_with_reason_value_and_a_tick(site: BackdropSite) -> None:
    form = site.do("form")
    ticks = {name: part for name, part in form["keys"]["backdrop"].items() if name[0] != "#"}
    assert ticks.keys() == {key["name"] for key in KEYS}
    for key in KEYS:
        shown = ticks[key["name"]]
        assert shown["#default_value"] == 1
        assert key["issue"] in shown["#description"]
        assert "Why: " in shown["#description"]
    assert "Now: MariaDB 10.11" in ticks["mysql_version"]["#description"]
    assert "Now: 1-9" in ticks["content_items"]["#description"]
    assert site.kept() == ""


@pytest.mark.slow
def test_what_the_form_says_is_what_is_agreed_to(site: BackdropSite) -> None:
    ticks = dict.fromkeys((key["name"] for key in KEYS), 1) | {"php_version": 0}
    values = {"answer": "yes", "level": "basic", "keys": {"backdrop": ticks}}
    record = site.do("submit", values)["projects"]["backdrop"]["record"]
    assert (record["decision"], record["refused"]) == ("granted", ["php_version"])
    assert site.do("form")["keys"]["backdrop"]["php_version"]["#default_value"] == 0
    assert site.do("submit", {"answer": "no"})["rule"] == "denied"


def test_the_record_tells_the_language_and_the_digest_of_the_words_of_the_form(
    site: BackdropSite,
) -> None:
    form = site.do("form")
    digest = form["headcount_text_digest"]["#default_value"]
    assert re.fullmatch("[0-9a-f]{64}", digest)
    shown = {"headcount_language": "de", "headcount_text_digest": digest}
    for answer, decision in (("yes", "granted"), ("no", "denied")):
        values = {"answer": answer, "level": "basic", "keys": {}, **shown}
        record = site.do("submit", values)["projects"]["backdrop"]["record"]
        assert (record["decision"], record["language"]) == (decision, "de")
        assert record["text_digest"] == digest
    site.parts["data"] = {"backdrop": {"php_version": "5.6"}}
    assert site.do("form")["headcount_text_digest"]["#default_value"] == digest
    strange = {"headcount_language": "<b>", "headcount_text_digest": "no digest"}
    values = {"answer": "yes", "level": "basic", "keys": {}, **strange}
    record = site.do("submit", values)["projects"]["backdrop"]["record"]
    assert (record["language"], record["text_digest"]) == ("", "")


def test_the_digest_of_the_installer_is_that_of_its_own_words(site: BackdropSite) -> None:
    part = site.do("installer", {"headcount_yes": 0})["form"]["headcount"]
    question = part["headcount_yes"]
    said = [part["#title"], question["#title"], question["#description"]]
    canonical = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert part["headcount_text_digest"]["#default_value"] == digest
    told = site.do("installer", {"headcount_yes": 1, "headcount_text_digest": digest})
    assert told["projects"]["backdrop"]["record"]["text_digest"] == digest


@pytest.mark.slow
def test_everything_stays_in_state_and_leaves_with_the_module(site: BackdropSite) -> None:
    site.do("grant", ALL)
    site.do("send")
    assert re.findall(r'"(headcount_\w+)"', site.kept())
    assert site.do("uninstall") == []


@pytest.mark.slow
def test_an_update_that_asks_more_asks_again_and_the_rest_flows_on(
    site: BackdropSite,
) -> None:
    site.do("grant", YES)
    kept = site.do("state")["projects"]["backdrop"]
    del kept["record"]["terms"]["php_version"]  # as if it was not asked then
    site.keep("backdrop", kept)
    told = site.do("refresh")
    assert (told["rule"], told["open"], told["agreed"]) == ("widened", True, True)
    assert len(site.do("visit")["messages"]) == 1
    site.do("send")
    report = site.do("state")["projects"]["backdrop"]["report"]
    assert "phpVersion" not in report["json"]
    assert "serverOs" in report["json"]


@pytest.mark.slow
def test_what_state_holds_may_be_nonsense(site: BackdropSite) -> None:
    site.do("grant", YES)
    site.keep("backdrop", "no JSON object")
    assert site.do("state")["rule"] == "undecided"
    assert site.do("send") == {"backdrop": "off"}


@pytest.mark.slow
def test_the_web_server_is_remembered_for_a_cron_without_one(site: BackdropSite) -> None:
    assert "web_server" not in site.do("collect")["backdrop"]["answers"]
    site.do("grant", YES)
    site.remember("headcount_web_server", "nginx/1.22.1")
    assert site.do("collect")["backdrop"]["json"]["webServer"] == {
        "value": "VALUE_NGINX",
        "version": "1.22",
    }
    site.do("deny")
    assert "nginx" not in site.kept()


KEY = "AQAgMeHwWnQBAhFSIOmvkY9zhnSuyV9U224E63Baro55gVUACAABAAEAAQAD"
RELAYED = (
    "Reports go through a relay, relay.example.net, which somebody else runs.",
    "The relay sees the address of this site and cannot read them.",
    "Only both together could connect the two.",
)


@pytest.mark.slow
@pytest.mark.parametrize("relay", ["", "https://relay.example.net/headcount"])
def test_question_report_and_installer_say_who_can_know_what(
    site: BackdropSite, relay: str
) -> None:
    site.declare("backdrop", relay=relay, oblivious_key=KEY if relay else "")
    site.parts["settings"].pop("headcount_endpoint")
    site.do("grant", YES)
    for do in ("form", "report", "installer"):
        told = json.dumps(site.do(do, {}), ensure_ascii=False)
        for words in RELAYED:
            assert (words in told) == bool(relay), do


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("ask_first", "Nothing is sent unless you say yes."),
        ("on_after_notice", "Unless you say no, the basic facts are sent"),
    ],
)
def test_message_and_form_say_what_is_sent_while_nobody_answers(
    site: BackdropSite, mode: str, words: str
) -> None:
    site.declare("backdrop", mode=mode)
    (message,) = site.do("visit")["messages"]
    assert message.count("sent") == 2
    assert words in message
    assert words in json.dumps(site.do("form", {}))

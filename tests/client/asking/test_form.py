"""The question as plain data, and its answer for several projects at once."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from headcount.asking import wording
from headcount.asking.form import answer, form
from headcount.asking.wording import MESSAGES, Words, ranges, shown
from headcount.model.errors import ConsentError, StateError
from hypothesis import given
from hypothesis import strategies as st
from support.sample_project import KEYS, MONDAY, NOTICED, Site, key, project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.sample_project import Host

# What each version of the words says. A text that changes gets a new version,
# and a new line here.
WORDINGS = {
    "1": "dfece6b74caed350",
    "2": "b9d1e1823e234116",
    "3": "782ee56cff33c57f",
    "4": "46ba1fd044804ddf",
    "5": "d7e6df6976fc4409",
}


def texts(data: object) -> Iterator[dict[str, Any]]:
    """All texts in a form."""
    if isinstance(data, dict):
        if "id" in data and "text" in data:
            yield data
        for part in data.values():
            yield from texts(part)
    elif isinstance(data, list):
        for part in data:
            yield from texts(part)


def test_the_form_is_plain_data_with_all_that_an_installer_draws(
    host: Callable[..., Host],
) -> None:
    data = host().client.form()
    assert json.loads(json.dumps(data)) == data
    assert [choice["value"] for choice in data["choices"]] == ["yes", "no"]
    (sample,) = data["projects"]
    assert [item["name"] for item in sample["keys"]] == [item.name for item in KEYS]
    for item, declared in zip(sample["keys"], KEYS, strict=True):
        assert item["purpose"]["text"] == declared.purpose
        assert item["label"]["text"] == declared.label
        assert item["issue"] == declared.issue
        assert item["tells"]["text"]
    levels = [(level["value"], level["chosen"], len(level["keys"])) for level in sample["levels"]]
    assert levels == [("basic", True, 7), ("extended", False, 9)]
    assert sample["recipient"] == "The Sample project"
    assert data["wording"] == wording.VERSION


def test_drawing_the_question_asks_writes_and_sends_nothing(host: Callable[..., Host]) -> None:
    site = host()
    site.client.form()
    assert not site.site.called
    assert not site.transport.requests
    assert not site.directory.exists()


def test_the_form_shows_values_if_they_are_asked_for(host: Callable[..., Host]) -> None:
    site = host(site=Site(multisite=RuntimeError("boom")))
    host().client.grant(refused=["modules"])
    (sample,) = site.client.form(values=True)["projects"]
    found = {item["name"]: (item.get("value"), item.get("note")) for item in sample["keys"]}
    assert found["users"] == ("10-99", None)
    assert found["web_server"] == ("nginx 1.24", None)
    assert found["multisite"] == (None, "its collector raised RuntimeError: boom")
    assert found["modules"] == (None, None)
    assert not site.transport.requests


def test_the_form_says_what_happens_without_an_answer(host: Callable[..., Host]) -> None:
    (asking,) = host().client.form()["projects"]
    (noticing,) = host(project=NOTICED).client.form()["projects"]
    assert "unless you say yes" in asking["without_answer"]["text"]
    assert "24 hours after this notice" in noticing["without_answer"]["text"]


def test_the_form_shows_what_was_answered_and_what_is_new(host: Callable[..., Host]) -> None:
    host().client.grant("extended", refused=["modules"])
    site = host(project=project((*KEYS, key("fresh", 20, "boolean"))))
    (sample,) = site.client.form()["projects"]
    marks = {item["name"]: (item["refused"], item["waiting"]) for item in sample["keys"]}
    assert marks["modules"] == (True, False)
    assert marks["fresh"] == (False, True)
    assert marks["version"] == (False, False)
    assert [level["chosen"] for level in sample["levels"]] == [False, True]
    assert sample["decision"] == "granted"


def test_a_yes_that_names_no_key_keeps_what_was_left_out_and_returns_what_is_sent(
    host: Callable[..., Host],
) -> None:
    site = host()
    site.client.grant("extended", refused=["modules"])
    sent = answer([site.client], yes=True)
    assert sent == {"sample": site.client.state().keys}
    assert "modules" not in sent["sample"]
    assert "users" in sent["sample"]
    assert "modules" in answer([site.client], yes=True, refused=["sample.motto"])["sample"]


def test_an_expired_key_is_not_in_the_form(host: Callable[..., Host]) -> None:
    gone = key("gone", 20, "boolean", expires="2026-11-16")
    (sample,) = host(project=project((*KEYS, gone)), now=MONDAY).client.form()["projects"]
    assert "gone" not in {item["name"] for item in sample["keys"]}


def test_every_text_has_a_permanent_id_and_can_be_translated(host: Callable[..., Host]) -> None:
    english = host().client.form()
    identifiers = {text["id"]: text["text"] for text in texts(english)}
    assert {"headcount.question", "headcount.answer.no", "sample.users.purpose"} <= set(identifiers)
    german = {name: f"Übersetzt {name}" for name in identifiers}
    german["headcount.question"] = "Darf {title} gezählt werden?"
    german["headcount.intro"] = "{nonsense}"
    german["headcount.withdraw"] = "{0}{"
    data = host().client.form(german)
    assert data["question"]["text"] == "Darf Sample gezählt werden?"
    fallen_back = {"headcount.intro", "headcount.withdraw"}
    for text in texts(data):
        if text["id"] in fallen_back:
            assert text["text"] == identifiers[text["id"]]
        elif text["id"] != "headcount.question":
            assert text["text"].startswith("Übersetzt")


def test_a_text_that_changes_gets_a_new_version() -> None:
    said = hashlib.sha256(json.dumps(MESSAGES, sort_keys=True).encode()).hexdigest()
    assert WORDINGS[wording.VERSION] == said[:16]


def test_the_texts_name_no_number_that_is_the_operators_to_choose() -> None:
    assert not re.search(r"\b5\b|nine|threshold", json.dumps(list(MESSAGES.values())))


def test_one_answer_covers_several_projects(host: Callable[..., Host]) -> None:
    one, other = host(), host(project=project(name="sample_two"))
    both = form(one.client, other.client)
    assert "Sample, Sample" in both["question"]["text"]
    assert [item["name"] for item in both["projects"]] == ["sample", "sample_two"]
    answer([one.client, other.client], yes=True, level="extended", refused=["sample_two.modules"])
    assert "modules" in one.client.state().keys
    assert "modules" not in other.client.state().keys
    record = one.client.record()
    assert record is not None
    assert (record.level, record.via, record.wording) == ("extended", "form", wording.VERSION)
    answer([one.client, other.client], yes=False)
    assert {site.client.state().rule for site in (one, other)} == {"denied"}


@pytest.mark.parametrize(
    "parts",
    [{"refused": ["modules"]}, {"refused": ["sample.nothing"]}, {"refused": ["x.modules"]},
     {"level": "everything"}],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_records_nothing(
    host: Callable[..., Host], parts: dict[str, Any]
) -> None:
    site = host()
    with pytest.raises(ConsentError):
        answer([site.client], yes=True, **parts)
    assert not site.directory.exists()


def test_a_no_reaches_every_project_that_it_can(host: Callable[..., Host], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = host(tmp_path / "file" / "state")
    site = host(project=project(name="sample_two"))
    site.client.grant()
    with pytest.raises(StateError, match="file"):
        answer([broken.client, site.client], yes=False)
    assert site.client.state().rule == "denied"


@pytest.mark.slow
@given(st.lists(st.integers(1, 10**6), unique=True, min_size=1, max_size=8).map(sorted))
def test_every_bucket_has_a_range_of_its_own(bounds: list[int]) -> None:
    counted = key("users", 2, "count", buckets=tuple(bounds))
    named = [shown(counted, lower) for lower in (0, *bounds)]
    assert tuple(named) == ranges(tuple(bounds))
    assert len(set(named)) == len(bounds) + 1
    assert named[-1] == f"{bounds[-1]}+"


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        ("version", "a version, cut to its first 2 part(s)"),
        ("web_server", "one of: Apache, nginx, other; its version cut to 2 part(s)"),
        ("server_os", "one of: Linux, Windows, other"),
        ("multisite", "yes or no"),
        ("users", "a range, never the number: 0-9, 10-99, 100-999, 1000+"),
        ("modules", "names from a public list of 2; anything else without its name"),
        ("layouts", "any of these that apply: moscone, taylor, other"),
        ("motto", "free text of at most 64 characters"),
    ],
)
def test_each_kind_of_key_says_what_it_can_tell(name: str, tells: str) -> None:
    (item,) = (item for item in KEYS if item.name == name)
    assert Words().tells(item)["text"] == tells

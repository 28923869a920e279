"""The question in a person's language, and the record of which words were shown."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from headcount.asking.form import answer, form
from headcount.asking.language import available, chosen, preferred
from headcount.asking.terminal import ask
from headcount.asking.wording import VERSION
from support.sample_project import KEYS, Host, key, project


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_AT@euro"}, "de"),
        ({"LANG": "es_MX", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "xx:es:de"}, "es"),
        ({"LC_MESSAGES": "es_ES.UTF-8", "LANG": "de_DE"}, "es"),
        ({"LANG": "../../etc"}, "en"),
        ({"LANG": ""}, "en"),
        ({}, "en"),
    ],
)
def test_the_environment_tells_the_language_as_it_does_to_gettext(
    environment: dict[str, str], language: str
) -> None:
    assert chosen(preferred(environment)) == language


def texts(data: object) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        if "id" in data and "text" in data:
            yield data
        for part in data.values():
            yield from texts(part)
    elif isinstance(data, list):
        for part in data:
            yield from texts(part)


@pytest.mark.parametrize("language", [each for each in available() if each != "en"])
def test_every_text_of_ours_is_in_the_language_and_says_so(
    host: Callable[..., Host], language: str
) -> None:
    english = {each["id"]: each["text"] for each in texts(form(host().client))}
    for each in texts(form(host().client, language=f"{language}-XX")):
        ours = each["id"].startswith("headcount.")
        assert each["lang"] == (language if ours else "en")
        if each["id"] not in {"headcount.answer.no", "headcount.contact"}:
            assert (each["text"] != english[each["id"]]) == (ours and bool(each["text"]))


def test_declared_words_are_translated_as_far_as_they_are_declared(
    host: Callable[..., Host],
) -> None:
    known = project()
    first, other = known.keys[0], known.keys[1]
    german = {"title": "Beispiel", f"{first.name}.label": "Erste Frage"}
    client = host(project=known.replaced(translations=lambda: {"de": german})).client
    drawn = form(client, language="de-CH")
    labels = {key["name"]: key["label"] for key in drawn["projects"][0]["keys"]}
    assert (labels[first.name]["text"], labels[first.name]["lang"]) == ("Erste Frage", "de")
    assert (labels[other.name]["text"], labels[other.name]["lang"]) == (other.label, "en")
    assert drawn["question"]["text"] == "Darf diese Installation von Beispiel gezählt werden?"


def test_declarations_in_another_language_keep_it_on_an_english_question(
    host: Callable[..., Host],
) -> None:
    client = host(project=project().replaced(language="fr")).client
    labels = [key["label"]["lang"] for key in form(client)["projects"][0]["keys"]]
    assert set(labels) == {"fr"}


def test_the_record_tells_the_language_and_the_digest_of_the_words(
    host: Callable[..., Host],
) -> None:
    client = host().client
    drawn = form(client, language="es")
    shown = [each["text"] for each in texts(drawn)]
    canonical = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    assert drawn["text_digest"] == hashlib.sha256(canonical.encode()).hexdigest()
    read = {"language": drawn["language"], "text_digest": drawn["text_digest"]}
    answer([client], yes=True, **read)
    record = client.record()
    assert record is not None
    assert (record.language, record.text_digest) == ("es", drawn["text_digest"])
    assert form(client, language="es")["text_digest"] == drawn["text_digest"]
    assert form(client, language="de")["text_digest"] != drawn["text_digest"]
    answer([client], yes=False, **read)
    assert client.record() == client.record()
    assert (client.status().language, client.status().text_digest) == ("es", drawn["text_digest"])


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "decision"), [("ja", "granted"), ("n", "denied"), ("y", "granted")]
)
def test_people_read_and_answer_in_their_language(
    host: Callable[..., Host], typed: str, decision: str
) -> None:
    client, said = host().client, Terminal()
    ask(
        client,
        reading=Terminal(f"{typed}\n\n"),
        writing=said,
        environment={"LANG": "de_DE.UTF-8"},
    )
    assert "ja oder nein? (Enter entscheidet nichts" in said.getvalue()
    record = client.record()
    assert record is not None
    assert (record.decision, record.language) == (decision, "de")
    assert len(record.text_digest) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize(("typed", "sent"), [("ja", True), ("nein", False)])
def test_what_is_new_is_asked_in_the_language_and_the_record_tells_the_words(
    host: Callable[..., Host], typed: str, *, sent: bool
) -> None:
    host().client.grant(language="en", text_digest="a" * 64)
    fresh = key("fresh", 20, "boolean", purpose="Decide about freshness.")
    german = {"title": "Muster", "fresh.label": "Frische", "fresh.purpose": "Wegen der Frische."}
    wider = project((*KEYS, fresh)).replaced(
        consent_digest="f" * 64, translations=lambda: {"de": german}
    )
    client, said = host(project=wider).client, Terminal()
    ask(client, reading=Terminal(f"{typed}\n"), writing=said, environment={"LANG": "de_DE.UTF-8"})
    screen = " ".join(said.getvalue().split())
    reason = "wurde noch nicht gefragt, als Sie geantwortet haben; Zweck: „Wegen der Frische.“"
    assert f"Frische: {reason}" in screen
    assert ("fresh" in client.state().keys) is sent
    german_answers = (
        "Bei Ja wird auch dies gesendet, bei Nein nicht; was Sie erlaubt haben, wird weiter "
        "gesendet wie bisher."
    )
    shown = [
        "Muster möchte mehr wissen, als Sie erlaubt haben:",
        "Frische",
        reason,
        german_answers,
    ]
    canonical = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    record = client.record()
    assert record is not None
    assert (record.language, record.wording) == ("de", VERSION)
    assert record.text_digest == hashlib.sha256(canonical.encode()).hexdigest()
    client.refuse("users")  # no question was put
    assert client.record() == record.replaced(refused=(*record.refused, "users"))


def test_a_notice_in_a_terminal_is_recorded_with_its_words(host: Callable[..., Host]) -> None:
    client = host(project=project(mode="on_after_notice")).client
    ask(client, reading=Terminal("\n"), writing=Terminal(), environment={"LANGUAGE": "es"})
    record = client.record()
    assert record is not None
    drawn = form(client, language="es")
    assert (record.decision, record.language, record.text_digest) == (
        *("", "es"),
        drawn["text_digest"],
    )


def test_the_words_of_a_yes_by_configuration_are_unknown_and_said_to_be(
    host: Callable[..., Host],
) -> None:
    known = project()
    setting = f"sample:basic:2026-11-10:{known.consent_digest}"
    record = host(environment={"HEADCOUNT_CONSENT": setting}).client.record()
    assert record is not None
    assert (record.via, record.wording, record.language, record.text_digest) == (
        *("configuration", "", "", ""),
    )

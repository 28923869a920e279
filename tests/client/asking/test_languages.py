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
from support.sample_project import Host, project


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

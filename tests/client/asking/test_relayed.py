"""A project with a relay says who can know what; one without says nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from headcount.asking.form import form
from headcount.cli.main import main
from support.sample_project import SAMPLE

from .test_asking import asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host

RELAYED = SAMPLE.replaced(
    relay="https://relay.example.net/headcount",
    oblivious_key="AQAgMeHwWnQBAhFSIOmvkY9zhnSuyV9U224E63Baro55gVUACAABAAEAAQAD",
)
WHO = {
    "en": ("relay.example.net, which somebody else", "does not see the address", "Only both"),
    "de": ("relay.example.net, das jemand anderes", "sieht die Adresse nicht", "Nur beide"),
    "es": ("relay.example.net, que gestiona otra", "no ve la dirección", "Solo ambos"),
}


@pytest.mark.parametrize("language", WHO)
def test_the_question_says_who_can_know_what(host: Callable[..., Host], language: str) -> None:
    (project,) = host(project=RELAYED).client.form(language=language)["projects"]
    (said,) = project["relayed"]
    assert (said["id"], said["lang"]) == ("headcount.relay", language)
    for words in (*WHO[language], "The Sample project"):
        assert words in said["text"]


def test_the_terminal_says_it_too(host: Callable[..., Host]) -> None:
    _, seen = asked(host(project=RELAYED), typed="no\n")
    for words in WHO["en"]:
        assert words in " ".join(seen.split())


def test_without_a_relay_the_question_and_what_was_agreed_to_stay_as_they_were(
    host: Callable[..., Host],
) -> None:
    (project,) = host().client.form()["projects"]
    assert project["relayed"] == []
    assert "a relay" not in asked(host(), typed="no\n")[1]
    assert form(host().client)["text_digest"] != form(host(project=RELAYED).client)["text_digest"]
    assert RELAYED.consent_digest == SAMPLE.consent_digest


@pytest.mark.parametrize("command", ["status", "preview"])
@pytest.mark.parametrize("project", [SAMPLE, RELAYED], ids=["direct", "relayed"])
def test_status_and_preview_say_who_can_know_what(
    host: Callable[..., Host], command: str, project: object, capsys: pytest.CaptureFixture[str]
) -> None:
    main(host(project=project).client, [command])
    told = " ".join(capsys.readouterr().out.split())
    for words in ("relay.example.net", "does not see the address", "Only both together"):
        assert (words in told) == (project is RELAYED)

"""The command line in a person's language; data and exit codes have none."""

from __future__ import annotations

import copy
import json
import pickle
import re
from gettext import NullTranslations
from typing import TYPE_CHECKING, Any

import pytest
from headcount.asking import wording
from headcount.asking.language import available
from headcount.cli.main import main, run
from headcount.model.sentence import Sentence
from headcount.transport.messages import Answer, Ignored
from support.sample_project import KEYS, SAMPLE, Host, Recorder, Site, Talking, key, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHERS = [each for each in available() if each != "en"]
EVERY = [
    ["status"], ["preview"], ["preview", "--all"], ["check"], ["diff"], ["history"],
    ["history", "2026-W47"], ["send"], ["ask"], ["grant"], ["refuse", "modules"],
    ["allow", "modules"], ["set-level", "extended"], ["deny"], ["refuse", "modules"],
    ["set-level", "basic"], ["allow"], ["refuse", "nothing"], ["status", "--ask-server"],
    ["check", "--show-values"], ["forget"],
]  # fmt: skip

MISTAKES = "nothing"


class Marking(NullTranslations):
    """A catalogue of a language whose every text is marked, with its values outside the marks."""

    def gettext(self, message: str) -> str:
        return "⟦" + re.sub(r"(\{[^}]*\})", r"⟧\1⟦", message) + "⟧"


@pytest.fixture(name="marking")
def _marking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "catalogue", lambda _: Marking())


def unmarked(output: str) -> set[str]:
    """Return the words of an output that no catalogue could replace, without the report."""
    text = re.sub(r"^\{$.*?^\}$", " ", output, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"⟦[^⟧]*⟧", " ", text)
    return set(re.findall(r"[^\W\d]{2,}", re.sub(r"[0-9a-f]{64}|\S*/\S+", " ", text)))


def words(*texts: object) -> set[str]:
    """Return the words of texts."""
    return set(re.findall(r"[^\W\d]{2,}", " ".join(map(str, texts))))


def declared(site: Host) -> set[str]:
    """Return the words that are none of ours: of declarations, of answers, and stable words."""
    return words(
        *site.client.project.parts().values(), *site.site.answers.values(), "UTC SHA other",
        "granted widened denied undecided", "SENT OFF NOT_DUE", "RuntimeError OLD boom Sell it",
        "became-other wrong-type raised out-of-bounds no-collector", "OK str text boolean",
        "VALUE_MOSCONE VALUE_TAYLOR", MISTAKES,
    )  # fmt: skip


def grown(host: Callable[..., Host]) -> Host:
    """Return a host of a project that asks for more, and for less, than was agreed to."""
    site = Site(multisite=RuntimeError("boom"), server_os="Plan 9", motto="x" * 99)
    before = host(
        site=site,
        transport=Recorder(
            Answer(
                code="OK",
                ignored=(Ignored(number=2, key="php_version", message="old", reason="OLD"),),
            )
        ),
    )
    before.client.grant("extended")
    before.client.send_now()
    wider: dict[str, dict[str, Any]] = {
        "php_version": {"purpose": "Sell it.", "precision": 3},
        "server_os": {"values": {"Linux": 2, "BSD": 4}, "by": ("version",), "threshold": 50},
        "multisite": {"type": "text"},
        "layouts": {"values": {}, "catalogue": ("a",)},
        "users": {"buckets": (1, 1000), "level": "basic"},
    }
    keys = [item.replaced(**wider.get(item.name, {})) for item in KEYS if item.name != "version"]
    fresh = key("fresh", 20, "boolean", purpose="Decide about freshness.")
    return host(project=project((*keys, fresh)), site=site, transport=Talking())


@pytest.mark.slow
@pytest.mark.usefixtures("marking")
@pytest.mark.parametrize("make", [grown, lambda host: host()], ids=["wider", "new"])
def test_no_line_has_words_that_a_catalogue_cannot_replace(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str], make: Callable[[Any], Host]
) -> None:
    site = make(host)
    for typed in EVERY:
        main(site.client, typed, program="shop")
        out, err = capsys.readouterr()
        assert unmarked(out + err) <= declared(site), (typed, out + err)


def in_language(
    typed: list[str], site: Host, language: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command in a language."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANGUAGE", language)
        code = main(site.client, typed, program="shop")
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.slow
@pytest.mark.parametrize("language", OTHERS)
def test_data_and_exit_codes_are_the_same_in_every_language(
    host: Callable[..., Host],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    language: str,
) -> None:
    def course(tag: str, *more: str) -> list[tuple[int, Any]]:
        site = grown(lambda **parts: host(tmp_path / "state", **parts))
        found = []
        for typed in EVERY:
            code, out, err = in_language([*typed, *more], site, tag, capsys)
            found.append((code, json.loads(out) if more else out + err))
        return found

    assert course(language, "--json") == course("en", "--json")
    ours, english = course(language), course("en")
    assert [code for code, _ in ours] == [code for code, _ in english]
    for (_, said), (_, known) in zip(ours, english, strict=True):
        assert said != known or known == "NOT_DUE\n"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de_AT.UTF-8", ("Sample: EINGESCHALTET.", "Zugestimmt.", "Ja zu „grundlegend“")),
        ("es_MX", ("Sample: ACTIVADO.", "Aceptado.", "sí a «básico»")),
        ("fr:C", ("Sample is ON.", "Agreed to.", "yes to basic")),
    ],
)
def test_an_owner_reads_the_status_in_the_language_of_the_question(
    host: Callable[..., Host],
    capsys: pytest.CaptureFixture[str],
    language: str,
    said: tuple[str, ...],
) -> None:
    site = host()
    code, out, _ = in_language(["grant"], site, language, capsys)
    assert code == 0
    for text in said:
        assert text in out
    place = ["--state", str(site.directory)]
    assert run(SAMPLE, ["status", *place], environment={"LANG": language}) == 0
    assert said[0] in capsys.readouterr().out


def test_declared_words_are_said_in_the_language_as_in_the_question(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    german = {
        "title": "Muster",
        "php_version.label": "PHP-Version",
        "php_version.purpose": "Über PHP entscheiden.",
        "php_version.description": "Welches PHP läuft.",
    }
    finer = [item.replaced(precision=3) if item.name == "php_version" else item for item in KEYS]
    host().client.grant()
    site = host(project=project(tuple(finer)).replaced(translations=lambda: {"de": german}))
    out = in_language(["preview"], site, "de", capsys)[1]
    assert "PHP-Version: 8.2\n    Welches PHP läuft.\n    Zweck: Über PHP entscheiden.\n" in out
    assert in_language(["status"], site, "de", capsys)[1].startswith("Muster: EINGESCHALTET.\n")
    out = in_language(["diff"], site, "de", capsys)[1]
    assert "PHP-Version (php_version): weiter geworden: wird gesendet, wie Sie zugestimmt" in out
    assert "    Stellen einer Version: bisher 2, jetzt 3\n" in out


def test_a_sentence_is_its_english_text_and_survives_copies() -> None:
    inner = Sentence("no {what}", what="{braces}")
    outer = Sentence("{why}.", why=inner)
    assert outer == "no {braces}."
    for again in (copy.deepcopy(outer), pickle.loads(pickle.dumps(outer))):  # noqa: S301 - our own
        assert (again, again.pattern, again.values) == ("no {braces}.", "{why}.", {"why": inner})

"""The words of a declaration in other languages, beside what is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from headcount_registry.declarations.languages import is_tag
from headcount_registry.declarations.model import Project, Translation
from headcount_registry.evolution.descriptor_reader import read_registry
from headcount_registry.reading import info
from support.workbench import Bench

PLAIN = """\
headcount[recipient] = The toy makers
telemetry[k][label] = Operating system
telemetry[k][type] = boolean
telemetry[k][description] = Whether.
telemetry[k][purpose] = Decide.
"""
GERMAN = """\
headcount[translations][de][recipient] = Die Spielzeugmacher
telemetry[k][translations][de][label] = Betriebssystem
telemetry[k][translations][de][purpose] = Entscheiden.
telemetry[version][translations][de][label] = Version
"""
LABEL = (("label", "Betriebssystem"), ("purpose", "Entscheiden."))


def built(bench: Bench, **files: str) -> Project:
    """Return the project as the descriptor set carries it."""
    for name, text in files.items():
        bench.write(f"{name}.info", f"project = toy\n{text}")
    bench.build()
    return read_registry((bench.out / "registry.binpb").read_bytes(), "toy").projects[0]


def key_of(text: str) -> dict[str, object]:
    tree: Any = info.parse(text).tree()
    return dict(tree["telemetry"]["k"])


def test_words_and_their_translations_survive_the_grammar_side_by_side() -> None:
    key = key_of(PLAIN + GERMAN)
    assert key["label"] == "Operating system"
    assert key["translations"] == {"de": dict(LABEL)}


def test_a_label_by_language_would_destroy_the_plain_one_and_is_refused(bench: Bench) -> None:
    line = "telemetry[k][label][de] = Betriebssystem\n"
    assert key_of(PLAIN + line)["label"] == {"de": "Betriebssystem"}
    bench.write("toy.info", PLAIN + line)
    result = bench.run("check", str(bench.declarations))
    assert "write `[translations][de][label] = ...`" in result.output


@pytest.mark.slow
def test_translations_are_in_the_descriptor_set_and_in_no_digest(bench: Bench) -> None:
    before = built(bench, toy=PLAIN)
    after = built(bench, german=GERMAN)
    assert (after.digest, after.consent_digest) == (before.digest, before.consent_digest)
    assert after.translations == (Translation("de", (("recipient", "Die Spielzeugmacher"),)),)
    keys = {key.name: key for key in after.keys}
    assert keys["k"].translations == (Translation("de", LABEL),)
    assert keys["version"].translations == (Translation("de", (("label", "Version"),)),)
    assert (keys["k"].label, after.language) == ("Operating system", "en")


@pytest.mark.slow
def test_translations_are_in_registry_json_and_in_the_client(bench: Bench) -> None:
    built(bench, toy=PLAIN, german=GERMAN)
    (project,) = json.loads((bench.out / "registry.json").read_text())["projects"]
    assert project["translations"] == {"de": {"recipient": "Die Spielzeugmacher"}}
    assert {key["name"]: key["translations"] for key in project["keys"]}["k"] == {"de": dict(LABEL)}
    text = (bench.out / "clients/toy_telemetry/_translations.py").read_text()
    assert '"k.label": "Betriebssystem",' in text
    assert '"recipient": "Die Spielzeugmacher",' in text


@pytest.mark.slow
def test_a_client_without_translations_has_no_module_for_them(bench: Bench) -> None:
    built(bench, toy=PLAIN)
    assert not (bench.out / "clients/toy_telemetry/_translations.py").exists()


@pytest.mark.slow
def test_a_convention_brings_the_translation_of_each_text_that_it_brings(bench: Bench) -> None:
    use = "telemetry[k][use] = common:operating_system\n"
    taken = {each.language: dict(each.texts) for each in bench.key(use).translations}
    assert taken["de"] == {"label": "Betriebssystem"}
    assert bench.key(f"{use}telemetry[k][label] = System\n").translations == ()
    own = bench.key(f"{use}telemetry[k][translations][de][label] = System\n").translations
    assert own[0] == Translation("de", (("label", "System"),))


@pytest.mark.slow
def test_a_shorthand_is_translated_in_another_file(bench: Bench) -> None:
    bench.write("toy.info", "telemetry[k] = Play time\n")
    bench.write("de.info", "project = toy\ntelemetry[k][translations][de][label] = Spielzeit\n")
    key = next(key for key in bench.build().registry.projects[0].keys if key.name == "k")
    assert (key.label, key.translations) == (
        "Play time",
        (Translation("de", (("label", "Spielzeit"),)),),
    )
    bench.write("toy.info", "telemetry[k] = P\ntelemetry[k][translations][de][label] = S\n")
    assert "mixed-forms" in bench.refused()


@pytest.mark.parametrize("tag", ["de", "es", "pt-BR", "zh-Hant", "zh-Hant-TW", "es-419", "fil"])
def test_a_language_is_known_by_its_tag(tag: str) -> None:
    assert is_tag(tag)


@pytest.mark.parametrize("tag", ["", "german", "xx", "DE", "de_DE", "de-de", "zzz", "de-"])
def test_another_text_is_no_tag(tag: str) -> None:
    assert not is_tag(tag)

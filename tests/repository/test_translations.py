"""Every sentence and every shipped declaration is in every language, whole and current."""

from __future__ import annotations

import io

import catalogues
import pytest
from babel.messages.pofile import read_po
from headcount_registry.declarations.attributes import ABOUT_TRANSLATED, TRANSLATED
from headcount_registry.evolution.descriptor_reader import read_registry
from support.repository import ROOT

EVERY = [(package, tag) for package in catalogues.PACKAGES for tag in catalogues.LANGUAGES]
SHIPPED = read_registry((ROOT / "registry/generated/registry.binpb").read_bytes(), "").projects


@pytest.mark.slow
@pytest.mark.parametrize(("package", "tag"), EVERY, ids=lambda each: getattr(each, "name", each))
def test_a_catalogue_is_complete_and_what_the_package_carries(
    package: catalogues.Package, tag: str
) -> None:
    assert list(catalogues.faults(package, tag)) == []
    assert package.written(tag).read_bytes() == catalogues.renewed(package, tag)
    assert (package.compiled / f"{tag}.mo").read_bytes() == catalogues.compiled(package, tag)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('msgid "other"\nmsgstr ""\n', "is not translated"),
        ('#, fuzzy\nmsgid "other"\nmsgstr "anderes"\n', "fuzzy"),
        ('msgid "Questions: {contact}"\nmsgstr "Fragen: {kontakt}"\n', "name different values"),
        ('msgid "Who is it?"\nmsgstr "Wer ist es?"\n', "is in no code any more"),
        ("", "is missing"),
    ],
)
def test_a_faulty_catalogue_is_told(monkeypatch: pytest.MonkeyPatch, text: str, fault: str) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    faulty = read_po(io.BytesIO((header + text).encode()), locale="de")
    monkeypatch.setattr(catalogues, "read", lambda *_: faulty)
    assert any(fault in each for each in catalogues.faults(catalogues.PACKAGES[0], "de"))


@pytest.mark.parametrize("tag", catalogues.LANGUAGES)
def test_the_shipped_declarations_are_translated_whole(tag: str) -> None:
    missing = []
    for project in SHIPPED:
        own = {each.language: dict(each.texts) for each in project.translations}
        missing += [(project.name, name) for name in ABOUT_TRANSLATED if name not in own[tag]]
        for key in project.keys:
            known = {each.language: dict(each.texts) for each in key.translations}
            missing += [
                (key.name, name)
                for name in TRANSLATED
                if getattr(key, name) and name not in known.get(tag, {})
            ]
    assert missing == []

"""The words of a declaration in the language of a Backdrop page."""

from __future__ import annotations

import subprocess

import pytest
from support.repository import ROOT
from support.server_process import installed

WORDS = ROOT / "registry/headcount_registry/backdrop/includes/words.inc"
DECLARED = "array('label' => 'Roles', 'translations' => array('de' => array('label' => 'Rollen')))"


@pytest.mark.parametrize(
    ("tag", "label"), [("de", "Rollen"), ("de-at", "Rollen"), ("fr", "Roles"), ("", "Roles")]
)
def test_a_declared_text_is_shown_in_the_language_of_the_page(tag: str, label: str) -> None:
    code = (
        f"require '{WORDS}'; $language = (object) array('langcode' => '{tag}');"
        f" echo HeadcountWords::declared({DECLARED}, 'label');"
    )
    told = subprocess.run(
        [installed("php"), "-r", code], capture_output=True, text=True, check=True
    )
    assert told.stdout == label

"""Backdrop's declarations call things as Backdrop does."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from support import backdrop_source
from support.backdrop_source import BEYOND_CORE, DATA, OF_OURS, PART_OF_CORE, compare, keys

READ = json.loads(DATA.read_text(encoding="utf-8"))
DECLARED = keys()


def test_the_declarations_are_what_was_read_from_a_real_tree() -> None:
    assert READ["version"]
    assert compare(DECLARED, READ["lists"]) == []


def test_every_closed_list_that_core_decides_was_read() -> None:
    closed = {name for name, key in DECLARED.items() if key["values"]}
    elsewhere = {"mysql_version", "server_os", "upgraded_from", "multilingual_tools"}
    assert closed - elsewhere == READ["lists"].keys() & closed
    assert closed >= {*BEYOND_CORE, *PART_OF_CORE, *OF_OURS}


@pytest.mark.parametrize("name", sorted(READ["lists"].keys() & DECLARED.keys()))
def test_a_name_that_is_missing_or_wrong_is_told(name: str) -> None:
    declared: dict[str, Any] = deepcopy(DECLARED)
    values, aliases = declared[name]["values"], declared[name]["aliases"]
    core = {aliases.get(text, text) for text in READ["lists"][name]}
    taken = next(value for value in values if value["text"] in core)
    values.remove(taken)
    values.append({"text": "wrong by hand"})
    expected = [f"{name}: core has {taken['text']!r}"] if name not in PART_OF_CORE else []
    if name not in BEYOND_CORE:
        expected.append(f"{name}: core has no 'wrong by hand'")
    assert compare(declared, READ["lists"]) == expected


def test_an_alias_stands_for_its_value() -> None:
    palettes = {"color_palettes": DECLARED["color_palettes"]}
    assert compare(palettes, {"color_palettes": READ["lists"]["color_palettes"]}) == []
    assert compare(palettes, {"color_palettes": ["slate"]})[0] == "color_palettes: core has 'slate'"


MODULE = """<?php
/**
 * Implements hook_permission().
 */
function paint_permission() {
  $perms = array(
    'mix colors' => array(
      'title' => t('Mix'),
    ),
    'spill' =>  array(
      'title' => t('Spill'),
    ),
  );
  $other = array(
    'no permission' => array('a' => 1),
  );
  $perms['wash up'] = array(
    'title' => t('Wash up'),
  );
  foreach (brushes() as $brush) {
    $perms["use $brush"] = array('title' => $brush);
  }
  return $perms;
}

function paint_other_permission() {
  return array(
    'not a hook' => array(),
  );
}
"""


def test_permissions_are_read_as_a_module_gives_them(tmp_path: Path) -> None:
    folder = tmp_path / "modules" / "paint"
    (folder / "tests").mkdir(parents=True)
    (folder / "paint.info").write_text("type = module\n", encoding="utf-8")
    (folder / "paint.module").write_text(MODULE, encoding="utf-8")
    (folder / "tests" / "paint_test.module").write_text(
        MODULE.replace("mix", "try"), encoding="utf-8"
    )
    found = backdrop_source._of_hook(tmp_path, {"paint"}, "permission")
    assert found == {"mix colors", "spill", "wash up"}


def test_a_record_of_the_same_version_that_says_something_else_is_told() -> None:
    other = {**READ, "lists": {}}
    assert backdrop_source.outdated(READ, READ) == []
    assert "run with --write" in backdrop_source.outdated(other, READ)[0]
    assert backdrop_source.outdated({**other, "version": "9.9"}, READ) == []

"""Every name on the map of the house exists, and every room is on it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.repository import ROOT

MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGES = {
    "client": ROOT / "client" / "headcount",
    "registry": ROOT / "registry" / "headcount_registry",
    "server": ROOT / "server" / "headcount_server",
}
PLACES = sorted(set(re.findall(r"`((?:client|registry|server)/[\w/.]*(?::[\w.]+)?)`", MAP)))
OTHERS = sorted(set(re.findall(r"`((?:docs|tests)/[\w/.-]+)`", MAP)))


def names(tree: ast.Module | ast.ClassDef, prefix: str = "") -> set[str]:
    """What a module defines: functions, classes and methods, as `Class.method`."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(prefix + node.name)
        if isinstance(node, ast.ClassDef):
            found |= names(node, f"{node.name}.")
    return found


@pytest.mark.parametrize("place", PLACES)
def test_a_place_on_the_map_is_there(place: str) -> None:
    path, _, name = place.partition(":")
    distribution, _, rest = path.partition("/")
    file = PACKAGES[distribution] / rest
    assert file.exists()
    if name:
        assert name in names(ast.parse(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", OTHERS)
def test_a_document_or_folder_on_the_map_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("distribution", PACKAGES)
def test_every_room_is_on_the_map_and_says_what_it_is_for(distribution: str) -> None:
    rooms = [file.parent for file in PACKAGES[distribution].glob("*/__init__.py")]
    for room in rooms:
        assert ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    written = {place for place in PLACES if "." not in place}
    there = {f"{distribution}/{room.name}" for room in rooms} - {"client/v1"}  # protoc wrote it
    assert there == {place for place in written if place.startswith(f"{distribution}/")}


def test_every_thread_of_the_server_is_on_the_map() -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in sorted(PACKAGES["server"].rglob("*.py"))
    )
    named = r'(?:Thread|ThreadPoolExecutor)\([^"]*(?:"sockets"[^"]*)?(?:name|prefix)=f?"(\w+)'
    called = set(re.findall(named, text))
    threads = MAP.partition("## Threads of the server")[2].partition("\n## ")[0]
    assert called
    assert called <= set(re.findall(r"`(\w+)`", threads))
    assert not [
        name for name in re.findall(r"^\| `(\w+)`", threads, re.MULTILINE) if name not in text
    ]


@pytest.mark.slow
def test_tests_mirror_the_rooms() -> None:
    for distribution, package in PACKAGES.items():
        for folder in (ROOT / "tests" / distribution).rglob("*"):
            within: Path = folder.relative_to(ROOT / "tests" / distribution)
            if list(folder.glob("test_*.py")) and within.name != "browser":
                assert (package / within).is_dir(), f"no room for {folder}"

"""The names of parts in a tree of Backdrop CMS, compared with those in the declarations.

    make check-backdrop BACKDROP=/path/to/backdrop

The source is read, never run. So this lacks the names that Backdrop composes at run time,
such as the permissions of a content type, which contain a site's own names.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from headcount_registry.reading import info

from support.repository import ROOT, TESTS

DATA = TESTS / "registry" / "data" / "backdrop_core.json"
"""What was read from which version, so that the declarations are compared without a tree too."""
DECLARED = ROOT / "registry" / "generated" / "registry.json"

BEYOND_CORE = {
    "default_theme": "published contributed themes as well",
    "role_names": "common names that sites give",
    "web_server": "what the client knows and core does not",
}
"""Keys that declare more than core has, and what."""
PART_OF_CORE = {"languages": "rare ones would tell a site apart"}
"""Keys that declare less than core has, and why; every other list is core's, name by name."""
OF_OURS = {"color_palettes": {"Custom"}}
"""Values that a host makes itself: colours that somebody chose have no name."""

_FUNCTION = r"^function {}\(.*?\) \{{\n(.*?)^\}}"
_FOR_TESTS = {"tests", "testing"}
_FLAGS = re.MULTILINE | re.DOTALL

Lists = dict[str, list[str]]


def version(tree: Path) -> str:
    """Return the version that a tree says it has."""
    text = (tree / "core/includes/bootstrap.inc").read_text(encoding="utf-8")
    found = re.search(r"define\('BACKDROP_VERSION', '([^']+)'\)", text)
    assert found, f"{tree}: no BACKDROP_VERSION"
    return found[1]


def lists(tree: Path) -> Lists:
    """What core has, sorted, by the key that asks for it."""
    core = tree / "core"
    modules = _parts(core / "modules", "module")
    found = {
        "core_modules": modules,
        "core_layouts": _parts(core / "layouts", "layout"),
        "default_theme": _parts(core / "themes", "theme"),
        "install_profile": _parts(core / "profiles", "profile"),
        "field_types": _of_hook(core, modules, "field_info"),
        "editor_permissions": _of_hook(core, modules, "permission"),
        "color_palettes": _palettes(core / "themes"),
        "role_names": _roles(core),
        "languages": _languages(core / "includes/standard.inc"),
        **_telemetry(core / "modules/telemetry/telemetry.telemetry.inc"),
    }
    return {key: sorted(names) for key, names in found.items()}


def _parts(folder: Path, kind: str) -> set[str]:
    """Modules, layouts, themes or profiles that are for sites, not for tests."""
    found = set()
    for file in folder.rglob("*.info"):
        told = info.parse(file.read_text(encoding="utf-8"), {}).tree()
        if told.get("type") == kind and not _FOR_TESTS & set(file.parts):
            found.add(file.stem)
    return found


def _of_hook(core: Path, modules: set[str], hook: str) -> set[str]:
    """Keys of the array that a hook returns in each module, as far as they are plain texts."""
    function = re.compile(_FUNCTION.format(f"(?:{'|'.join(sorted(modules))})_{hook}"), _FLAGS)
    found: set[str] = set()
    for file in (core / "modules").rglob("*"):
        if file.suffix in {".module", ".inc"} and not _FOR_TESTS & set(file.parts):
            for body in function.findall(file.read_text(encoding="utf-8")):
                found |= _keys_of(body)
    return found


def _keys_of(body: str) -> set[str]:
    """Keys of the array that a function makes at once or one by one, as core indents them."""
    found, whole = set(), False
    returned = "|".join(
        {r"return", *(rf"\${name} =" for name in re.findall(r"return \$(\w+);", body))}
    )
    for line in body.splitlines():
        if line.startswith("  ") and not line.startswith("   "):
            whole = bool(re.fullmatch(rf"  (?:{returned}) array\(", line))
            one = re.fullmatch(r"  \$\w+\['([^'$]+)'\] = array\(", line)
        else:
            one = re.fullmatch(r" {4}'([^'$]+)' => +array\(", line) if whole else None
        if one:
            found.add(one[1])
    return found


def _languages(file: Path) -> set[str]:
    """Codes of the languages that core knows by name."""
    text = file.read_text(encoding="utf-8")
    (body,) = re.findall(_FUNCTION.format("standard_language_list"), text, _FLAGS)
    return set(re.findall(r"^ {4}'([\w-]+)' => array\(", body, re.MULTILINE))


def _palettes(folder: Path) -> set[str]:
    """Keys of the schemes of themes that can be coloured; their titles are translated."""
    found: set[str] = set()
    for file in folder.rglob("color.inc"):
        _, _, schemes = file.read_text(encoding="utf-8").partition("'schemes' => array(")
        found |= set(re.findall(r"^ {4}'(\w+)' => array\($", schemes, re.MULTILINE))
    return found


def _roles(core: Path) -> set[str]:
    """Labels of the roles that a new site has."""
    shipped = (core / "modules/user/config").glob("user.role.*.json")
    made = (core / "profiles/standard/standard.install").read_text(encoding="utf-8")
    return {json.loads(file.read_text(encoding="utf-8"))["label"] for file in shipped} | set(
        re.findall(r"^  \$\w+_role->label = '([^']+)';", made, re.MULTILINE)
    )


def _telemetry(file: Path) -> dict[str, set[str]]:
    """Texts that core's own Telemetry module answers with, for keys that have several."""
    (body,) = re.findall(
        _FUNCTION.format("telemetry_telemetry_data"), file.read_text(encoding="utf-8"), _FLAGS
    )
    _, *cases = re.split(r"^    case '(\w+)':", body, flags=re.MULTILINE)
    answers = zip(cases[::2], cases[1::2], strict=True)
    found = {key: set(re.findall(r"return '([^']+)';", code)) for key, code in answers}
    return {key: texts for key, texts in found.items() if len(texts) > 1}


def keys() -> dict[str, dict[str, Any]]:
    """Backdrop's declared keys by name."""
    registry = json.loads(DECLARED.read_text(encoding="utf-8"))
    (project,) = (each for each in registry["projects"] if each["name"] == "backdrop")
    return {key["name"]: key for key in project["keys"]}


def compare(declared: dict[str, dict[str, Any]], core: Lists) -> list[str]:
    """What the declarations lack, and what they name that core does not have, in words."""
    found = []
    for name in sorted(core.keys() & declared.keys()):
        key = declared[name]
        values, aliases = {value["text"] for value in key["values"]}, key["aliases"]
        # Whatever core calls other needs no name.
        real = {aliases.get(text, text) for text in core[name] if text.lower() != "other"}
        lacking = real - values if name not in PART_OF_CORE else set()
        unknown = values - real - OF_OURS.get(name, set()) if name not in BEYOND_CORE else set()
        found += [f"{name}: core has {text!r}" for text in sorted(lacking)]
        found += [f"{name}: core has no {text!r}" for text in sorted(unknown)]
    return found


def outdated(read: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    """Return what is wrong with a record, if a tree of the same version says something else."""
    if read["version"] != recorded["version"] or read["lists"] == recorded["lists"]:
        return []
    return [f"{DATA.relative_to(ROOT)}: {read['version']} says something else; run with --write"]


def main() -> int:
    """Compare with a tree; with --write, keep what was read."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("tree", type=Path, help="a checkout or release of Backdrop CMS")
    parser.add_argument("--write", action="store_true", help=f"write {DATA.relative_to(ROOT)}")
    arguments = parser.parse_args()
    if not (arguments.tree / "core/includes/bootstrap.inc").is_file():
        parser.error(f"{arguments.tree}: no tree of Backdrop CMS; it has no core/includes")
    core = lists(arguments.tree)
    read = {"version": version(arguments.tree), "lists": core}
    if arguments.write:
        DATA.write_text(json.dumps(read, indent=1) + "\n", encoding="utf-8")
    found = compare(keys(), core) + outdated(read, json.loads(DATA.read_text(encoding="utf-8")))
    total = f"Backdrop {read['version']}: {len(core)} lists, {len(found)} differences"
    sys.stdout.write("\n".join([*found, total, ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a site answers: by collectors of the module, and by hooks of others as they are."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from support.backdrop_site import MODULE

if TYPE_CHECKING:
    from pathlib import Path

    from support.backdrop_site import BackdropSite, Json

PROJECT = json.loads((MODULE / "projects" / "backdrop.json").read_text(encoding="utf-8"))
BY_CORE = {"install_version"}
"""Keys that core's own Telemetry answers where it knows them, and this module cannot."""
ABSENT = {"ckeditor_version", "web_server"}
"""Keys that the stand-in site has no answer to: no CKEditor 4, and no page was seen yet."""
HOOKS = """
function guest_telemetry_info() {{
  return array('{key}' => array('label' => 'A label', 'project' => 'backdrop'));
}}
function guest_telemetry_data($key) {{ return {value}; }}
"""
SIGNUP = """\
name = Signup Sheet
telemetry[php_version] = PHP Version
telemetry[jquery_version] = jQuery Version
telemetry[unheard_of][label] = Something new
project = signup_sheet
version = 1.x-1.2.3
"""


def answered(site: BackdropSite, project: str = "backdrop") -> Json:
    return site.do("collect")[project]


@pytest.mark.slow
def test_every_declared_key_has_a_collector_here_or_in_core(site: BackdropSite) -> None:
    told = answered(site)
    assert {key["name"] for key in PROJECT["keys"]} - told["answers"].keys() <= BY_CORE | ABSENT


def test_what_a_standard_site_answers(site: BackdropSite) -> None:
    told = answered(site)["json"]
    assert told["version"] == {"value": "1.28"}
    assert told["mysqlVersion"] == {"value": "VALUE_MARIADB", "version": "10.11"}
    assert told["contentItems"] == {"value": "1"}  # the range from 1 to 9
    assert told["accounts"] == {"value": "10"}
    assert told["customContentTypes"] == {"value": "1"}
    assert told["contentRevisions"] == {"value": True}
    assert told["multisite"] == {"value": False}
    assert told["defaultTheme"] == {"value": "VALUE_BASIS"}
    assert told["ckeditor5Version"] == {"value": "40"}
    assert told["multilingualTools"] == {}  # none, which is an answer
    assert told["viewsBlockDisplays"] == {"value": "1"}
    assert sorted(told["colorPalettes"]["values"]) == ["VALUE_DEFAULT", "VALUE_ICE"]


def test_names_that_a_site_gave_never_leave_it(site: BackdropSite) -> None:
    told = answered(site)["json"]
    assert told["contributedModules"] == {"values": ["other"]}
    assert told["coreLayouts"] == {"values": ["VALUE_BOXTON"]}
    assert "VALUE_OTHER" in told["roleNames"]["values"]
    assert "VALUE_ANONYMOUS" in told["roleNames"]["values"]  # its label is translated
    assert "VALUE_OTHER" not in told["fieldTypes"]["values"]
    for own in ("house", "lodger", "Lodger", "Anonym", "shift"):
        assert f'"{own}"' not in json.dumps(told)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("5.5.5-10.4.32-MariaDB", {"value": "VALUE_MARIADB", "version": "10.4"}),
        ("8.0.36-0ubuntu0.22.04.1", {"value": "VALUE_MYSQL", "version": "8.0"}),
        ("8.0.mysql_aurora.3.04.0", {"value": "VALUE_AMAZON_AURORA", "version": "8.0"}),
        ("5.6.51-91.0-percona", {"value": "VALUE_PERCONA_SERVER", "version": "5.6"}),
    ],
)
def test_databases_by_their_real_versions(
    site: BackdropSite, version: str, expected: dict[str, str]
) -> None:
    site.parts["database"] = ["mysql", version]
    assert answered(site)["json"]["mysqlVersion"] == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "state", "expected"),
    [
        ({}, "1700000000", "VALUE_NOT_UPGRADED"),
        ({"rdf_mapping": 1}, "1700000000", "VALUE_DRUPAL_7"),
        ({}, "1400000000", "VALUE_DRUPAL_7"),
        ({}, "1200000000", "VALUE_DRUPAL_6"),
    ],
)
def test_sites_that_came_from_drupal_are_known_by_what_that_left(
    site: BackdropSite, rows: dict[str, int], state: str, expected: str
) -> None:
    site.parts["rows"] |= rows
    site.remember("install_time", state)
    assert answered(site)["json"]["upgradedFrom"] == {"value": expected}


@pytest.mark.slow
@pytest.mark.parametrize(
    "failure",
    ["throw new Exception('a fault')", "nowhere()", "strlen()", "array() + 1"],
)
def test_a_hook_that_fails_costs_its_own_key_only(site: BackdropSite, failure: str) -> None:
    code = HOOKS.format(key="install_version", value="NULL")
    code = code.replace("return NULL;", f"if ($key) {{ return {failure}; }}")
    if failure.startswith("throw"):
        code = code.replace(f"return {failure}", failure)
    site.module("guest", code)
    told = answered(site)
    assert ": " in told["notes"]["install_version"]  # the class of the error, and its words
    assert len(told["answers"]) > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'1.24.1'", {"value": "1.24"}),
        ("1.24", {"value": "1.24"}),
        ("NULL", None),
        ("FALSE", None),
        ("''", None),
        ("array()", None),
        (r'"\xff"', None),
    ],
)
def test_a_hook_answers_a_version(site: BackdropSite, value: str, expected: Json) -> None:
    site.module("guest", HOOKS.format(key="install_version", value=value))
    assert answered(site)["json"].get("installVersion") == expected


@pytest.mark.slow
def test_what_nobody_declared_is_shown_and_never_sent(site: BackdropSite) -> None:
    site.module("guest", HOOKS.format(key="shoe_size", value="43"))
    told = answered(site)
    assert "shoeSize" not in told["json"]
    assert "shoe_size" not in told["answers"]
    page = site.do("report")
    assert page["unknown"]["#items"] == ["A label (backdrop.shoe_size)"]


@pytest.mark.slow
def test_a_module_may_take_a_key_out_and_change_an_answer(site: BackdropSite) -> None:
    code = HOOKS.format(key="server_os", value="'Linux'") + (
        "function guest_telemetry_info_alter(&$info) { unset($info['backdrop']['server_os']); }\n"
        "function guest_telemetry_data_alter(&$data) {"
        " $data['backdrop']['php_version'] = '5.6'; $data['backdrop']['more'] = 1; }\n"
    )
    site.module("guest", code)
    told = answered(site)
    assert "serverOs" not in told["json"]
    assert told["notes"]["server_os"] == "a module of this site has taken it out"
    assert told["json"]["phpVersion"] == {"value": "5.6"}
    assert "more" not in told["answers"]


@pytest.mark.slow
def test_a_contributed_module_needs_its_info_lines_and_one_hook(site: BackdropSite) -> None:
    """Label and reason stand in its .info alone; its release is told from there too."""
    code = (
        "function signup_sheet_telemetry_data($key) { return $key === 'php_version' ? 8.2 : NULL; }"
    )
    site.module("signup_sheet", code, SIGNUP, version="1.x-1.2.3")
    told = answered(site, "signup_sheet")
    assert told["json"]["version"] == {"value": "1.2"}
    assert told["json"]["phpVersion"] == {"value": "8.2"}
    assert told["notes"] == {"jquery_version": "nothing on this site answers it"}
    assert site.do("report")["unknown"]["#items"] == ["Something new (signup_sheet.unheard_of)"]


@pytest.mark.slow
def test_a_project_is_asked_about_only_where_a_module_of_it_is_enabled(site: BackdropSite) -> None:
    assert site.do("collect").keys() == {"backdrop"}
    site.do("grant", {"level": "basic", "refused": {}})
    site.module("signup_sheet", "", SIGNUP, version="1.x-1.2.3")
    told = site.do("refresh")
    assert told["open"]  # nobody was asked about it
    assert told["projects"]["signup_sheet"]["record"] is None
    assert site.do("send") == {"backdrop": "later", "signup_sheet": "off"}


@pytest.mark.slow
def test_a_replaced_key_that_a_module_answers_is_told_to_developers(
    site: BackdropSite, tmp_path: Path
) -> None:
    module = tmp_path / "module" / "headcount"
    shutil.copytree(MODULE, module)
    file = module / "projects" / "backdrop.json"
    declared = json.loads(file.read_text(encoding="utf-8"))
    for key in declared["keys"]:
        if key["name"] in {"install_version", "server_os"}:
            key |= {"successor": "web_server", "expires": "2099-06-30"}
    file.write_text(json.dumps(declared), encoding="utf-8")
    site.module_code = module
    assert "replaced" not in site.do("report")
    site.module("guest", HOOKS.format(key="install_version", value="'1.24.1'"))
    (told,) = site.do("report")["replaced"]["#items"]
    assert told == (
        "backdrop.install_version (module guest): web_server replaces it, and it is asked until"
        " 2099-06-30. Answer both until then."
    )
    assert answered(site)["json"]["installVersion"] == {"value": "1.24"}

"""`headcount-registry infer`: a draft that says why, and that `check` refuses until it is whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from headcount_registry import checks
from headcount_registry.cli import main
from headcount_registry.declarations.draft import gather
from headcount_registry.evolution.descriptor_reader import read_registry
from headcount_registry.reading.source import read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import shop
from support.explained import explained

if TYPE_CHECKING:
    from click.testing import Result
    from support.workbench import Bench

PAYLOAD = {
    "version": "1.34.2",
    "php_version": "8.1.27",
    "cache_server": "Apache/2.4.57",
    "multisite": "No",
    "pages": 250,
    "modules": ["views", "token"],
    "siteMail": "ann@toymakers.org",
}
MODULE = """\
<?php
function shop_telemetry_info() {
  $info['cache_server'] = array('label' => t('Cache server'), 'description' => t('What caches.'));
  $info['cart'] = array('label' => t('Cart'));
  $info[$more] = array('label' => 'More');
  return $info;
}
"""


def infer(*arguments: str | Path, data: str = "") -> Result:
    return CliRunner().invoke(main, ["infer", *map(str, arguments)], input=data)


def drafted(*arguments: str | Path, data: str = "") -> str:
    result = infer(*arguments, data=data)
    assert result.exit_code == 0, result.output
    return result.stdout


def errors(text: str, tmp_path: Path) -> list[tuple[str, str]]:
    """The checks that refuse a draft, each with its message."""
    file = tmp_path / "draft.info"
    file.write_text(text, encoding="utf-8")
    findings = checks.run_checks(gather(read([file])))
    return [(each.check, each.message) for each in findings if each.is_error]


def types(text: str, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "draft.info"
    file.write_text(text, encoding="utf-8")
    (project,) = gather(read([file])).projects
    return {key.name: key.type for key in project.keys}


def test_a_draft_has_types_reasons_and_nothing_personal(tmp_path: Path) -> None:
    result = infer("-", "--project", "shop", data=json.dumps(PAYLOAD))
    assert result.exit_code == 0
    assert types(result.stdout, tmp_path) == {
        "php_version": "version",
        "cache_server": "product",
        "multisite": "boolean",
        "pages": "count",
        "modules": "list",
    }
    assert "; pages: count: a whole number in 1 answer.\n" in result.stdout
    assert "; version: every project has this key, so it is not declared.\n" in result.stdout
    assert "; site_mail is siteMail in the samples.\n" in result.stdout
    assert "; telemetry[site_mail][type] = TODO\n" in result.stdout
    assert "ann@toymakers.org" not in result.output
    assert result.stderr.splitlines() == [
        "warning: site_mail: 1 answer looks like an e-mail address, and is not repeated here",
        "warning: site_mail: no type fits: it would name whom it counts",
    ]


def test_check_refuses_a_draft_for_what_a_person_must_write_and_for_nothing_else(
    bench: Bench,
) -> None:
    text = drafted("-", "--project", "shop", data=json.dumps(PAYLOAD))
    file = bench.write("shop.info", text, whole=True)
    result = bench.run("check", str(file))
    assert result.exit_code == 1
    assert "shop.info:13:" in result.stdout
    refused = errors(text, bench.root)
    assert {check for check, _ in refused} == {"unwritten"}
    whole = "\n".join(line for line in text.splitlines() if "= TODO" not in line)
    assert errors(explained(whole), bench.root) == []


def test_a_hook_gives_the_words_and_payloads_the_types(tmp_path: Path) -> None:
    module, payload = tmp_path / "shop.telemetry.inc", tmp_path / "p.json"
    module.write_text(MODULE, encoding="utf-8")
    payload.write_text(json.dumps(PAYLOAD), encoding="utf-8")
    result = infer(module, payload)
    text = result.stdout
    assert "project = shop\n" in text
    assert "telemetry[cache_server][label] = Cache server\n" in text
    assert "telemetry[cache_server][description] = What caches.\n" in text
    assert "telemetry[cache_server][type] = product\n" in text
    assert f"; cart is told in {module}:4.\n" in text
    line = f"{module}:5: $info[$more] = array('label' => 'More');"
    assert text.endswith(f"; Not read, because only PHP can say what it is:\n; {line[:-1]};\n")
    assert f"not read: {line.partition(': ')[2]}" in result.stderr
    (unknown,) = [message for check, message in errors(text, tmp_path) if check == "type"]
    assert unknown.startswith("there is no type `TODO`; it is one of: boolean, choice")


def test_a_hook_alone_leaves_types_to_a_person_but_for_shared_conventions(tmp_path: Path) -> None:
    module = tmp_path / "shop.module"
    module.write_text(MODULE.replace("cart", "php_version"), encoding="utf-8")
    text = drafted(module)
    assert "telemetry[cache_server][type] = TODO\n" in text
    assert "telemetry[php_version][use] = common:php_version\n" in text
    stated = re.findall(r"^telemetry\[php_version\]\[(\w+)\]", text, re.MULTILINE)
    assert stated == ["use", "issue"], "the convention says the rest"


def test_what_the_grammar_would_misread_is_quoted_or_left_to_a_person(tmp_path: Path) -> None:
    answers = ["x ; y", "= z", "TRUE-ish", "PHP_OS", 'a"b', "null"] * 4
    data = json.dumps([{"k": each, "true": 5} for each in answers])
    text = drafted("-", "--project", "shop", data=data)
    assert 'telemetry[k][values][] = "x ; y"\n' in text
    assert 'telemetry[k][values][] = "= z"\n' in text
    assert "; Cannot be written in a .info file: values PHP_OS\n" in text
    assert "; Cannot be written in a .info file: values null\n" in text
    assert "telemetry[true][label] = TODO: label in other words\n" in text
    assert {check for check, _ in errors(text, tmp_path)} == {"unwritten"}


def test_rare_values_wait_for_a_person_and_other_spellings_become_aliases() -> None:
    answers = ["Linux"] * 9 + ["linux"] * 3 + ["Windows"] * 4 + ["annsbox", "other"]
    data = "".join(json.dumps({"os": each}) + "\n" for each in answers)
    text = drafted("-", "--project", "shop", data=data)
    assert "telemetry[os][values][] = Linux\ntelemetry[os][values][] = Windows\n" in text
    assert "telemetry[os][aliases][linux] = Linux\n" in text
    assert "\n; telemetry[os][values][] = annsbox\n" in text
    assert "= other" not in text


def test_payloads_of_several_projects_give_the_draft_of_one() -> None:
    data = json.dumps({"shop": {"a": True}, "bee": {"b": 5}})
    result = infer("-", data=data)
    assert result.exit_code == 2
    assert "--project: name one that the files have: bee, shop." in result.stderr
    assert infer("-", "--project", "ant", data=data).exit_code == 2
    text = drafted("-", "--project", "bee", data=data)
    assert "telemetry[b][type] = count" in text
    assert "[a]" not in text


@pytest.mark.parametrize(
    ("name", "text", "status", "words"),
    [
        ("p.json", "{", 1, "p.json:1:2: no JSON"),
        ("p.json", "{}", 1, "nothing to draft from"),
        ("p.json", '{"a": 1}', 2, "--project: is missing; the files name no project."),
        ("m.module", "<?php\nfunction m_help() {}\n", 1, "nothing to draft from"),
        ("m.module", "<?php function m_telemetry_info() { return '", 1, "m.module:1: ' begins"),
        ("p.json", b"\xff", 1, "p.json:1: not valid UTF-8"),
    ],
)
def test_what_cannot_be_drafted_from_is_told_with_the_remedy(
    tmp_path: Path, name: str, text: str | bytes, status: int, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = infer(file)
    assert (result.exit_code, result.stdout) == (status, "")
    assert words in result.stderr


def test_a_file_that_is_missing_and_a_wrong_project_are_misuse(tmp_path: Path) -> None:
    assert infer(tmp_path / "none.json").exit_code == 2
    assert "is no name for a project" in infer("-", "--project", "A B", data="{}").stderr


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_the_types_of_a_registry_come_back_from_its_sample_reports(
    registry: Path, tmp_path: Path, seed: int
) -> None:
    emitted = CliRunner().invoke(
        main, ["emit", str(registry), "--count", "60", "--seed", str(seed)]
    )
    assert emitted.exit_code == 0
    found = types(drafted("-", "--project", "shop", data=emitted.stdout), tmp_path)
    (project,) = read_registry(registry.read_bytes(), "").projects
    assert found == {key.name: key.type for key in project.keys if key.name != "version"}
    calls = CliRunner().invoke(
        main, ["emit", str(registry), "--count", "60", "--seed", str(seed), "--week", "2026-W47"]
    )
    assert types(drafted("-", data=calls.stdout), tmp_path) == found


@pytest.fixture(name="registry", scope="module")
def _registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a key of every type."""
    place = tmp_path_factory.mktemp("shop")
    source = shop.write(place / "shop")
    built = CliRunner().invoke(main, ["build", str(source), "--out", str(place / "out")])
    assert built.exit_code == 0, built.output
    return place / "out" / "registry.binpb"


TEXTS = st.text(max_size=12) | st.sampled_from([
    *("TRUE", "null", "a=b", "[x]", "; x", '"q', "back\\", "C++", "C", "other", "9.1", "a\nb", "é"),
    *("BACKDROP_VERSION", "PHP_OS", "TODO", "x ; y", "'x' ; y", "#", "NAN", "2.x", "a/1.2"),
    "value",
])  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
ANSWERS = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(payloads=st.lists(st.dictionaries(TEXTS, ANSWERS, max_size=5), min_size=1, max_size=12))
def test_whatever_payloads_hold_a_draft_lacks_only_what_a_person_must_write(
    tmp_path: Path, payloads: list[dict[str, Any]]
) -> None:
    result = infer("-", "--project", "shop", data=json.dumps(payloads))
    if result.exit_code:
        assert result.stderr.startswith(("Usage:", "standard input: nothing", "warning:"))
        return
    refused = errors(result.stdout, tmp_path)
    # A list of which all samples are empty has no values.
    assert {check for check, _ in refused} <= {"unwritten", "values-missing"}, result.stdout

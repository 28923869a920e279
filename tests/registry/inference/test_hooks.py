"""What of a PHP module can be read without running it, and what is told with its place."""

from __future__ import annotations

import pytest
from headcount_registry.errors import SourceError
from headcount_registry.inference import hooks
from headcount_registry.inference.hooks import Told
from hypothesis import given
from hypothesis import strategies as st

CORE = """\
<?php
/**
 * @file
 * Don't run function fake_telemetry_info() { return ['fake' => []]; }
 */
function sample_telemetry_info() {
  // It's a comment with a quote; function other_telemetry_info() {
  $info['php_version'] = array(
    'label' => t('PHP version'),
    'description' => t("The version of PHP's \\"engine\\"."), # another one
    'project' => 'backdrop',
  );
  $info['server'] = ['label' => 'Web' . ' ' . 'server', 'project' => 'backdrop'];
  return $info;
}
"""


def told(code: str) -> dict[str, Told]:
    return {each.name: each for each in hooks.read(code, "m.module").told}


def unread(code: str) -> list[tuple[int, str]]:
    return [(each.location.line, each.code) for each in hooks.read(code, "m.module").unread]


def body(code: str) -> str:
    return f"<?php\nfunction m_telemetry_info() {{\n{code}\n}}\n"


def test_literal_arrays_are_read_with_words_project_and_line() -> None:
    found = told(CORE)
    assert found.keys() == {"php_version", "server"}
    php = found["php_version"]
    assert (php.project, php.label) == ("backdrop", "PHP version")
    assert php.description == 'The version of PHP\'s "engine".'
    assert str(php.location) == "m.module:8"
    assert found["server"].label == "Web server"
    assert unread(CORE) == []


@pytest.mark.parametrize(
    "code",
    [
        "return array('k' => array('label' => 'A'));",
        "return ['k' => ['label' => 'A',],];",
        "$x = array('k' => array('label' => 'A')); return $x;",
        "$x['k'] = array('label' => 'A'); return $x;",
        "$x['k']['label'] = t('A'); return $x;",
        "return array('k' => array('label' => \"A\"))",
    ],
)
def test_all_ways_to_write_a_literal_are_read(code: str) -> None:
    (found,) = told(body(code)).values()
    assert (found.project, found.name, found.label, found.conditional) == ("m", "k", "A", False)


def test_a_key_that_is_told_under_a_condition_is_marked() -> None:
    code = (
        "if (module_exists('x')) { $i['a'] = array('label' => 'A'); }\n"
        "elseif ($y) $i['b'] = array('label' => 'B');\n"
        "else { if (TRUE) { $i['c'] = array('label' => 'C'); } }\n"
        "$i['d'] = array('label' => 'D');"
    )
    found = {name: each.conditional for name, each in told(body(code)).items()}
    assert found == {"a": True, "b": True, "c": True, "d": False}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("$i[$name] = array('label' => 'A');", "$i[$name] = array('label' => 'A');"),
        ("$i += other();", "$i += other();"),
        ("return other();", "other()"),
        ("return array(KEY => array('label' => 'A'));", "KEY => array('label' => 'A')"),
        ("return array('k' => item());", "'k' => item()"),
        ("return array('k' => 'text');", "'k' => text"),
        ("foreach (f() as $x) { $i[$x] = array(); }", "foreach (f() as $x) { $i[$x] = array(); }"),
        ("$i['k'] = array('label' => t('A @b', array('@b' => 1)));", None),
        ("$i['k'] = array('label' => \"A $b\");", None),
        ("$i['k'] = array('label' => \"A {$b['c']}\");", None),
        ("$i['k'] = array('label' => `ls`);", None),
        ("$i['k'] = array('label' => <<<A\nit's\nA\n);", None),
    ],
)
def test_what_is_not_literal_is_told_with_its_line(code: str, expected: str | None) -> None:
    ((line, found),) = unread(body(code))
    assert line == 3
    if expected is None:
        assert found.startswith("'k' 'label' => ")
        assert told(body(code))["k"].label == ""
    else:
        assert found == expected
        assert told(body(code)) == {}


def test_what_follows_something_unread_is_read() -> None:
    code = "while (x()) { y(); }\n$f = function () { return 1; };\n$i['k'] = array('label' => 'A');"
    assert told(body(code)).keys() == {"k"}
    assert [line for line, _ in unread(body(code))] == [3, 4]


def test_code_outside_of_php_tags_and_other_functions_are_no_hooks() -> None:
    code = (
        "function a_telemetry_info() { return ['x' => []]; }\n<?php function b() { return ['y' =>"
        " []]; } // ?> function c_telemetry_info() { return ['z' => []]; }\n"
        "<?php function &d_telemetry_info(): array { return ['k' => ['label' => 'D']]; }"
    )
    assert told(code).keys() == {"k"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("return array('k => 1);", "m.module:3: ' begins what never ends"),
        ("/* no end", "m.module:3: /\\* begins what never ends"),
        ("$x = <<<EOT\n", "m.module:3: <<<E begins what never ends"),
        ("$x = " + "array(" * 50, "m.module:3: arrays are nested more than 20 deep"),
        ("if (1) " * 90 + ";", "m.module:3: conditions are nested more than 50 deep"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(code: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        hooks.read(body(code), "m.module")


def test_a_file_that_ends_in_a_function_is_refused() -> None:
    with pytest.raises(SourceError, match="ends in the middle of a function"):
        hooks.read("<?php function m_telemetry_info() { return array('k' =>", "m.module")


PIECES = st.sampled_from([
    *("array(", "[", "]", ")", "(", "{", "}", "'a'", '"b"', "=>", ",", ";", "$i", "=", "t(", "if"),
    *("else", "return", "function m_telemetry_info() {", "'", '"', "<<<A\n", "\nA", "/*", "//"),
    *("?>", "<?php ", "1.5", ".", "foreach", "\\", "é", "\0", "\n"),
])  # fmt: skip


@given(st.lists(PIECES, max_size=60).map(" ".join))
def test_whatever_a_file_holds_it_is_read_or_refused(code: str) -> None:
    try:
        found = hooks.read(f"<?php function m_telemetry_info() {{ {code}", "m.module")
    except SourceError:
        return
    assert all(each.location.line >= 1 for each in found.told)
    assert all(each.location.line >= 1 for each in found.unread)

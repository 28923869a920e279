"""The module runs on every PHP that its sites have: 7.2 to 8.5 are run, 5.6 is parsed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.backdrop_site import KIT, MODULE, PROGRAM, BackdropSite
from support.npm_packages import BACKDROP, node, packages
from support.repository import TESTS
from support.server_process import BIN

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [pytest.mark.index, pytest.mark.slow]

ENDINGS = {".inc", ".install", ".module"}
VERSIONS = ("7-2", "7-4", "8-0", "8-1", "8-2", "8-3", "8-4", "8-5")
WASM = TESTS / "backdrop" / "php_wasm.mjs"
PARSER = TESTS / "backdrop" / "php_parser.mjs"
CODE = sorted(path for path in MODULE.parent.rglob("*") if path.suffix in ENDINGS)
NEWER_THAN_5_6 = """
ArgumentCountError ArithmeticError Error JsonException Stringable TypeError ValueError WeakMap
JSON_INVALID_UTF8_IGNORE JSON_INVALID_UTF8_SUBSTITUTE JSON_THROW_ON_ERROR
JSON_UNESCAPED_LINE_TERMINATORS MB_CASE_FOLD PHP_FLOAT_DIG PHP_FLOAT_EPSILON PHP_FLOAT_MAX
PHP_FLOAT_MIN PHP_INT_MIN PHP_OS_FAMILY PREG_UNMATCHED_AS_NULL
array_all array_any array_find array_find_key array_first array_is_list array_key_first
array_key_last array_last error_clear_last fdatasync fdiv fpow fsync gc_status get_debug_type
get_error_handler get_exception_handler get_mangled_object_vars get_resource_id hash_hkdf
hash_hmac_algos hrtime http_clear_last_response_headers http_get_last_response_headers
ini_parse_quantity intdiv is_countable is_iterable json_validate mb_chr mb_lcfirst mb_ltrim mb_ord
mb_rtrim mb_scrub mb_str_pad mb_str_split mb_trim mb_ucfirst net_get_interfaces
openssl_cipher_key_length openssl_get_cert_locations password_algos preg_last_error_msg
preg_replace_callback_array random_bytes random_int sapi_windows_vt100_support session_create_id
session_gc spl_object_id str_contains str_ends_with str_starts_with stream_context_set_options
stream_isatty
"""
"""Functions, classes and constants that PHP 7 and 8 brought and a module might want."""


def ran(version: str, folder: Path, lines: Iterable[list[str]]) -> list[str]:
    """Return what a site in a folder says to each line, run by one version of PHP."""
    done = subprocess.run(
        [node(), WASM, packages(BACKDROP), version, "site", PROGRAM, folder, MODULE],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_php_agrees_with_the_python_client(version: str) -> None:
    done = subprocess.run(
        [
            *(BIN / "headcount-registry", "conformance", "--format", "json", "--"),
            *(node(), WASM, packages(BACKDROP), version, "kit", KIT, MODULE / "includes"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"], told["trouble"]) == (0, [], ""), done.stderr
    assert told["client"].split()[-1].startswith(version.replace("-", "."))
    assert sum(told["passed"].values()) > 400


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_php_runs_a_site_without_a_warning(
    version: str, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    site = BackdropSite(tmp_path, clean_environment)
    site.prepare()
    yes = json.dumps({"level": "extended", "refused": {}})
    lines = [["form"], ["grant", yes], ["collect"], ["send"], ["report"], ["requirements"]]
    told = [json.loads(line) for line in ran(version, tmp_path, [*lines, ["deny"], ["uninstall"]])]
    assert told[1]["rule"] == "granted"
    digest = told[2]["backdrop"]["digest"]
    assert told[2]["backdrop"]["answers"]["php_version"].startswith(version.replace("-", "."))
    assert told[3] == {"backdrop": "later"}
    assert digest in json.dumps(told[4])
    assert (told[6]["rule"], told[7]) == ("denied", [])


def parsed(version: str, *files: Path) -> dict[str, list[str]]:
    done = subprocess.run(
        [node(), PARSER, packages(BACKDROP), version, *files],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told


def test_the_code_is_php_5_6_by_its_syntax_and_by_what_it_calls() -> None:
    told = parsed("5.6", *CODE)
    assert told["faults"] == []
    assert {"json_decode", "hash_hmac", "backdrop_random_bytes"} <= set(told["names"])
    assert set(NEWER_THAN_5_6.split()).intersection(told["names"]) == set()


@pytest.mark.parametrize(
    "newer",
    [
        *("return $a ?? 1;", "return $a <=> 1;", "return new class {};", "fn($a) => 1;"),
        *("$a?->b();", "function f(int $a) {}", "function f($a): array {}", "[$a, $b] = $c;"),
        *("class A { private const B = 1; }", "list('a' => $b) = $c;", "f($a, $b,);"),
        *("try {} catch (A | B $e) {}", "use A\\{B, C};", "(function () {})();"),
        *("function f(?array $a) {}", "$a = [...$b];", "class A { public int $a; }"),
    ],
)
def test_the_parser_refuses_what_php_5_6_does_not_know(tmp_path: Path, newer: str) -> None:
    file = tmp_path / "newer.inc"
    file.write_text(f"<?php\n{newer}\n", encoding="utf-8")
    (fault,) = parsed("5.6", file)["faults"]
    assert fault.startswith(f"{file}:2: ")
    assert parsed("8.0", file)["faults"] == []


def test_a_function_that_is_newer_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "newer.inc"
    file.write_text("<?php\nprint intdiv(PHP_INT_MIN, 2);\n", encoding="utf-8")
    names = parsed("5.6", file)["names"]
    assert set(NEWER_THAN_5_6.split()).intersection(names) == {"intdiv", "PHP_INT_MIN"}

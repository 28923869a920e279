"""Arbitrary files: nothing crashes, nothing is lost in silence, what is passed can be built.

What once went wrong, or nearly did, is kept below corpus/ and replayed.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from headcount_registry import checks
from headcount_registry.cli import main
from headcount_registry.declarations.attributes import ABOUT, ALL
from headcount_registry.declarations.model import KeyType
from headcount_registry.findings import Finding, Severity
from headcount_registry.pipeline.build import build
from headcount_registry.pipeline.review import review
from headcount_registry.reading import info
from headcount_registry.reading.info import Style, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.explained import explained

CORPUS = sorted((Path(__file__).parent / "corpus" / "info").iterdir())
TODAY = dt.date(2026, 1, 1)

NAMES = ["php_version", "web_server", "web_servers", "k", "version", "class", "C", "a b", "", "é"]
WORDS = [
    *KeyType,
    "basic",
    "2",
    "1",
    "0",
    "TRUE",
    "PHP_OS",
    "a ; b",
    '"a"',
    "'a",
    '"',
    "\\",
    "",
    "C",
    "C++",
]
LINE = st.one_of(
    st.builds(
        "{}[{}]{}{}{}".format,
        st.sampled_from(["telemetry", "Telemetry", "headcount", "# telemetry", "\ufefftelemetry"]),
        st.sampled_from([*NAMES, *ABOUT]),
        st.sampled_from(["", "[]", "[x]", "[allow][]", *(f"[{name}]" for name in ALL)]),
        st.sampled_from(["", "", "", "[]", "[]", "[0]", "[a]", "]"]),
        st.builds(
            "{}{}".format,
            st.sampled_from([" = ", " = ", " =\n", "", " == "]),
            st.one_of(st.sampled_from([*WORDS, *(check.name for check in checks.ALL)]), st.text()),
        ),
    ),
    st.sampled_from(
        ["project = toy", "project =", "name = Toy", "just text", "[One]", "; no", "\r"]
    ),
    st.text(max_size=8),
)
FILES = st.lists(st.lists(LINE, max_size=12).map("\n".join), min_size=1, max_size=2)


def findings(texts: list[str]) -> tuple[Finding, ...]:
    with tempfile.TemporaryDirectory() as folder:
        return reviewed(Path(folder), texts)


def reviewed(folder: Path, texts: list[str]) -> tuple[Finding, ...]:
    for number, text in enumerate(texts):
        file = folder / f"toy{number}.info"
        file.write_bytes(text.encode(errors="surrogatepass"))
    # One more file, so that something is always declared.
    good = folder / "good.info"
    good.write_text(
        explained("telemetry[good][label] = Good\ntelemetry[good][type] = boolean\n"), "utf-8"
    )
    return review([folder], folder / "registry.lock", TODAY, strict=False).findings


@given(FILES)
def test_no_declarations_crash_the_checks(texts: list[str]) -> None:
    for finding in findings(texts):
        assert finding.location.file
        assert finding.message


@given(FILES)
def test_every_line_that_is_meant_to_declare_does_or_is_found(texts: list[str]) -> None:
    for text in texts:
        document = parse(text)
        declared = {
            document.position(pair.key_start)[0]
            for pair in document.pairs
            if pair.path[0] in {"telemetry", "headcount"}
        }
        lines = text.split("\n")
        meant = [number for number, line in enumerate(lines, 1) if line.startswith("telemetry[")]
        if set(meant) - declared:
            assert any(finding.severity is Severity.ERROR for finding in findings([text]))


KEYS = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["Label", '"A \\"label\\""', "é & ü", "*/ label", "a\\"]),
        "type": st.sampled_from([*KeyType, *KeyType, "other"]),
    },
    optional={
        "values][": st.sampled_from(["Apache", "C++", "é!", "1.5", "nginx", "None", "a b"]),
        "precision": st.sampled_from(["1", "3", "5"]),
        "buckets][": st.sampled_from(["1", "10"]),
        "by][": st.just("version"),
        "aliases][x": st.sampled_from(["Apache", "C++"]),
        "level": st.just("extended"),
        "purpose": st.sampled_from(["Decide.", "a '''", 'b """', "$1 \\n {0}"]),
        "expires": st.just("2027-01-01"),
    },
)
PROJECTS = st.dictionaries(
    st.sampled_from(["bool", "value", "none", "list_of", "enum", "message", "php_version", "self"]),
    KEYS,
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(st.sampled_from(["toy", "message", "option", "v1", "projects", "headcount"]), PROJECTS)
def test_what_the_checks_pass_can_be_built(project: str, keys: dict[str, dict[str, str]]) -> None:
    text = f"project = {project}\n" + "".join(
        f"telemetry[{name}][{attribute}] = {value}\n"
        for name, attributes in keys.items()
        for attribute, value in attributes.items()
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not any(finding.is_error for finding in reviewed(folder, [text])):
            build([folder], folder / "registry.lock")


TREES = st.recursive(
    st.one_of(st.text(max_size=12), st.booleans(), st.none()),
    lambda children: st.dictionaries(
        st.text(alphabet="abc01_. ", min_size=1, max_size=4), children, min_size=1, max_size=4
    ),
    max_leaves=12,
)


def lines(tree: object, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], info.Scalar]]:
    if isinstance(tree, dict):
        return [line for name, child in tree.items() for line in lines(child, (*path, name))]
    assert tree is None or isinstance(tree, str | bool)
    return [(path, tree)]


@given(st.dictionaries(st.text(alphabet="abc01_.", min_size=1, max_size=4), TREES, max_size=4))
def test_printing_a_tree_and_parsing_it_again_is_the_identity(tree: dict[str, object]) -> None:
    try:
        printed = [info.format_pair(*line) for line in lines(tree, ())]
    except ValueError:
        return
    assert parse("\n".join(printed)).tree() == tree


@given(st.text(alphabet="ab=;[]\"'\\ \n\r\t", max_size=60))
def test_a_value_stands_where_its_pair_says(text: str) -> None:
    document = parse(text)
    for pair in document.pairs:
        if pair.style is Style.BARE and isinstance(pair.value, str):
            assert text.startswith(pair.value, pair.value_start)
        elif pair.style is not Style.BARE:
            assert text[pair.value_start] == pair.style.value
        assert text.startswith(pair.key, pair.key_start)
        line, column = document.position(pair.key_start)
        assert text.split("\n")[line - 1][column - 1 :].startswith(pair.key.split("\n")[0])


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_was_kept_is_read_and_judged_without_a_crash(tmp_path: Path, path: Path) -> None:
    for options in ([], ["--sections"]):
        parsed = CliRunner().invoke(main, ["parse", str(path), *options])
        assert parsed.exit_code == 0
        json.loads(parsed.stdout)
    copy = tmp_path / "toy.info"
    copy.write_bytes(path.read_bytes())
    checked = CliRunner().invoke(main, ["check", "--format", "json", str(copy)])
    assert checked.exit_code == 1, checked.output
    # Whatever is kept has something wrong with it, so it is not passed over in silence.
    assert checked.stderr or json.loads(checked.stdout)["errors"]

"""What is written for people and for other tools, next to schema and clients."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount_registry.declarations.model import Level, Mode, Registry
from headcount_registry.emitters import consent_text, keys_page, registry_json, wording
from headcount_registry.evolution.descriptor_reader import read_registry
from headcount_registry.findings import Location
from headcount_registry.pipeline.build import build
from hypothesis import given
from hypothesis import strategies as st
from support.workbench import GOLDEN

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key, Project
    from headcount_registry.pipeline.build import Build
    from support.workbench import Bench

TOY = """\
headcount[title] = Toys
headcount[recipient] = The toy makers
telemetry[k][label] = Web server
telemetry[k][description] = The server that delivers pages.
telemetry[k][purpose] = Decide what we test on.
telemetry[k][issue] = https://toymakers.org/issues/7
telemetry[k][type] = choice
telemetry[k][values][] = Apache
telemetry[k][values][] = nginx
telemetry[k][level] = extended
telemetry[k][since] = 1.4
telemetry[k][expires] = 2099-12-31
"""


@pytest.fixture(name="every_type", scope="module")
def _every_type(tmp_path_factory: pytest.TempPathFactory) -> Build:
    lock = tmp_path_factory.mktemp("lock") / "registry.lock"
    return build([GOLDEN / "every_type" / "declarations"], lock)


@pytest.fixture(name="evolved", scope="module")
def _evolved() -> Build:
    case = GOLDEN / "evolved"
    return build([case / "declarations"], case / "released.lock")


def without_places(registry: Registry) -> Registry:
    return Registry(
        tuple(
            replace(
                project,
                keys=tuple(replace(key, location=Location("")) for key in project.keys),
            )
            for project in registry.projects
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", ["every_type", "evolved"])
def test_a_descriptor_set_carries_the_whole_registry(
    case: str, request: pytest.FixtureRequest
) -> None:
    built: Build = request.getfixturevalue(case)
    described = read_registry(built.files["registry.binpb"], "registry.binpb")
    assert described == without_places(built.registry)


def test_the_json_names_everything_that_is_declared_and_numbered(every_type: Build) -> None:
    model = json.loads(every_type.files["registry.json"])
    assert model["format"] == 1
    (project,) = model["projects"]
    assert project["title"] == 'Toy "shop" \\ café'
    keys = {key["name"]: key for key in project["keys"]}
    (declared,) = every_type.registry.projects
    assert [key["number"] for key in project["keys"]] == [key.number for key in declared.keys]
    assert keys["web_server"]["values"][0] == {
        "number": 2,
        "text": "Apache",
        "identifier": "VALUE_APACHE",
    }
    assert keys["modules"]["catalogue"] == list(
        next(key for key in declared.keys if key.name == "modules").catalogue
    )
    assert keys["php_version"]["metric"] == "headcount_toy_shop_php_version_reports"
    assert keys["php_version"]["message"] == "headcount.projects.toy_shop.v1.PhpVersion"
    assert all(key.keys() == keys["version"].keys() for key in keys.values())


def test_the_json_names_what_is_retired(evolved: Build) -> None:
    (project,) = json.loads(evolved.files["registry.json"])["projects"]
    (declared,) = evolved.registry.projects
    assert project["retired"] == [
        {"number": each.number, "name": each.name} for each in declared.retired
    ]
    assert project["retired"]


@pytest.mark.slow
def test_the_page_of_keys_says_what_why_who_decided_values_level_since_and_expiry(
    bench: Bench,
) -> None:
    bench.write("toy.info", TOY)
    page = keys_page.emit(bench.build().registry)
    for words in (
        "### `k`",
        "**Web server.** The server that delivers pages.",
        "- Why: Decide what we test on.",
        "- Decided: <https://toymakers.org/issues/7>",
        "- Values: `Apache`, `nginx`",
        "- Level: how the software is used (`extended`)",
        "- Since: 1.4",
        "- Until: 2099-12-31",
        "- Received by: The toy makers",
    ):
        assert words in page


@pytest.mark.slow
def test_what_replaces_a_key_is_told_in_client_page_and_schema(bench: Bench) -> None:
    more = TOY[TOY.index("telemetry") :].replace("[k]", "[n]")
    more += "telemetry[k][deprecated] = renamed:n\n"
    bench.write("toy.info", TOY + more)
    built = bench.build()
    client = built.files["clients/toy_telemetry/keys.py"].decode()
    assert client.count("Deprecated: `n` replaces it; asked until 2099-12-31.") == 1
    page = keys_page.emit(built.registry)
    assert "- Replaced by: `n`" in page[page.index("### `k`") : page.index("### `n`")]
    assert "- Continues: `k`" in page[page.index("### `n`") :]
    described = read_registry(built.files["registry.binpb"], "registry.binpb")
    (project,) = described.projects
    assert {key.name: key.successor for key in project.keys if key.successor} == {"k": "n"}
    assert '"successor": "n"' in built.files["registry.json"].decode()


def test_a_project_that_asks_one_question_says_so(small: Project) -> None:
    one = replace(small, keys=small.keys[:1])
    assert "the 1 question below" in " ".join(consent_text.emit(one).split())
    page = keys_page.emit(Registry((one,)))
    assert "1 key of 1 project, with" in page
    assert f"(#{one.name}): 1 key\n" in page


def test_every_key_of_every_type_is_on_the_page_and_in_the_consent_text(every_type: Build) -> None:
    (project,) = every_type.registry.projects
    page = keys_page.emit(every_type.registry)
    consent = consent_text.emit(project)
    for key in project.keys:
        assert f"### `{key.name}`\n" in page
        assert f"* {key.label}\n" in consent


@pytest.mark.slow
def test_the_page_and_its_check_follow_the_declarations(bench: Bench, tmp_path: Path) -> None:
    bench.write("toy.info", TOY)
    page = tmp_path / "docs" / "generated" / "keys.md"
    assert bench.run_build("--docs", str(page)).exit_code == 0
    assert bench.run_build("--docs", str(page), "--check").exit_code == 0
    bench.write("toy.info", TOY.replace("Decide what", "Know what"))
    result = bench.run_build("--docs", str(page), "--check")
    assert result.exit_code == 1
    assert f"{page}: differs" in result.stderr


@pytest.mark.slow
def test_a_page_that_people_wrote_is_not_overwritten(bench: Bench, tmp_path: Path) -> None:
    bench.write("toy.info", TOY)
    page = tmp_path / "keys.md"
    page.write_text("# My keys\n")
    result = bench.run_build("--docs", str(page))
    assert result.exit_code == 1
    assert "was not written by headcount-registry" in result.stderr
    assert page.read_text() == "# My keys\n"
    assert not bench.out.exists()


SIGNS = st.text(st.sampled_from("ab_ `*<>|[]&#~\\\n\"'é\u202e;:."), max_size=40)


def key_with(text: str, project: Project) -> Key:
    key = next(key for key in project.keys if key.name == "php_version")
    return replace(key, label=text or "x", description=text, purpose=text, issue=text, owner=text)


@pytest.mark.slow
@given(SIGNS)
def test_no_wording_breaks_out_of_the_page(text: str) -> None:
    assert "\n" not in wording.markdown(text)
    # Signs of HTML and tables appear behind a backslash only.
    bare = wording.markdown(text).replace("\\\\", "")
    for sign in "<>|&[]*":
        assert bare.count(sign) == bare.count(f"\\{sign}")


@pytest.fixture(name="small", scope="module")
def _small(every_type: Build) -> Project:
    (project,) = every_type.registry.projects
    return replace(project, keys=tuple(key for key in project.keys if key.name == "php_version"))


@pytest.mark.slow
@given(text=SIGNS)
def test_no_wording_changes_the_lines_of_the_consent_text(small: Project, text: str) -> None:
    consent = consent_text.emit(replace(small, keys=(key_with(text, small),)))
    headings = [line for line in consent.splitlines() if line.startswith("---")]
    assert len(headings) == 1
    assert all(line.isprintable() for line in consent.splitlines())


def test_the_consent_text_ships_with_the_client_and_fits_a_terminal(every_type: Build) -> None:
    text = every_type.files["clients/toy_shop_telemetry/consent.txt"].decode()
    assert max(map(len, text.splitlines())) <= 76
    assert "Unless you say no, reports begin 24 hours after this was shown to you." in " ".join(
        text.split()
    )


@pytest.mark.slow
def test_the_consent_text_says_what_is_sent_and_asks_first(bench: Bench) -> None:
    bench.write("toy.info", TOY)
    bench.build()
    text = (bench.out / "clients" / "toy_telemetry" / "consent.txt").read_text(encoding="utf-8")
    for words in (
        "The toy makers would like to know how Toys is used.",
        "Nothing is sent unless you say yes.",
        "How the software is used (level extended)",
        "* Web server",
        "Why: Decide what we test on.",
        "Values: Apache, nginx.",
        "Asked until 2099-12-31.",
    ):
        assert words in " ".join(text.split("\n")) or words in text


@pytest.mark.slow
def test_a_consent_text_goes_with_its_project(bench: Bench) -> None:
    bench.write("toy.info", TOY)
    gone = bench.write("gone.info", TOY)
    bench.build()
    gone.unlink()
    bench.build()
    assert not (bench.out / "clients" / "gone_telemetry").exists()


def test_every_level_and_mode_has_words() -> None:
    assert wording.LEVELS.keys() == set(Level)
    assert wording.MODES.keys() == set(Mode)


@pytest.mark.parametrize(
    ("buckets", "texts"),
    [
        ((), ()),
        ((1,), ("0", "1+")),
        ((1, 10, 100), ("0", "1-9", "10-99", "100+")),
        ((5, 6), ("0-4", "5", "6+")),
    ],
)
def test_ranges_are_written_as_the_server_publishes_them(
    buckets: tuple[int, ...], texts: tuple[str, ...]
) -> None:
    assert wording.ranges(buckets) == texts


def test_the_json_is_the_same_text_for_the_same_registry(every_type: Build) -> None:
    assert registry_json.emit(every_type.registry).encode() == every_type.files["registry.json"]

"""The commands `diff` and `release`, and the pages made from the history."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from headcount.v1 import options_pb2
from headcount_registry.errors import HistoryError
from headcount_registry.evolution import history
from support.explained import explained
from support.workbench import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

KEY = "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n"
CHOICE = """\
telemetry[c][type] = choice
telemetry[c][label] = Some choice
telemetry[c][values][] = Apache
telemetry[c][values][] = nginx
"""


@pytest.fixture(name="old")
def _old(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of declarations with their lock, and of what was built from them."""
    bench.write("toy.info", KEY + CHOICE)
    bench.build()
    copy = tmp_path_factory.mktemp("old")
    shutil.copytree(bench.root, copy, dirs_exist_ok=True)
    return copy


def kinds(result: Result) -> list[tuple[str, str]]:
    model = json.loads(result.stdout)
    return [(change["key"], change["kind"]) for change in model["changes"]]


@pytest.mark.slow
@pytest.mark.parametrize("before", ["declarations", "declarations/registry.lock", "generated"])
@pytest.mark.parametrize("after", ["declarations", "declarations/registry.lock", "generated"])
def test_directories_locks_and_descriptor_sets_are_compared_alike(
    bench: Bench, old: Path, before: str, after: str
) -> None:
    bench.write(
        "toy.info",
        KEY.replace("[k]", "[renamed]")
        + "telemetry[renamed][formerly] = k\n"
        + CHOICE.replace("= nginx", "= Caddy"),
    )
    bench.build()
    ends = {"generated": "generated/registry.binpb"}
    paths = (old / ends.get(before, before), bench.root / ends.get(after, after))
    result = bench.run("diff", *map(str, paths), "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert kinds(result) == [("c", "widened"), ("c", "narrowed"), ("renamed", "renamed")]
    partial = any(path.suffix == ".lock" for path in paths)
    assert json.loads(result.stdout)["partial"] is partial


@pytest.mark.slow
def test_declarations_that_are_not_built_yet_are_compared_too(bench: Bench, old: Path) -> None:
    bench.write("toy.info", KEY + CHOICE + KEY.replace("[k]", "[new]"))
    result = bench.run("diff", str(old / "generated" / "registry.binpb"), str(bench.declarations))
    assert result.exit_code == 0
    assert result.stdout == (
        "toy\n"
        "  added     new: a new key, Some words (boolean)  [asks people]\n"
        "\n"
        "Compatible: 1 change, none breaks clients or totals.\n"
        "People are asked about: toy (new).\n"
    )


@pytest.mark.slow
def test_a_rename_is_the_same_before_and_after_it_is_built(bench: Bench, old: Path) -> None:
    text = KEY.replace("[k]", "[renamed]") + "telemetry[renamed][formerly] = k\n" + CHOICE
    bench.write("toy.info", text)
    (old / "declarations" / "toy.info").write_text(explained(text), encoding="utf-8")
    bench.build()
    result = bench.run("diff", str(old / "declarations"), str(bench.declarations))
    assert (result.exit_code, result.stdout) == (0, "Nothing changed.\n")


@pytest.mark.slow
def test_a_type_change_that_build_refuses_is_breaking(bench: Bench, old: Path) -> None:
    bench.write("toy.info", KEY.replace("boolean", "version") + CHOICE)
    result = bench.run("diff", str(old / "declarations"), str(bench.declarations))
    assert result.exit_code == 1
    assert "k: type boolean became version; declare a new key instead" in result.stdout
    assert "BREAKING: 1 of 1 change." in result.stdout


def test_one_project_of_many_can_be_compared(bench: Bench, old: Path) -> None:
    module = bench.write("poll.info", KEY)
    everything = bench.run("diff", str(old / "generated" / "registry.binpb"), str(module))
    assert "the project is no longer declared" in everything.stdout
    only = bench.run(
        "diff", str(old / "generated" / "registry.binpb"), str(module), "--project", "poll"
    )
    assert only.exit_code == 0
    assert only.stdout.startswith("poll\n  added     a new project, poll\n")
    assert "no longer" not in only.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "{new}"), "nowhere: no such file or directory"),
        (("{new}", "{wrong}"), "declarations have errors; nothing was compared"),
        (("{new}", "{broken}"), "no descriptor set"),
        (("{new}", "{empty}"), "holds no project"),
        (("{new}", "{lock}"), "restore the line from version control"),
        (("{new}", "{new}", "--project", "unknown"), "neither OLD nor NEW declares it"),
        (("{new}", "{new}", "--format", "xml"), "--format"),
    ],
)
def test_what_cannot_be_compared_ends_with_status_2(
    bench: Bench, old: Path, arguments: tuple[str, ...], message: str
) -> None:
    places = {
        "new": old / "declarations",
        "wrong": bench.write("deep/wrong.info", KEY + "telemetry[k][typo] = x\n"),
        "broken": bench.root / "broken.binpb",
        "empty": bench.root / "empty.binpb",
        "lock": bench.write("broken.lock", "{}\n"),
    }
    places["broken"].write_bytes(b"\xff\xff\xff")
    places["empty"].write_bytes(b"")
    result = bench.run("diff", *(argument.format(**places) for argument in arguments))
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def released(bench: Bench, text: str, name: str, *options: str) -> Result:
    bench.write("toy.info", text)
    assert bench.run_build().exit_code == 0
    return bench.run("release", str(bench.declarations), "--name", name, *options)


@pytest.mark.slow
def test_the_page_of_changes_tells_every_release_and_what_is_to_come(
    bench: Bench, tmp_path: Path
) -> None:
    page = tmp_path / "changes.md"
    assert released(bench, KEY, "1.0", "--date", "2026-01-31").stdout == "1.0: 3 changes\n"
    assert released(bench, KEY + CHOICE, "1.1", "--date", "2026-04-30").exit_code == 0
    bench.write("toy.info", CHOICE)
    bench.run_build("--changes", str(page))
    text = page.read_text(encoding="utf-8")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## Unreleased", "## 1.1 (2026-04-30)", "## 1.0 (2026-01-31)"]
    unreleased, second, first = text.split("\n## ")[1:]
    assert "- retired `k`: no longer asked; its series ends\n" in unreleased
    assert "- added `c`: a new key, Some choice (choice) (*asks*)\n" in second
    assert "- added `k`: a new key, Some words (boolean) (*asks*)\n" in first


@pytest.mark.slow
def test_a_release_adds_a_line_and_leaves_the_others(bench: Bench) -> None:
    released(bench, KEY, "1.0", "--date", "2026-01-31")
    path = history.history_path(bench.lock)
    before = path.read_bytes()
    released(bench, KEY + CHOICE, "1.1")
    after = path.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 2
    kept = history.released_path(bench.lock).read_bytes()
    assert kept == (bench.out / "registry.binpb").read_bytes()


@pytest.mark.slow
def test_a_release_that_breaks_something_is_refused_unless_it_is_meant(bench: Bench) -> None:
    longer = (
        "telemetry[n][type] = list\ntelemetry[n][label] = Parts\ntelemetry[n][values][] = a\n"
        "telemetry[n][max_items] = 20\n"
    )
    released(bench, longer, "1.0")
    shorter = longer.replace("20", "10")
    refused = released(bench, shorter, "2.0")
    assert refused.exit_code == 1
    assert "max_items 20 became 10" in refused.stdout
    assert "nothing written; mend what breaks, or give --breaking" in refused.stderr
    assert len(history.releases(bench.lock)) == 1
    assert released(bench, shorter, "2.0", "--breaking").exit_code == 0
    (change,) = history.releases(bench.lock)[1].changes
    assert change.breaks == "totals"


@pytest.mark.slow
def test_a_release_needs_a_lock_that_is_up_to_date_and_a_name_of_its_own(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    early = bench.run("release", str(bench.declarations), "--name", "1.0")
    assert early.exit_code == 1
    assert "registry.lock: out of date; run `headcount-registry build` first" in early.stderr
    released(bench, KEY, "1.0")
    again = bench.run("release", str(bench.declarations), "--name", "1.0")
    assert again.exit_code == 1
    assert "has a release 1.0 already" in again.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    ["<<<<<<< HEAD", "{}", '{"release": "1", "date": "soon", "changes": []}', "[1]", '"text"'],
)
def test_a_damaged_history_is_named_with_its_line(bench: Bench, line: str) -> None:
    released(bench, KEY, "1.0")
    path = history.history_path(bench.lock)
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(HistoryError, match=r"registry\.history:2: error: no line of a history"):
        history.releases(bench.lock)


@pytest.mark.slow
def test_a_history_reads_back_as_it_was_written(bench: Bench) -> None:
    released(bench, KEY + CHOICE, "1.0", "--date", "2026-01-31")
    lines = history.history_path(bench.lock).read_text(encoding="utf-8")
    (release,) = history.releases(bench.lock)
    assert (release.release, release.date) == ("1.0", "2026-01-31")
    assert release.line() + "\n" == lines


def told(bench: Bench) -> list[options_pb2.Release]:
    """The history as the server's only input carries it."""
    known = FileDescriptorSet.FromString((bench.out / "registry.binpb").read_bytes())
    (file,) = (each for each in known.file if each.package == "headcount.projects.toy.v1")
    (report,) = (each for each in file.message_type if each.name == "Report")
    of_project: Any = options_pb2.project
    return list(report.options.Extensions[of_project].releases)


@pytest.mark.slow
def test_the_descriptor_set_tells_every_release_of_a_project_and_what_is_to_come(
    bench: Bench,
) -> None:
    bench.write("other.info", KEY)
    released(bench, KEY, "1.0", "--date", "2026-01-31")
    assert told(bench) == [], "before the first release everything is new"
    released(bench, KEY + CHOICE, "1.1", "--date", "2026-04-30", "--note", 'Why "so"\\ \n then.')
    finer = CHOICE + "telemetry[c][values][] = Caddy\n"
    bench.write("toy.info", finer)
    bench.run_build()
    first, second, unreleased = told(bench)
    assert (first.name, first.date, first.note) == ("1.0", "2026-01-31", "")
    assert [each.key for each in first.changes] == ["", "version", "k"]
    assert (second.name, second.note) == ("1.1", 'Why "so"\\ then.')
    (added,) = second.changes
    assert (added.key, added.kind, added.asks) == ("c", options_pb2.CHANGE_KIND_ADDED, True)
    assert added.detail == "a new key, Some choice (choice)"
    assert (unreleased.name, unreleased.date) == ("", "")
    assert [(each.key, each.kind) for each in unreleased.changes] == [
        ("c", options_pb2.CHANGE_KIND_WIDENED),
        ("k", options_pb2.CHANGE_KIND_RETIRED),
    ]


@pytest.mark.slow
def test_no_digest_and_no_client_depends_on_the_history(bench: Bench) -> None:
    released(bench, KEY, "1.0")
    before = {path: path.read_bytes() for path in bench.out.rglob("clients/**/*.py")}
    digests = [(each.digest, each.consent_digest) for each in bench.build().registry.projects]
    assert told(bench)
    bench.run_build()
    assert [(e.digest, e.consent_digest) for e in bench.build().registry.projects] == digests
    history.history_path(bench.lock).unlink()
    history.released_path(bench.lock).unlink()
    built = bench.build()
    assert told(bench) == []
    assert [(each.digest, each.consent_digest) for each in built.registry.projects] == digests
    assert before == {path: path.read_bytes() for path in bench.out.rglob("clients/**/*.py")}


@pytest.mark.slow
def test_what_a_change_breaks_travels_with_it(bench: Bench) -> None:
    longer = (
        "telemetry[n][type] = list\ntelemetry[n][label] = Parts\ntelemetry[n][values][] = a\n"
        "telemetry[n][max_items] = 20\n"
    )
    released(bench, longer, "1.0")
    released(bench, longer.replace("20", "10"), "2.0", "--breaking")
    bench.run_build()
    (change,) = told(bench)[1].changes
    assert (change.kind, change.breaks) == (
        options_pb2.CHANGE_KIND_NARROWED,
        options_pb2.BREAKAGE_TOTALS,
    )


@pytest.mark.slow
def test_the_note_of_a_release_stands_on_the_page_of_changes(bench: Bench, tmp_path: Path) -> None:
    released(bench, KEY, "1.0", "--note", "We *count*.")
    page = tmp_path / "changes.md"
    bench.run_build("--changes", str(page))
    assert "\n\nWe \\*count\\*.\n\n### `toy`" in page.read_text(encoding="utf-8")
    (release,) = history.releases(bench.lock)
    assert release.note == "We *count*."


@pytest.mark.slow
def test_a_build_releases_in_one_step_what_two_commands_write(bench: Bench) -> None:
    page = bench.root / "changes.md"
    released(bench, KEY, "1.0", "--date", "2026-01-31")
    bench.write("toy.info", KEY + CHOICE)
    result = bench.run_build("--changes", str(page), "--release", "1.1", "--note", "One  more.")
    assert "released as 1.1: 1 change" in result.stdout
    first, second = history.releases(bench.lock)
    assert (first.release, second.release, second.note) == ("1.0", "1.1", "One more.")
    assert [change.kind for change in second.changes] == ["added"]
    binary = (bench.out / "registry.binpb").read_bytes()
    assert history.released_path(bench.lock).read_bytes() == binary
    assert "## Unreleased" not in page.read_text()
    assert bench.run_build("--changes", str(page), "--check").exit_code == 0
    two = Bench(bench.root / "two")
    released(two, KEY, "1.0", "--date", "2026-01-31")
    released(two, KEY + CHOICE, "1.1", "--note", "One more.")
    two.run_build()
    assert (two.out / "registry.binpb").read_bytes() == binary
    lines = [history.history_path(each.lock).read_bytes() for each in (bench, two)]
    assert lines[0] == lines[1]


@pytest.mark.slow
def test_a_release_in_one_step_leaves_decisions_to_people(bench: Bench) -> None:
    longer = KEY.replace("boolean", "list") + "".join(
        f"telemetry[k][{line}\n" for line in ("values][] = a", "values][] = b", "max_items] = 50")
    )
    bench.write("toy.info", longer)
    assert bench.run_build("--release", "1.0").exit_code == 0
    before = {path: path.read_bytes() for path in bench.root.rglob("*") if path.is_file()}
    path = bench.write("toy.info", longer.replace("= 50", "= 20"))
    before[path] = path.read_bytes()
    result = bench.run_build("--release", "2.0")
    assert result.exit_code == 1
    assert "breaks totals" in result.stdout
    assert "nothing written; decide with `headcount-registry release`" in result.stderr
    assert {path: path.read_bytes() for path in bench.root.rglob("*") if path.is_file()} == before
    again = bench.run_build("--release", "1.0")
    assert (again.exit_code, "has a release 1.0 already" in again.stderr) == (1, True)


@pytest.mark.parametrize("options", [("--note", "x"), ("--check", "--release", "1.0")])
def test_a_release_in_one_step_is_not_misused(bench: Bench, options: tuple[str, ...]) -> None:
    bench.write("toy.info", KEY)
    assert bench.run_build(*options).exit_code == 2
    assert not bench.out.exists()

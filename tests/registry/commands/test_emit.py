"""`headcount-registry emit`: sample reports that name every value, and nothing overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from click.testing import Result
    from support.workbench import Bench

TOY = """\
telemetry[server][label] = Server
telemetry[server][type] = product
telemetry[server][values][] = Apache
telemetry[server][values][] = nginx
telemetry[server][precision] = 2
telemetry[pages][label] = Pages
telemetry[pages][type] = count
telemetry[pages][buckets][] = 10
telemetry[pages][buckets][] = 100
telemetry[modules][label] = Modules
telemetry[modules][type] = list
telemetry[modules][catalogue] = modules.txt
telemetry[modules][max_items] = 2
telemetry[old][label] = Old
telemetry[old][type] = boolean
telemetry[old][expires] = 2027-01-31
"""


@pytest.fixture(name="toy")
def _toy(bench: Bench) -> Bench:
    bench.write("toy.info", TOY)
    bench.write("modules.txt", "views\nwebform\nrules\n")
    bench.build()
    return bench


def emit(bench: Bench, *options: str) -> Result:
    return bench.run("emit", str(bench.out / "registry.binpb"), "--today", "2027-01-30", *options)


def reports(result: Result) -> list[dict[str, dict[str, object]]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_key_is_answered_and_every_value_has_its_turn(toy: Bench) -> None:
    found = reports(emit(toy, "--count", "4"))
    for report in found:
        assert report.keys() == {"version", "server", "pages", "modules", "old"}
        items = report["modules"]["values"]
        assert isinstance(items, list)
        assert 1 <= len(items) <= 2
    assert {each["server"]["value"] for each in found} == {
        *("VALUE_APACHE", "VALUE_NGINX", "VALUE_OTHER"),
    }
    assert {each["pages"]["value"] for each in found} == {"0", "10", "100"}
    assert {each["old"]["value"] for each in found} == {True, False}
    first = [each["modules"]["values"][0] for each in found]  # type: ignore[index] # a list
    assert set(first) == {"views", "webform", "rules", "other"}


def test_a_version_has_the_components_that_are_sent_and_other_has_none(toy: Bench) -> None:
    for report in reports(emit(toy, "--count", "20")):
        assert str(report["version"]["value"]).count(".") == 1
        assert ("version" in report["server"]) is (report["server"]["value"] != "VALUE_OTHER")


def test_a_seed_gives_the_same_reports_with_a_week_and_without(toy: Bench) -> None:
    once, again = (emit(toy, "--count", "5", "--seed", "7").stdout for _ in range(2))
    assert once == again
    assert once != emit(toy, "--count", "5", "--seed", "8").stdout
    calls = reports(emit(toy, "--count", "5", "--seed", "7", "--week", "2027-W04"))
    inner = [{k: v for k, v in each["report"].items() if k != "@type"} for each in calls]
    assert inner == [json.loads(line) for line in once.splitlines()]
    assert {str(each["week"]) for each in calls} == {"2027-W04"}


def test_a_key_that_has_ended_is_left_out_and_named(toy: Bench) -> None:
    result = emit(toy, "--today", "2027-01-31")
    assert "old" not in reports(result)[0]
    assert result.stderr == "left out, because they have ended: old\n"


def test_files_come_into_a_new_folder_and_nothing_is_overwritten(
    toy: Bench, tmp_path: Path
) -> None:
    place = tmp_path / "new" / "reports"
    result = emit(toy, "--count", "2", "--out", str(place))
    assert (result.exit_code, result.stdout) == (0, f"{place}: 2 reports\n")
    kept = {path.name: path.read_text(encoding="utf-8") for path in place.iterdir()}
    assert list(map(json.loads, (kept[name] for name in sorted(kept)))) == reports(
        emit(toy, "--count", "2")
    )
    again = emit(toy, "--count", "2", "--out", str(place))
    assert again.exit_code == 1
    assert again.stderr == f"{place}: is not empty, and nothing is overwritten; name a new folder\n"
    (tmp_path / "file").write_text("kept")
    assert emit(toy, "--out", str(tmp_path / "file")).exit_code == 2
    assert (tmp_path / "file").read_text() == "kept"


def test_a_stream_is_one_file(toy: Bench, tmp_path: Path) -> None:
    assert (
        emit(toy, "--count", "3", "--format", "delimited", "--out", str(tmp_path / "o")).exit_code
        == 0
    )
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["reports.delimited"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "binary", "--count", "2"], "could not be told apart"),
        (["--week", "2027-W54"], "write an ISO week, such as 2026-W47"),
        (["--project", "toys"], "there is no such project, but: toy."),
        (["--count", "0"], "--count"),
    ],
)
def test_misuse_is_told_with_the_remedy(toy: Bench, options: list[str], words: str) -> None:
    result = emit(toy, *options)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_project_is_named_where_there_are_several(toy: Bench) -> None:
    toy.write("other.info", "telemetry[k][type] = boolean\n")
    toy.build()
    assert "there are: other, toy." in emit(toy).stderr
    assert reports(emit(toy, "--project", "other"))[0].keys() == {"version", "k"}


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"{}"])
def test_what_is_no_registry_is_refused_with_its_name(toy: Bench, data: bytes) -> None:
    file = toy.out / "registry.binpb"
    file.write_bytes(data)
    result = emit(toy)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}: ")

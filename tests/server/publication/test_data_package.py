"""A bundle describes itself, and everything that is shown can be made from it alone."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from headcount_server.publication import bundle_reader
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from support.random_weeks import WEEKS, live
from support.released_registry import released
from support.repository import REGISTRY
from support.toy_weeks import command, lived

pytestmark = pytest.mark.slow

OPERATOR = ("--operator=Example Society", "--site-address=https://telemetry.example.org/")
LICENCE = "--data-licence=CC0-1.0"


@pytest.fixture(scope="module", name="shown")
def _shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the registry that we ship, with notes, retractions and an expired key."""
    folder = tmp_path_factory.mktemp("shown")
    registry, database = folder / "registry.binpb", folder / "headcount.db"
    registry.write_bytes(released(REGISTRY))
    live(database, schema.load(registry))
    week, project = f"--week={WEEKS[1]}", "--project=backdrop"
    for words in (
        ("annotate", week, "An outage on Tuesday."),
        ("coverage", week, project, "--installations=900", "--source=update checks"),
        ("retract", project, "--key=php_version", f"--week={WEEKS[2]}", "--reason=Wrong."),
        ("retract", project, "--key=server_os", "--reason=Too much."),
        ("retract", "--project=bee", "--key=version", f"--week={WEEKS[2]}", "--reason=Wrong."),
    ):
        result = command(words[0], "--database", database, *words[1:])
        assert result.exit_code == 0, result.output
    flags = ("--database", database, "--registry", registry, LICENCE, *OPERATOR)
    result = command("site", *flags, "--out", folder / "site")
    assert result.exit_code == 0, result.output
    return folder / "site"


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def test_the_bundle_alone_gives_the_same_site_byte_for_byte(shown: Path, tmp_path: Path) -> None:
    bundle = shown / "data" / "bundle.zip"
    result = command("site", "--from", bundle, "--out", tmp_path / "again", *OPERATOR)
    assert result.exit_code == 0, result.output
    before, after = dict(_files(shown)), dict(_files(tmp_path / "again"))
    assert before.keys() == after.keys()
    assert [name for name, content in before.items() if after[name] != content] == []


def test_every_file_is_described_with_its_digest_and_every_column_with_its_type(
    shown: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(shown / "data" / "bundle.zip") as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    files = dict(_files(folder))
    told = json.loads(files.pop("datapackage.json"))
    del files["SHA256SUMS"]
    assert told["licenses"] == [{"name": "CC0-1.0"}]
    assert {each["path"]: (each["hash"], each["bytes"]) for each in told["resources"]} == {
        name: (f"sha256:{sha256(content).hexdigest()}", len(content))
        for name, content in files.items()
    }
    names = [each["name"] for each in told["resources"]]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[-a-z0-9._/]+", name)] == []
    (table,) = [each for each in told["resources"] if "schema" in each]
    fields = {each["name"]: each["type"] for each in table["schema"]["fields"]}
    with (folder / table["path"]).open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        assert list(rows.fieldnames or ()) == list(fields)
        for row in rows:
            for name, kind in fields.items():
                if kind == "integer" and row[name]:
                    int(row[name])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "name --database and --registry, or a bundle with --from"),
        (("--from=x.zip", "--registry=y"), "--from and --registry: a bundle brings its own"),
        (("--from=x.zip", "--data-licence=y"), "--from and --data-licence: a bundle brings its"),
        (("--from=x.zip",), "x.zip: not a whole bundle"),
        (("--from=headcount.db",), "headcount.db: not a whole bundle"),
    ],
)
def test_a_site_needs_one_source_that_is_whole(
    tmp_path: Path,
    toy_schema: Schema,
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    lived(tmp_path / "headcount.db", toy_schema)
    result = command("site", "--out=public", *flags)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "public").exists()


@pytest.mark.parametrize("licence", ["CC0 1.0", "javascript:alert(1)", "<b>"])
def test_a_licence_is_a_name_of_spdx_or_an_address(licence: str, shown: Path) -> None:
    result = command(
        "site", "--from", shown / "data" / "bundle.zip", "--out=x", f"--data-licence={licence}"
    )
    assert result.exit_code != 0
    assert f"--data-licence {licence}: give a name of SPDX" in result.output


def test_a_licence_that_is_an_address_stays_one(
    tmp_path: Path, toy_registry: Path, toy_schema: Schema
) -> None:
    database = lived(tmp_path / "headcount.db", toy_schema)
    licence = "https://licence.example.org/open"
    flags = ("--database", database, "--registry", toy_registry, f"--data-licence={licence}")
    assert command("export", *flags, tmp_path / "open-data").exit_code == 0
    told = json.loads((tmp_path / "open-data" / "datapackage.json").read_bytes())
    assert told["licenses"] == [{"path": licence}]
    assert bundle_reader.read(tmp_path / "open-data").about.licence == licence

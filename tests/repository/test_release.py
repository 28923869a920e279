"""`make release` makes a whole release in a clone of this checkout, or leaves nothing of one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import changes
import cut
import pytest
import versions
from errors import ReleaseError
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.repository import ROOT, copy_checkout
from support.server_process import BIN, THURSDAY, ServerProcess
from support.wheels import environment

pytestmark = pytest.mark.heavy

TREE = "git log -1 --format=%s"
"""A proof that only shows what it would prove; the real one is `.ci/run`."""
VERSION = Version(versions.current((ROOT / cut.MODULE).read_text(encoding="utf-8")))
FIRST = str(VERSION)
"""The version of this checkout, as if nothing of it was released."""
PATCH = f"{VERSION.major}.{VERSION.minor}.{VERSION.micro + 1}"
MINOR = f"{VERSION.major}.{VERSION.minor + 1}.0"
LEFT = ("registry.history", "registry.released.binpb")
"""What a release leaves beside the declarations."""
HOST = """
import sys
from acme_telemetry import Collectors, Telemetry
import headcount

class Acme(Collectors):
    def python_version(self):
        return "3.11"

telemetry = Telemetry(Acme(), state_directory="state", endpoint=sys.argv[1], environment={},
    clock=lambda: 1795089600.0)
telemetry.grant()
print(headcount.__version__, telemetry.send_now())
"""


@dataclass
class Shelf:
    """A repository with the files of this checkout, committed or not, in one commit."""

    root: Path

    def make(self, *arguments: str, fails: bool = False) -> str:
        """What make prints, with the programs that are installed here."""
        programs = ("--assume-old=.venv/.installed", f"BIN={BIN}")
        return self.run("make", "--no-print-directory", *programs, *arguments, fails=fails)

    def release(self, version: str, *more: str, proof: str = TREE, fails: bool = False) -> str:
        return self.make(
            "release", f"VERSION={version}", f"RELEASE_PROOF={proof}", *more, fails=fails
        )

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments).strip()

    def run(self, *command: str, fails: bool = False) -> str:
        inner = ("MAKE", "MFLAGS", "GIT_")
        told = {name: text for name, text in os.environ.items() if not name.startswith(inner)}
        told["UV_SYSTEM_CERTS"] = "true"
        told["PYTHONDONTWRITEBYTECODE"] = "1"  # its caches are no change
        done = subprocess.run(
            command, cwd=self.root, env=told, capture_output=True, text=True, check=False
        )
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def state(self) -> tuple[str, str, str, bool]:
        """All that a release would change."""
        changed = self.git("status", "--porcelain", "--ignored")
        return self.git("rev-parse", "HEAD"), self.git("tag"), changed, self.dist.exists()

    @property
    def dist(self) -> Path:
        return self.root / "dist"

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)


@pytest.fixture(scope="module", name="bare")
def _bare(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    root = tmp_path_factory.mktemp("shelf") / "headcount"
    copy_checkout(root)
    shelf = Shelf(root)
    shelf.git("init", "--quiet", "--initial-branch=main")
    shelf.git("config", "user.name", "A Maintainer")
    shelf.git("config", "user.email", "maintainer@example.org")
    for left in (root / cut.IMAGE, *map((root / cut.DECLARATIONS).joinpath, LEFT)):
        left.unlink(missing_ok=True)
    (root / cut.CHANGELOG).write_text("## [Unreleased]\n\n### Added\n\n- All.\n", encoding="utf-8")
    shelf.commit("All files of a checkout")
    return shelf


@pytest.fixture(name="shelf")
def _shelf(bare: Shelf, tmp_path: Path) -> Shelf:
    copy = tmp_path / "headcount"
    shutil.copytree(bare.root, copy, symlinks=True)
    return Shelf(copy)


def test_a_release_that_cannot_be_is_refused_before_anything_is_done(shelf: Shelf) -> None:
    before = shelf.state()
    assert "give VERSION=MAJOR.MINOR.PATCH" in shelf.make("release", fails=True)
    assert f"give VERSION={FIRST}" in shelf.release(MINOR, fails=True)
    assert shelf.state() == before
    (shelf.root / "note").touch()
    said = shelf.release(FIRST, fails=True)
    assert "commit or remove these files first:\n?? note" in said
    (shelf.root / "note").unlink()
    shelf.git("tag", f"v{FIRST}")
    assert f"{FIRST} is released already" in shelf.release(FIRST, fails=True)
    said = shelf.release(MINOR, fails=True)
    assert "registry/pyproject.toml asks for headcount<" in said
    assert f"which leaves out {MINOR}" in said
    assert shelf.state()[0] == before[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "proof",
    [
        "false",
        "sh -c 'echo >> README.md'",
        "printenv VERSION",  # what make is told of a release is not told to its proof
        "sh -c 'stat --format=%A .. | grep --invert-match r-x'",  # other users may look in
    ],
)
def test_a_release_that_is_not_proved_leaves_nothing(shelf: Shelf, proof: str) -> None:
    before = shelf.state()
    said = shelf.release(FIRST, proof=proof.replace("'", '"'), fails=True)
    assert "error: " in said
    assert shelf.state() == before


@pytest.fixture(scope="module", name="released")
def _released(bare: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A repository in which the version of this checkout was released."""
    root = tmp_path_factory.mktemp("released") / "headcount"
    shutil.copytree(bare.root, root, symlinks=True)
    shelf = Shelf(root)
    before = shelf.state()
    assert "A dry run: nothing was changed here." in shelf.release(FIRST, "DRY_RUN=1")
    assert shelf.state() == before
    said = shelf.release(FIRST)
    assert f"v{FIRST}: git log -1 --format=%s\nRelease {FIRST}\n" in said
    assert f"git push --atomic origin HEAD v{FIRST}" in said
    return shelf


@pytest.mark.index
@pytest.mark.slow
def test_a_release_of_a_branch_that_moved_meanwhile_leaves_nothing(shelf: Shelf) -> None:
    before = shelf.state()
    move = f"git -C {shelf.root} commit --quiet --allow-empty --message Meanwhile"
    said = shelf.release(FIRST, proof=move, fails=True)
    assert "the branch moved meanwhile, so there is no release" in said
    assert shelf.git("log", "-1", "--format=%s") == "Meanwhile"
    assert shelf.state()[1:] == before[1:]


@pytest.mark.index
@pytest.mark.slow
def test_a_release_is_a_commit_a_tag_and_files(released: Shelf) -> None:
    assert released.git("log", "-1", "--format=%s") == f"Release {FIRST}"
    assert released.git("rev-parse", f"v{FIRST}^{{commit}}") == released.git("rev-parse", "HEAD")
    assert "### Added\n" in released.git("tag", "--list", "--format=%(contents)", f"v{FIRST}")
    assert released.git("status", "--porcelain") == ""
    changelog = (released.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [Unreleased]\n\n## [{FIRST}] - 20" in changelog
    history = (released.root / "registry/declarations/registry.history").read_text(encoding="utf-8")
    assert json.loads(history)["release"] == FIRST
    page = (released.root / "docs/generated/registry-changes.md").read_text(encoding="utf-8")
    assert f"## {FIRST}" in page
    assert "## Unreleased" not in page
    files = released.dist / FIRST
    released.run("sh", "-c", f"cd {files} && sha256sum --check --strict SHA256SUMS")
    assert len(list(files.iterdir())) == 3 * 3 + 1
    released.make("dist", "OUT=dist/again")
    for built in (released.dist / "again").glob("headcount*"):
        assert built.read_bytes() == (files / built.name).read_bytes()


@pytest.mark.index
@pytest.mark.slow
def test_the_bill_of_materials_names_all_that_comes_along_with_its_licence(
    released: Shelf,
) -> None:
    locked = (ROOT / "docs/operators/deploy/constraints.txt").read_text(encoding="utf-8")
    found = parts(released.dist / FIRST / f"headcount_server-{FIRST}.cdx.json")
    assert found.keys() >= {"headcount", "headcount-server", "grpcio", "psycopg", "uvicorn"}
    others = {name: version for name, version in found.items() if not name.startswith("headcount")}
    assert not [name for name in others if f"\n{name}=={others[name]} " not in f"\n{locked}"]
    client = parts(released.dist / FIRST / f"headcount-{FIRST}.cdx.json")
    own = {"grpcio", "headcount", "protobuf", "typing-extensions"}
    sealing = {"cffi", "cryptography", "pycparser", "pyhpke"}
    assert client.keys() == own | sealing


def parts(file: Path) -> Mapping[str, str]:
    """The components of a bill of materials, by name; each states a licence, if it can be told."""
    # Seconds to import, which every process that collects the tests would pay.
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    text = file.read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    mute = {part["name"] for part in bill["components"] if not part.get("licenses")}
    assert mute <= {"protobuf", "sqlite-fts4"}, "these two name it in words of their own"
    return {canonicalize_name(part["name"]): part["version"] for part in bill["components"]}


@pytest.mark.index
@pytest.mark.slow
def test_from_then_on_the_schema_is_compared_with_the_release(released: Shelf) -> None:
    released.make("proto-check")
    schema = released.root / "proto/headcount/v1/telemetry_service.proto"
    text = schema.read_text(encoding="utf-8")
    assert "bytes token = " in text
    schema.write_text(text.replace("bytes token = ", "string token = "), encoding="utf-8")
    said = released.make("proto-check", fails=True)
    schema.write_text(text, encoding="utf-8")
    assert 'changed type from "bytes" to "string"' in said


@pytest.mark.index
@pytest.mark.slow
def test_a_client_of_the_release_reports_to_the_next_versions_server(
    released: Shelf, tmp_path: Path
) -> None:
    changelog = released.root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    new = "## [Unreleased]\n\n### Fixed\n\n- Something.\n"
    changelog.write_text(text.replace("## [Unreleased]\n", new), encoding="utf-8")
    released.commit("Something is mended")
    released.release(PATCH)
    assert "Something." in released.git("tag", "--list", "--format=%(contents)", f"v{PATCH}")
    first, second = (released.dist / version for version in (FIRST, PATCH))
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = environment(tmp_path / "old", *first.glob("*.whl"))
    new_programs = environment(tmp_path / "new", *second.glob("*.whl"))
    build = (old / "headcount-registry", "build", ROOT / "examples/declarations/acme.info")
    subprocess.run([*build, "--out", "registry"], cwd=tmp_path, check=True, capture_output=True)
    registry = tmp_path / "registry" / "registry.binpb"
    (tmp_path / "run").mkdir()
    server = ServerProcess(
        registry, tmp_path / "run", THURSDAY, ("--threshold=1",),
        program=new_programs / "headcount-server",
    )  # fmt: skip
    asked = [str(server.program), "--version"]
    assert PATCH in subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    server.start()
    try:
        sent = subprocess.run(
            [old / "python", "-c", HOST, f"http://{server.addresses['public']}"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
            env={"PYTHONPATH": str(tmp_path / "registry" / "clients")},
        ).stdout  # fmt: skip
        assert sent.startswith(f"{FIRST} SENT")
        server.set_clock(THURSDAY + timedelta(weeks=1))
        server.wait_for_metric('headcount_acme_python_version_reports{value="3.11"} 1.0')
    finally:
        server.kill()


@pytest.mark.parametrize("tags", [[], ["v0.1.0"], ["v0.1.0", "v0.1.1", "v1.0.0"]])
@pytest.mark.parametrize(
    "asked", ["", "1", "1.0", "v1.0.0", "1.0.0rc1", "01.0.0", "0.0.1", "0.1.3", "1.1.1", "3.0.0"]
)
def test_a_version_that_does_not_follow_is_no_version(asked: str, tags: list[str]) -> None:
    with pytest.raises(ReleaseError, match="VERSION="):
        versions.checked(asked, tags, "0.1.0")


@pytest.mark.parametrize("asked", ["0.10.1", "0.11.0", "1.0.0"])
def test_a_version_follows_the_newest_by_number_not_by_letter(asked: str) -> None:
    assert versions.checked(asked, ["v0.10.0", "v0.9.0"], "0.1.0") == Version(asked)


def test_a_changelog_without_entries_is_not_dated() -> None:
    for text in ("# Changelog\n", "## [Unreleased]\n\n## [0.1.0] - 2026-11-29\n\n- One.\n"):
        with pytest.raises(ReleaseError, match=r"CHANGELOG\.md"):
            changes.dated(text, Version("0.1.1"), date(2026, 12, 1))


def test_entries_move_below_a_dated_heading_and_stand_there_as_they_were() -> None:
    text = "## [Unreleased]\n\n### Added\n\n- Two.\n\n## [0.1.0] - 2026-11-29\n\n- One.\n"
    dated = changes.dated(text, Version("0.1.1"), date(2026, 12, 1))
    heading = "## [Unreleased]\n\n## [0.1.1] - 2026-12-01\n"
    assert dated == text.replace("## [Unreleased]\n", heading)
    assert changes.entries(dated, Version("0.1.1")) == "### Added\n\n- Two."
    assert changes.entries(dated, Version("0.1.0")) == "- One."

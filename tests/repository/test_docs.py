"""What the documents say is done here as they say it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from google.protobuf.descriptor_pool import DescriptorPool
from headcount_registry.cli import main as registry
from headcount_server.cli import main as server
from headcount_server.metrics.counters import Counters
from headcount_server.metrics.gauges import Gauges
from headcount_server.metrics.project_health import ProjectHealth
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.week import Week
from support.repository import ROOT
from support.server_process import BIN, doors
from support.waiting import until

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```\w*\n; file: (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FRONTS = [ROOT / name / "README.md" for name in ("client", "registry", "server")]
"""What readers of a package index see of each distribution."""
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *FRONTS])


def blocks(name: str) -> list[str]:
    return BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))


def environment(directory: Path) -> dict[str, str]:
    """One like that of a person."""
    return {
        "HOME": str(directory),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
    }


def shell(script: str, directory: Path) -> str:
    """What bash prints of a script."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - any bash
        cwd=directory,
        env=environment(directory),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _changed(script: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        assert old in script
        script = script.replace(old, new)
    return script


def test_the_commands_of_the_readme_are_the_targets_that_people_and_ci_run() -> None:
    assert blocks("README.md")[1:3] == ["make demo\n", "make test\n"]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make check\nmake test\nmake test-heavy\n" in ci


@pytest.mark.slow
def test_make_demo_runs_the_demonstration(tmp_path: Path) -> None:
    doors = " ".join(f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations"))
    flags = f"--exit --sites 40 --weeks 2 --database {tmp_path / 'headcount.db'} {doors}"
    output = shell(f"make --no-print-directory -C {ROOT} demo DEMO_FLAGS='{flags}'", tmp_path)
    assert "Every published total is what the sites agreed to send." in output


@pytest.mark.slow
def test_the_first_use_of_the_readme_works_as_it_is_typed(tmp_path: Path) -> None:
    # Another server may run here, so this one chooses its ports, and tells them.
    build, serve, *rest = blocks("README.md")[3:]
    anywhere = " ".join(f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations"))
    printed = tmp_path / "printed"
    with (
        printed.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            ["bash", "-euo", "pipefail"],  # noqa: S607 - any bash
            cwd=tmp_path,
            env=environment(tmp_path),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
        ) as bash,
    ):
        assert bash.stdin is not None
        bash.stdin.write("trap 'kill $(jobs -p) || :' EXIT\n")  # however it ends
        start, mark, wait = serve.partition("&\n")
        changes = {"-server serve": f"-server serve {anywhere}"}
        bash.stdin.write(build + _changed(start, changes) + mark)
        bash.stdin.flush()
        told = until(lambda: doors(printed.read_text("utf-8")), told=printed.read_text)
        changes = {"127.0.0.1:50051": told["gRPC"], "127.0.0.1:8080": told["public"]}
        bash.stdin.write(_changed(wait + "".join(rest), changes))
    said = printed.read_text(encoding="utf-8")
    assert bash.returncode == 0, said
    version = ".".join(map(str, sys.version_info[:2]))
    assert f'"value": "{version}"' in said
    assert "\nSENT\n" in said
    assert f'headcount_acme_python_version_reports{{value="{version}"}} 1.0' in said
    assert "headcount.v1.TelemetryService/SubmitReport" in said
    assert '"project": "acme"' in said


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert not [link for link in links if not (document.parent / link).exists()]


@pytest.mark.slow
def test_the_examples_of_declarations_build(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "maintainers" / "declarations.md").read_text(encoding="utf-8")
    files = FILE.findall(text)
    assert len(files) >= 5
    for name, content in files:
        path = tmp_path / "declarations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    output = shell("headcount-registry build declarations --out generated", tmp_path)
    assert "projects" in output


def test_every_metric_of_the_server_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "operators" / "metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`((?:headcount_server|process)_\w+)`", text))
    operations = Counters()
    nothing = Schema(projects={}, pool=DescriptorPool())
    operations.watch_projects(ProjectHealth(CurrentRegistry(nothing), float))
    week = Week(2026, 47)
    terms = {week: Terms(5, week.end)}
    standing = Gauges(CurrentRegistry(nothing), lambda: terms, [ROOT / "README.md"])
    standing.show([PublishedWeek(week, 5, ())])
    operations.watch_standing(standing)
    families = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in operations.registry.collect()
    }
    assert documented == families


@pytest.mark.parametrize("program", [server, registry], ids=["server", "registry"])
def test_every_command_and_flag_has_a_help_text(program: click.Group) -> None:
    commands = program.list_commands(click.Context(program))
    assert commands
    for command in commands:
        shown = CliRunner().invoke(program, [command, "--help"])
        assert shown.exit_code == 0, shown.output
        bare = re.findall(r"^  (--[\w-]+)(?: [A-Z:\[\]]+)?$(?!\n {10})", shown.output, re.MULTILINE)
        assert not bare, f"{command}: no help for {bare}"


def targets() -> list[tuple[str, str]]:
    """Every `make …` of the documents, with the document."""
    found = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        scripts = "".join(
            re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        )
        alone = re.findall(r"^(?:[A-Z_]+=\S+ )*(make [a-z].*)$", scripts, re.MULTILINE)
        for command in (*alone, *re.findall(r"`(make [a-z][^`]*)`", text)):
            found.add((str(document.relative_to(ROOT)), command))
    return sorted(found)


@pytest.mark.parametrize(("document", "command"), targets())
def test_every_make_command_of_the_documents_has_a_target(
    document: str, command: str, tmp_path: Path
) -> None:
    assert shell(f"{command.replace('make', f'make -n -C {ROOT}', 1)}", tmp_path), document


@pytest.mark.heavy
def test_one_test_and_one_room_can_be_asked_for(tmp_path: Path) -> None:
    named = ("CONTRIBUTING.md", "docs/outside-runs.md")
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in named)
    places = re.findall(r"make test T='?([^'`\n]+)", text)
    assert len(places) >= 5
    for place in places:
        shell(f"cd {ROOT} && {sys.executable} -m pytest --collect-only -q {place}", tmp_path)


def test_every_test_that_make_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"\b(?:tests|bench|assurance)/[\w/*]+\.py", makefile)
    assert len(named) > 10
    assert not [path for path in named if not list(ROOT.glob(path))]

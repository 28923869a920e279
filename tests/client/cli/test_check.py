"""The command `check`, as a host's CI and its developer type it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount.asking.wording import Words
from headcount.cli.check_text import github
from headcount.cli.main import main, run
from headcount.reporting.live_check import Fault, HostCheck
from support.repository import TESTS
from support.sample_project import SAMPLE, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host

SECRET = "s3cret-of-a-site"  # noqa: S105 - what must not be told
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
from headcount.cli.main import main
from support.sample_project import Host, Site
site = Site(modules=["views"], server_os={SECRET!r})
sys.exit(main(Host(Path("nowhere"), site=site).client, sys.argv[1:], program="shop"))
"""
WELL = Site(modules=["views"])


def test_it_ends_with_0_and_the_coverage_if_all_is_well(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(host(site=WELL).client, ["check"], program="shop") == 0
    assert capsys.readouterr().out == "9 of 9 keys answered; nothing to mend\n"


def test_it_ends_with_1_and_names_each_fault(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(modules=["views"], server_os=SECRET, users=None, multisite=RuntimeError(SECRET))
    assert main(host(site=site).client, ["check"], program="shop") == 1
    out, err = capsys.readouterr()
    first, second, summary = out.splitlines()
    assert first.endswith(
        "server_os: it answers a value that is not declared, so `other` is sent [became-other]"
    )
    assert second.endswith("multisite: its collector raised RuntimeError [raised]")
    assert summary == "7 of 9 keys answered; no answer here: users; 2 faults"
    assert SECRET not in out + err


@pytest.mark.parametrize(
    "form", [["--json"], ["--format", "github"], ["--json", "--format", "github"]]
)
def test_no_form_for_programs_tells_a_value(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    site = Site(
        modules=["views", SECRET], server_os=SECRET, motto=SECRET * 9, users=ValueError(SECRET)
    )
    assert main(host(site=site).client, ["check", *form], program="shop") == 1
    out, err = capsys.readouterr()
    assert SECRET not in out + err
    assert "server_os" in out
    if "--json" in form:
        told = json.loads(out)
        assert (told["version"], told["keys"], told["silent"]) == (1, 9, [])
        assert {fault["check"] for fault in told["faults"]} == {
            *("became-other", "out-of-bounds", "raised"),
        }
    else:
        assert out.startswith("::error ")


def test_annotations_are_escaped_and_name_files_as_the_forge_does(tmp_path: Path) -> None:
    fault = Fault(
        key="k", check="raised", message="50 % of\nit", file=str(tmp_path / "a,b.py"), line=3
    )
    outcome = HostCheck(project="p", keys=1, answered=(), silent=(), faults=(fault,))
    line, notice = github(outcome, tmp_path, Words())
    assert line == ("::error file=a%2Cb.py,line=3,title=headcount%3A raised::k: 50 %25 of%0Ait")
    assert notice == "::notice title=headcount::0 of 1 keys answered; 1 fault"


@pytest.mark.parametrize("more", [[], ["--json"], ["--format", "github"]])
def test_values_are_refused_wherever_they_would_be_kept(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    site = Site(server_os=SECRET)
    assert main(host(site=site).client, ["check", "--show-values", *more], program="shop") == 2
    out, err = capsys.readouterr()
    assert SECRET not in out + err
    assert "it works on a terminal" in err
    assert site.called == []


def test_without_the_program_there_is_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(SAMPLE, ["check", "--state", str(tmp_path)], environment={}) == 2
    assert "--host MODULE:NAME" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "shown"), [("LANG", True), ("CI", False)])
def test_a_developer_sees_values_on_a_terminal_that_is_no_build(
    tmp_path: Path, clean_environment: dict[str, str], variable: str, *, shown: bool
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "check", "--show-values"],
        cwd=tmp_path,
        env=clean_environment | {variable: "C.UTF-8"},
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        told = b""
        try:
            while part := os.read(ours, 4096):
                told += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
    assert (process.returncode, SECRET in told.decode()) == ((1, True) if shown else (2, False))
    assert not (tmp_path / "nowhere").exists()

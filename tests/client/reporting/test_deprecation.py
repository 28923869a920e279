"""A key that another one replaces: hosts are told, and both are right until it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount import Client
from headcount.asking.wording import Words
from headcount.cli.check_text import data, github, text
from headcount.cli.main import main
from headcount.reporting import deprecation
from headcount.reporting.live_check import check
from support.repository import TESTS
from support.sample_project import Site, key, project

if TYPE_CHECKING:
    from collections.abc import Callable

    from headcount.reporting.live_check import HostCheck
    from support.sample_project import Host

KEYS = (
    key("web_host", 1, "boolean", successor="web_server", expires="2027-06-30"),
    key("web_server", 2, "boolean"),
)
MOVING = project(KEYS, name="moving")
REMEDY = (
    "`web_server` replaces it, and it is asked until 2027-06-30: answer both until that day, then"
    " drop this collector"
)
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
from client.reporting.test_deprecation import MOVING, Both
from headcount import Client

def installed():
    return Client(MOVING, Both(), state_directory=Path("nowhere"), environment={{}})

installed()
installed()
"""


class Both:
    def web_host(self) -> bool:
        return True

    def web_server(self) -> bool:
        return True


class New:
    def web_server(self) -> bool:
        return True


class Old:
    def web_host(self) -> bool:
        return True


class Shop(Client):
    """A host's own client, whose constructor is code of the host."""

    def __init__(self, collectors: object, place: Path) -> None:
        super().__init__(MOVING, collectors, state_directory=place, environment={})  # here


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_told", set())


def outcome(collectors: object) -> HostCheck:
    return check(MOVING, collectors, seconds=None, obstacle="")


def test_a_host_is_warned_once_at_the_line_that_gives_its_collectors(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            Shop(Both(), tmp_path)
    (only,) = told
    assert str(only.message) == f"the key `web_host` of moving is deprecated: {REMEDY}"
    lines = Path(only.filename).read_text(encoding="utf-8").splitlines()
    assert lines[only.lineno - 1].endswith("# here")


@pytest.mark.slow
def test_a_process_is_warned_once_whatever_python_shows(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "always::DeprecationWarning", "-c", PROGRAM],
        cwd=tmp_path,
        env=clean_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr.count(REMEDY) == 1
    assert ran.stderr.startswith("<string>:9: DeprecationWarning")


@pytest.mark.parametrize("collectors", [New(), object()])
def test_who_has_no_collector_of_the_old_key_is_not_warned(
    collectors: object, tmp_path: Path
) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Client(MOVING, collectors, state_directory=tmp_path, environment={})
    assert told == []


def test_the_check_of_a_host_warns_and_finds_no_fault(tmp_path: Path) -> None:
    found = outcome(Both())
    assert found.faults == ()
    assert [(each.key, each.check, each.message) for each in found.warnings] == [
        ("web_host", "deprecated", REMEDY)
    ]
    line, summary = text(found, tmp_path, Words(), values=False)
    assert line.endswith(f": warning: web_host: {REMEDY} [deprecated]")
    assert summary == "2 of 2 keys answered; nothing to mend; 1 warning"
    told = json.loads(json.dumps(data(found, tmp_path)))
    assert told["faults"] == []
    assert [each["key"] for each in told["warnings"]] == ["web_host"]
    annotation, _ = github(found, tmp_path, Words())
    assert annotation.startswith("::warning file=")
    assert annotation.endswith(f"title=headcount%3A deprecated::web_host: {REMEDY}")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_warning_alone_leaves_the_exit_code_at_0(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    client = host(project=MOVING, site=Site(web_host=True, web_server=False)).client
    for form in ([], ["--json"], ["--format", "github"]):
        assert main(client, ["check", *form], program="shop") == 0
        assert "`web_server` replaces it" in capsys.readouterr().out


def test_who_answers_the_new_key_needs_no_collector_of_the_old_one() -> None:
    found = outcome(New())
    assert (found.faults, found.warnings, found.silent) == ((), (), ("web_host",))


def test_who_answers_the_old_key_alone_lacks_the_new_one() -> None:
    found = outcome(Old())
    assert [(each.key, each.check) for each in found.faults] == [("web_server", "no-collector")]
    assert [each.key for each in found.warnings] == ["web_host"]


def test_who_answers_neither_lacks_both() -> None:
    assert {each.key for each in outcome(object()).faults} == {"web_host", "web_server"}

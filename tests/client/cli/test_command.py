"""The command line as a site owner types it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from headcount.cli import arguments
from headcount.cli.main import main, run
from headcount.transport.messages import Answer
from support.repository import ROOT
from support.sample_project import KEYS, SAMPLE, Recorder, Site, Talking, key, project

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


COMMANDS = (
    "status", "preview", "check", "diff", "form", "history", "send", "ask", "grant", "deny",
    "set-level", "refuse", "allow", "forget",
)  # fmt: skip


class Typed:
    """A shell with one command in it: what it returned, printed, and said was wrong."""

    def __init__(self, site: Host, capsys: pytest.CaptureFixture[str]) -> None:
        self.site = site
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main(self.site.client, words, program="shop telemetry")
        out, err = self._capsys.readouterr()
        return code, out, err

    def data(self, *words: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        code, out, err = self(*words, "--json")
        assert (code, err) == (0, ""), err
        return json.loads(out)


@pytest.fixture(name="shell")
def _shell(host: Callable[..., Host], capsys: pytest.CaptureFixture[str]) -> Callable[..., Typed]:
    return lambda **parts: Typed(host(**parts), capsys)


@pytest.mark.slow
def test_status_says_whether_why_where_and_what_is_next(shell: Callable[..., Typed]) -> None:
    typed = shell(chance=0.0)
    code, out, _ = typed("status")
    assert code == 0
    assert "Sample is OFF." in out
    assert "Nobody has answered yet" in out
    typed("grant", "--refuse", "modules")
    typed("send")
    _, out, _ = typed("status")
    (entry,) = typed.site.client.history()
    for text in (
        "Sample is ON.", "(rule: granted)", "yes to basic, 2026-11-16 01:00 UTC, by command",
        "left out     modules", entry.digest, str(typed.site.directory),
        "due next     2026-11-23 00:00 UTC", "status --ask-server",
    ):  # fmt: skip
        assert text in out
    typed.site.environment["DO_NOT_TRACK"] = "1"
    assert "Turned off by the variable DO_NOT_TRACK, which is '1'." in typed("status")[1]


def test_preview_shows_values_reasons_links_digest_and_json(shell: Callable[..., Typed]) -> None:
    typed = shell(site=Site(multisite=RuntimeError("boom")))
    typed("grant", "--level", "extended")
    _, out, _ = typed("preview")
    for text in (
        "Php_Version: 8.2", "Web_Server: nginx 1.24", "Users: 10-99", "Modules: other, views",
        "Multisite: not sent: its collector raised RuntimeError: boom",
        "Why: Decide about php_version.", "Decided: https://example.org/issues/2",
    ):  # fmt: skip
        assert text in out
    digest = re.search(r"SHA-256 of the report's bytes: ([0-9a-f]{64})", out)
    assert digest is not None
    shown = json.loads(out[out.index("\n{") :])
    assert shown["phpVersion"] == {"value": "8.2"}
    _, sent, _ = typed("send")
    (request,) = typed.site.transport.requests
    assert digest[1] == hashlib.sha256(request.report).hexdigest()
    assert digest[1] in sent
    assert typed.data("history")["reports"][0]["digest"] == digest[1]


@pytest.mark.slow
def test_preview_shows_everything_before_the_answer(shell: Callable[..., Typed]) -> None:
    typed = shell()
    assert "Users: 10-99" not in typed("preview")[1]
    _, out, _ = typed("preview", "--all")
    assert out.startswith("A yes to the level extended would send this")
    assert "Users: 10-99" in out
    values = {item["name"]: item["value"] for item in typed.data("preview", "--all")["keys"]}
    assert values["users"] == 10
    assert typed.data("preview", "--level", "basic")["level"] == "basic"
    assert not typed.site.directory.exists()


@pytest.mark.slow
def test_diff_shows_values_beside_the_last_report(shell: Callable[..., Typed]) -> None:
    typed = shell()
    assert "  Users: 10-99; sent: none" in typed("diff")[1]
    typed("grant")
    typed("send")
    typed.site.site.answers["php_version"] = "8.4.1"
    _, out, _ = typed("diff")
    assert "Everything is asked as you agreed to it." in out
    assert "  Php_Version: 8.4; sent: 8.2" in out
    assert "Users" not in out
    assert typed.data("diff")["values"]["php_version"] == {"now": "8.4", "sent": "8.2"}


def test_preview_without_the_host_shows_what_would_be_asked(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    site = host(transport=Recorder(Answer(code="UNAVAILABLE")))
    place = ["--state", str(site.directory)]
    assert run(SAMPLE, ["preview", *place], environment={}) == 0
    out = capsys.readouterr().out
    assert "Users" not in out
    assert "Php_Version: a version, cut to its first 2 part(s)" in out
    assert "SHA-256" not in out
    assert not site.directory.exists()
    site.client.grant()
    site.client.send_now()  # what is frozen can be seen from outside
    site.environment.clear()
    code = run(SAMPLE, ["preview", *place, "--json"], environment={})
    data = json.loads(capsys.readouterr().out)
    assert code == 0
    assert data["digest"] == site.client.history()[0].digest or not data["frozen"]


@pytest.mark.slow
def test_options_may_stand_before_the_command_too(
    host: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--state", str(host().directory)]
    assert run(SAMPLE, [*place, "--json", "status"], environment={}) == 0
    before = json.loads(capsys.readouterr().out)
    assert run(SAMPLE, ["status", *place, "--json"], environment={}) == 0
    assert json.loads(capsys.readouterr().out) == before


def test_a_newer_key_waits_until_it_is_answered(
    shell: Callable[..., Typed], host: Callable[..., Host]
) -> None:
    host().client.grant()
    fresh = key("fresh", 20, "boolean", purpose="Decide about freshness.")
    typed = shell(project=project((*KEYS, fresh)), site=Site(fresh=True))
    _, out, _ = typed("preview")
    assert "Fresh: WAITING FOR YOUR ANSWER, not sent; see its value with: preview --all" in out
    assert "Decide about freshness." in out
    assert "fresh" not in typed.site.site.called
    _, out, _ = typed("preview", "--all")
    assert "Fresh: yes" in out
    assert "Fresh: WAITING FOR YOUR ANSWER, not sent\n" in out
    _, out, _ = typed("diff")
    assert "Fresh (fresh): new: waits for your answer, not sent" in out
    assert typed.data("status")["status"]["waiting"].keys() == {"fresh"}
    assert typed.data("allow", "--waiting")["status"]["waiting"] == {}
    assert "Everything is asked as you agreed to it." in typed("diff")[1]
    assert typed("preview")[1].count("Fresh: yes") == 1


def test_a_second_yes_keeps_what_was_left_out_and_says_what_is_sent(
    shell: Callable[..., Typed],
) -> None:
    typed = shell()
    typed("grant", "--level", "extended", "--refuse", "modules")
    typed("refuse", "motto")
    _, out, _ = typed("grant", "--refuse", "users")
    (sent,) = re.findall("keys +(.*)", out)
    assert sent == "version, php_version, web_server, server_os, multisite, layouts"
    assert "left out     modules, motto, users; answer anew with: allow KEY" in out
    assert "yes to extended" in out


@pytest.mark.slow
def test_every_answer_can_be_given_and_changed(shell: Callable[..., Typed]) -> None:
    typed = shell()
    assert typed.data("grant", "--level", "extended")["status"]["level"] == "extended"
    assert typed.data("set-level", "basic")["status"]["level"] == "basic"
    assert typed.data("refuse", "modules", "layouts")["status"]["refused"] == ["layouts", "modules"]
    assert typed.data("allow", "modules")["status"]["refused"] == ["layouts"]
    assert typed.data("deny")["status"]["rule"] == "denied"
    assert typed.data("forget") == {"forgotten": True}
    assert not typed.site.directory.exists()


@pytest.mark.slow
def test_history_shows_and_removes_what_was_sent(shell: Callable[..., Typed]) -> None:
    typed = shell()
    assert "Nothing was ever sent" in typed("history")[1]
    typed("grant")
    typed("send")
    _, out, _ = typed("history")
    assert "2026-W47  2026-11-16 01:00 UTC  SENT" in out
    assert str(typed.site.directory / "sample.history") in out
    assert '"phpVersion"' in typed("history", "2026-W47")[1]
    assert "Nothing" in typed("history", "2026-W46")[1]
    typed("deny")
    assert "SENT" in typed("history")[1]
    typed("history", "--delete")
    assert typed.site.files() == {"sample.json"}


def test_deny_removes_the_history_on_request(shell: Callable[..., Typed]) -> None:
    typed = shell()
    typed("grant")
    typed("send")
    typed("deny", "--delete-history")
    assert typed.site.files() == {"sample.json"}


def test_send_tells_what_came_of_it_by_its_exit_code(shell: Callable[..., Typed]) -> None:
    typed = shell(
        transport=Recorder(Answer(code="UNAVAILABLE", message="down\x1b[2J"), Answer(code="OK"))
    )
    code, out, _ = typed("send")
    assert (code, typed.site.transport.requests) == (3, [])
    assert out.startswith("OFF: Nobody has answered yet")
    typed("grant")
    code, out, _ = typed("send", "--if-due")
    assert (code, out) == (0, "NOT_DUE\n")
    code, out, _ = typed("send")
    assert (code, out) == (1, "LATER: UNAVAILABLE: down?[2J\n")  # a server cannot steer it
    assert typed("send")[0] == 0
    assert typed("send")[0] == 0
    assert len(typed.site.transport.requests) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["refuse", "modules"], 2, "grant first"),
        (["set-level", "extended"], 2, "grant first"),
        (["allow"], 2, "name a key"),
        (["refuse", "nothing"], 2, "there is no key nothing; there are layouts, "),
        (["grant", "--refuse", "nothing"], 2, "no key 'nothing'"),
        (["set-level", "everything"], 2, "invalid choice"),
        (["status", "--ask-server"], 3, ""),
        (["nonsense"], 2, "invalid choice"),
        ([], 2, "required"),
        (["ask"], 4, ""),
        (["--help"], 0, ""),
    ],
)
def test_each_mistake_has_its_exit_code_and_a_remedy(
    shell: Callable[..., Typed], words: list[str], code: int, said: str
) -> None:
    typed = shell()
    found, out, err = typed(*words)
    assert found == code
    assert said in err
    assert "Traceback" not in out + err
    assert not typed.site.directory.exists()


def test_a_mistake_is_data_too(shell: Callable[..., Typed]) -> None:
    code, out, err = shell()("refuse", "modules", "--json")
    told = json.loads(out)
    assert (code, told["exit"]) == (2, 2)
    assert told["error"] == err.strip()


def test_a_place_that_cannot_be_written_is_named(
    host: Callable[..., Host], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code = main(host(tmp_path / "file" / "state").client, ["grant"])
    _, err = capsys.readouterr()
    assert code == 1
    assert str(tmp_path / "file") in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_data_and_help(shell: Callable[..., Typed], command: str) -> None:
    typed = shell()
    typed("grant")
    words = {"set-level": ["extended"], "refuse": ["modules"], "allow": ["modules"]}
    code, out, err = typed(command, *words.get(command, []), "--json")
    # The check has found a module that nobody declared.
    assert (code, err) == ({"ask": 4, "check": 1}.get(command, 0), "")
    json.loads(out)
    code, out, _ = typed(command, "--help")
    assert code == 0
    assert not re.search(r"^  (-\S+)( [A-Z:]+)?$(?!\n {10})", out, re.MULTILINE)


def test_the_documented_commands_are_the_commands(shell: Callable[..., Typed]) -> None:
    _, out, _ = shell()("--help")
    assert tuple(re.findall(r"^    ([a-z-]+)(?:  +\S|$)", out, re.MULTILINE)) == COMMANDS


def test_the_server_is_asked_for_its_promise_when_a_person_asks(
    shell: Callable[..., Typed],
) -> None:
    typed = shell(transport=Talking())
    typed("grant")
    _, out, _ = typed("status", "--ask-server")
    said = " ".join(out.split())
    assert "rounded down to multiples of 5, and fewer than 5 not at all" in said
    assert "2 days after a week's end" in said
    assert "as the server stated it on 2026-11-16 01:00 UTC" in said
    assert "multiples of 5" in " ".join(typed("status")[1].split())


HOST = """\
from backdrop_telemetry import Collectors, Telemetry
from headcount.testing import RecordingTransport

class Site(Collectors):
    def php_version(self):
        return "8.2.7"

transport = RecordingTransport()
telemetry = Telemetry(Site(), state_directory="state", transport=transport)

def make():
    return telemetry
"""


@pytest.fixture(name="typed")
def _typed(
    tmp_path: Path, clean_environment: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "shop.py").write_text(HOST)

    def typed(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "backdrop_telemetry", *words],
            cwd=tmp_path,
            env={**clean_environment, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return typed


@pytest.mark.slow
def test_the_generated_package_finds_its_host(
    typed: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = typed("grant", "--host", "shop:telemetry")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Backdrop CMS is ON." in done.stdout
    done = typed("preview", HEADCOUNT_HOST="shop:make")
    assert "8.2" in done.stdout
    done = typed("send", HEADCOUNT_HOST="shop:make")
    assert done.stdout.startswith("SENT\n")
    done = typed("status", "--json", HEADCOUNT_STATE=str(tmp_path / "state"))
    data = json.loads(done.stdout)
    assert (data["hosted"], data["status"]["on"]) == (False, True)
    assert data["status"]["last"]["report"] == {"phpVersion": {"value": "8.2"}}
    done = typed("forget", "--state", "state")
    assert done.returncode == 0
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "--host MODULE:NAME (HEADCOUNT_HOST)"),
        (["status", "--host", "shop"], "write MODULE:NAME"),
        (["status", "--host", "nowhere:telemetry"], "ModuleNotFoundError"),
        (["status", "--host", "shop:nothing"], "AttributeError"),
        (["status", "--host", "shop:transport"], "is not the telemetry of Backdrop CMS"),
        (["status", "--host", "shop:make", "--state", "x"], "leave out --state"),
        (["send", "--state", "x"], "--host MODULE:NAME"),
        (["status", "--ask-server", "--state", "x"], "--host MODULE:NAME"),
    ],
)
def test_a_host_that_cannot_be_found_is_said_so(
    typed: Callable[..., subprocess.CompletedProcess[str]],
    words: list[str],
    said: str,
    tmp_path: Path,
) -> None:
    done = typed(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    script = (
        f"{sys.executable} -m backdrop_telemetry form --state {tmp_path / 'state'} | head -1; "
        f"echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - any bash
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{\n0\n", "")


def test_every_command_and_exit_code_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "hosts" / "site-owners.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    documented = {word for row in rows for word in re.findall(r"`([a-z-]+)[^`]*`", row)}
    assert set(COMMANDS) <= documented
    codes = {int(row) for row in rows if row.isdigit()}
    known = {arguments.OK, arguments.FAILED, arguments.USAGE, arguments.OFF}
    assert codes == known | {arguments.NOT_ASKED, arguments.INTERRUPTED}

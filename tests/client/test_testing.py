"""A host's developer tests collectors and sending without a server, a clock or a consent file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from backdrop_telemetry import Collectors, Telemetry
from headcount import Outcome
from headcount.testing import RecordingTransport, installed
from headcount.transport.messages import Answer
from support.repository import ROOT
from support.sample_project import SAMPLE, Site


class Backdrop(Collectors):
    def php_version(self) -> str:
        return "8.2.7"

    def version(self) -> str:
        raise OSError("no such file")


def test_a_collector_is_tested_in_one_line() -> None:
    with installed(Telemetry, Backdrop()) as site:
        assert site.values()["php_version"] == "8.2"
        assert site.notes()["version"] == "its collector raised OSError: no such file"
        assert site.telemetry.state().rule == "granted"


def test_a_report_is_sent_when_its_time_has_come() -> None:
    with installed(Telemetry, Backdrop()) as site:
        assert site.send_when_due() == Outcome.SENT
        assert site.sent() == [{"phpVersion": {"value": "8.2"}}]
        assert site.telemetry.send_if_due() == Outcome.NOT_DUE
        site.clock.forward(7 * 86_400)
        assert site.send_when_due() == Outcome.SENT
        first, second = site.transport.requests
        assert first.token != second.token


def test_consent_is_what_the_test_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from headcount import Client  # noqa: PLC0415 - the bare client works as well

    monkeypatch.setenv("CI", "true")  # decides nothing here
    with installed(Client, SAMPLE, Site(), level="basic", refused=("modules",)) as site:
        assert "users" not in site.values()
        assert "modules" not in site.values()
    with installed(Client, SAMPLE, Site(), level=None) as site:
        assert site.send_when_due() == Outcome.OFF
        assert not site.telemetry.state().on


def test_the_server_answers_as_the_test_says() -> None:
    with installed(Telemetry, Backdrop(), answers=(Answer(code="UNAVAILABLE"),)) as site:
        assert site.send_when_due() == Outcome.LATER
        assert site.send_when_due() == Outcome.SENT
        assert site.transport.requests[0] == site.transport.requests[1]


def test_nothing_is_left_behind() -> None:
    with installed(Telemetry, Backdrop()) as site:
        place = Path(site.telemetry._directory.path)
        assert place.is_dir()
    assert not place.exists()


def test_a_transport_without_time_is_a_mistake() -> None:
    with installed(Telemetry, Backdrop()) as site:
        site.send_when_due()
        with pytest.raises(ValueError, match="some time"):
            RecordingTransport().submit(site.transport.requests[0], 0)


def test_it_needs_no_pytest() -> None:
    program = "import sys, headcount.testing; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_the_documented_example_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "hosts" / "embedding.md").read_text(encoding="utf-8")
    (example,) = re.findall(
        r"^```python\n# file: test_telemetry.py\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )
    (host,) = re.findall(
        r"^```python\n# file: acme/telemetry.py\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "__init__.py").touch()
    (tmp_path / "acme" / "telemetry.py").write_text(host, encoding="utf-8")
    (tmp_path / "test_telemetry.py").write_text(example, encoding="utf-8")
    (tmp_path / "acme.info").write_text(
        (ROOT / "examples" / "declarations" / "acme.info").read_text(encoding="utf-8")
    )
    programs = Path(sys.executable).parent
    subprocess.run(
        [
            programs / "headcount-registry",
            "build",
            tmp_path / "acme.info",
            "--out",
            tmp_path / "out",
        ],
        check=True,
        capture_output=True,
    )
    for command in (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
        ["-m", "mypy", "--strict", "acme"],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path / 'out' / 'clients'}:.", "HOME": str(tmp_path),
                 "MYPYPATH": str(tmp_path / "out" / "clients")},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    section = text.partition("### Checking your host")[2]
    (typed,) = re.findall(r"^```console\npython (.*?)^```", section, re.MULTILINE | re.DOTALL)
    (told,) = re.findall(r"^```text\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, *typed.split()],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path / 'out' / 'clients'}:.", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, told, "")

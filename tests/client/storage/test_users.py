"""A state directory and several users: root once, and two of one group."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be several users"
)

OWNER, OTHER, GROUP = 4001, 4002, 4003
"""Numbers of users and of a group, which need no entry anywhere."""

HOST = """
import os, sys
from pathlib import Path
from support.sample_project import Host, Recorder, MONDAY
site = Host(Path(sys.argv[1]))
site.client.preview()  # whatever has to be imported is, before rights go
from headcount import status
from headcount.delivery import background, delivery, history, submission
from headcount.storage import file_lock
from headcount.transport import wire
import headcount.model.token_secret, hmac
user, weeks, calls = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
if user:
    os.setgroups([4003])
    os.setgid(user)
    os.setuid(user)
site.now += weeks * 7 * 86400
for call in calls:
    try:
        print(call, eval(f"site.client.{call}"))
    except Exception as error:
        print(call, type(error).__name__, error)
"""


def host(place: Path, user: int, weeks: int, *calls: str) -> list[str]:
    """What calls of a user, who is in the group, give so many weeks later."""
    done = subprocess.run(
        [sys.executable, "-c", HOST, place, str(user), str(weeks), *calls],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["tests", *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [
        line.removeprefix(f"{call} ")
        for call, line in zip(calls, done.stdout.splitlines(), strict=True)
    ]


@pytest.fixture(name="home")
def _home(open_path: Path) -> Path:
    """A directory of the owner's, which others can walk to."""
    home = open_path / "home"
    home.mkdir(mode=0o755)
    os.chown(home, OWNER, OWNER)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("first", ["owner", "root"])
def test_root_once_silences_nobody(home: Path, first: str) -> None:
    state = home / "state"
    host(state, OWNER if first == "owner" else 0, 0, "grant()")
    assert host(state, 0, 0, "send_now()") == ["SENT"]
    assert {path.stat().st_uid for path in (state, *state.rglob("*"))} == {OWNER}
    came = host(state, OWNER, 1, "send_now()", "status().last.week", "forget()")
    assert came == ["SENT", "2026-W48", "None"]
    assert not state.exists()


@pytest.mark.slow
def test_what_somebody_else_left_in_a_directory_of_ours_is_replaced(home: Path) -> None:
    state = home / "state"
    host(state, OWNER, 0, "grant()", "send_now()")
    for name in ("plan.json", "secret"):
        os.chown(state / "sample" / name, 0, 0)
    assert host(state, OWNER, 1, "send_now()") == ["SENT"]


@pytest.mark.slow
def test_two_users_of_a_group_share_a_directory_that_is_open_to_it(home: Path) -> None:
    state = home / "state"
    state.mkdir()
    os.chown(state, OWNER, GROUP)
    state.chmod(0o2770)
    assert host(state, OWNER, 0, "grant()", "send_now()")[1] == "SENT"
    came = host(state, OTHER, 1, "send_now()", "status().rule", "refuse('modules')")
    assert came == ["SENT", "granted", "None"]
    came = host(state, OWNER, 2, "send_now()", "status().refused", "deny()", "state().rule")
    assert came == ["SENT", "('modules',)", "None", "denied"]
    kept = {path.stat().st_mode & 0o777 for path in state.rglob("*")}
    assert kept <= {0o660, 0o770}


@pytest.mark.slow
def test_a_second_user_of_a_private_directory_is_told(home: Path) -> None:
    state = home / "state"
    host(state, OWNER, 0, "grant()")
    state.chmod(0o755)
    rule, explanation, unreadable = host(
        state, OTHER, 0, "status().rule", "status().explanation", "status().unreadable"
    )
    assert rule == "unreadable"
    assert str(state / "sample.json") in explanation
    assert "a directory that their group may write to" in explanation
    assert str(state / "sample") in unreadable

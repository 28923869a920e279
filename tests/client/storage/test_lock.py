"""Locks on file systems that have none, and what is left open."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.model.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


@pytest.fixture(name="without_locks", params=[errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def _without_locks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Make `flock` answer like a network file system without locks."""
    code: int = request.param

    def flock(_handle: int, _how: int) -> None:
        raise OSError(code, os.strerror(code))

    return lambda: monkeypatch.setattr(fcntl, "flock", flock)


def _open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_yes_says_which_file_cannot_be_locked_and_what_to_do(
    host: Callable[..., Host], without_locks: Callable[[], None]
) -> None:
    site = host()
    without_locks()
    with pytest.raises(StateError, match=r"sample\.lock: .*keep the state directory on a local"):
        site.client.grant()
    assert not site.client.state().on


@pytest.mark.parametrize("answer", ["deny", "forget"])
def test_a_no_is_recorded_even_without_locks(
    host: Callable[..., Host], without_locks: Callable[[], None], answer: str
) -> None:
    site = host()
    site.client.grant()
    without_locks()
    getattr(site.client, answer)()
    assert not site.client.state().on
    assert site.files() == ({"sample.json"} if answer == "deny" else set())


def test_sending_tells_the_reason_and_leaves_no_descriptor(
    host: Callable[..., Host], without_locks: Callable[[], None]
) -> None:
    site = host()
    site.client.grant()
    site.until_due()
    without_locks()
    before = _open()
    for send in (site.client.send_if_due, site.client.send_now, site.client.send_in_background):
        outcome = send()
        assert outcome == Outcome.LATER
        assert "keep the state directory on a local disk" in outcome.message
    assert _open() == before
    assert not site.transport.requests

"""Whatever a server answers, no token follows an installation from week to week."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from headcount import Outcome
from headcount.delivery.schedule import GRACE
from headcount.model.token_secret import TokenSecret
from headcount.model.week import WEEK, Week
from headcount.transport.messages import Answer
from headcount.v1.telemetry_service_pb2 import GetRegistryResponse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.sample_project import DAY, HOUR, MONDAY, Host, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from headcount.transport.messages import Request


class Dead(BaseException):
    """Ends a process where it stands."""


class Naming(Recorder):
    """A server that names weeks, to reports and to questions."""

    @property
    def open(self) -> tuple[str, ...]:
        """The weeks that it has open."""
        raise NotImplementedError

    def submit(self, request: Request, timeout: float) -> Answer:
        super().submit(request, timeout)
        return Answer(code="FAILED_PRECONDITION", open_weeks=self.open)

    def describe(self, _name: str, _timeout: float) -> tuple[Answer, bytes]:
        response = GetRegistryResponse()
        response.policy.open_weeks.extend(self.open)
        return Answer(code="OK"), response.SerializeToString()


class Honest(Naming):
    """A server whose own clock is right: it has the present week open, and the last one."""

    def __init__(self, now: float) -> None:
        super().__init__()
        self.now = now
        self.counted: dict[bytes, str] = {}

    @property
    def open(self) -> tuple[str, ...]:
        now = self.now
        late = Week.at(now - GRACE)
        return tuple(dict.fromkeys((Week.at(now).label, late.label)))

    def submit(self, request: Request, timeout: float) -> Answer:
        answer = super().submit(request, timeout)
        if request.week not in self.open:
            return answer
        self.counted.setdefault(request.token, request.week)
        return Answer(code="OK")


class Always(Naming):
    """A server that has one week open for ever."""

    def __init__(self, week: str) -> None:
        super().__init__()
        self.week = week

    @property
    def open(self) -> tuple[str, ...]:
        return (self.week,)


def test_a_server_that_names_one_week_over_and_over_gets_no_number_of_a_host(
    host: Callable[..., Host],
) -> None:
    for name in ("2020-W01", "2026-W47", "2027-W20", "9999-W01"):
        site = host(now=MONDAY + 3 * DAY, transport=Always(name))
        site.client.grant()
        for _ in range(8):
            site.client.send_now()
            site.now += WEEK
        seen = [request.token for request in site.transport.requests]
        assert len(seen) == len(set(seen)), name
        site.client.forget()


def test_a_clock_that_ran_ahead_reports_again_in_the_week_it_is_mended(
    host: Callable[..., Host],
) -> None:
    for weeks in (0, 1, 2, 60, 2000):
        ahead = weeks * WEEK + 3 * DAY
        server = Honest(MONDAY + 2 * DAY)
        # A first report that is drawn behind its week's end skips that week.
        site = host(now=server.now + ahead, transport=server, chance=0.05)
        site.client.grant()
        for _ in range(24):
            site.client.send_if_due()
            site.now += HOUR
            server.now += HOUR
        site.now = server.now
        while server.now < Week.at(MONDAY).end + GRACE:
            site.client.send_if_due()
            site.now += HOUR
            server.now += HOUR
        assert "2026-W47" in server.counted.values(), weeks
        site.client.forget()


@pytest.mark.parametrize("behind", [DAY, WEEK, 3 * WEEK, 52 * WEEK])
def test_a_clock_that_lags_for_good_counts_once_a_week(
    host: Callable[..., Host], behind: int
) -> None:
    server = Honest(MONDAY + HOUR)
    site = host(now=server.now - behind, transport=server, chance=0.9)
    site.client.grant()
    for _ in range(6 * 7 * 8):
        site.client.send_if_due()
        site.now += 3 * HOUR
        server.now += 3 * HOUR
    assert len(server.counted) in {5, 6}
    assert len(set(server.counted.values())) == len(server.counted)


def test_a_clock_a_day_ahead_on_sunday_waits_for_the_server(host: Callable[..., Host]) -> None:
    server = Honest(MONDAY + 6 * DAY + 12 * HOUR)
    site = host(now=server.now - 3 * DAY, transport=server)
    site.client.grant()
    site.now = server.now + DAY
    outcome = site.client.send_now()
    assert (outcome, server.counted) == (Outcome.LATER, {})
    assert "2026-W47" in outcome.message
    site.now += DAY
    server.now += DAY
    assert site.client.send_if_due() == Outcome.SENT
    assert list(server.counted.values()) == ["2026-W48"]


def test_a_transport_that_can_ask_nothing_loses_the_week_and_says_so(
    host: Callable[..., Host],
) -> None:
    site = host()
    site.client.grant()
    site.transport.answers = [Answer(code="FAILED_PRECONDITION", open_weeks=("2026-W48",))]
    assert site.client.send_now() == Outcome.SENT  # its clock is behind, as far as it knows
    site.now += WEEK
    outcome = site.client.send_now()
    assert outcome == Outcome.DROPPED
    assert "cannot ask" in outcome.message
    site.now += WEEK
    assert site.client.send_now() == Outcome.SENT


def test_the_week_is_on_disk_before_its_token_is_made(host: Callable[..., Host]) -> None:
    class Looking(Recorder):
        def submit(self, request: Request, timeout: float) -> Answer:
            kept = json.loads((site.directory / "sample" / "secret").read_text())
            assert request.week == kept["latest"]
            super().submit(request, timeout)
            return Answer(code="FAILED_PRECONDITION", open_weeks=("2026-W50",))

    site = host(transport=Looking())
    site.client.grant()
    site.client.send_now()
    assert [request.week for request in site.transport.requests] == ["2026-W47", "2026-W50"]


def test_a_week_that_cannot_be_put_on_record_gets_no_token(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    real = os.replace

    def refusing(source: str, target: str) -> None:
        if target.endswith("secret"):
            raise OSError(28, "No space left on device", target)
        real(source, target)

    with patch("os.replace", refusing):
        outcome = site.client.send_now()
    assert outcome == Outcome.LATER
    assert "No space left" in outcome.message
    assert not site.transport.requests


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x" * 32, b"[]", b"{}", b'{"key": "00", "latest": "", "named": {}}',
        b'{"key": "%s", "latest": "soon", "named": {}}' % (b"ab" * 32),
        b'{"key": "%s", "latest": "", "named": {"2026-W47": 3}}' % (b"ab" * 32),
        b'{"key": "%s", "latest": "", "named": {}, "more": 1}' % (b"ab" * 32),
    ],
)  # fmt: skip
def test_what_is_no_secret_is_not_taken_for_one(data: bytes) -> None:
    assert TokenSecret.decode(data) is None


def test_a_secret_is_read_as_it_was_written_and_shows_its_key_to_no_log() -> None:
    secret = TokenSecret(key=bytes(range(32)), latest="2026-W48", named={"2026-W47": "2026-W48"})
    assert TokenSecret.decode(secret.encode()) == secret
    assert secret.key.hex() not in repr(secret)
    assert repr(secret.key) not in repr(secret)


A_FEW = st.integers(min_value=40, max_value=46)


@settings(max_examples=300)
@example(turns=[(40, [41, 42]), (41, [])])
@given(turns=st.lists(st.tuples(A_FEW, st.lists(A_FEW, max_size=4)), max_size=12))
def test_no_token_may_be_made_in_two_own_weeks(turns: list[tuple[int, list[int]]]) -> None:
    secret = TokenSecret(key=bytes(32))
    made: dict[str, set[str]] = {}
    for number, named in turns:
        own = f"2026-W{number}"
        if kept := secret.for_own(own):
            secret = kept
            made.setdefault(own, set()).add(own)
        for week in (f"2026-W{name}" for name in named):
            if kept := secret.for_named(own, week):
                secret = kept
                made.setdefault(week, set()).add(own)
    assert all(len(weeks) == 1 for weeks in made.values())


WEEKS = st.sampled_from(
    [-1, 0, 1, 1, 1, 2, 3, "2020-W01", "2026-W46", "2026-W47", "2026-W48", "2026-W49", "2027-W01",
     "2027-W20", "2027-W47", "2031-W05", "9999-W01", "2026-W99", "", "next", "2026-w48"]
)  # fmt: skip
ANSWERS = st.one_of(  # an answer, or the weeks that it names, by label or from the present one
    st.builds(Answer, code=st.sampled_from(["OK", "UNAVAILABLE", "INVALID_ARGUMENT"])),
    st.lists(WEEKS, max_size=3),
)
JUMPS = st.sampled_from(
    [0] * 6 + [DAY, -DAY, WEEK, -WEEK, -5 * WEEK, 5 * WEEK, 52 * WEEK, -52 * WEEK]
)
FILES = st.sampled_from([""] * 4 + ["secret", "plan.json", "outbox.json", "lock", "../sample.json"])
TURN = st.fixed_dictionaries({
    "answers": st.lists(ANSWERS, max_size=3),
    "named": st.lists(WEEKS, max_size=2),
    "jump": JUMPS,
    "lost": FILES,
    "by_hand": st.booleans(),
    "dies": st.sampled_from(["", "", "", "after it was sent", "1", "2", "3", "4", "5", "6"]),
})  # fmt: skip


class Adverse(Recorder):
    """A server that answers as the turn says, and keeps when each token came (host's clock)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.turn: dict[str, Any] = {}
        self.came: dict[bytes, list[float]] = {}

    def submit(self, request: Request, _timeout: float) -> Answer:
        self.came.setdefault(request.token, []).append(self.clock())
        if self.turn["dies"] == "after it was sent":
            raise Dead
        answer = self.turn["answers"].pop(0) if self.turn["answers"] else Answer(code="OK")
        if isinstance(answer, Answer):
            return answer
        return Answer(code="FAILED_PRECONDITION", open_weeks=tuple(map(self._label, answer)))

    def _label(self, week: str | int) -> str:
        return Week.at(self.clock() + week * WEEK).label if isinstance(week, int) else week

    def describe(self, _name: str, _timeout: float) -> tuple[Answer, bytes]:
        response = GetRegistryResponse()
        response.policy.open_weeks.extend(map(self._label, self.turn["named"]))
        return Answer(code="OK"), response.SerializeToString()


def _dying(steps: str) -> Callable[[str, str], None]:
    """Stands for os.replace in a process that dies at one of its writes."""
    real = os.replace
    left = int(steps) if steps.isdigit() else 0

    def replace(source: str, target: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Dead
        real(source, target)

    return replace


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("HEADCOUNT_EXAMPLES", "25")))
@given(turns=st.lists(TURN, min_size=52, max_size=52))
def test_no_token_occurs_in_two_own_weeks_whatever_a_server_answers_over_a_year(
    tmp_path_factory: pytest.TempPathFactory, turns: list[dict[str, Any]]
) -> None:
    directory: Path = tmp_path_factory.mktemp("tokens") / "state"
    site = Host(directory, patience=None)
    site.client._transport = server = Adverse(lambda: site.now)
    for turn in turns:
        server.turn = turn
        if site.client.record() is None:
            site.client.grant()
        try:
            with patch("os.replace", _dying(turn["dies"])), patch("os.fsync"):
                for _ in range(3):
                    site.client.send_now() if turn["by_hand"] else site.client.send_if_due()
                    site.now += DAY
        except Dead:
            pass
        if turn["lost"]:
            (directory / "sample" / turn["lost"]).unlink(missing_ok=True)
        site.now = max(site.now + 4 * DAY + turn["jump"], MONDAY - 100 * WEEK)
    assert server.came or not turns
    for token, moments in server.came.items():
        first = Week.at(min(moments))
        own = (first, Week.at(min(moments) - GRACE))  # its week, or the grace of the one before
        assert any(max(moments) < week.end + GRACE for week in own), (token, moments)

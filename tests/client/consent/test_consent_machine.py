"""Whatever people, clocks and servers do, off means off, and on sends once a week."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from headcount import Outcome
from headcount.model.week import Week
from headcount.transport.messages import Answer
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.sample_project import DAY, HOUR, KEYS, NOTICED, Host

pytestmark = [pytest.mark.slow, pytest.mark.heavy]

KEY = st.sampled_from([item.name for item in KEYS])
LEVEL_OF = {item.name: item.level for item in KEYS}
CODES = st.sampled_from(["OK", "OK", "OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"])


class Consent(RuleBasedStateMachine):
    """Keeps a model of what people said and holds the client to it after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.host = Host(self.root / "state", project=NOTICED, chance=0.0)
        self.client = self.host.client
        self.said = ""  # "", noticed, yes or no
        self.notice = 0.0
        self.quiet_until = 0.0
        self.level = "basic"
        self.refused: set[str] = set()
        self.sent_weeks: list[str] = []
        self._known_requests = 0
        self._files: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @rule(level=st.sampled_from(["basic", "extended"]), refused=st.sets(KEY, max_size=2))
    def grant(self, level: str, refused: set[str]) -> None:
        self.client.grant(level, refused)
        if self.said != "yes" and not self._noticed_long_ago():
            self.quiet_until = self.host.now + DAY
        self.said, self.level, self.refused = "yes", level, set(refused)

    @rule()
    def say_yes_once_more(self) -> None:
        self.client.grant()
        if self.said != "yes":
            self.level = "basic"
            if not self._noticed_long_ago():
                self.quiet_until = self.host.now + DAY
        self.said = "yes"

    @rule(clear=st.booleans())
    def deny(self, *, clear: bool) -> None:
        self.client.deny(clear_history=clear)
        self.said = "no"
        assert not clear or not (self.host.directory / "sample.history").exists()

    @rule()
    def show_notice(self) -> None:
        self.client.notice_shown()
        if self.said == "":
            self.said, self.level, self.refused = "noticed", "basic", set()
            self.notice = self.host.now
            self.quiet_until = self.host.now + DAY

    @precondition(lambda self: self.said in {"yes", "noticed"})
    @rule(key=KEY)
    def refuse(self, key: str) -> None:
        self.client.refuse(key)
        self.refused.add(key)

    @precondition(lambda self: self.said == "yes" and self.refused)
    @rule(data=st.data())
    def allow(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.refused)))
        if LEVEL_OF[key] == "basic" or self.level == "extended":
            self.client.allow(key)
            self.refused.discard(key)

    @rule()
    def forget(self) -> None:
        self.client.forget()
        self.said, self.sent_weeks, self.refused = "", [], set()
        assert not self.host.directory.exists()

    @precondition(lambda self: not self.host.environment)
    @rule(name=st.sampled_from(["DO_NOT_TRACK", "HEADCOUNT_TELEMETRY", "CI"]))
    def switch_off(self, name: str) -> None:
        self.host.environment[name] = "off" if name == "HEADCOUNT_TELEMETRY" else "1"

    @precondition(lambda self: self.host.environment)
    @rule()
    def switch_back(self) -> None:
        self.host.environment.clear()

    @rule(
        hours=st.sampled_from([1, 6, 20, 25, 50, 168, 300]),
        chance=st.sampled_from([0.0, 0.1, 0.5, 0.99]),
    )
    def wait(self, hours: int, chance: float) -> None:
        self.host.now += hours * HOUR
        self.host.chance = chance

    @rule()
    def ask(self) -> None:
        assert not self.client.due() or (self._on() and self.host.now >= self.quiet_until)
        moment = self.client.next_due()
        assert moment is None or self._on() or moment == self.notice + DAY

    @rule(code=CODES)
    def send_if_due(self, code: str) -> None:
        due = self.client.due()
        outcome = self._attempt(code, by_hand=False)
        assert (outcome not in {Outcome.OFF, Outcome.NOT_DUE}) == due
        assert not due or self.host.now >= self.quiet_until

    @rule(code=CODES)
    def send_now(self, code: str) -> None:
        if self._attempt(code, by_hand=True) not in {Outcome.OFF, Outcome.NOT_DUE}:
            self.quiet_until = self.host.now  # its owner did not want to wait a day

    def _attempt(self, code: str, *, by_hand: bool) -> Outcome:
        self.host.transport.answers = [Answer(code=code)]
        before = len(self.host.transport.requests)
        self.host.site.called.clear()
        outcome = self.client.send_now() if by_hand else self.client.send_if_due()
        attempts = self.host.transport.requests[before:]
        assert self._on() or (not attempts and not self.host.site.called)
        assert len(attempts) <= 1
        assert (outcome == Outcome.OFF) == (not self._on())
        assert set(self.host.site.called) <= self._agreed()
        if outcome == Outcome.SENT:
            assert attempts[0].week not in self.sent_weeks
            age = self.host.now - Week.named(attempts[0].week).start
            assert 0 <= age < 9 * DAY
            self.sent_weeks.append(attempts[0].week)
        self.host.site.called.clear()
        self._known_requests = len(self.host.transport.requests)
        return outcome

    @invariant()
    def the_state_is_what_people_said(self) -> None:
        state = self.client.state()
        assert state.on == self._on()
        assert set(state.keys) == (self._agreed() if self._on() else set())
        assert state.waiting == ()

    @invariant()
    def nobody_was_asked_and_nothing_sent_behind_our_back(self) -> None:
        assert len(self.host.transport.requests) == self._known_requests
        assert not self.host.site.called

    @invariant()
    def off_keeps_nothing_but_the_decision(self) -> None:
        files = self.host.files() if self.host.directory.exists() else set()
        pending = self.said == "noticed" and self.host.now < self.notice + DAY
        if self.said in {"", "no"} or pending:
            history = {name for name in files if name.startswith("sample.history/")}
            assert files <= {"sample.json", *(history & self._files)}
        elif self.host.environment:
            assert files - {"sample.json"} <= self._files
        self._files = files

    def _noticed_long_ago(self) -> bool:
        return self.said == "noticed" and self.host.now >= self.notice + DAY

    def _agreed(self) -> set[str]:
        level = {"basic"} if self.level == "basic" else {"basic", "extended"}
        return {name for name in LEVEL_OF if LEVEL_OF[name] in level} - self.refused

    def _on(self) -> bool:
        answered = self.said == "yes" or self._noticed_long_ago()
        return answered and not self.host.environment and bool(self._agreed())


TestConsent = Consent.TestCase
TestConsent.settings = settings(max_examples=200, stateful_step_count=30)

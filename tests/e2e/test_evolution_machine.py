"""However declarations are edited, a number means one thing for ever, and any report reads right.

Each build is the whole compiler over one lock; the reports of every build so
far are read by the server as every other build's registry would have it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from headcount_registry.errors import DeclarationsError
from headcount_registry.evolution.lock import Lock, lock_path, parse_lock
from headcount_registry.pipeline.build import DESCRIPTOR_SET, build
from headcount_server.counting import answers
from headcount_server.errors import InvalidReport
from headcount_server.registry import schema
from headcount_server.registry.schema import Project
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.explained import explained

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 19)
NAMES = ("cache", "editor", "host", "mode", "queue")
TEXTS = ("Apache", "Caddy", "IIS", "nginx")
VALUES = st.lists(st.sampled_from(TEXTS), min_size=1, unique=True)
EXAMPLES = int(os.environ.get("HEADCOUNT_EXAMPLES", "3"))


@dataclass(frozen=True)
class Generation:
    """What one build gave out: the server's view, and which fact each number stood for."""

    project: Project
    facts: dict[int, int]


class Evolution(RuleBasedStateMachine):
    """People edit declarations and build; a fact is a key through all of its names."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.keys: dict[str, list[str]] = {}
        self.formerly: dict[str, str] = {}
        self.fact: dict[str, int] = {"version": 0}
        self.number_of: dict[int, int] = {}
        self.value_numbers: dict[tuple[int, str], int] = {}
        self.generations: list[Generation] = []
        self.lock = Lock()
        self.facts = 0

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @initialize(values=VALUES)
    def begin(self, values: list[str]) -> None:
        self._declare("host", values)

    @rule(name=st.sampled_from(NAMES), values=VALUES)
    def declare(self, name: str, values: list[str]) -> None:
        self._declare(name, values)

    @precondition(lambda self: len(self.keys) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.keys)))
        self._try(self.keys.copy(), self.formerly.copy(), drop=name)

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), new=st.sampled_from([f"{name}_now" for name in NAMES]))
    def rename(self, data: st.DataObject, new: str) -> None:
        old = data.draw(st.sampled_from(sorted(self.keys)))
        if new in self.keys:
            return
        keys = {new if name == old else name: values for name, values in self.keys.items()}
        formerly = {name: was for name, was in self.formerly.items() if name != old}
        before = self.fact.copy()
        # Whoever renames says what is meant, also by a name in between two others, which is
        # neither on the wire nor in the lock any more.
        self.fact[new] = self.fact[old]
        if not self._try(keys, {**formerly, new: old}):
            self.fact = before

    def _declare(self, name: str, values: list[str]) -> None:
        before = self.fact.copy()
        if name not in self.fact:
            self.facts += 1
            self.fact[name] = self.facts
        if not self._try({**self.keys, name: values}, self.formerly.copy()):
            self.fact = before

    def _try(
        self, keys: dict[str, list[str]], formerly: dict[str, str], drop: str | None = None
    ) -> bool:
        """Build these declarations; where that is refused, everything stays as it was."""
        if drop is not None:
            keys.pop(drop)
            formerly.pop(drop, None)
        folder = self.place / "shop"
        folder.mkdir(exist_ok=True)
        (folder / "shop.info").write_text(explained(_declared(keys, formerly)), encoding="utf-8")
        lock_file = lock_path([folder])
        try:
            built = build([folder], lock_file)
        except DeclarationsError:
            return False
        lock_file.write_bytes(built.lock)
        self.keys, self.formerly = keys, formerly
        self._note(built.files[DESCRIPTOR_SET], built.lock.decode())
        return True

    def _note(self, descriptors: bytes, lock: str) -> None:
        project = schema.parse(descriptors).projects["shop"]
        facts = {number: self.fact[key.name] for number, key in project.keys.items()}
        for number, fact in facts.items():
            assert self.number_of.setdefault(number, fact) == fact, "a number changed its meaning"
            for value, text in project.keys[number].values.items():
                known = self.value_numbers.setdefault((number, text), value)
                assert known == value, "a value changed its number"
        before, self.lock = self.lock, parse_lock(lock)
        after = {(line.number, text) for line in self.lock.keys for text in line.values}
        assert {(line.number, text) for line in before.keys for text in line.values} <= after
        self.generations = [*self.generations[-4:], Generation(project, facts)]

    @invariant()
    def a_report_of_any_build_is_read_by_any_other_as_it_was_meant_or_not_at_all(self) -> None:
        newest = self.generations[-1:]
        for one in newest:
            for other in self.generations:
                _read_right(one, other)
                _read_right(other, one)


def _read_right(sender: Generation, reader: Generation) -> None:
    """Every answer that the sender can give means the same to the reader, or nothing."""
    for number, key in sender.project.keys.items():
        for value, text in key.values.items():
            report: Any = sender.project.report_class()
            field = sender.project.report_class.DESCRIPTOR.fields_by_number[number]
            getattr(report, field.name).value = value
            try:
                read = answers.read(reader.project, report.SerializeToString(), TODAY)
            except InvalidReport:
                assert number not in reader.facts, "a known key was refused"
                continue
            (answer,) = read.given
            assert reader.facts[answer.key] == sender.facts[number]
            declared = reader.project.keys[answer.key].values.values()
            assert answer.values == ((text,) if text in declared else ())


def _declared(keys: dict[str, list[str]], formerly: dict[str, str]) -> str:
    lines = ["headcount[title] = Shop"]
    for name, values in keys.items():
        lines += [f"telemetry[{name}][label] = {name}", f"telemetry[{name}][type] = choice"]
        lines += [f"telemetry[{name}][values][] = {text}" for text in values]
        if name in formerly:
            lines.append(f"telemetry[{name}][formerly] = {formerly[name]}")
    return "\n".join(lines) + "\n"


def test_numbers_are_permanent_and_old_reports_read_right_through_any_edits() -> None:
    run_state_machine_as_test(
        Evolution,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=10,
            suppress_health_check=list(HealthCheck),
        ),
    )

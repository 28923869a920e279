"""The answers of the host's collectors, key by key, and the reasons for missing ones.

Collectors are other people's code. If one is missing, raises, hangs or returns
nonsense, only its own key goes unanswered. They are called in one thread, which is not
the caller's. If one takes longer than its share of the time, a second thread goes on
with the next; the late answer still counts if it arrives before the end.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import CoroutineType
from typing import TYPE_CHECKING

from headcount.model.deadline import Deadline, Task
from headcount.model.frozen import Frozen
from headcount.model.sentence import Sentence
from headcount.reporting.values import (
    READ_AT_MOST,
    cut,
    normalised,
    out_of_bounds,
    undeclared,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from headcount.model.project import Key, Project
    from headcount.model.report import Wire

PATIENCE = 5.0
"""Seconds that all collectors together may take, unless the host says otherwise."""

_SHORTEST_SHARE = 0.01  # seconds
_NOTE_LIMIT = 200  # characters


NO_COLLECTOR, NO_ANSWER, RAISED, WRONG_TYPE, LATE = (
    *("no-collector", "no-answer", "raised"),
    *("wrong-type", "late"),
)
"""Why a key has no answer."""


class Reply(Frozen):
    """What came of a call of one collector.

    `why` is `""` if there is an answer, else one of the words above. `note` says it to people
    and may quote what the host's code said; `kind` is the type of what was returned or raised.
    `undeclared` holds the returned values that `other` replaces, and `beyond` says in words
    without a value how the answer exceeds the bounds of its key.
    """

    answer: Wire | None = None
    why: str = ""
    note: str = ""
    kind: str = ""
    undeclared: tuple[str, ...] = ()
    beyond: str = ""


class Collected(Frozen):
    """Collected answers: `answers` fit the wire, `notes` say why each other key has none.

    `undeclared` holds, by key, the returned values that are not declared, so that
    `other` replaces them. It is for the host's developer, and never leaves memory.
    """

    answers: Mapping[str, Wire]
    notes: Mapping[str, str]
    undeclared: Mapping[str, tuple[str, ...]]

    def of(self, names: Collection[str]) -> Collected:
        """Return the part that concerns some keys."""
        return Collected(
            answers={name: answer for name, answer in self.answers.items() if name in names},
            notes={name: note for name, note in self.notes.items() if name in names},
            undeclared={name: said for name, said in self.undeclared.items() if name in names},
        )

    def within(self, limited: Iterable[Key]) -> Collected:
        """Return the same, with the answers to some keys cut to the terms of these keys."""
        cuts = {
            key.name: cut(key, self.answers[key.name])
            for key in limited
            if key.name in self.answers
        }
        return self.replaced(answers={**self.answers, **cuts})


def collect(
    project: Project, collectors: object, names: Collection[str], seconds: float | None = None
) -> Collected:
    """Ask the collectors of some keys, for at most `seconds` in all.

    With None, ask them in the caller's thread, and wait as long as they take. Instead of
    collectors, a Collected stands for their answers in another process.
    """
    if isinstance(collectors, Collected):
        return collectors.of(names)
    answers: dict[str, Wire] = {}
    notes: dict[str, str] = {}
    strange: dict[str, tuple[str, ...]] = {}
    for name, asked in ask(project, collectors, names, seconds).items():
        if asked.answer is not None:
            answers[name] = asked.answer
        else:
            notes[name] = asked.note
            logging.getLogger("headcount").debug("key %s is left out: %s", name, asked.note)
        if asked.undeclared:
            strange[name] = asked.undeclared
    return Collected(answers=answers, notes=notes, undeclared=strange)


def ask(
    project: Project, collectors: object, names: Collection[str], seconds: float | None
) -> dict[str, Reply]:
    """Return what came of asking the collectors of some keys, by key, in the project's order."""
    keys = [key for key in project.keys if key.name in names]
    circuit = _Circuit(keys, collectors)
    if seconds is None:
        circuit.walk()
    else:
        _watched(circuit, seconds)
    # A stuck collector may return at any time; only the answers of this moment count.
    found = dict(circuit.found)
    waited = f"{seconds or 0:g}"
    note = Sentence("its collector had not answered after {seconds} s", seconds=waited)
    late = Reply(why=LATE, note=note)
    return {key.name: found.get(key.name, late) for key in keys}


class _Circuit:
    """A walk through all keys, which another walker can take over if one is stuck."""

    def __init__(self, keys: list[Key], collectors: object) -> None:
        self.waiting = deque(keys)
        self.found: dict[str, Reply] = {}
        self._collectors = collectors
        self._walkers = 0

    def walk(self) -> None:
        """Ask the collectors that still wait; stop once another walker has taken over."""
        self._walkers += 1
        me = self._walkers
        while me == self._walkers:
            try:
                key = self.waiting.popleft()
            except IndexError:
                return
            self.found[key.name] = _asked(key, self._collectors)


def _watched(circuit: _Circuit, seconds: float) -> None:
    """Walk the circuit in threads, with a new thread whenever the last one is stuck."""
    deadline = Deadline(seconds)
    walkers: list[Task[None]] = [Task(circuit.walk)]
    while deadline.left:
        waiting = len(circuit.waiting)
        share = deadline.left / (waiting + 1)
        if walkers[-1].finished(max(share, _SHORTEST_SHARE)) or not waiting:
            break
        if len(circuit.waiting) == waiting:
            walkers.append(Task(circuit.walk))
    for walker in walkers:
        walker.finished(deadline.left)


def _asked(key: Key, collectors: object) -> Reply:
    try:
        collector = getattr(collectors, key.name, None)
        if not callable(collector):
            return Reply(why=NO_COLLECTOR, note=Sentence("this host has no collector for it"))
        raw = collector()
        if raw is None:
            return Reply(why=NO_ANSWER, note=Sentence("its collector gave no answer"))
        if isinstance(raw, CoroutineType):
            raw.close()  # or Python would warn on the host's terminal
        if isinstance(raw, Iterator):  # it can be read only once
            raw = tuple(islice(raw, READ_AT_MOST))
        answer = normalised(key, raw)
        strange, beyond = undeclared(key, raw), out_of_bounds(key, raw)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a collector that exits must not end its host
        raised = type(error).__name__
        words = " ".join(f"{raised}: {error}".split())[:_NOTE_LIMIT]
        return Reply(
            why=RAISED, note=Sentence("its collector raised {words}", words=words), kind=raised
        )
    kind = type(raw).__name__
    if answer is None:
        note = Sentence(
            "its collector returned a {kind} that is no {type}", kind=kind, type=key.type
        )
        return Reply(why=WRONG_TYPE, note=note, kind=kind, beyond=beyond)
    return Reply(answer=answer, kind=kind, undeclared=strange, beyond=beyond)

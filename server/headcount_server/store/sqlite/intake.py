"""Counts reports in a SQLite file: tokens that are new, and the totals of their answers."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from headcount_server.counting.tally import Tally, tally
from headcount_server.counting.vocabulary import Allowance, Vocabulary
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project
from headcount_server.store.contract import Entry, Outcome, grouped
from headcount_server.store.sqlite.connections import token_table
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.week import Week

_ROWS = 256
"""Most rows in one statement."""
_STEP = 16
"""Statements have a multiple of so many rows, some of which add nothing. So there are few
statements, and SQLite prepares each of them once."""


class Intake:
    """Adds reports to the open weeks of a connection, within a transaction of its owner."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        keys: WeekKeys,
        weeks: Mapping[Week, Terms],
        vocabularies: Mapping[Week, Vocabulary],
        allowance: Allowance,
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._weeks = weeks
        self._vocabularies = vocabularies
        self._allowance = allowance

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Add reports to their totals; return the outcome of each.

        Raises sqlite3.Error; the vocabularies may then hold values that the database lacks.
        """
        outcomes = self._take_tokens(entries)
        again = grouped(entries, outcomes, Outcome.DUPLICATE)
        if again:
            self._pretend(again)
        for week, project, some in grouped(entries, outcomes, Outcome.COUNTED):
            self._add(week, project, some)
        return outcomes

    def _take_tokens(self, entries: Sequence[Entry]) -> list[Outcome]:
        projects = [entry.project.name for entry in entries]
        weeks = {week: self._hashes(week, projects, entries) for week in self._weeks}
        taken = {token for week, tokens in weeks.items() for token in self._taken(week, tokens)}
        places = {week: place for place, week in enumerate(weeks)}
        hashes = list(zip(*weeks.values(), strict=True)) or [()] * len(entries)
        outcomes: list[Outcome] = []
        fresh: defaultdict[Week, list[bytes]] = defaultdict(list)
        for entry, of_weeks in zip(entries, hashes, strict=True):
            place = places.get(entry.week)
            if place is None:
                outcomes.append(Outcome.CLOSED)
            # A replay may name another week than the report that was counted.
            elif taken.isdisjoint(of_weeks):
                taken.add(of_weeks[place])
                fresh[entry.week].append(of_weeks[place])
                outcomes.append(Outcome.COUNTED)
            else:
                outcomes.append(Outcome.DUPLICATE)
        for week, tokens in fresh.items():
            rows = ",".join(["(?)"] * len(tokens))
            self._connection.execute(f"INSERT INTO {token_table(week)} VALUES {rows}", tokens)  # noqa: S608 - our name
        return outcomes

    def _hashes(self, week: Week, projects: Sequence[str], entries: Sequence[Entry]) -> list[bytes]:
        """Return the hashes of the tokens of reports, if they were of this week."""
        hashers = {project: self._keys.hasher(week, project) for project in set(projects)}
        return [hashers[project](e.token) for project, e in zip(projects, entries, strict=True)]

    def _taken(self, week: Week, tokens: Sequence[bytes]) -> set[bytes]:
        """Return those of these tokens that a week has counted."""
        padded = [*tokens, *list(tokens[-1:]) * (-len(tokens) % _STEP)]
        marks = ",".join("?" * len(padded))
        query = f"SELECT token FROM {token_table(week)} WHERE token IN ({marks})"  # noqa: S608 - our name
        return {token for (token,) in self._connection.execute(query, padded)}

    def _pretend(self, groups: Iterable[tuple[Week, Project, Sequence[Entry]]]) -> None:
        """Do for duplicates what is done for other reports, and undo it, so that both look alike.

        Duplicates then take as long, and write as much.
        """
        self._connection.execute("SAVEPOINT pretending")
        for week, project, entries in groups:
            rows = ",".join(["(randomblob(16))"] * len(entries))
            self._connection.execute(f"INSERT INTO {token_table(week)} VALUES {rows}")  # noqa: S608 - our name
            self._write(week, project, tally(project, [entry.answers for entry in entries]))
        self._connection.execute("ROLLBACK TO pretending")
        self._connection.execute("RELEASE pretending")

    def _add(self, week: Week, project: Project, entries: Sequence[Entry]) -> None:
        words = self._vocabularies[week]
        words.introduce(
            project, words.newcomers(project, entries, self._allowance), self._allowance
        )
        total = words.fold(project, tally(project, [entry.answers for entry in entries]))
        self._write(week, project, total)

    def _write(self, week: Week, project: Project, total: Tally) -> None:
        at = (str(week), project.name)
        answers = list(total.answers.items())
        values = [(*cell, n) for cell, n in total.values.items()]
        self._sum_up("open_reports", "reports", at, [(total.reports,)])
        self._sum_up("open_answers", "answers", at, answers)
        self._sum_up("open_values", "reports", at, values)

    def _sum_up(
        self, table: str, counter: str, at: tuple[str, str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Add rows, which end with their counter, to those of a week and project."""
        # Many rows go in one step, because Python waits for its interpreter after each step.
        for first in range(0, len(rows), _ROWS):
            some = rows[first : first + _ROWS]
            nothing = (*some[-1][:-1], 0)
            padding = [nothing] * (-len(some) % _STEP)
            statement = _addition(table, counter, len(nothing), len(some) + len(padding))
            self._connection.execute(statement, (*at, *chain(*some, *padding)))


@lru_cache(maxsize=256)
def _addition(table: str, counter: str, columns: int, rows: int) -> str:
    values = ", ".join([f"({', '.join('?' * columns)})"] * rows)
    names = ", ".join(f"column{number}" for number in range(1, columns + 1))
    return (
        f"INSERT INTO {table} SELECT ?, ?, {names} FROM (VALUES {values}) WHERE true"  # noqa: S608 - our names
        f" ON CONFLICT DO UPDATE SET {counter} = {counter} + excluded.{counter}"
    )

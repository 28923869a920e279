"""Counts reports in a SQLite file: tokens that are new, and the totals of their answers."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from headcount_server.counting.tally import Tally, tally
from headcount_server.counting.vocabulary import Allowance, Vocabulary
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project
from headcount_server.store.contract import Entry, Outcome, grouped
from headcount_server.store.sqlite.connections import token_table
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.week import Week


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
        marks = ",".join("?" * len(tokens))
        query = f"SELECT token FROM {token_table(week)} WHERE token IN ({marks})"  # noqa: S608 - our name
        return {token for (token,) in self._connection.execute(query, tokens)}

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
        self._connection.execute(
            "INSERT INTO open_reports VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET reports = reports + excluded.reports",
            (*at, total.reports),
        )
        # All rows go in one step, because Python waits for its interpreter after each step.
        self._connection.execute(
            "INSERT INTO open_answers"
            " SELECT ?, ?, value->>0, value->>1 FROM json_each(?) WHERE true"
            " ON CONFLICT DO UPDATE SET answers = answers + excluded.answers",
            (*at, json.dumps(list(total.answers.items()))),
        )
        self._connection.execute(
            "INSERT INTO open_values"
            " SELECT ?, ?, value->>0, value->>1, value->>2, value->>3 FROM json_each(?) WHERE true"
            " ON CONFLICT DO UPDATE SET reports = reports + excluded.reports",
            (*at, json.dumps([(*cell, n) for cell, n in total.values.items()])),
        )

"""Counts reports on PostgreSQL: those of one shard, or of several, in one transaction.

The first statement locks the shards' rows of `shard_weeks`, one per open week. The close of a week
deletes its rows, so it comes before or after a transaction and never within. Two servers that have
reports of one shard take turns, so a token that names two weeks is noticed.

If the tables are distributed by shard, all statements of a transaction name one shard, and
run on one node. If they are not, shards share a commit, and add their totals to the first
of them: any shard can hold a part of a sum.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, TypeAlias

from psycopg import Cursor, RawCursor

from headcount_server.counting.tally import Tally, tally
from headcount_server.counting.vocabulary import Newcomer
from headcount_server.registry.schema import Project
from headcount_server.store.allowance import Allowance
from headcount_server.store.contract import Entry, Outcome, grouped
from headcount_server.store.postgres import session
from headcount_server.store.postgres.schema import COPIED, SHARDS, PostgresConnection, number
from headcount_server.store.postgres.weeks import OpenWeek
from headcount_server.store.token_hash import token_hash
from headcount_server.week import Week

_Row: TypeAlias = tuple[Any, ...]
_Rows: TypeAlias = tuple[str, str, list[_Row]]
_ROWS = 1000
"""Most rows in one statement, which may have 65,535 parameters."""

LOCK = (
    "SELECT week, opening FROM headcount_open.shard_weeks WHERE shard = $1"
    " ORDER BY shard, week FOR UPDATE"
)
ELSEWHERE = (
    "SELECT token FROM headcount_open.tokens"
    " WHERE shard = $1 AND week = $2 AND token = ANY ($3::uuid[])"
)


class Behind(Exception):
    """The open weeks are not those that this server knows, so it must look again."""


class Unadmitted(Exception):
    """Some values have no place in their week, so they must be introduced first."""

    def __init__(self, newcomers: Sequence[tuple[OpenWeek, Project, Sequence[Newcomer]]]) -> None:
        super().__init__()
        self.newcomers = newcomers


class InDoubt(Exception):
    """The server committed without its standby."""


class Foreign(Exception):
    """The session is not the one that was configured, so nothing was counted."""


def shard_of(token: bytes) -> int:
    """Return the shard of a token, which is the same in every week."""
    return token[0] & (SHARDS - 1)


def count(
    connection: PostgresConnection,
    entries: Sequence[Entry],
    weeks: Mapping[Week, OpenWeek],
    vocabularies: Lock,
    allowance: Allowance,
) -> list[Outcome]:
    """Count reports in one transaction.

    Raises Behind, Unadmitted, InDoubt, Foreign or psycopg.Error.
    """
    batch = _Batch(entries, weeks)
    with session.Warnings(connection) as warnings:
        with connection.pipeline(), connection.transaction():
            cursor: Cursor[_Row] = RawCursor(connection)
            asking = connection.execute(session.ASK)
            outcomes = batch.take_tokens(cursor)
            if asking.fetchone() != (session.mark(connection),):
                raise Foreign(session.SHARED)
            with vocabularies:
                totals = batch.totals(outcomes, allowance)
            batch.pretend(connection, cursor, outcomes)
            batch.add(cursor, totals)
        if warnings.doubt:
            raise InDoubt("it could not wait for the standby")
    return outcomes


class _Batch:
    """Reports on their way into the database."""

    def __init__(self, entries: Sequence[Entry], weeks: Mapping[Week, OpenWeek]) -> None:
        self.shards = sorted({shard_of(entry.token) for entry in entries})
        self._entries = entries
        self._weeks = weeks

    def take_tokens(self, cursor: Cursor[_Row]) -> list[Outcome]:
        """Lock the shards, insert the new tokens, and return the outcome of each report."""
        cursor.execute(*_within(LOCK, self.shards))
        # All shards open and close a week at once, so they agree.
        locked = set(cursor.fetchall())
        opened = {
            week.week: week
            for week in self._weeks.values()
            if (str(week.week), week.opening) in locked
        }
        if len(opened) < len(locked):
            raise Behind
        outcomes = [
            Outcome.CLOSED if e.week not in opened else Outcome.DUPLICATE for e in self._entries
        ]
        # Of several with the same token and project, the first of this batch wins.
        first: dict[tuple[str, bytes], int] = {}
        for at, entry in enumerate(self._entries):
            if entry.week in opened:
                first.setdefault((entry.project.name, entry.token), at)
        news = self._not_elsewhere(cursor, first.values(), opened)
        for at in self._inserted(cursor, news, opened):
            outcomes[at] = Outcome.COUNTED
        return outcomes

    def _hash(self, at: int, week: OpenWeek) -> str:
        entry = self._entries[at]
        found = token_hash(week.key, week.week, entry.project.name, entry.token).hex()
        return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"

    def _not_elsewhere(
        self, cursor: Cursor[_Row], which: Iterable[int], opened: Mapping[Week, OpenWeek]
    ) -> list[int]:
        """Return the reports whose token is in no other open week, nor among copied tokens."""
        left = list(which)
        for week in opened.values():
            others = [at for at in left if self._entries[at].week != week.week]
            known = self._known(cursor, others, week, self.shards)
            if week.copied:
                known |= self._known(cursor, left, week, [COPIED])
            left = [at for at in left if at not in known]
        return left

    def _known(
        self, cursor: Cursor[_Row], which: Iterable[int], week: OpenWeek, shards: list[int]
    ) -> set[int]:
        """Return the reports whose token is in a week, in one of these shards."""
        hashes = {self._hash(at, week): at for at in which}
        if not hashes:
            return set()
        cursor.execute(*_within(ELSEWHERE, shards, number(week.week), list(hashes)))
        return {hashes[token] for (token,) in cursor.fetchall()}

    def _inserted(
        self, cursor: Cursor[_Row], which: Iterable[int], opened: Mapping[Week, OpenWeek]
    ) -> Iterable[int]:
        """Insert tokens, and yield the reports whose token was new to its week."""
        by_week: defaultdict[Week, dict[str, int]] = defaultdict(dict)
        for at in which:
            week = opened[self._entries[at].week]
            by_week[week.week][self._hash(at, week)] = at
        for name, hashes in sorted(by_week.items()):
            tokens = sorted(hashes)
            for part in range(0, len(tokens), _ROWS):
                some = tokens[part : part + _ROWS]
                if len(self.shards) == 1:
                    cursor.execute(_insertion(len(some)), (self.shards[0], number(name), *some))
                else:
                    at_ = [(shard_of(self._entries[hashes[token]].token), token) for token in some]
                    flat = [value for row in at_ for value in row]
                    cursor.execute(_insertion_of_several(len(some)), (number(name), *flat))
                yield from [hashes[token] for (token,) in cursor.fetchall()]

    def totals(self, outcomes: Sequence[Outcome], allowance: Allowance) -> list[_Rows]:
        """Return the rows to add: table, columns and rows in the order of their keys.

        Raises Unadmitted.
        """
        groups = self._groups(outcomes, Outcome.COUNTED)
        unknown = [
            (opened, project, new)
            for opened, project, some in groups
            if (new := opened.vocabulary.newcomers(project, some, allowance))
        ]
        if unknown:
            raise Unadmitted(unknown)
        return self._rows([(w, p, w.vocabulary.fold(p, _tally(p, some))) for w, p, some in groups])

    def pretend(
        self, connection: PostgresConnection, cursor: Cursor[_Row], outcomes: Sequence[Outcome]
    ) -> None:
        """Do for duplicates what is done for other reports, and undo it, so that none is faster."""
        groups = self._groups(outcomes, Outcome.DUPLICATE)
        rows = self._rows([(w, p, _tally(p, some)) for w, p, some in groups])
        if any(some for _, _, some in rows):
            connection.execute("SAVEPOINT pretending")
            self.add(cursor, rows)
            connection.execute("ROLLBACK TO SAVEPOINT pretending")

    def add(self, cursor: Cursor[_Row], totals: Sequence[_Rows]) -> None:
        """Add rows to their tables."""
        for table, columns, rows in totals:
            for part in range(0, len(rows), _ROWS):
                some = rows[part : part + _ROWS]
                flat = [value for row in some for value in row]
                cursor.execute(_addition(table, columns, len(some)), (self.shards[0], *flat))

    def _groups(
        self, outcomes: Sequence[Outcome], wanted: Outcome
    ) -> list[tuple[OpenWeek, Project, list[Entry]]]:
        groups = grouped(self._entries, outcomes, wanted)
        return [(self._weeks[week], project, some) for week, project, some in groups]

    @staticmethod
    def _rows(totals: Sequence[tuple[OpenWeek, Project, Tally]]) -> list[_Rows]:
        reports: Counter[_Row] = Counter()
        answers: Counter[_Row] = Counter()
        values: Counter[_Row] = Counter()
        for opened, project, total in totals:
            at = (str(opened.week), project.name)
            # Two snapshots of the registry may add to the same row.
            reports[at] += total.reports
            answers.update({(*at, key): n for key, n in total.answers.items()})
            values.update({(*at, *cell): n for cell, n in total.values.items()})
        return [
            (table, columns, [(*row, n) for row, n in sorted(counter.items())])
            for table, columns, counter in (
                ("shard_reports", "week project reports", reports),
                ("shard_answers", "week project key answers", answers),
                ("shard_values", "week project key value release reports", values),
            )
        ]


def _tally(project: Project, entries: Sequence[Entry]) -> Tally:
    return tally(project, [entry.answers for entry in entries])


def _values(fixed: str, columns: int, rows: int) -> str:
    """Return rows of parameters, each after the fixed ones."""
    taken = fixed.count("$")
    return ", ".join(
        f"({fixed}, {', '.join(f'${taken + row * columns + n}' for n in range(1, columns + 1))})"
        for row in range(rows)
    )


def _within(statement: str, shards: list[int], *others: object) -> tuple[str, _Row]:
    """Return the statement for these shards, and its parameters."""
    if len(shards) == 1:
        return statement, (*shards, *others)
    return statement.replace("shard = $1", "shard = ANY ($1::smallint[])"), (shards, *others)


@lru_cache(maxsize=256)
def _insertion(rows: int) -> bytes:
    values = _values("$1, $2", 1, rows)
    return (
        f"INSERT INTO headcount_open.tokens (shard, week, token) VALUES {values}"  # noqa: S608 - parameters
        " ON CONFLICT DO NOTHING RETURNING token"
    ).encode()


@lru_cache(maxsize=256)
def _insertion_of_several(rows: int) -> bytes:
    values = _values("$1", 2, rows)
    return (
        f"INSERT INTO headcount_open.tokens (week, shard, token) VALUES {values}"  # noqa: S608 - parameters
        " ON CONFLICT DO NOTHING RETURNING token"
    ).encode()


@lru_cache(maxsize=1024)
def _addition(table: str, columns: str, rows: int) -> bytes:
    *key, counter = columns.split()
    return (
        f"INSERT INTO headcount_open.{table} (shard, {', '.join((*key, counter))})"  # noqa: S608 - our names
        f" VALUES {_values('$1', len(key) + 1, rows)}"
        f" ON CONFLICT (shard, {', '.join(key)})"
        f" DO UPDATE SET {counter} = {table}.{counter} + excluded.{counter}"
    ).encode()

"""A record of the statements that PostgreSQL's intake runs."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from psycopg import RawCursor


class Recorder(RawCursor[Any]):
    """A cursor that keeps what it executes; put it in the place of `postgres_intake.RawCursor`."""

    statements: ClassVar[list[tuple[str, tuple[Any, ...]]]] = []

    def execute(self, query: Any, params: Any = None, **more: Any) -> Self:  # noqa: ANN401 - as the base has it
        text = query.decode() if isinstance(query, bytes) else str(query)
        self.statements.append((text, tuple(params or ())))
        return super().execute(query, params, **more)

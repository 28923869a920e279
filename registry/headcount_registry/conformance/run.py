"""The run, which puts to a program every case that the program claims to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.conformance.comparison import differences
from headcount_registry.conformance.program import PROTOCOL, Program
from headcount_registry.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from headcount_registry.conformance.vectors import Case, Json, Vectors


@dataclass(frozen=True, slots=True)
class Failure:
    """A case with a wrong answer, and its differences."""

    file: str
    case: Case
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untried:
    """Cases of one operation that were not put, and the reason."""

    file: str
    operation: str
    cases: int
    why: str


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run; `passed` counts cases by file, `trouble` says what ended it early."""

    client: str
    passed: dict[str, int]
    failures: tuple[Failure, ...]
    untried: tuple[Untried, ...]
    trouble: str = ""

    @property
    def sound(self) -> bool:
        """Whether the client claims something, and all of it was tried and right."""
        return bool(sum(self.passed.values())) and not self.failures and not self.trouble


def run(
    command: Sequence[str],
    files: Iterable[Vectors],
    projects: dict[str, Json],
    seconds: float,
) -> Result:
    """Return the result of putting the cases of some files to a program.

    `seconds` is the time limit for one answer. Raises `ConformanceError` if the program cannot
    be started or introduces itself wrongly. If it ends later, the remaining cases are untried.
    """
    files = tuple(files)
    with Program(command, seconds) as program:
        client, does = _introduced(program, projects)
        passed = {each.name: 0 for each in files}
        failures: list[Failure] = []
        untried: dict[tuple[str, str, str], int] = {}
        trouble = ""
        for file, case in _cases(files):
            if trouble or case.do not in does:
                why = "the program broke off" if case.do in does else "not claimed"
                untried[file, case.do, why] = untried.get((file, case.do, why), 0) + 1
                continue
            try:
                wrong = tuple(_wrong(program, file, case))
            except ConformanceError as error:
                trouble = str(error)
                wrong = (trouble,)
            if wrong:
                failures.append(Failure(file, case, wrong))
            else:
                passed[file] += 1
    left = (Untried(file, do, count, why) for (file, do, why), count in untried.items())
    return Result(client, passed, tuple(failures), tuple(left), trouble)


def _cases(files: Iterable[Vectors]) -> Iterator[tuple[str, Case]]:
    for file in files:
        for case in file.cases:
            yield file.name, case


def _introduced(program: Program, projects: dict[str, Json]) -> tuple[str, frozenset[str]]:
    """Tell the program the subject of the cases; return its name and its claims."""
    told = program.ask({"do": "hello", "protocol": PROTOCOL, "projects": projects})
    client, does = told.get("client"), told.get("does")
    if told.get("protocol") != PROTOCOL or not isinstance(client, str):
        raise ConformanceError(
            f'the program must answer hello with {{"protocol": {PROTOCOL}, "client": "NAME",'
            f' "does": ["OPERATION", ...]}}; it answered {str(told)[:200]}'
        )
    if not isinstance(does, list) or not all(isinstance(name, str) for name in does):
        raise ConformanceError('in its answer to hello, "does" must be a list of operations')
    return client, frozenset(does)


def _wrong(program: Program, file: str, case: Case) -> Iterator[str]:
    """Yield the faults of the program's answer to a case."""
    name = f"{file}/{case.id}"
    told = program.ask({"id": name, "do": case.do, "given": case.given})
    if told.get("id") != name:
        raise ConformanceError(f"the program was asked {name} and answered {told.get('id')!r}")
    if "error" in told:
        yield f"error: {told['error']}"
    elif "answer" not in told:
        yield 'the line has neither "answer" nor "error"'
    else:
        yield from differences(case.expect, told["answer"])

"""The run of every check over a draft, with its allowances."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from headcount_registry.checks import table
from headcount_registry.checks.allowances import Allowances, Seen
from headcount_registry.checks.table import When
from headcount_registry.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount_registry.checks.dates import Days
    from headcount_registry.checks.table import Check
    from headcount_registry.declarations.draft import Draft, ProjectDraft

_QUOTED = re.compile(r"`[^`]*`")
_LONGEST = 120


def run_checks(
    draft: Draft, *, strict: bool = False, days: Days | None = None
) -> tuple[Finding, ...]:
    """Return all findings of all checks, sorted by place.

    With `strict`, more checks run, and every finding is an error. Checks that depend on the
    day run only if `days` are given; a build gives none, so that its result stays the same.
    """
    seen = set(_file_by_file(draft))
    for project in draft.projects:
        seen.update(_of_project(project, strict=strict, days=days))
    for each in draft.sets:
        seen.update(_of_set(each))
    seen.update(_seen(table.DRAFT_CHECKS, draft))
    return tuple(sorted(_finding(each, strict=strict) for each in seen))


def without_errors(draft: Draft) -> Draft:
    """Return the part of a draft that can be resolved: keys, projects and files without errors."""
    broken = {each.location.file for each in _file_by_file(draft)}
    projects = (_project_without_errors(project, broken) for project in draft.projects)
    return replace(draft, projects=tuple(project for project in projects if project))


def _project_without_errors(project: ProjectDraft, broken: set[str]) -> ProjectDraft | None:
    wrong = {
        each.key
        for each in _keys_and_project(project, None)
        if each.check.severity is Severity.ERROR
    }
    wrong.update(
        key.name
        for key in project.keys
        if any(each.source.file in broken for each in key.statements)
    )
    if "" in wrong:
        return None
    return replace(project, keys=tuple(key for key in project.keys if key.name not in wrong))


def every_check() -> tuple[Check, ...]:
    """Run all checks of the table, in its order."""
    return (
        *table.FILE_CHECKS,
        *table.KEY_CHECKS,
        *table.PROJECT_CHECKS,
        *table.SET_CHECKS,
        *table.DRAFT_CHECKS,
        *table.ALLOWANCE_CHECKS,
    )


def _file_by_file(draft: Draft) -> Iterator[Seen]:
    for source in draft.files:
        yield from _seen(table.FILE_CHECKS, source)


def _of_project(project: ProjectDraft, *, strict: bool, days: Days | None) -> Iterator[Seen]:
    # An allowance of a strict finding is used, whether or not anybody is strict today.
    seen = list(_keys_and_project(project, days))
    checks = {check.name: check for check in every_check()}
    allowances = Allowances(project, seen, checks, dated=days is not None)
    for each in allowances.kept():
        if strict or each.check.when is not When.STRICT:
            yield each
    yield from _seen(table.ALLOWANCE_CHECKS, allowances)


def _of_set(conventions: ProjectDraft) -> Iterator[Seen]:
    """Yield what is wrong with a set; whether a key is asked for good reason is for its project."""
    yield from _seen(table.SET_CHECKS, conventions)
    own = [check for check in table.KEY_CHECKS if check.name != "unexplained"]
    errors = [check for check in own if check.severity is Severity.ERROR]
    for key in conventions.keys:
        yield from _seen(errors, key)
    translations = [check for check in table.PROJECT_CHECKS if check.name == "translation"]
    yield from _seen(translations, conventions)


def _keys_and_project(project: ProjectDraft, days: Days | None) -> Iterator[Seen]:
    for key in project.keys:
        for each in _seen(table.KEY_CHECKS, key, days):
            yield replace(each, key=key.name)
    places = {key.location: key.name for key in project.keys}
    for each in _seen(table.PROJECT_CHECKS, project):
        yield replace(each, key=places.get(each.location, ""))


def _seen(checks: Iterable[Check], subject: object, days: Days | None = None) -> Iterator[Seen]:
    for check in checks:
        if check.when is not When.DATED or days is not None:
            for location, message in check.problems(subject, days):
                yield Seen(check, location, message)


def _finding(seen: Seen, *, strict: bool) -> Finding:
    severity = Severity.ERROR if strict else seen.check.severity
    # A name can be as long as a file; the message has to stay readable.
    message = _QUOTED.sub(lambda match: _shortened(match[0]), seen.message)
    return Finding(seen.location, seen.check.name, message, severity)


def _shortened(quoted: str) -> str:
    return quoted if len(quoted) <= _LONGEST else f"{quoted[:_LONGEST]}...`"

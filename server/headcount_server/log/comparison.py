"""Compares published weeks with what the log says of them, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headcount_server.log.history import History, Place
from headcount_server.publication import log_leaves
from headcount_server.publication.log_leaves import (
    INSTALLATIONS,
    PARTITION,
    TEXT,
    Leaf,
)
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.publication.unasked import Why, unasked
from headcount_server.registry.schema import Project, Schema


@dataclass(frozen=True, slots=True)
class Comparison:
    """A log with its salts, and the declarations that come with the weeks."""

    history: History
    salts: Mapping[int, Mapping[str, bytes]]
    known: Schema

    def differences(self, weeks: Sequence[PublishedWeek]) -> Iterator[str]:
        """Yield in words each difference between the log and these weeks, which are all."""
        there = {str(week.week) for week in weeks}
        for name in sorted(self.history.weeks.keys() - there):
            yield f"{name}: missing, although the log has it"
        for week in sorted(weeks, key=lambda each: each.week):
            name = str(week.week)
            leaf = self.history.weeks.get(name)
            if leaf is None and name > self.history.after:
                yield f"{name}: not in the log"
            elif leaf is not None:
                if (leaf["threshold"], leaf["rule"]) != (week.threshold, week.rule):
                    yield f"{name}: its threshold or rule is another one"
                yield from self._projects(week)
            yield from self._remarks(week, vouched=leaf is not None)

    def _projects(self, week: PublishedWeek) -> Iterator[str]:
        name = str(week.week)
        found = {project.name: project for project in week.projects}
        logged = {project for at, project in self.history.totals if at == name}
        for project in sorted(found.keys() ^ logged):
            yield f"{name} {project}: " + (
                "not in the log" if project in found else "missing, although the log has it"
            )
        for project in sorted(found.keys() & logged):
            for difference in self._project(week, found[project]):
                yield f"{name} {project}: {difference}"

    def _project(self, week: PublishedWeek, project: PublishedProject) -> Iterator[str]:
        at = str(week.week), project.name
        number, leaf = self.history.totals[at]
        contents = log_leaves.contents(project, week.threshold)
        commitments = log_leaves.commitments(leaf)
        gone = self.history.unopened.get(at, set())
        for part in sorted(contents.keys() - commitments.keys()):
            yield f"{part}: not in the log"
        for part, its in commitments.items():
            if part not in gone:
                yield from self._opened(number, part, its, contents)
            elif part in self.salts.get(number, {}):
                yield f"{part}: can be opened, although a retraction took it down"
        if leaf["digests"] != list(project.digests):
            yield "counted under other declarations"
        yield from self._names(project)
        yield from _folds(project, gone)
        yield from self._few(week, project, leaf)
        yield from self._notices(at, project, leaf)

    def _opened(
        self, number: int, part: str, commitment: str, contents: Mapping[str, object]
    ) -> Iterator[str]:
        salt = self.salts.get(number, {}).get(part)
        if salt is None:
            yield f"{part}: cannot be compared, and no retraction says why"
        elif part not in contents:
            yield f"{part}: missing, although the log has it"
        elif log_leaves.commitment(salt, contents[part]) != commitment:
            yield f"{part}: not what was published"

    def _names(self, project: PublishedProject) -> Iterator[str]:
        declared = self.known.projects.get(project.name)
        told = {notice.key: notice.name for notice in project.retractions}
        for key, name in {**project.key_names, **project.too_few, **told}.items():
            its = declared.keys.get(key) if declared else None
            names = self.history.names[project.name, key]
            if name not in ({*names, its.name} if its else names):
                yield f"key {key}: was never called {name}"

    def _few(self, week: PublishedWeek, project: PublishedProject, leaf: Leaf) -> Iterator[str]:
        declared = self.known.projects.get(project.name)
        marks = _silent(declared, week, project)
        few = {int(key): its for key, its in leaf["few"].items()}
        for key in sorted(few.keys() | project.too_few.keys()):
            its = project.terms.get(key)
            shown = log_leaves.terms(its) if key in project.too_few and its else None
            logged = {**few[key], "name": None} if key in few else None
            said = {**shown, "name": None} if shown else None
            if said != logged and not (said is None and few[key]["name"] in marks):
                yield f"key {key}: too few answered it, or not; the log says otherwise"

    def _notices(self, at: Place, project: PublishedProject, leaf: Leaf) -> Iterator[str]:
        week, name = at
        told = {(each.key, each.reason, each.date) for each in project.retractions}
        due = {(key, reason, date) for key, reason, date in leaf["withheld"]}
        due |= {
            (each["key"], each["reason"], each["date"])
            for each in self.history.retractions[name]
            if week in each["weeks"]
        }
        for key, *_ in sorted(told ^ due):
            yield f"key {key}: the notice of its retraction is missing, or not what was published"

    def _remarks(self, week: PublishedWeek, *, vouched: bool) -> Iterator[str]:
        """Compare note and installations, which can be of a week from before the log."""
        name = str(week.week)
        if name in self.history.annotations:
            number, leaf = self.history.annotations[name]
            for what in self._opened(number, TEXT, leaf[TEXT], {TEXT: week.annotation}):
                yield f"{name}: note: {what}"
        elif vouched and week.annotation:
            yield f"{name}: its note is not in the log"
        found = {its.project: its for its in week.coverages}
        logged = {project for at, project in self.history.coverages if at == name}
        for project in sorted(logged):
            number, leaf = self.history.coverages[name, project]
            contents = {INSTALLATIONS: log_leaves.installations(found.get(project))}
            for what in self._opened(number, INSTALLATIONS, leaf[INSTALLATIONS], contents):
                yield f"{name} {project}: {what}"
        for project in sorted(found.keys() - logged) if vouched else ():
            yield f"{name} {project}: its number of installations is not in the log"


def _folds(project: PublishedProject, gone: set[str]) -> Iterator[str]:
    """Compare what is told apart with what a retraction may have left of it."""
    cells = project.publication.values
    for key in project.publication.answers:
        taken = log_leaves.part(PARTITION, key) in gone
        its = project.terms.get(key)
        apart = any(cell.key == key and cell.release for cell in cells)
        if taken and (apart or (its is not None and not its.folded)):
            yield f"key {key}: tells releases apart, although a retraction took them down"
        elif not taken and its is not None and its.folded:
            yield f"key {key}: its releases are summed up, and no retraction says why"


def _silent(declared: Project | None, week: PublishedWeek, project: PublishedProject) -> set[str]:
    """Return the names of expired keys, which nobody was asked, as the declarations say now."""
    if declared is None:
        return set()
    return {each.key for each in unasked(declared, week.week, project) if each.why is Why.EXPIRED}

"""Allowances: findings that a declaration says it accepts.

    telemetry[modules][allow][] = large-vocabulary
    headcount[allow][] = project-unstated

An allowance may be in any file of the project. For a key in the shorthand, it must not be in
the file of the key, because the grammar would drop one of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import Check, When, allowance_check
from headcount_registry.evolution import permanence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import ProjectDraft, Statement
    from headcount_registry.findings import Location


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of a check in a project; `key` is the key that it concerns, if there is one."""

    check: Check
    location: Location
    message: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Allowances:
    """The allowances of one project, and everything that checks saw of it.

    `checks` are all checks by name; `dated` says whether those that depend on the day looked.
    """

    project: ProjectDraft
    seen: Sequence[Seen]
    checks: Mapping[str, Check]
    dated: bool

    def kept(self) -> Iterator[Seen]:
        """The findings that no allowance covers."""
        allowed = {(key, each.text) for key, each in self.stated()}
        for each in self.seen:
            if not (each.check.allowable and (each.key, each.check.name) in allowed):
                yield each

    def stated(self) -> Iterator[tuple[str, Statement]]:
        """Each allowance with its key, or with an empty text if it is for the project."""
        yield from (("", each) for each in self.project.allowances)
        for key in self.project.keys:
            yield from ((key.name, each) for each in key.allowances)


@allowance_check("unknown-allowance")
def unknown_allowance(allowances: Allowances) -> Problems:
    """An allowance must name a check that can be allowed, for a declared key."""
    allowable = sorted(name for name, check in allowances.checks.items() if check.allowable)
    for _, each in allowances.stated():
        known = allowances.checks.get(each.text)
        if known is None and each.text not in permanence.CHECKS:
            near = get_close_matches(each.text, allowable, n=1)
            meant = f"did you mean `{near[0]}`?" if near else "remove the line"
            yield each.value_location, f"there is no check `{each.text}`; {meant}"
        elif known is None or not known.allowable:
            yield (
                each.value_location,
                (
                    f"what `{each.text}` finds makes a wrong registry and cannot be allowed;"
                    " mend it and remove this line"
                ),
            )
    for each in allowances.project.strays:
        yield (
            each.location,
            (
                f"no file of project `{allowances.project.name}` declares the key"
                f" `{each.pair.path[1]}` that this is for; mend its name or remove the line"
            ),
        )


@allowance_check("unused-allowance")
def unused_allowance(allowances: Allowances) -> Problems:
    """An allowance without a finding would hide the next finding."""
    found = {(each.key, each.check.name) for each in allowances.seen}
    stated: dict[tuple[str, str], Statement] = {}
    for key, each in allowances.stated():
        known = allowances.checks.get(each.text)
        if known is None or not known.allowable:
            continue
        first = stated.setdefault((key, each.text), each)
        owner = f"key `{key}`" if key else f"project `{allowances.project.name}`"
        if first is not each:
            yield (
                each.value_location,
                f"`{each.text}` is allowed before, at {first.location}; remove this line",
            )
        elif (key, each.text) not in found and (allowances.dated or known.when is not When.DATED):
            yield (
                each.value_location,
                f"`{each.text}` finds nothing in {owner}; remove this line",
            )

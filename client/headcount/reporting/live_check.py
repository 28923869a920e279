"""The check of a host's collectors, for its tests and its builds.

It calls every collector once, whatever was agreed to, and says what a site owner's report
would lack. It writes nothing and opens no connection. Messages name keys, types and bounds;
what a host's code returned or said is held apart, for a developer's own terminal.
"""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount.model.frozen import Frozen
from headcount.model.sentence import Sentence
from headcount.reporting import collectors as asking
from headcount.reporting import host_methods
from headcount.reporting.deprecation import remedy
from headcount.reporting.installation_age import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount.model.project import Key, Project
    from headcount.reporting.collectors import Reply

ENDPOINT, NO_KEY, UNDECLARED, BOUNDS = "endpoint", "no-key", "became-other", "out-of-bounds"
DEPRECATED = "deprecated"


class Fault(Frozen):
    """One thing to mend: its key (`""` for the endpoint), a stable word for it, and a sentence.

    `file` and `line` are where the host's collector begins, if that is known. `raw` is what
    the host's code returned or said: it is part of no message.
    """

    key: str
    check: str
    message: str
    file: str = ""
    line: int = 0
    raw: tuple[str, ...] = ()


class HostCheck(Frozen):
    """The outcome: how many keys there are, which have an answer here, and what to mend.

    The collectors of `silent` keys have no answer on this machine, which is no fault. Nor is
    one of the `warnings`: a collector of a key that another key replaces, which is right until
    the old key ends.
    """

    project: str
    keys: int
    answered: tuple[str, ...]
    silent: tuple[str, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()


def check(
    project: Project, collectors: object, *, seconds: float | None, obstacle: str
) -> HostCheck:
    """Call all collectors for at most `seconds` in all, and return what is wrong.

    `obstacle` says why nothing could be sent from here, `""` if it could.
    """
    own = {key.name for key in project.keys if is_ours(key)}
    names = {key.name for key in project.keys} - own
    written = {name for name in names if host_methods.is_written(project, collectors, name)}
    asked = asking.ask(project, collectors, names, seconds)
    answered, silent = [], []
    faults: list[Fault] = []
    for key in project.keys:
        if key.name in own:
            answered.append(key.name)
            continue
        found = tuple(_faults(key, asked[key.name], collectors, written))
        faults += found
        if asked[key.name].answer is not None:
            answered.append(key.name)
        elif not found:
            silent.append(key.name)
    strays = sorted(host_methods.public(project, collectors) - names)
    faults += (_stray(name, names, own, collectors) for name in strays)
    if obstacle:
        faults.append(Fault(key="", check=ENDPOINT, message=obstacle))
    return HostCheck(
        project=project.name,
        keys=len(project.keys),
        answered=tuple(answered),
        silent=tuple(silent),
        faults=tuple(faults),
        warnings=tuple(
            _fault(key.name, DEPRECATED, remedy(key), collectors)
            for key in project.keys
            if key.successor and key.name in written
        ),
    )


def _faults(key: Key, asked: Reply, collectors: object, written: set[str]) -> Iterator[Fault]:
    def fault(check: str, message: str, *raw: str) -> Fault:
        return _fault(key.name, check, message, collectors, raw)

    if key.name not in written:
        if key.successor not in written:  # who answers the new key needs no collector of the old
            file, line = _place(collectors, "")
            yield Fault(
                key=key.name,
                check=asking.NO_COLLECTOR,
                message=Sentence("no collector: write a method `{name}`", name=key.name),
                file=file,
                line=line,
            )
    elif asked.beyond:
        yield fault(BOUNDS, Sentence("its answer has {what}", what=asked.beyond))
    elif asked.why == asking.RAISED:
        yield fault(
            asked.why, Sentence("its collector raised {words}", words=asked.kind), asked.note
        )
    elif asked.why == asking.WRONG_TYPE:
        yield fault(
            asked.why,
            Sentence(
                "its collector returned a {kind} that is no {type}", kind=asked.kind, type=key.type
            ),
        )
    elif asked.why == asking.LATE:
        yield fault(asked.why, asked.note)
    if asked.undeclared:
        count = len(asked.undeclared)
        message = Sentence("it answers a value that is not declared, so `other` is sent")
        if count > 1:
            message = Sentence(
                "it answers {count} values that are not declared, so `other` is sent", count=count
            )
        yield fault(UNDECLARED, message, *asked.undeclared)


def _stray(name: str, known: set[str], own: set[str], collectors: object) -> Fault:
    near = get_close_matches(name, known, n=1)
    remedy = Sentence("declare the key")
    if near:
        remedy = Sentence("rename it, perhaps to `{name}`", name=near[0])
    message = Sentence(
        "a collector without a key: {remedy}, or begin a helper's name with `_`", remedy=remedy
    )
    if name in own:
        message = Sentence(
            "a collector that is never called: headcount answers this key itself; remove it"
        )
    return _fault(name, NO_KEY, message, collectors)


def _fault(
    name: str, check: str, message: str, collectors: object, raw: tuple[str, ...] = ()
) -> Fault:
    """Return a fault at the collector of a key."""
    file, line = _place(collectors, name)
    return Fault(key=name, check=check, message=message, file=file, line=line, raw=raw)


def _place(collectors: object, name: str) -> tuple[str, int]:
    """Return file and line of a collector, or of the class of all if `name` is empty."""
    found = getattr(type(collectors), name, None) if name else type(collectors)
    try:
        subject = inspect.unwrap(found)  # type: ignore[arg-type] # anything without code raises
        return inspect.getsourcefile(subject) or "", inspect.getsourcelines(subject)[1]
    except (TypeError, OSError, ValueError):
        return "", 0

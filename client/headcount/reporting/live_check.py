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
from headcount.reporting import collectors as asking
from headcount.reporting.installation_age import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount.model.project import Key, Project
    from headcount.reporting.collectors import Reply

ENDPOINT, NO_KEY, UNDECLARED, BOUNDS = "endpoint", "no-key", "became-other", "out-of-bounds"


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

    The collectors of `silent` keys have no answer on this machine, which is no fault.
    """

    project: str
    keys: int
    answered: tuple[str, ...]
    silent: tuple[str, ...]
    faults: tuple[Fault, ...]


def check(
    project: Project, collectors: object, *, seconds: float | None, obstacle: str
) -> HostCheck:
    """Call all collectors for at most `seconds` in all, and return what is wrong.

    `obstacle` says why nothing could be sent from here, `""` if it could.
    """
    own = {key.name for key in project.keys if is_ours(key)}
    names = {key.name for key in project.keys} - own
    generated = f"{getattr(project.schema, '__module__', '').rpartition('.')[0]}.keys"
    asked = asking.ask(project, collectors, names, seconds)
    answered, silent = [], []
    faults: list[Fault] = []
    for key in project.keys:
        if key.name in own:
            answered.append(key.name)
            continue
        outcome = asked[key.name]
        found = tuple(_faults(key, outcome, collectors, generated))
        faults += found
        if outcome.answer is not None:
            answered.append(key.name)
        elif not found:
            silent.append(key.name)
    strays = sorted(_public(collectors, generated) - names)
    faults += (_stray(name, names, own, collectors) for name in strays)
    if obstacle:
        faults.append(Fault(key="", check=ENDPOINT, message=obstacle))
    return HostCheck(
        project=project.name,
        keys=len(project.keys),
        answered=tuple(answered),
        silent=tuple(silent),
        faults=tuple(faults),
    )


def _faults(key: Key, asked: Reply, collectors: object, generated: str) -> Iterator[Fault]:
    missing = asked.why == asking.NO_COLLECTOR or _is_default(collectors, key.name, generated)
    file, line = _place(collectors, "" if missing else key.name)

    def fault(check: str, message: str, *raw: str) -> Fault:
        return Fault(key=key.name, check=check, message=message, file=file, line=line, raw=raw)

    if missing:
        yield fault(asking.NO_COLLECTOR, f"no collector: write a method `{key.name}`")
    elif asked.beyond:
        yield fault(BOUNDS, f"its answer has {asked.beyond}")
    elif asked.why == asking.RAISED:
        yield fault(asked.why, f"its collector raised {asked.kind}", asked.note)
    elif asked.why == asking.WRONG_TYPE:
        yield fault(asked.why, f"its collector returned a {asked.kind} that is no {key.type}")
    elif asked.why == asking.LATE:
        yield fault(asked.why, asked.note)
    if asked.undeclared:
        count = len(asked.undeclared)
        values = "a value that is" if count == 1 else f"{count} values that are"
        yield fault(
            UNDECLARED, f"it answers {values} not declared, so `other` is sent", *asked.undeclared
        )


def _stray(name: str, known: set[str], own: set[str], collectors: object) -> Fault:
    near = get_close_matches(name, known, n=1)
    remedy = f"rename it, perhaps to `{near[0]}`" if near else "declare the key"
    message = f"a collector without a key: {remedy}, or begin a helper's name with `_`"
    if name in own:
        message = "a collector that is never called: headcount answers this key itself; remove it"
    file, line = _place(collectors, name)
    return Fault(key=name, check=NO_KEY, message=message, file=file, line=line)


def _is_default(collectors: object, name: str, generated: str) -> bool:
    """Return whether a method is still the one that the generated package gives to each key."""
    try:
        return getattr(getattr(collectors, name), "__module__", "") == generated
    except Exception:  # noqa: BLE001 - a host's attribute; asking for it has told what is wrong
        return False


def _public(collectors: object, generated: str) -> set[str]:
    """Return the names of the public methods that a host wrote."""
    names = {name for name, item in getattr(collectors, "__dict__", {}).items() if callable(item)}
    for owner in type(collectors).__mro__:
        if owner is not object and owner.__module__ != generated:
            names |= {name for name, item in vars(owner).items() if _is_method(item)}
    return {name for name in names if not name.startswith("_")}


def _is_method(item: object) -> bool:
    return callable(item) or isinstance(item, staticmethod | classmethod)


def _place(collectors: object, name: str) -> tuple[str, int]:
    """Return file and line of a collector, or of the class of all if it has none."""
    found = getattr(type(collectors), name, None) if name else type(collectors)
    try:
        subject = inspect.unwrap(found)  # type: ignore[arg-type] # anything without code raises
        return inspect.getsourcefile(subject) or "", inspect.getsourcelines(subject)[1]
    except (TypeError, OSError, ValueError):
        return "", 0

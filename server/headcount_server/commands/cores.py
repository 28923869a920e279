"""The processor cores that a server runs on: one, unless its operator says otherwise.

The threads of a Python process take turns. With a second core, the lock that they
take turns with wanders between caches, and fewer reports are taken at more processor
time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Literal, TypeAlias

import click

_MOST = 4096


Cores: TypeAlias = int | Literal["all"]
"""How many cores a server runs on."""


class CoresType(click.ParamType[Cores]):
    """A number of cores, or `all`."""

    name = "cores"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Cores:
        """Return the number written in a text."""
        text = str(value)
        if text == "all":
            return "all"
        if not (text.isdecimal() and len(text) <= len(str(_MOST)) and 1 <= int(text) <= _MOST):
            self.fail(f"{value!r} is neither 'all' nor a number from 1 to {_MOST}", param, ctx)
        return int(text)


CORES = CoresType()


def hold(wanted: Cores, chance: Random) -> str:
    """Hold the process to so many cores, and return what to log.

    The cores are drawn from those that the process may use, so that several servers
    on one machine spread, and a limit that a container or an operator set stays.
    Threads that are started later are held as the one is that starts them.
    """
    if wanted == "all":
        return "runs on all cores: --cores all"
    if not hasattr(os, "sched_setaffinity"):
        return "runs on all cores: this system cannot hold a program to some of them"
    allowed = os.sched_getaffinity(0)
    if len(allowed) <= wanted:
        return f"runs on {_named(allowed)}, all that it may use"
    drawn = set(chance.sample(sorted(allowed), wanted))
    try:
        for thread in _threads():
            with suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(thread, drawn)
    except OSError as error:  # some sandboxes forbid it
        return f"runs on all cores: {error.strerror}"
    return f"runs on {_named(drawn)} of {len(allowed)}; --cores changes that"


def _threads() -> list[int]:
    """Return the threads that there are: a library may have started some as it was imported."""
    try:
        return [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
    except OSError:  # nothing is mounted there
        return [0]


def _named(cores: set[int]) -> str:
    numbers = ", ".join(map(str, sorted(cores)))
    return f"core {numbers}" if len(cores) == 1 else f"cores {numbers}"

"""Policies: checks that a project or a foundation writes for its own registry.

A policy is a function of the resolved registry, in a Python file of a folder:

    from headcount_registry.checks.policies import Problems, Registry, policy

    @policy("owner-stated")
    def owner_stated(registry: Registry) -> Problems:
        \"\"\"Somebody answers for each key.\"\"\"
        for project in registry.projects:
            for key in project.keys:
                if not key.owner:
                    yield key.location, f"`{key.name}` has no owner; write `[owner] = ...`"

Policies run with `check --policies FOLDER` alone. They are code, and do what they like: run
only those that you trust.
"""

from __future__ import annotations

import importlib.util
import re
import traceback
from typing import TYPE_CHECKING, NoReturn, TypeVar

from headcount_registry.checks.runner import every_check
from headcount_registry.checks.table import Check, Problems
from headcount_registry.declarations.model import Registry
from headcount_registry.errors import PolicyError
from headcount_registry.findings import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["Location", "Problems", "Registry", "Severity", "load", "policy", "problems"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_F = TypeVar("_F", bound="Callable[[Registry], Problems]")
_loading: list[Check] = []


def policy(name: str, severity: Severity = Severity.ERROR) -> Callable[[_F], _F]:
    """Enter a function as a policy; `name` is the name of its findings."""

    def enter(function: _F) -> _F:
        _loading.append(Check(name, severity, function))
        return function

    return enter


def load(folder: Path) -> tuple[Check, ...]:
    """Return the policies of a folder's `.py` files, by file and in their order.

    Files whose names begin with `_` are passed over. Raises `PolicyError` if there is no
    policy, one cannot be loaded, or two checks have one name.
    """
    found: dict[str, Check] = {}
    ours = {check.name for check in every_check()}
    for file in sorted(folder.glob("[!_]*.py")):
        for check in _loaded(file):
            if not _NAME.fullmatch(check.name):
                raise PolicyError(f"{file}: `{check.name}` is no name for a policy; write a-b-c")
            if check.name in ours or check.name in found:
                raise PolicyError(f"{file}: there is a check `{check.name}` already; rename it")
            found[check.name] = check
    if not found:
        raise PolicyError(
            f"{folder}: no .py file here has a policy; see docs/maintainers/checks.md"
        )
    return tuple(found.values())


def problems(policies: Iterable[Check], registry: Registry) -> Iterator[Finding]:
    """Yield each finding of some policies. Raises `PolicyError` if one fails."""
    for check in policies:
        try:
            for location, message in check.problems(registry):
                if not isinstance(location, Location):
                    raise TypeError(f"a finding has a Location first, and this has {location!r}")  # noqa: TRY301 - reported like the others
                yield Finding(location, check.name, str(message), check.severity)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
            code = check.function.__code__
            place = f"{code.co_filename}:{code.co_firstlineno}"
            _failed(f"policy `{check.name}`", code.co_filename, place, error)


def _loaded(file: Path) -> tuple[Check, ...]:
    spec = importlib.util.spec_from_file_location(f"headcount_policy_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise PolicyError(f"{file}: cannot be loaded as Python")
    _loading.clear()
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        return tuple(_loading)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        _failed("policies", str(file), str(file), error)
    finally:
        _loading.clear()


def _failed(what: str, file: str, place: str, error: BaseException) -> NoReturn:
    """Raise an error with the last line of a file that led to another, instead of a traceback.

    `place` is told if no line of the file did.
    """
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    told = f"{file}:{lines[-1]}" if lines else place
    raise PolicyError(f"{what}: {told}: {type(error).__name__}: {error}; mend it") from error

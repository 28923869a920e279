"""The stages that commands share: read -> draft -> check -> resolve -> number.

A build goes through all stages and stops at the first error. A review continues with the part
that has no errors. A comparison needs no new numbers, so it only reads and checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry import checks
from headcount_registry.declarations.draft import gather
from headcount_registry.declarations.resolve import resolve
from headcount_registry.errors import DeclarationsError, SourceError
from headcount_registry.evolution.lock import read_lock
from headcount_registry.evolution.numbering import number
from headcount_registry.findings import has_errors
from headcount_registry.reading.source import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from headcount_registry.declarations.draft import Draft
    from headcount_registry.evolution.numbering import Numbered
    from headcount_registry.findings import Finding
    from headcount_registry.reading.memory import Memory


def read_draft(paths: Iterable[Path], memory: Memory | None = None) -> Draft:
    """Return the draft of files, directories and archives. Raises `SourceError`."""
    return gather(read(paths, memory))


def check_draft(draft: Draft) -> tuple[Finding, ...]:
    """Return the warnings about a draft. Raises `DeclarationsError` if anything is an error."""
    findings = checks.run_checks(draft)
    refuse_errors(findings)
    return findings


def number_draft(draft: Draft, lock_file: Path) -> Numbered:
    """Return the model of a draft without errors, numbered by the lock if there is one.

    Raises `SourceError` or `LockError` if the lock cannot be read.
    """
    return number(resolve(draft), read_lock(lock_file))


def refuse_errors(findings: tuple[Finding, ...]) -> None:
    """Raise `DeclarationsError` with all findings if one is an error."""
    if has_errors(findings):
        raise DeclarationsError(findings)


def nothing_declared(paths: Iterable[Path]) -> SourceError:
    """Return the error for files that declare nothing, so that no key is retired by mistake."""
    return SourceError(
        f"{', '.join(str(path) for path in paths)}: no .info file here declares anything;"
        " write `telemetry[key][label] = ...` into one"
    )

"""The outcome of a host's check, as text, as data, and as annotations for a forge.

What collectors returned is shown to a developer on a terminal alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount.asking.wording import Words
    from headcount.reporting.live_check import Fault, HostCheck

FORMAT = 1
"""Version of the data; it grows when a member changes its meaning."""

_ERROR, _WARNING = "error", "warning"


def text(found: HostCheck, folder: Path, words: Words, *, values: bool) -> Iterator[str]:
    """Yield a line for each fault, and the summary; with `values`, what collectors returned."""
    for mark, fault in _both(found):
        place = f"{_below(fault.file, folder)}:{fault.line}: " if fault.file else ""
        what = _what(fault, words)
        said = what if mark == _ERROR else words.said("warning: {message}", message=what)
        yield f"{place}{said} [{fault.check}]"
        if values:
            yield from (f"    {raw}" for raw in fault.raw)
    yield _summary(found, words)


def data(found: HostCheck, folder: Path) -> dict[str, object]:
    """Return the outcome as data, with files relative to a folder and without any value."""
    return {
        "version": FORMAT,
        "project": found.project,
        "keys": found.keys,
        "answered": list(found.answered),
        "silent": list(found.silent),
        "faults": [_member(fault, folder) for fault in found.faults],
        "warnings": [_member(warning, folder) for warning in found.warnings],
    }


def _member(fault: Fault, folder: Path) -> dict[str, object]:
    return {
        "key": fault.key,
        "check": fault.check,
        "message": fault.message,
        "file": _below(fault.file, folder),
        "line": fault.line,
    }


def github(found: HostCheck, folder: Path, words: Words) -> Iterator[str]:
    """Yield a workflow command of GitHub Actions for each fault, and the summary."""
    for mark, fault in _both(found):
        title = _property(f"headcount: {fault.check}")
        place = f"file={_property(_below(fault.file, folder))},line={fault.line},"
        yield f"::{mark} {place if fault.file else ''}title={title}::{_data(_what(fault, words))}"
    yield f"::notice title=headcount::{_data(_summary(found, words))}"


def _both(found: HostCheck) -> Iterator[tuple[str, Fault]]:
    """Yield the faults and then the warnings, each with the word of a workflow command."""
    yield from ((_ERROR, fault) for fault in found.faults)
    yield from ((_WARNING, warning) for warning in found.warnings)


def _what(fault: Fault, words: Words) -> str:
    message = words.said(fault.message)
    if fault.key:
        return f"{fault.key}: {message}"
    return words.said("endpoint: {message}", message=message)


def _summary(found: HostCheck, words: Words) -> str:
    said = words.said
    parts = [
        said("{answered} of {keys} keys answered", answered=len(found.answered), keys=found.keys)
    ]
    if found.silent:
        parts.append(said("no answer here: {keys}", keys=", ".join(found.silent)))
    faults, warnings = len(found.faults), len(found.warnings)
    if faults > 1:
        parts.append(said("{count} faults", count=faults))
    else:
        parts.append(said("1 fault") if faults else said("nothing to mend"))
    if warnings:
        several = warnings > 1
        parts.append(said("{count} warnings", count=warnings) if several else said("1 warning"))
    return "; ".join(parts)


def _below(file: str, folder: Path) -> str:
    """Return a path relative to a folder, if it is below it; a forge knows no other."""
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

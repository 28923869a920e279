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


def text(found: HostCheck, folder: Path, words: Words, *, values: bool) -> Iterator[str]:
    """Yield a line for each fault, and the summary; with `values`, what collectors returned."""
    for fault in found.faults:
        place = f"{_below(fault.file, folder)}:{fault.line}: " if fault.file else ""
        yield f"{place}{_what(fault, words)} [{fault.check}]"
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
        "faults": [
            {
                "key": fault.key,
                "check": fault.check,
                "message": fault.message,
                "file": _below(fault.file, folder),
                "line": fault.line,
            }
            for fault in found.faults
        ],
    }


def github(found: HostCheck, folder: Path, words: Words) -> Iterator[str]:
    """Yield a workflow command of GitHub Actions for each fault, and the summary."""
    for fault in found.faults:
        title = _property(f"headcount: {fault.check}")
        place = f"file={_property(_below(fault.file, folder))},line={fault.line},"
        yield f"::error {place if fault.file else ''}title={title}::{_data(_what(fault, words))}"
    yield f"::notice title=headcount::{_data(_summary(found, words))}"


def _what(fault: Fault, words: Words) -> str:
    message = words.said(fault.message)
    if fault.key:
        return f"{fault.key}: {message}"
    return words.said("endpoint: {message}", message=message)


def _summary(found: HostCheck, words: Words) -> str:
    count = len(found.faults)
    parts = [
        words.said(
            "{answered} of {keys} keys answered", answered=len(found.answered), keys=found.keys
        )
    ]
    if found.silent:
        parts.append(words.said("no answer here: {keys}", keys=", ".join(found.silent)))
    if count > 1:
        parts.append(words.said("{count} faults", count=count))
    else:
        parts.append(words.said("1 fault") if count else words.said("nothing to mend"))
    return "; ".join(parts)


def _below(file: str, folder: Path) -> str:
    """Return a path relative to a folder, if it is below it; a forge knows no other."""
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

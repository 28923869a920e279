"""Findings as workflow commands, which forges show beside the lines of a change.

GitHub, Gitea and Forgejo read them from the output of a job.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.emitters.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount_registry.findings import Finding


def annotated(findings: Iterable[Finding], summary: str) -> Iterator[str]:
    """Yield an annotation for each finding, and a notice with the summary.

    Paths are relative to the present directory, if they are below it.
    """
    for finding in findings:
        place = finding.location
        parts = {"file": _below(place.file)}
        if place.line:
            parts |= {"line": str(place.line), "col": str(place.column)}
        parts["title"] = f"headcount: {finding.check}"
        told = ",".join(f"{name}={_property(text)}" for name, text in parts.items())
        yield f"::{finding.severity} {told}::{_data(plain(finding.message))}"
    yield f"::notice title=headcount::{_data(summary)}"


def _below(file: str) -> str:
    path = Path(file)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

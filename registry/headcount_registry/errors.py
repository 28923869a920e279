"""Errors of the registry, as one small tree.

RegistryError             base; its text can be shown to a person
├── DeclarationsError     the declarations have errors; carries every finding
├── SourceError           a file or directory to read is missing or unreadable
│   └── ArchiveError      an archive is damaged, hostile or beyond its bounds
├── LockError             registry.lock is damaged
├── HistoryError          registry.history is damaged
├── CompileError          protoc refused a generated file, or had no room for its files
├── PolicyError           a policy cannot be loaded, or fails
├── ConformanceError      a program under test cannot be run or breaks the protocol
└── OutputError           a file could not be written, or is not ours to overwrite
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount_registry.findings import Finding


class RegistryError(Exception):
    """Base of all errors that the registry raises on purpose."""


class DeclarationsError(RegistryError):
    """The declarations have errors.

    `findings` holds all findings, warnings included, sorted by place.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{sum(finding.is_error for finding in findings)} errors")
        self.findings = findings


class SourceError(RegistryError):
    """A file or directory to read is missing or unreadable."""


class ArchiveError(SourceError):
    """An archive is damaged, hostile or beyond its bounds; no part of it is used."""


class HistoryError(RegistryError):
    """`registry.history` is damaged; the text names the line and the remedy."""


class LockError(RegistryError):
    """`registry.lock` is damaged; the text names the line and the remedy."""


class CompileError(RegistryError):
    """protoc refused a generated file, or its temporary files had no room."""


class ConformanceError(RegistryError):
    """A program under test cannot be started, ended early, or breaks the protocol."""


class PolicyError(RegistryError):
    """A policy cannot be loaded, or fails."""


class OutputError(RegistryError):
    """A file could not be written, or is not ours to overwrite."""

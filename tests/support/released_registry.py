"""The shipped registry, with a history of three releases, or with none."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2

ADDED, RETIRED, RENAMED, WIDENED, NARROWED, REWORDED = range(1, 7)
_TOTALS = options_pb2.BREAKAGE_TOTALS
_FIRST = ("backdrop", "bee")
_MOST = 15
"""Keys that the first release has, though all were asked: enough to be folded."""
_LATER = (
    (
        ("0.2", "2026-05-12", "The tools that people asked for at the meeting in April."),
        {
            "backdrop": (
                (ADDED, "ckeditor5_version", "a new key, CKEditor 5 (version)", True, 0),
                (WIDENED, "server_os", "values added: `FreeBSD`, `OpenBSD`", True, 0),
                (REWORDED, "clean_urls", "description", False, 0),
                (RETIRED, "statistics_module", "no longer asked; its series ends", False, 0),
            ),
            "signup_sheet": (
                (ADDED, "", "a new project, Signup Sheet", False, 0),
                (ADDED, "version", "a new key, Release (version)", True, 0),
            ),
        },
    ),
    (
        ("0.3", "2026-09-01", ""),
        {
            "backdrop": (
                (WIDENED, "content_items", "bounds added: `100000`", True, _TOTALS),
                (
                    RENAMED,
                    "mysql_version",
                    "was `db_version`; its metric is now headcount_backdrop_mysql_version_reports",
                    False,
                    0,
                ),
                (NARROWED, "php_version", "precision 3 became 2", False, 0),
            )
        },
    ),
    (
        ("", "", ""),
        {"backdrop": ((ADDED, "field_types", "a new key, Field types (list)", True, 0),)},
    ),
)


def unreleased(registry: Path) -> bytes:
    """Return the descriptor set in a file, without its history."""
    files = descriptor_pb2.FileDescriptorSet.FromString(registry.read_bytes())
    of_project: Any = options_pb2.project
    for file in files.file:
        for message in file.message_type:
            if message.options.HasExtension(of_project):
                message.options.Extensions[of_project].ClearField("releases")
    return files.SerializeToString(deterministic=True)


def released(registry: Path) -> bytes:
    """Return the descriptor set in a file, with this history for its own."""
    files = descriptor_pb2.FileDescriptorSet.FromString(unreleased(registry))
    of_project: Any = options_pb2.project
    of_key: Any = options_pb2.key
    for file in files.file:
        messages = {message.name: message for message in file.message_type}
        if "Report" not in messages or not file.package.startswith("headcount.projects."):
            continue
        declared = messages["Report"].options.Extensions[of_project]
        if declared.name in _FIRST:
            first = declared.releases.add(name="0.1", date="2026-02-14")
            first.changes.add(kind=ADDED, detail=f"a new project, {declared.title}")
            keys = (m for m in file.message_type if m.options.HasExtension(of_key))
            for message in islice(keys, _MOST):
                key = message.options.Extensions[of_key]
                detail = f"a new key, {key.label}"
                first.changes.add(kind=ADDED, key=key.name, detail=detail, asks=True)
        for (name, date, note), changed in _LATER:
            lines = changed.get(declared.name)
            if lines:
                release = declared.releases.add(name=name, date=date, note=note)
                for kind, key_name, detail, asks, breaks in lines:
                    release.changes.add(
                        kind=kind, key=key_name, detail=detail, asks=asks, breaks=breaks
                    )
    return files.SerializeToString(deterministic=True)

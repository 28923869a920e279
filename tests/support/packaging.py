"""Release archives of modules, as the packaging of a project's site makes them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

PACKAGED = """
; Added by Backdrop CMS packaging script on 2026-11-20
project = {project}
version = {version}
timestamp = {timestamp}
"""
KEY = """telemetry[{key}][label] = {key} of this module
telemetry[{key}][description] = Whether it uses {key}.
telemetry[{key}][purpose] = Decide what becomes of {key}.
telemetry[{key}][issue] = https://git.example.net/{key}
telemetry[{key}][type] = boolean
"""


def release(
    folder: Path,
    project: str,
    version: str,
    *keys: str,
    timestamp: int = 1_700_000_000,
    ending: str = "zip",
) -> Path:
    """Package a module as a packaging server does, with the keys that it declares."""
    info = f"name = {project}\ntype = module\nbackdrop = 1.x\n"
    info += "".join(KEY.format(key=key) for key in keys)
    info += PACKAGED.format(project=project, version=version, timestamp=timestamp)
    files = {
        f"{project}/{project}.info": info,
        f"{project}/{project}.module": "<?php\n" + "// code\n" * 50,
        f"{project}/tests/{project}_test.info": PACKAGED.format(
            project=project, version=version, timestamp=timestamp
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{project}-{version}.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in files.items():
                packed.writestr(name, text)
        return path
    with tarfile.open(path, "w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    return path

"""An nginx of a documented configuration, on a port and with files of this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import servers

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from support.waiting import until

DEPLOY = Path(__file__).resolve().parents[1] / "docs" / "operators" / "deploy"


@contextmanager
def running(
    folder: Path, documented: Path, changes: Mapping[str, str], port: int, core: str
) -> Iterator[int]:
    """Yield the process of an nginx until the block ends; it listens on this port.

    `changes` has patterns of the documented configuration, and what stands for them here. Ends the
    program if there is no such pattern any more.
    """
    text = documented.read_text(encoding="utf-8")
    for pattern, here in changes.items():
        text, count = re.subn(pattern, here, text)
        if not count:
            sys.exit(f"{documented.name} has no {pattern} any more")
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; worker_processes 1; error_log {folder}/main.log;\n"
        f"events {{}}\nhttp {{\n{places}{text}}}\n",
        encoding="utf-8",
    )
    nginx = servers.installed("nginx", "nginx")
    command: list[str | Path] = [nginx, "-p", folder, "-c", folder / "nginx.conf"]
    with subprocess.Popen(servers.pinned(core, command)) as process:
        try:
            until(lambda: servers.listens(port))
            yield process.pid
        finally:
            process.terminate()

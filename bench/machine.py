"""The machine and the versions of a measurement."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import ssl
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

_DISTRIBUTIONS = ("grpcio", "protobuf", "starlette", "uvicorn", "h11", "prometheus-client")
ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 10
"""Seconds in which a program has to name its version."""


def described() -> dict[str, str]:
    """Return names and versions, in the order of the page."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        **{name: version(name) for name in _DISTRIBUTIONS},
        "h2load": _h2load(),
        "revision": _revision(),
    }


def _processor() -> str:
    names = re.findall(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return next(iter(names), platform.machine())


def _memory() -> str:
    found = re.search(r"^MemTotal:\s+(\d+)", _read("/proc/meminfo"), re.MULTILINE)
    return f"{int(found[1]) * 1024 / 1e9:.0f} GB" if found else "unknown"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def _h2load() -> str:
    return _output("h2load", "--version").rpartition("/")[2] or "none"


def _revision() -> str:
    revision = _output("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD")
    # The files that a run writes do not change what it measures.
    changed = _output(
        "git", "-C", str(ROOT), "status", "--porcelain", "--", ".", ":!docs/generated/benchmarks.*"
    )
    return f"{revision or 'unknown'}{' with changes' if changed else ''}"


def _output(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}: {what}\n" for name, what in described().items())

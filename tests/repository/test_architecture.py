"""Which room may import which: one direction, no going back."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from support.repository import ROOT

CLIENT = ROOT / "client" / "headcount"
SERVER = ROOT / "server" / "headcount_server"
REGISTRY = ROOT / "registry" / "headcount_registry"
GENERATED_CLIENTS = ROOT / "registry" / "generated" / "clients"

PURE = [
    *(SERVER / "counting").glob("*.py"),
    *(SERVER / f"{name}.py" for name in ("publication/rounding", "week")),
    *(SERVER / "pages" / f"{name}.py" for name in ("counts", "sorting", "median", "chart")),
    *(SERVER / "pages" / f"{name}.py" for name in ("distribution", "history", "picture")),
    *(SERVER / "pages" / f"{name}.py" for name in ("views", "wording")),
    *(CLIENT / f"{name}.py" for name in ("delivery/schedule", "reporting/values", "model/week")),
    *(CLIENT / "consent" / f"{name}.py" for name in ("terms", "transitions")),
]
POSTGRES = sorted((SERVER / "store" / "postgres").glob("*.py"))
"""Modules that need the driver, which is an extra: imported where such a database is named."""
FOREIGN = [
    *(SERVER / "destinations" / f"{name}.py" for name in ("search", "sql", "sql_tables")),
    SERVER / "notices" / "webhook.py",
]
"""Modules that need the extra for destinations, likewise."""
SEALED = SERVER / "doors" / "oblivious" / "encapsulation.py"
"""The module that needs the extra for relays, likewise."""
DRAWN = SERVER / "pages" / "bitmap.py"
"""The module that needs the extra for pictures, likewise."""
IMPURE = {"time", "random", "os", "grpc", "sqlite3", "socket", "subprocess", "threading"}


def imports(file: Path, *, at_import_only: bool = False) -> set[str]:
    """Modules that a file imports; `google.protobuf` and the like in full."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = _run_at_import(tree) if at_import_only else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        children = node.orelse
    for child in children:
        yield from _run_at_import(child)


def modules(folder: Path, *but: str) -> list[Path]:
    return [
        file
        for file in sorted(folder.rglob("*.py"))
        if not set(file.relative_to(folder).parts[:-1]) & set(but)
    ]


def strangers(file: Path, *allowed: str) -> set[str]:
    """Imports of a file that are neither in the standard library nor allowed."""
    return {
        name
        for name in imports(file)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)
    }


ROOMS = {
    "headcount.v1": (modules(CLIENT / "v1"), "google.protobuf headcount.v1"),
    "headcount": (
        [file for file in modules(CLIENT, "v1") if file.name != "encapsulation.py"],
        "headcount grpc google.protobuf",
    ),
    "headcount behind a relay": (
        [CLIENT / "transport" / "encapsulation.py"],
        "headcount cryptography pyhpke",
    ),
    "generated clients": (modules(GENERATED_CLIENTS), "headcount.generated"),
    "headcount_registry": (
        modules(REGISTRY),
        """headcount_registry headcount.v1.options_pb2 headcount.v1.telemetry_service_pb2
        google.protobuf grpc_tools click jinja2""",
    ),
    "headcount_server": (
        [
            file
            for file in modules(SERVER, "demo")
            if file not in {*POSTGRES, *FOREIGN, SEALED, DRAWN}
        ],
        """headcount_server headcount.v1 google.protobuf google.rpc grpc grpc_health
        grpc_reflection grpc_status click cryptography jinja2 markupsafe prometheus_client
        sqlite_utils starlette uvicorn""",
    ),
    "headcount_server behind a relay": ([SEALED], "headcount_server cryptography pyhpke"),
    "headcount_server with pictures": ([DRAWN], "headcount_server PIL"),
    "headcount_server on PostgreSQL": (POSTGRES, "headcount_server psycopg psycopg_pool"),
    "headcount_server for foreign databases": (FOREIGN, "headcount_server sqlalchemy urllib3"),
    "headcount_server.demo": (
        modules(SERVER / "demo"),
        "headcount_server headcount google.protobuf grpc click rich prometheus_client",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files, allowed = ROOMS[room]
    assert files
    found = {str(file.relative_to(ROOT)): strangers(file, *allowed.split()) for file in files}
    assert not {file: names for file, names in found.items() if names}


@pytest.mark.slow
def test_the_registry_takes_nothing_of_the_client_but_the_options_and_the_service() -> None:
    taken = {
        name
        for file in modules(REGISTRY)
        for name in imports(file)
        if name.startswith("headcount.")
    }
    assert taken <= {"headcount.v1.options_pb2", "headcount.v1.telemetry_service_pb2"}


CLIENT_MODULES = {
    ".".join(("headcount", *file.relative_to(CLIENT).with_suffix("").parts)): file
    for file in modules(CLIENT, "v1")
    if file.stem != "__init__"  # docstrings, but for the first
} | {"headcount": CLIENT / "__init__.py"}
SENDING = {
    "headcount.reporting.report", "headcount.transport.grpc_transport",
    "headcount.transport.http_transport",
    "headcount.transport.oblivious_transport", "headcount.transport.unary",
    "headcount.transport.wire",
}  # fmt: skip
"""Modules that make or send a report. gRPC and protobuf come with them, and with no other."""
ORDINARY = {
    "background_process", "consent.changes", "delivery.background", "delivery.scheduler",
    "delivery.server_policy", "model.deadline", "model.report", "options", "status", "testing",
    "way_back",
}  # fmt: skip
"""Modules of the light rooms that only functions import."""
LIGHT = {
    name
    for name, file in CLIENT_MODULES.items()
    if file.parent.name in {"headcount", "consent", "delivery", "model", "storage"}
    and name.removeprefix("headcount.") not in ORDINARY
} | {"headcount.transport.endpoint"}  # a host's own endpoint is looked at when the host starts
LIGHT_LIBRARY = {
    "__future__", "abc", "contextlib", "fcntl", "json", "msvcrt", "os", "sys", "time", "types",
}  # fmt: skip


def loaded(module: str) -> set[str]:
    """What a module of the client imports at import time: its own modules, and others by name."""
    found = set()
    for name in imports(CLIENT_MODULES[module], at_import_only=True):
        parts = name.split(".")
        prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        found.add(next((known for known in prefixes if known in CLIENT_MODULES), name))
    return found


def loaded_in_turn(module: str) -> set[str]:
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        new = loaded(name) - found
        found |= new
        waiting |= new & CLIENT_MODULES.keys()
    return found


@pytest.mark.parametrize("module", sorted(LIGHT))
def test_a_light_module_imports_only_light_ones_and_little_of_the_library(module: str) -> None:
    names = loaded(module) - LIGHT
    assert {name for name in names if name.partition(".")[0] not in LIGHT_LIBRARY} == set()


def test_what_is_said_to_be_ordinary_is_there() -> None:
    assert {f"headcount.{name}" for name in ORDINARY} < CLIENT_MODULES.keys()


@pytest.mark.slow
def test_grpc_and_protobuf_come_only_with_what_makes_or_sends_a_report() -> None:
    heavy = ("grpc", "google", "headcount.v1")
    found = {
        module
        for module in CLIENT_MODULES
        if any(name.startswith(heavy) for name in loaded_in_turn(module))
    }
    assert found == SENDING


@pytest.mark.parametrize("file", PURE, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_pure_modules_take_time_chance_and_place_as_arguments(file: Path) -> None:
    names = imports(file) - {"time.gmtime"}  # turns seconds into a date, and reads no clock
    assert not {name.partition(".")[0] for name in names} & IMPURE


FORBIDDEN = {
    "client: one direction": ("headcount/model/week.py", "headcount.storage"),
    "server: one direction": ("headcount_server/counting/tally.py", "headcount_server.store"),
    "server: the two engines do not know each other": (
        "headcount_server/store/sqlite/audit.py",
        "headcount_server.store.postgres",
    ),
    "server: no engine outside the store, and there only `open` knows both": (
        "headcount_server/service/week_cycle.py",
        "sqlite3",
    ),
    "server: few modules know libraries for destinations": (
        "headcount_server/commands/publish.py",
        "sqlalchemy",
    ),
    "registry: one direction": ("headcount_registry/reading/info.py", "headcount_registry.checks"),
}
"""For each wall an import that would go through it."""


@pytest.mark.slow
@pytest.mark.parametrize("wall", FORBIDDEN)
def test_an_import_through_a_wall_is_told(wall: str, tmp_path: Path) -> None:
    for package in (CLIENT, SERVER, REGISTRY):
        shutil.copytree(package, tmp_path / package.name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    file, module = FORBIDDEN[wall]
    with (tmp_path / file).open("a", encoding="utf-8") as opened:
        opened.write(f"import {module}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line for line in done.stdout.splitlines() if line.endswith(" BROKEN")]
    assert (done.returncode, broken) == (1, [f"{wall} BROKEN"])

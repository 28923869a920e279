"""A toy registry with a key of every type, compiled by the real protoc."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpc_tools import protoc

from headcount_server import schema
from headcount_server.schema import Project, Schema

ROOT = Path(__file__).parents[2]
TOY = "headcount/projects/toy/v1/report.proto"


@pytest.fixture(scope="session", name="toy_registry")
def _toy_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("registry") / "registry.binpb"
    arguments = [
        "protoc",
        f"-I{ROOT / 'tests' / 'server' / 'proto'}",
        f"-I{ROOT / 'proto'}",
        "--include_imports",
        f"--descriptor_set_out={out}",
        TOY,
    ]
    assert protoc.main(arguments) == 0
    return out


@pytest.fixture(scope="session", name="toy_schema")
def _toy_schema(toy_registry: Path) -> Schema:
    return schema.load(toy_registry)


@pytest.fixture(scope="session", name="toy")
def _toy(toy_schema: Schema) -> Project:
    return toy_schema.projects["toy"]

"""The registry comes from a descriptor set alone, and a wrong one is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from headcount_server.errors import SchemaError
from headcount_server.registry import schema
from headcount_server.registry.schema import Project, Schema

# protoc types extensions as field descriptors, which Extensions[] is not typed to take.
KEY: Any = options_pb2.key
PROJECT: Any = options_pb2.project

File = descriptor_pb2.FileDescriptorProto


def test_every_key_is_known_by_its_permanent_number(toy: Project) -> None:
    names = {number: key.name for number, key in toy.keys.items()}
    assert names == {
        1: "version",
        2: "php_version",
        3: "multisite",
        4: "web_server",
        5: "nodes",
        6: "modules",
        7: "contrib",
        8: "note",
        9: "old",
        10: "languages",
        11: "channel",
    }
    assert toy.version_key == 1


def test_declared_values_catalogue_and_expiry_are_read_from_the_options(toy: Project) -> None:
    assert dict(toy.keys[4].values) == {2: "Apache", 3: "nginx"}
    assert toy.keys[7].catalogue == {"webform", "rules"}
    assert toy.keys[9].expires == date(2026, 1, 1)
    assert toy.keys[3].expires is None
    assert [n for n, key in toy.keys.items() if key.crossed] == [2]


def test_the_digest_of_each_project_is_told(toy_schema: Schema) -> None:
    assert toy_schema.digests() == {"toy": "d1"}


@pytest.mark.parametrize(
    "name",
    [
        "headcount.v1.SubmitReportRequest",
        "headcount.projects.toy.v1.Report",
        "grpc.health.v1.HealthCheckRequest",
        "grpc.reflection.v1alpha.ServerReflectionRequest",
        "grpc.reflection.v1.ServerReflectionRequest",
        "google.rpc.Status",
        "google.rpc.BadRequest",
        "google.protobuf.FileDescriptorSet",
    ],
)
def test_the_pool_holds_every_type_that_a_person_needs_by_hand(
    toy_schema: Schema, name: str
) -> None:
    assert toy_schema.pool.FindMessageTypeByName(name).full_name == name


def test_reflection_v1_speaks_of_its_own_types_only(toy_schema: Schema) -> None:
    service = toy_schema.pool.FindServiceByName("grpc.reflection.v1.ServerReflection")
    method = service.methods_by_name["ServerReflectionInfo"]
    assert method.input_type.full_name == "grpc.reflection.v1.ServerReflectionRequest"
    assert method.output_type.full_name == "grpc.reflection.v1.ServerReflectionResponse"
    proto = File()
    service.file.CopyToProto(proto)
    proto.ClearField("options")
    assert "v1alpha" not in str(proto)


def test_a_snapshot_cannot_be_changed(toy_schema: Schema) -> None:
    with pytest.raises(TypeError):
        toy_schema.projects["toy"] = toy_schema.projects["toy"]  # type: ignore[index]


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"nothing\.binpb: .*headcount-registry build"):
        schema.load(tmp_path / "nothing.binpb")


@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff", b"not a set"])
def test_bytes_that_are_no_registry_are_refused_by_the_name_of_their_file(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "registry.binpb"
    path.write_bytes(data)
    with pytest.raises(SchemaError, match=r"registry\.binpb: .*headcount-registry build"):
        schema.load(path)


def _message(file: File, name: str) -> descriptor_pb2.DescriptorProto:
    return next(message for message in file.message_type if message.name == name)


def _no_project(file: File) -> None:
    _message(file, "Report").options.ClearExtension(PROJECT)


def _no_report(file: File) -> None:
    _message(file, "Report").name = "Paper"


def _no_key(file: File) -> None:
    _message(file, "Nodes").options.ClearExtension(KEY)


def _no_type(file: File) -> None:
    _message(file, "Nodes").options.Extensions[KEY].type = 0


def _new_type(file: File) -> None:
    _message(file, "Nodes").options.Extensions[KEY].type = 99


def _no_date(file: File) -> None:
    _message(file, "Old").options.Extensions[KEY].expires = "soon"


def _scalar_field(file: File) -> None:
    field = _message(file, "Report").field[4]
    field.ClearField("type_name")
    field.type = descriptor_pb2.FieldDescriptorProto.TYPE_STRING


def _foreign_field(file: File) -> None:
    _message(file, "Report").field[4].type_name = ".headcount.v1.KeyOptions"


def _dangling_field(file: File) -> None:
    _message(file, "Report").field[4].type_name = ".headcount.projects.toy.v1.Nowhere"


def _other_name(file: File) -> None:
    _message(file, "Report").options.Extensions[PROJECT].name = "other"


def _other_shape(file: File) -> None:
    _message(file, "Nodes").field[0].name = "number"


def _no_presence(file: File) -> None:
    nodes = _message(file, "Nodes")
    nodes.field[0].ClearField("proto3_optional")
    nodes.field[0].ClearField("oneof_index")
    del nodes.oneof_decl[:]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_project, "headcount.v1.project"),
        (_no_report, "report"),
        (_no_key, "Nodes"),
        (_no_type, "nodes"),
        (_new_type, "nodes"),
        (_no_date, "old"),
        (_scalar_field, "nodes"),
        (_foreign_field, "nodes"),
        (_dangling_field, "Nowhere"),
        (_other_name, "other"),
        (_other_shape, "nodes"),
        (_no_presence, "nodes"),
    ],
)
def test_a_registry_that_lacks_something_is_refused_and_says_what(
    toy_registry: Path, spoil: Callable[[File], None], said: str
) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(toy_registry.read_bytes())
    (toy,) = (file for file in files.file if file.package.startswith(schema.REPORT_PREFIX))
    spoil(toy)
    with pytest.raises(SchemaError, match=said):
        schema.parse(files.SerializeToString())

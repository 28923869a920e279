from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from headcount.v1 import options_pb2
from headcount_registry.declarations.model import Key, KeyType, Level, Mode, Project, Retired, Value
from headcount_registry.emitters import descriptor_set, report_proto
from headcount_registry.findings import Location
from hypothesis import given, settings
from hypothesis import strategies as st

# The stubs do not know what type an extension has.
OPTIONS: Any = options_pb2

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
WORDS = st.sampled_from(['"', "\\", "*/", "// x", "\n};\n", "'", "\\n", "\0", "é", "?"])
ANY_TEXT = st.lists(st.one_of(TEXT, WORDS), max_size=4).map("".join)


@st.composite
def keys(draw: st.DrawFn, number: int, kind: KeyType) -> Key:
    texts = draw(st.lists(ANY_TEXT.filter(bool), min_size=1, max_size=3, unique=True))
    values = tuple(Value(text, f"VALUE_N{n}", n + 2) for n, text in enumerate(texts))
    closed = kind in {KeyType.CHOICE, KeyType.PRODUCT, KeyType.LIST}
    return Key(
        name=f"key_{number}",
        field=f"key_{number}",
        label=draw(ANY_TEXT.filter(lambda text: bool(text.strip()))),
        description=draw(ANY_TEXT),
        purpose=draw(ANY_TEXT),
        issue=draw(ANY_TEXT),
        type=kind,
        level=draw(st.sampled_from(Level)),
        location=Location(""),
        number=number,
        values=values if closed else (),
        retired_values=(Retired("VALUE_GONE", 99),) if closed else (),
        aliases=tuple((draw(ANY_TEXT), text) for text in texts) if closed else (),
        buckets=(1, 10, 10**17) if kind is KeyType.COUNT else (),
        owner=draw(ANY_TEXT),
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    return Project(
        name="toy",
        title=draw(ANY_TEXT.filter(bool)),
        homepage=draw(ANY_TEXT),
        recipient=draw(ANY_TEXT),
        contact=draw(ANY_TEXT),
        endpoint=draw(ANY_TEXT),
        mode=draw(st.sampled_from(Mode)),
        keys=tuple(draw(keys(number, kind)) for number, kind in enumerate(KeyType, start=1)),
        retired=(Retired("gone", 8), Retired("lost", 20_000)),
    )


@pytest.mark.slow
@given(projects())
@settings(max_examples=15)
def test_whatever_people_write_compiles_and_reads_back_unchanged(project: Project) -> None:
    data = descriptor_set.compile_set({report_proto.path(project): report_proto.emit(project)})
    files = descriptor_pb2.FileDescriptorSet.FromString(data)
    (file,) = [each for each in files.file if each.package.startswith("headcount.projects")]
    report, *messages = file.message_type
    about = report.options.Extensions[OPTIONS.project]
    assert (about.title, about.contact) == (project.title, project.contact)
    assert [(each.name, each.number) for each in report.field] == [
        (key.field, key.number) for key in project.keys
    ]
    assert list(report.reserved_name) == ["gone", "lost"]
    for key, message in zip(project.keys, messages, strict=True):
        options = message.options.Extensions[OPTIONS.key]
        assert (options.label, options.description) == (key.label, key.description)
        assert [(each.reported, each.value) for each in options.aliases] == list(key.aliases)
        texts = [
            (value.options.Extensions[OPTIONS.text], value.number)
            for enum in message.enum_type
            for value in enum.value[2:]
        ]
        assert texts == [(value.text, value.number) for value in key.values]


def test_comments_of_generated_files_hold_no_line_that_is_not_a_comment() -> None:
    text = report_proto.emit(
        Project(
            name="toy",
            title="A\n}\nmessage Evil {",
            homepage="",
            recipient="",
            contact="",
            endpoint="",
            mode=Mode.ASK_FIRST,
            keys=(),
        )
    )
    assert not [line for line in text.splitlines() if line.startswith("message Evil")]


def test_the_wire_schema_loads_alone_and_carries_no_story() -> None:
    key = Key(
        name="k",
        field="k",
        label="A secret story",
        description="",
        purpose="",
        issue="",
        type=KeyType.CHOICE,
        level=Level.BASIC,
        location=Location(""),
        number=2,
        values=(Value("nginx", "VALUE_NGINX", 2),),
    )
    project = Project(
        name="toy",
        title="Toy",
        homepage="",
        recipient="",
        contact="",
        endpoint="",
        mode=Mode.ASK_FIRST,
        keys=(key,),
    )
    path = report_proto.path(project)
    schema = descriptor_set.wire_schemas(
        descriptor_set.compile_set({path: report_proto.emit(project)})
    )[path]
    assert b"story" not in schema
    assert b"options.proto" not in schema
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(schema)
    report = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("headcount.projects.toy.v1.Report")
    )()
    report.k.value = 2  # type: ignore[attr-defined] # the class is made at run time
    assert report.SerializeToString() == b"\x12\x02\x08\x02"
